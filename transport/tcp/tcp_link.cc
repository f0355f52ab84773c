#include "transport/tcp/tcp_link.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "transport/tcp/host_lookup.h"
#include "transport/tcp/tcp_quality.h"

namespace meshfs::transport {
namespace {

constexpr int kBacklog = 64;
constexpr int kAcceptsPerTurn = 16;
constexpr Duration kListenAgainAfter = seconds(1);  // when the process has no descriptor left for accept()
// Unsent bytes that the kernel keeps: enough for two round trips of 5 ms at 100 Mbit/s; the rest stays with us, where
// news can still overtake content.
constexpr int kUnsentInKernelBytes = 128 * 1024;
// Key of a configured peer: this and what was written. Longer than an endpoint's 22 bytes, so never taken for one.
constexpr std::string_view kPeerKey = "configured peer, by name: ";

template <class T>
void set_option(int fd, int level, int option, const T& value) {
  // Each of them only tunes: a kernel without one still carries frames.
  (void)::setsockopt(fd, level, option, &value, sizeof value);
}

// A peer that vanished without a word is noticed within 10 s while bytes wait for it, by the user timeout. On an idle connection
// by a probe after four minutes of silence, which the same timeout ends: also often enough for address translators, and
// under 1 B/s (after 3 s, as it was, 58 B/s).
void tune(int fd) {
  const int one = 1, idle_s = 240, between_s = 5, probes = 3;
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, one);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, one);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, idle_s);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, between_s);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, probes);
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, TcpLink::kDeadPeerMs);
  set_option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, kUnsentInKernelBytes);
}

}  // namespace

Result<std::unique_ptr<TcpLink>> TcpLink::open(os::Loop& loop, const os::Log& log, Options options) {
  std::unique_ptr<TcpLink> link(new TcpLink(loop, log, options.lookup));
  if (options.listen) {
    if (const Status listening = link->listen(options.port); !listening) return listening.failure();
  }
  return link;
}

TcpLink::TcpLink(os::Loop& loop, const os::Log& log, const HostLookup* lookup)
    : loop_(loop), log_(log), lookup_(lookup), alive_(std::make_shared<bool>(true)) {
  traits_.name = "tcp";
  traits_.mtu = kMtu;
  traits_.reliable = true;
}

TcpLink::~TcpLink() {
  *alive_ = false;
  loop_.cancel(listen_again_);
  while (!connections_.empty()) drop(connections_.begin()->first, false);
  if (listener_) loop_.unwatch(listener_.get());
}

Status TcpLink::listen(std::uint16_t port) {
  os::Fd socket(::socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return error(Errc::internal, "cannot open an IPv6 TCP socket: " + std::string(std::strerror(errno)));
  const int one = 1, zero = 0;
  set_option(socket.get(), SOL_SOCKET, SO_REUSEADDR, one);
  set_option(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, zero);  // configured peers may come by IPv4
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  socklen_t size = sizeof address;
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::listen(socket.get(), kBacklog) != 0 ||
      ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    if (errno == EADDRINUSE) {
      return error(Errc::busy, "TCP port " + std::to_string(port) +
                                   " is in use by another program; stop it or choose another with --port");
    }
    return error(Errc::internal, "cannot listen on TCP port " + std::to_string(port) + ": " + std::strerror(errno));
  }
  listener_ = std::move(socket);
  port_ = ntohs(address.sin6_port);
  watch_listener();
  return {};
}

void TcpLink::watch_listener() {
  loop_.watch(listener_.get(), os::Loop::kReadable, [this](unsigned) { accept_some(); });
}

void TcpLink::accept_some() {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    sockaddr_in6 from{};
    socklen_t size = sizeof from;
    os::Fd socket(::accept4(listener_.get(), reinterpret_cast<sockaddr*>(&from), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
        // The waiting connection keeps the listener readable: without a pause the loop would spin.
        loop_.unwatch(listener_.get());
        listen_again_ = loop_.after(kListenAgainAfter, [this] { watch_listener(); });
      }
      return;
    }
    if (connections_.size() >= kMaxConnections) continue;  // closes it
    const LinkAddress address = link_address(endpoint_of(from));
    if (connections_.contains(address.key)) continue;
    Connection& connection = connections_[address.key];
    connection.address = address;
    make_stream(connection, std::move(socket));
    if (events_.on_up) events_.on_up(address);
  }
}

void TcpLink::make_stream(Connection& connection, os::Fd socket) {
  tune(socket.get());
  const std::string key = connection.address.key;
  const LinkAddress address = connection.address;
  connection.stream = std::make_unique<os::FrameStream>(
      loop_, std::move(socket), os::FrameStream::Limits{kMaxFirstFrame, kMtu, kMaxQueuedBytes},
      os::FrameStream::Events{[this, address](ByteView frame) {
                                if (events_.on_frame) events_.on_frame(address, frame);
                              },
                              [this, key](const Error& why) {
                                log_.debug("tcp " + connections_.at(key).address.text + ": " + why.message);
                                drop(key, true);
                              },
                              [this, address] {
                                if (events_.on_room) events_.on_room(address);
                              }});
}

Result<LinkAddress> TcpLink::parse_peer(std::string_view text) {
  const auto peer = split_host(text);
  if (!peer) return peer.failure();
  // The written form is the identity: two spellings of one host are two peers, which the session's hello sorts out.
  return LinkAddress{std::string(kPeerKey) + std::string(text), std::string(text)};
}

