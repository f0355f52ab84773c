// PacketLink over UDP on one interface: IPv6 link-local multicast for send_all(), unicast datagrams for send().
// Owned by syncd's main; the loop's thread only. It outlives its interface: whatever comes, goes, or is renumbered,
// the link looks once a second and takes up its work again by itself.
//
// A loopback interface has no multicast. There send_all() goes to the kLoopbackPorts ports from `port` on, of which
// each link takes the first free one: several daemons on one machine, for tests and trying out.
#pragma once

#include <map>
#include <set>

#include "schema/os/log.h"
#include "schema/os/loop.h"
#include "transport/ip/endpoint.h"

namespace meshfs::transport {

class UdpLink final : public PacketLink {
 public:
  static constexpr std::size_t kHeaderBytes = 48;  // IPv6 and UDP
  static constexpr std::size_t kLeastMtu = 1280 - kHeaderBytes;
  static constexpr std::size_t kMostMtu = 1500 - kHeaderBytes;  // above, fewer system calls are all that is won
  static constexpr std::uint16_t kLoopbackPorts = 8;
  static constexpr Duration kLookEvery = seconds(1);
  static constexpr std::size_t kMaxKnown = 1024;  // addresses with their text; strangers may flush it, no more

  struct Options {
    std::string interface;
    std::uint16_t port = kDefaultPort;
    std::uint64_t bytes_per_hour = UINT64_MAX;
  };

  // busy: the port is in use by another program. An interface that is not there (yet) is no error.
  static Result<std::unique_ptr<UdpLink>> open(os::Loop& loop, const os::Log& log, Options options);
  ~UdpLink() override;

  const LinkTraits& traits() const override { return traits_; }
  Status send(const LinkAddress& to, ByteView frame) override;
  Status send_all(ByteView frame) override;
  void connect(const LinkAddress&) override {}
  void close(const LinkAddress&) override {}
  void set_events(Events events) override { events_ = std::move(events); }

  [[nodiscard]] bool is_open() const { return static_cast<bool>(socket_); }

 private:
  UdpLink(os::Loop& loop, const os::Log& log, Options options);
  void take_mtu();
  void look();  // every second: does the interface stand as it did?
  Status open_socket(unsigned index, bool loopback);
  void close_socket(const std::string& why);
  void read_datagrams();
  Status send_to(const sockaddr_in6& to, ByteView frame, const LinkAddress* waiter);
  void on_writable();
  void watch();
  const LinkAddress& known(const sockaddr_in6& from);

  os::Loop& loop_;
  const os::Log& log_;
  Options options_;
  LinkTraits traits_;
  Events events_;
  os::Fd control_;  // answers questions about interfaces, in the network namespace it was opened in
  os::Fd socket_;
  unsigned index_ = 0;
  bool loopback_ = false;
  std::uint16_t own_port_ = 0;
  std::string last_complaint_;  // one line in the log per change, not per second
  os::Loop::TimerId timer_;
  std::set<LinkAddress> waiting_;  // were told no_space
  std::map<Endpoint, LinkAddress> known_;
};

}  // namespace meshfs::transport
