#include "transport/udp/udp_link.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace meshfs::transport {
namespace {

// ff02::6d:6673, "mfs": link-local scope, so routers never pass it on.
constexpr std::uint8_t kGroup[16] = {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x6d, 0x66, 0x73};
constexpr unsigned kBatch = 64;                   // datagrams per system call
constexpr std::size_t kSlotBytes = 2048;          // kBatch of them fit the loop's buffer
constexpr int kReceiveBufferBytes = 1024 * 1024;  // ~450 full datagrams in the kernel while we are busy
constexpr int kRounds = 4;                        // batches per wake-up: others want their turn too
static_assert(kBatch * kSlotBytes <= os::Loop::kIoBufferBytes);

struct Interface {
  unsigned index = 0;  // 0: not there
  bool up = false;
  bool loopback = false;
};

Interface look_at(int control, const std::string& name) {
  ifreq request{};
  std::memcpy(request.ifr_name, name.data(), std::min(name.size(), sizeof request.ifr_name - 1));
  Interface out;
  if (::ioctl(control, SIOCGIFINDEX, &request) != 0) return out;
  out.index = static_cast<unsigned>(request.ifr_ifindex);
  if (::ioctl(control, SIOCGIFFLAGS, &request) != 0) return Interface{};
  out.up = (request.ifr_flags & IFF_UP) != 0;
  out.loopback = (request.ifr_flags & IFF_LOOPBACK) != 0;
  return out;
}

template <class T>
bool set_option(int fd, int level, int option, const T& value) {
  return ::setsockopt(fd, level, option, &value, sizeof value) == 0;
}

}  // namespace

Result<std::unique_ptr<UdpLink>> UdpLink::open(os::Loop& loop, const os::Log& log, Options options) {
  if (options.interface.empty() || options.interface.size() >= IF_NAMESIZE) {
    return error(Errc::invalid, "'" + options.interface + "' is no interface name; `ip link` lists them");
  }
  std::unique_ptr<UdpLink> link(new UdpLink(loop, log, std::move(options)));
  if (!link->control_) return error(Errc::internal, "cannot open an IPv6 socket: " + std::string(std::strerror(errno)));
  const Interface now = look_at(link->control_.get(), link->options_.interface);
  if (now.index != 0 && now.up) {
    // Only a foreign program on our port is final; everything else may heal.
    if (const Status opened = link->open_socket(now.index, now.loopback); !opened && opened.code() == Errc::busy) {
      return opened.failure();
    }
  }
  link->look();
  return link;
}

UdpLink::UdpLink(os::Loop& loop, const os::Log& log, Options options)
    : loop_(loop),
      log_(log),
      options_(std::move(options)),
      control_(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  traits_.name = "udp " + options_.interface;
  traits_.mtu = kLeastMtu;
  traits_.broadcast = true;
  traits_.bytes_per_hour = options_.bytes_per_hour;
}

UdpLink::~UdpLink() {
  loop_.cancel(timer_);
  if (socket_) loop_.unwatch(socket_.get());
}

// The interface's own; the neighbour's may be smaller, which whoever sends finds out.
void UdpLink::take_mtu() {
  ifreq request{};
  std::memcpy(request.ifr_name, options_.interface.data(),
              std::min(options_.interface.size(), sizeof request.ifr_name - 1));
  if (::ioctl(control_.get(), SIOCGIFMTU, &request) != 0 || request.ifr_mtu < 0) return;
  const std::size_t mtu = static_cast<std::size_t>(request.ifr_mtu);
  traits_.mtu = std::clamp(mtu, kLeastMtu + kHeaderBytes, kMostMtu + kHeaderBytes) - kHeaderBytes;
}

