#include "transport/engine/engine_child.h"

#include <sys/socket.h>

#include <cerrno>

#include "schema/os/loop.h"
#include "transport/alfred/alfred_records.h"
#include "transport/bmx/sms_folder.h"
#include "transport/engine/engine_message.h"

namespace meshfs::transport {
namespace {

class Child {
 public:
  Child(os::Fd socket, const EngineConfig& config, const os::Log& log) : socket_(std::move(socket)) {
    if (config.engine == "alfred") {
      alfred_ = std::make_unique<AlfredRecords>(loop_, log, config.path);
    } else if (auto opened = SmsFolder::open(loop_, log, {config.engine, config.path, config.client, {}}); opened) {
      sms_ = std::move(*opened);
    } else {
      log.warning(opened.failure().message);
      return;
    }
    loop_.watch(socket_.get(), os::Loop::kReadable, [this](unsigned) { hear(); });
    listen();
    loop_.run();
  }

 private:
  Bulletin& bulletin() { return alfred_ ? static_cast<Bulletin&>(*alfred_) : *sms_; }

  void listen() {
    Bulletin::Events events;
    events.on_page = [this](const BulletinAuthor& author, std::size_t number, ByteView bytes) {
      EngineWriter message(EngineSays::page);
      message.field(as_bytes(author.key))
          .field(as_bytes(author.text))
          .number(static_cast<std::uint32_t>(number))
          .field(bytes);
      say(message);
    };
    events.on_gone = [this](const BulletinAuthor& author) {
      say(EngineWriter(EngineSays::gone).field(as_bytes(author.key)).field(as_bytes(author.text)));
    };
    events.on_health = [this](const BulletinHealth& health) {
      EngineWriter message(EngineSays::health);
      say(message.number(health.up ? 1 : 0).field(as_bytes(health.engine)).field(as_bytes(health.trouble)));
    };
    bulletin().set_events(std::move(events));
  }
  // Waits while the other end is behind: then there is nobody to whom more would be of use.
  void say(const EngineWriter& message) {
    const ByteView bytes = message.bytes();
    ssize_t sent = 0;
    do {
      sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0 && errno != EMSGSIZE) loop_.stop();
  }
  void hear() {
    const auto buffer = loop_.io_buffer();
    const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return loop_.stop();
    EngineReader message(buffer.first(static_cast<std::size_t>(got)));
    switch (message.kind()) {
      case EngineSays::publish: {
        std::vector<Page> pages;
        while (message.more()) {
          const std::uint32_t number = message.number();
          pages.push_back({number, copy_of(message.field())});
        }
        if (message.ok()) (void)bulletin().publish(std::move(pages));  // within limits: the other end looked
        return;
      }
      case EngineSays::listen:
        return listen();
      case EngineSays::pull:
        if (alfred_) alfred_->pull();
        return;
      default:
        return;
    }
  }

  os::Loop loop_;
  os::Fd socket_;
  std::unique_ptr<SmsFolder> sms_;
  std::unique_ptr<AlfredRecords> alfred_;
};

}  // namespace

void run_engine(os::Fd socket, const EngineConfig& config, const os::Log& log) {
  const Child child(std::move(socket), config, log);
}

}  // namespace meshfs::transport
