// fsd's end of its Unix socket: one syncd and a few tools. Owned by fsd's main; the loop's thread only. It decodes,
// checks versions and roles, and hands plain structs on; it decides nothing about their content.
//
// A connection: accepted -Hello of our version-> syncd or tool -> closed. Whatever breaks the rules is told why in an
// Answer with request 0, noted in the log, and closed. The kernel says whose program it is: what syncd could be made to say it
// can't say as a tool, and nobody else's programs are let in at all.
#pragma once

#include <map>

#include "schema/codec/local.h"
#include "schema/os/local_socket.h"
#include "schema/os/log.h"
#include "schema/os/privileges.h"

namespace meshfs::fsd {

class LocalServer {
 public:
  static constexpr std::size_t kMaxConnections = 64;  // tools are short-lived; more is a runaway script
  static constexpr Duration kHelloWithin = seconds(10);

  using ConnectionId = std::uint64_t;
  struct Events {
    std::function<void()> on_syncd_connected;  // said Hello: answer with Welcome and the snapshot
    std::function<void()> on_syncd_gone;
    std::function<void(const codec::local::ToFsd& message)> on_syncd_message;          // anything but Hello and Ask
    std::function<void(ConnectionId tool, const codec::local::Ask& question)> on_ask;  // answer() now or later
  };

  // As os::LocalListener::open: busy if another fsd listens there.
  // `syncd` is let in besides root and fsd's own user, to be syncd and nothing else.
  static Result<std::unique_ptr<LocalServer>> open(os::Loop& loop, const os::Log& log, const std::string& path,
                                                   Events events, std::optional<os::Account> syncd = {});
  ~LocalServer();

  void to_syncd(const codec::local::ToSyncd& message);  // dropped while there is no syncd
  // To the asker; dropped if it is gone. `answer.request` is the question's.
  void answer(ConnectionId tool, const codec::local::Answer& answer);
  [[nodiscard]] bool has_syncd() const { return syncd_ != 0; }

 private:
  struct Connection {
    std::unique_ptr<os::FrameStream> stream;
    bool only_syncd = false;  // its user may be no tool
    bool greeted = false;
    bool closing = false;  // found unwritable; forgotten in a turn of its own
    os::Loop::TimerId hello_timer;
  };

  LocalServer(os::Loop& loop, const os::Log& log, std::optional<os::Account> syncd, Events events);
  void accept(os::Fd socket);
  void on_frame(ConnectionId id, ByteView frame);
  void on_hello(ConnectionId id, const codec::local::Hello& hello);
  void on_message(ConnectionId id, const codec::local::ToFsd& message);
  void refuse(ConnectionId id, Errc code, const std::string& sentence);
  void forget(ConnectionId id);
  void send(ConnectionId id, const codec::local::ToSyncd& message);

  os::Loop& loop_;
  const os::Log& log_;
  std::optional<os::Account> account_;
  Events events_;
  std::map<ConnectionId, Connection> connections_;
  ConnectionId next_id_ = 1;
  ConnectionId syncd_ = 0;  // 0: none
  std::unique_ptr<os::LocalListener> listener_;
};

}  // namespace meshfs::fsd
