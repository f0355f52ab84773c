#include "fsd/fuse/herald.h"

#include <sys/socket.h>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace meshfs::fsd::fuse {

Herald::Herald(os::Loop& loop, MountState& state, HeraldProcess process, std::function<void(const std::string&)> note)
    : loop_(loop), state_(state), process_(std::move(process)), note_(std::move(note)) {}

void Herald::begin(const std::string& mount_point) {
  if (!process_.socket) return;
  HeraldOrder order;
  order.number = kHeraldBegins;
  order.form = HeraldOrder::Form::begin;
  if (mount_point.size() >= sizeof order.name) return lost();
  std::memcpy(order.name, mount_point.c_str(), mount_point.size() + 1);
  buffer_.resize((sizeof(HeraldAnswer) + 7) / 8 + kMaxWatchedTold);
  state_.herald_pid = process_.pid;
  state_.send_to_herald = [this](const HeraldOrder& one) { return send(one); };
  state_.give_up_herald = [this] { lost(); };
  state_.wake_announcer = [this](Instant when) { wake_at(when); };
  loop_.watch(process_.socket.get(), os::Loop::kReadable, [this](unsigned) { on_readable(); });
  if (!send(order)) lost();
}

bool Herald::send(const HeraldOrder& order) {
  return process_.socket && ::send(process_.socket.get(), &order, sizeof order, MSG_NOSIGNAL) > 0;
}

void Herald::on_readable() {
  while (process_.socket) {
    const ssize_t got = ::recv(process_.socket.get(), buffer_.data(), buffer_.size() * sizeof buffer_[0], 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got < static_cast<ssize_t>(sizeof(HeraldAnswer))) return lost();
    HeraldAnswer answer;
    std::memcpy(static_cast<void*>(&answer), buffer_.data(), sizeof answer);
    if (answer.number == kHeraldBegins) {
      if (answer.error != 0) return answer.error == ENODEV ? end() : lost();
      state_.announcer.start();
      continue;
    }
    static_assert(sizeof(HeraldAnswer) % 8 == 0);
    const std::size_t rest = (static_cast<std::size_t>(got) - sizeof answer) / sizeof buffer_[0];
    state_.announcer.answered(answer, {buffer_.data() + sizeof(HeraldAnswer) / 8, rest});
  }
}

// It cannot be forked again: the daemon has the device open now.
void Herald::lost() {
  if (process_.pid > 0) ::kill(process_.pid, SIGKILL);  // it may be stopped
  note_(
      "The process that makes inotify events is gone or does not answer: programs are not told of changes from other "
      "nodes any more, though they see them. Start meshfs-fsd again to have events; .mesh/events goes on.");
  end();
}

void Herald::end() {
  if (!process_.socket) return;
  loop_.unwatch(process_.socket.get());
  loop_.cancel(timer_);
  timer_ = {kNever};
  process_.socket.reset();
  state_.announcer.stop();
  state_.herald_pid = state_.herald_pid > 0 ? state_.herald_pid : -1;  // its last request may still come
}

void Herald::wake_at(Instant when) {
  if (timer_.when <= when) return;
  loop_.cancel(timer_);
  timer_ = loop_.at(when, [this] {
    timer_ = {kNever};
    state_.announcer.tick();
  });
}

}  // namespace meshfs::fsd::fuse
