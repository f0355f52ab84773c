#include "transport/engine/engine_process.h"

#include <sys/prctl.h>
#include <sys/socket.h>

#include <cerrno>

#include "transport/engine/engine_child.h"
#include "transport/engine/engine_message.h"

namespace meshfs::transport {
namespace {

constexpr int kMessagesPerTurn = 64;    // others want their turn too
constexpr std::size_t kMostPages = 32;  // bits of unsent_pages_

}  // namespace

EngineProcess::Forked EngineProcess::fork(const EngineConfig& config, const os::Log& log,
                                          bool (*confine)(const std::string& user), const std::string& user) {
  Forked out{config, {}, -1};
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return out;
  out.socket = os::Fd(ends[0]);
  os::Fd its(ends[1]);
  out.process = ::fork();
  if (out.process != 0) {
    if (out.process < 0) out.socket.reset();
    return out;
  }
  out.socket.reset();
  ::prctl(PR_SET_NAME, "meshfs-engine");
  if (confine == nullptr || confine(user)) run_engine(std::move(its), config, log);
  ::_exit(0);
}

EngineProcess::EngineProcess(os::Loop& loop, Forked forked)
    : loop_(loop), traits_(traits_of(forked.config)), pages_(traits_), socket_(std::move(forked.socket)) {
  health_.engine = traits_.name;
  if (socket_) {
    loop_.watch(socket_.get(), os::Loop::kReadable, [this](unsigned events) {
      if ((events & os::Loop::kWritable) != 0 && waiting_) flush();
      if ((events & os::Loop::kReadable) != 0 && socket_) hear();
    });
  } else {
    end();
  }
}

EngineProcess::~EngineProcess() {
  loop_.cancel(timer_);
  if (socket_) loop_.unwatch(socket_.get());
}

Status EngineProcess::publish(std::vector<Page> changed) {
  std::uint32_t named = 0;
  for (const Page& page : changed) named |= page.number < kMostPages ? std::uint32_t{1} << page.number : 0U;
  if (Status taken = pages_.take(traits_, std::move(changed)); !taken) return taken;
  unsent_pages_ |= named;
  flush();
  return {};
}

void EngineProcess::set_events(Events events) {
  events_ = std::move(events);
  told_ = {};
  say(EngineSays::listen);
}

void EngineProcess::say(EngineSays what) {
  (what == EngineSays::listen ? unsent_listen_ : unsent_pull_) = true;
  flush();
}

// As much as the socket takes; what it does not take goes when it has room, with what was said since.
void EngineProcess::flush() {
  const auto sent = [this](const EngineWriter& message) {
    const ByteView bytes = message.bytes();
    return ::send(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
  };
  bool room = static_cast<bool>(socket_);
  if (room && unsent_listen_ && (room = sent(EngineWriter(EngineSays::listen)))) unsent_listen_ = false;
  if (room && unsent_pull_ && (room = sent(EngineWriter(EngineSays::pull)))) unsent_pull_ = false;
  if (room && unsent_pages_ != 0) {
    EngineWriter message(EngineSays::publish);
    for (std::size_t number = 0; number < pages_.count(); ++number) {
      if ((unsent_pages_ >> number & 1U) != 0)
        message.number(static_cast<std::uint32_t>(number)).field(pages_.page(number));
    }
    if ((room = sent(message))) unsent_pages_ = 0;
  }
  waiting_ = !room;
  if (socket_) loop_.watch(socket_.get(), os::Loop::kReadable | (waiting_ ? os::Loop::kWritable : 0U));
  // Never from inside publish().
  loop_.cancel(timer_);
  timer_ = loop_.after({}, [this] { tell_health(); });
}

void EngineProcess::hear() {
  for (int i = 0; i < kMessagesPerTurn && socket_; ++i) {
    const auto buffer = loop_.io_buffer();
    const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return end();
    // A copy: whoever is called may read into the same buffer.
    take(copy_of(buffer.first(static_cast<std::size_t>(got))));
  }
}

void EngineProcess::take(ByteView bytes) {
  EngineReader message(bytes);
  const EngineSays kind = message.kind();
  if (kind == EngineSays::health) {
    health_.up = message.number() != 0;
    health_.engine = message.text();
    health_.trouble = message.text();
    return tell_health();
  }
  BulletinAuthor author;
  author.key = message.text();
  author.text = message.text();
  if (kind == EngineSays::gone && message.ok() && events_.on_gone) return events_.on_gone(author);
  if (kind != EngineSays::page) return;
  const std::uint32_t number = message.number();
  const ByteView page = message.field();
  if (message.ok() && number < traits_.pages && events_.on_page) events_.on_page(author, number, page);
}

void EngineProcess::end() {
  if (socket_) loop_.unwatch(socket_.get());
  socket_.reset();
  health_.up = false;
  health_.trouble = "the process that speaks with " + traits_.name +
                    " ended: restart meshfs-syncd; neighbours in direct reach are not concerned";
  loop_.cancel(timer_);
  timer_ = loop_.after({}, [this] { tell_health(); });
}

void EngineProcess::tell_health() {
  pages_.tell(health_);
  if (health_ == told_) return;
  told_ = health_;
  if (events_.on_health) events_.on_health(told_);
}

}  // namespace meshfs::transport