void UdpLink::look() {
  timer_ = loop_.after(kLookEvery, [this] { look(); });
  const Interface now = look_at(control_.get(), options_.interface);
  if (now.index == 0) return close_socket("interface " + options_.interface + " is not there; waiting for it");
  if (!now.up) return close_socket("interface " + options_.interface + " is down; waiting for it");
  take_mtu();
  if (socket_ && now.index != index_) close_socket("interface " + options_.interface + " was replaced");
  if (!socket_) {
    if (const Status opened = open_socket(now.index, now.loopback); !opened) {
      return close_socket(opened.failure().message);
    }
  }
  if (!last_complaint_.empty()) log_.info("interface " + options_.interface + " is in use now");
  last_complaint_.clear();
  if (loopback_) return;
  // Memberships vanish when IPv6 is switched off on the interface or its MTU falls below 1,280. Joining what is
  // joined already fails and costs nothing.
  ipv6_mreq membership{};
  std::memcpy(&membership.ipv6mr_multiaddr, kGroup, sizeof kGroup);
  membership.ipv6mr_interface = index_;
  set_option(socket_.get(), IPPROTO_IPV6, IPV6_JOIN_GROUP, membership);
}

Status UdpLink::open_socket(unsigned index, bool loopback) {
  os::Fd socket(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto failed = [&](const std::string& what) {
    return error(Errc::internal, what + " on " + options_.interface + ": " + std::strerror(errno));
  };
  if (!socket) return failed("cannot open a UDP socket");
  const int one = 1, zero = 0;
  set_option(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, one);
  // Bound to its interface, so that each link may use the same port.
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_BINDTODEVICE, options_.interface.c_str(),
                   static_cast<socklen_t>(options_.interface.size() + 1)) != 0) {
    return failed("cannot bind to the interface");
  }
  if (!set_option(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, kReceiveBufferBytes)) {
    set_option(socket.get(), SOL_SOCKET, SO_RCVBUF, kReceiveBufferBytes);
  }
  set_option(socket.get(), IPPROTO_IPV6, IPV6_MULTICAST_LOOP, zero);  // no echo of our own beacons
  set_option(socket.get(), IPPROTO_IPV6, IPV6_MULTICAST_HOPS, one);
  const int interface = static_cast<int>(index);
  set_option(socket.get(), IPPROTO_IPV6, IPV6_MULTICAST_IF, interface);

  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  if (loopback) address.sin6_addr = in6addr_loopback;
  const std::uint16_t tries = loopback ? kLoopbackPorts : std::uint16_t{1};
  for (std::uint16_t i = 0;; ++i) {
    const auto port = static_cast<std::uint16_t>(options_.port + i);
    address.sin6_port = htons(port);
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
      own_port_ = port;
      break;
    }
    if (errno != EADDRINUSE) return failed("cannot bind UDP port " + std::to_string(port));
    if (i + 1 == tries) {
      return error(Errc::busy, "UDP port " + std::to_string(options_.port) + " on " + options_.interface +
                                   " is in use by another program; stop it or choose another with --port");
    }
  }
  socket_ = std::move(socket);
  index_ = index;
  loopback_ = loopback;
  watch();
  return {};
}

void UdpLink::close_socket(const std::string& why) {
  if (why != last_complaint_) log_.warning(why);
  last_complaint_ = why;
  if (!socket_) return;
  loop_.unwatch(socket_.get());
  socket_.reset();
  waiting_.clear();
  known_.clear();
}

void UdpLink::watch() {
  loop_.watch(socket_.get(), os::Loop::kReadable, [this](unsigned events) {
    if ((events & os::Loop::kWritable) != 0 && !waiting_.empty()) on_writable();
    if ((events & os::Loop::kReadable) != 0 && socket_) read_datagrams();
  });
}