std::optional<LinkAddress> TcpLink::neighbour(const LinkAddress& heard_from, std::uint16_t port) {
  auto endpoint = endpoint_from(heard_from);
  if (!endpoint || port == 0) return std::nullopt;
  endpoint->port = port;
  return link_address(*endpoint);
}

// `give` hands the frame to the stream.
template <class Give>
Status TcpLink::send_by(const LinkAddress& to, std::size_t size, const Give& give) {
  if (size > traits_.mtu) return Errc::too_large;
  const auto found = connections_.find(to.key);
  if (found == connections_.end() || !found->second.stream) {
    return error(Errc::unreachable, "there is no connection to " + to.text);
  }
  const Status sent = give(*found->second.stream);
  if (!sent && sent.code() == Errc::closed) return error(Errc::unreachable, "the connection broke");
  return sent;
}

Status TcpLink::send(const LinkAddress& to, ByteView frame) {
  return send_by(to, frame.size(), [&](os::FrameStream& stream) { return stream.send(frame); });
}

Status TcpLink::send_whole(const LinkAddress& to, Bytes& frame) {
  return send_by(to, frame.size(), [&](os::FrameStream& stream) { return stream.send_whole(frame); });
}

void TcpLink::connect(const LinkAddress& to) {
  if (connections_.contains(to.key)) return;  // up or on the way
  Connection& connection = connections_[to.key];
  connection.address = to;
  const std::string key = to.key;
  connection.timer = loop_.after(kConnectWithin, [this, key] { drop(key, true); });
  if (connections_.size() > kMaxConnections) return drop_soon(key);
  if (const auto endpoint = endpoint_from(to)) return start_connecting(connection, *endpoint);
  const auto peer = split_host(to.text);
  if (!peer) return drop_soon(key);
  resolve(connection, peer->host, peer->port);
}

void TcpLink::resolve(Connection& connection, const std::string& host, std::uint16_t port) {
  connection.pending = lookup_ != nullptr ? lookup_->look_up(host, port) : HostLookup().look_up(host, port);
  if (!connection.pending) return drop_soon(connection.address.key);
  loop_.watch(connection.pending.get(), os::Loop::kReadable, [this, key = connection.address.key](unsigned) {
    Connection& mine = connections_.at(key);
    const auto endpoint = read_answer(mine.pending.get());
    loop_.unwatch(mine.pending.get());
    mine.pending.reset();
    if (!endpoint) {
      log_.debug("no address is known for " + mine.address.text);
      return drop(key, true);
    }
    start_connecting(mine, *endpoint);
  });
}

void TcpLink::start_connecting(Connection& connection, const Endpoint& to) {
  const std::string key = connection.address.key;
  os::Fd socket(::socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return drop_soon(key);
  const int zero = 0;
  set_option(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, zero);
  const sockaddr_in6 address = socket_address(to);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
      errno != EINPROGRESS) {
    log_.debug("cannot connect to " + connection.address.text + ": " + std::strerror(errno));
    return drop_soon(key);
  }
  connection.pending = std::move(socket);
  loop_.watch(connection.pending.get(), os::Loop::kWritable, [this, key](unsigned) { finish_connecting(key); });
}

void TcpLink::finish_connecting(const std::string& key) {
  Connection& connection = connections_.at(key);
  int failure = 0;
  socklen_t size = sizeof failure;
  if (::getsockopt(connection.pending.get(), SOL_SOCKET, SO_ERROR, &failure, &size) != 0 || failure != 0) {
    log_.debug("cannot connect to " + connection.address.text + ": " + std::strerror(failure));
    return drop(key, true);
  }
  loop_.unwatch(connection.pending.get());
  loop_.cancel(connection.timer);
  const LinkAddress address = connection.address;
  make_stream(connection, std::move(connection.pending));
  if (events_.on_up) events_.on_up(address);
}

void TcpLink::close(const LinkAddress& to) { drop(to.key, false); }

void TcpLink::abandon(const LinkAddress& to) {
  if (const auto at = connections_.find(to.key); at != connections_.end() && at->second.stream) {
    const linger at_once{1, 0};  // the kernel forgets what it holds and tells the peer by a reset: socket(7)
    set_option(at->second.stream->socket(), SOL_SOCKET, SO_LINGER, at_once);
  }
  drop(to.key, false);
}

void TcpLink::drop(std::string key, bool tell) {
  const auto found = connections_.find(key);
  if (found == connections_.end()) return;
  const LinkAddress address = found->second.address;
  loop_.cancel(found->second.timer);
  if (found->second.pending) loop_.unwatch(found->second.pending.get());
  connections_.erase(found);  // a stream hands its last frames to the kernel first
  if (tell && events_.on_gone) events_.on_gone(address);
}

// connect() must not call back: the failure is told in the next turn.
void TcpLink::drop_soon(const std::string& key) {
  loop_.post([this, key, alive = alive_] {
    if (*alive) drop(key, true);
  });
}

std::optional<LinkQuality> TcpLink::quality(const LinkAddress& peer) const {
  const auto at = connections_.find(peer.key);
  if (at == connections_.end() || !at->second.stream || !at->second.stream->is_open()) return std::nullopt;
  auto out = tcp_quality(at->second.stream->socket());
  if (out) out->queued += at->second.stream->queued();
  return out;
}

}  // namespace meshfs::transport
