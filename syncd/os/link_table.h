// The links of this node under the numbers that the core knows them by: 0 is tcp, 1 and up are udp, one per interface.
// Owned by syncd's main; the loop's thread only. It passes calls on and decides nothing. Where no interface is named it takes
// all that are up and can multicast, and looks for new ones now and then.
#pragma once

#include <memory>
#include <set>
#include <vector>

#include "syncd/core/node.h"
#include "syncd/os/options.h"
#include "transport/tcp/tcp_link.h"

namespace meshfs::syncd {

class LinkTable final : public Links {
 public:
  static constexpr LinkId kTcp = 0;
  static constexpr std::size_t kMostFound = 32;  // links by themselves: a container host has hundreds of interfaces
  static constexpr Duration kFindEvery = seconds(5);  // a cable plugged in is in use before anybody wonders

  // Opens what the options name. busy: a port is in use.
  static Result<std::unique_ptr<LinkTable>> open(os::Loop& loop, const os::Log& log, const Options& options,
                                                 const transport::HostLookup& lookup);

  // Tells the core its links and peers, and from now on what they hear; `after_input` follows each of these inputs.
  void attach(Node& node, std::function<void()> after_input);
  void detach();
  ~LinkTable() override { loop_.cancel(find_timer_); }
  [[nodiscard]] std::uint16_t tcp_port() const { return tcp_->port(); }

  Status send(LinkId link, const transport::LinkAddress& to, ByteView frame) override;
  Status send_whole(LinkId link, const transport::LinkAddress& to, Bytes& frame) override;
  Status send_all(LinkId link, ByteView frame) override;
  void connect(LinkId link, const transport::LinkAddress& to) override;
  void close(LinkId link, const transport::LinkAddress& to) override;
  void abandon(LinkId link, const transport::LinkAddress& to) override;
  std::optional<Target> stream_target(LinkId heard_on, const transport::LinkAddress& from,
                                      std::uint16_t tcp_port) override;
  std::optional<transport::LinkQuality> quality(LinkId link, const transport::LinkAddress& to) override;
  void tell(const std::string& sentence) override { log_.warning(sentence); }

 private:
  LinkTable(os::Loop& loop, const os::Log& log, const Options& options) : loop_(loop), log_(log), options_(options) {}
  Status add_udp(const std::string& interface);
  void listen(LinkId id);
  void find_interfaces();
  Status noting_mtu(LinkId link, Status sent);

  os::Loop& loop_;
  const os::Log& log_;
  Options options_;
  Node* node_ = nullptr;  // between attach() and detach()
  std::function<void()> after_input_;
  std::set<std::string> found_;  // interfaces that were tried, also those that failed
  os::Loop::TimerId find_timer_;
  std::vector<std::unique_ptr<transport::PacketLink>> links_;
  transport::TcpLink* tcp_ = nullptr;  // links_[kTcp]
};

// The interfaces of this machine that are up, can multicast and are no loopback.
std::vector<std::string> multicast_interfaces();

}  // namespace meshfs::syncd
