// PacketLink over TCP: neighbours found by beacons, and configured peers across a VPN or the Internet. Frames are
// prefixed with their length (os::FrameStream). Owned by syncd's main; the loop's thread only.
//
// A connection, by the address it is known under:
//   none -connect()-> resolving (names only) -> connecting -> up;  none -accepted-> up
//   up or on the way -refused, broken, silent for 10 s, close() of the other side-> none, with on_gone()
// A peer that connected to us is known by its own port of that moment: one node may appear under two addresses, and
// the core tells by the session's hello.
//
// Before anything is authenticated: the first frame of a connection has at most 1,280 bytes. The core judges it before
// the next one is looked at in the same turn; if it is not a neighbour's hello, it closes the connection.
#pragma once

#include <map>

#include "schema/os/frame_stream.h"
#include "schema/os/log.h"
#include "transport/ip/endpoint.h"
#include "transport/tcp/host_lookup.h"

namespace meshfs::transport {

class TcpLink final : public PacketLink {
 public:
  static constexpr std::size_t kMtu = 256 * 1024;              // codec::kMaxFrameAfterAuth
  static constexpr std::size_t kMaxFirstFrame = 1280;          // codec::kMaxFrameBeforeAuth
  static constexpr std::size_t kMaxQueuedBytes = 1024 * 1024;  // per peer: four messages, so that news waits little
  static constexpr std::size_t kMaxConnections = 128;          // strangers included; more are turned away
  static constexpr Duration kConnectWithin = seconds(10);
  static constexpr int kDeadPeerMs = 5'000;  // without an acknowledgement a peer counts as gone: seen within 10 s

  struct Options {
    std::uint16_t port = kDefaultPort;  // 0: any free one (tests)
    bool listen = true;
    const HostLookup* lookup = nullptr;  // outlives the link; none: names are looked up on threads of this process
  };

  // busy: the port is in use.
  static Result<std::unique_ptr<TcpLink>> open(os::Loop& loop, const os::Log& log, Options options);
  ~TcpLink() override;

  // The address of a configured peer: "host:port", "host", "192.0.2.7:5440", "[2001:db8::1]:5440", "2001:db8::1".
  // invalid, with a sentence, if it is none of these. Names are looked up anew at every connect().
  static Result<LinkAddress> parse_peer(std::string_view text);
  // Where a neighbour whose datagrams come from `heard_from` listens. None if it is no address of the udp link.
  static std::optional<LinkAddress> neighbour(const LinkAddress& heard_from, std::uint16_t port);

  const LinkTraits& traits() const override { return traits_; }
  Status send(const LinkAddress& to, ByteView frame) override;
  Status send_whole(const LinkAddress& to, Bytes& frame) override;
  Status send_all(ByteView) override { return error(Errc::unsupported, "tcp reaches one peer each"); }
  void connect(const LinkAddress& to) override;
  void close(const LinkAddress& to) override;  // no on_gone() follows on this side
  void abandon(const LinkAddress& to) override;
  void set_events(Events events) override { events_ = std::move(events); }
  [[nodiscard]] std::optional<LinkQuality> quality(const LinkAddress& peer) const override;  // the kernel's figures

  [[nodiscard]] std::uint16_t port() const { return port_; }  // 0: does not listen

 private:
  template <class Give>
  Status send_by(const LinkAddress& to, std::size_t size, const Give& give);
  struct Connection {
    LinkAddress address;
    os::Fd pending;  // resolving: reads the answer; connecting: the socket itself
    std::unique_ptr<os::FrameStream> stream;
    os::Loop::TimerId timer;
  };

  TcpLink(os::Loop& loop, const os::Log& log, const HostLookup* lookup);
  Status listen(std::uint16_t port);
  void watch_listener();
  void accept_some();
  void resolve(Connection& connection, const std::string& host, std::uint16_t port);
  void start_connecting(Connection& connection, const Endpoint& to);
  void finish_connecting(const std::string& key);
  void make_stream(Connection& connection, os::Fd socket);
  void drop(std::string key, bool tell);  // by value: what it names may die here
  void drop_soon(const std::string& key);

  os::Loop& loop_;
  const os::Log& log_;
  const HostLookup* lookup_;
  LinkTraits traits_;
  Events events_;
  os::Fd listener_;
  std::uint16_t port_ = 0;
  os::Loop::TimerId listen_again_;
  std::map<std::string, Connection> connections_;  // by address key
  std::shared_ptr<bool> alive_;                    // for work posted to later turns
};

}  // namespace meshfs::transport