void UdpLink::read_datagrams() {
  const auto buffer = loop_.io_buffer();
  sockaddr_in6 from[kBatch];
  iovec parts[kBatch];
  mmsghdr messages[kBatch];
  for (int round = 0; round < kRounds; ++round) {
    for (unsigned i = 0; i < kBatch; ++i) {
      parts[i] = {buffer.data() + i * kSlotBytes, kSlotBytes};
      messages[i] = {};
      messages[i].msg_hdr.msg_name = &from[i];
      messages[i].msg_hdr.msg_namelen = sizeof from[i];
      messages[i].msg_hdr.msg_iov = &parts[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    const int count = ::recvmmsg(socket_.get(), messages, kBatch, MSG_DONTWAIT, nullptr);
    if (count <= 0) return;  // nothing left, or an error that a later datagram or look() clears up
    for (int i = 0; i < count; ++i) {
      const mmsghdr& message = messages[i];
      if (message.msg_len == 0 || message.msg_len > kMostMtu || (message.msg_hdr.msg_flags & MSG_TRUNC) != 0 ||
          from[i].sin6_family != AF_INET6 || !events_.on_frame) {
        continue;
      }
      const LinkAddress sender = known(from[i]);
      events_.on_frame(sender, ByteView(buffer.data() + static_cast<unsigned>(i) * kSlotBytes, message.msg_len));
      if (!socket_) return;
    }
    if (count < static_cast<int>(kBatch)) return;
  }
}

const LinkAddress& UdpLink::known(const sockaddr_in6& from) {
  const Endpoint endpoint = endpoint_of(from);
  const auto found = known_.find(endpoint);
  if (found != known_.end()) return found->second;
  if (known_.size() >= kMaxKnown) known_.clear();
  return known_.emplace(endpoint, link_address(endpoint)).first->second;
}

Status UdpLink::send(const LinkAddress& to, ByteView frame) {
  if (frame.size() > traits_.mtu) return Errc::too_large;
  auto endpoint = endpoint_from(to);
  if (!endpoint || endpoint->port == 0) return error(Errc::unreachable, "not an address of this link");
  if (is_link_local(*endpoint)) endpoint->scope = index_;  // the interface may have a new number by now
  return send_to(socket_address(*endpoint), frame, &to);
}

Status UdpLink::send_all(ByteView frame) {
  if (frame.size() > traits_.mtu) return Errc::too_large;
  sockaddr_in6 group{};
  group.sin6_family = AF_INET6;
  if (!loopback_) {
    std::memcpy(&group.sin6_addr, kGroup, sizeof kGroup);
    group.sin6_port = htons(options_.port);
    group.sin6_scope_id = index_;
    return send_to(group, frame, nullptr);
  }
  group.sin6_addr = in6addr_loopback;
  for (std::uint16_t i = 0; i < kLoopbackPorts; ++i) {
    const auto port = static_cast<std::uint16_t>(options_.port + i);
    group.sin6_port = htons(port);
    if (port == own_port_) continue;
    if (const Status sent = send_to(group, frame, nullptr); !sent) return sent;
  }
  return {};
}

Status UdpLink::send_to(const sockaddr_in6& to, ByteView frame, const LinkAddress* waiter) {
  if (!socket_) return {};  // no interface: lost, as on any radio
  ssize_t sent = 0;
  do {
    sent = ::sendto(socket_.get(), frame.data(), frame.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                    reinterpret_cast<const sockaddr*>(&to), sizeof to);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return {};
  if (errno == EMSGSIZE) return error(Errc::too_large, "the interface takes no datagrams of this size");
  if (errno != EAGAIN) return {};  // no route yet, address tentative, dropped by a filter: lost
  if (waiter != nullptr && waiting_.size() < kMaxKnown) {
    waiting_.insert(*waiter);
    loop_.watch(socket_.get(), os::Loop::kReadable | os::Loop::kWritable);
  }
  return error(Errc::no_space, "the interface's send queue is full");
}

void UdpLink::on_writable() {
  loop_.watch(socket_.get(), os::Loop::kReadable);
  for (const LinkAddress& address : std::exchange(waiting_, {})) {
    if (events_.on_room) events_.on_room(address);
  }
}

}  // namespace meshfs::transport
