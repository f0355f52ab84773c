// The links of this node under the numbers that the core knows them by: 0 is tcp, 1 and up are udp, one per interface.
// Owned by syncd's main; the loop's thread only. It passes calls on and decides nothing. Where no interface is named it takes
// all that are up and can multicast, and looks for new ones now and then.
#pragma once

#include <memory>
#include <set>
#include <vector>

#include "syncd/core/node.h"
#include "syncd/os/options.h"
#include "transport/engine/engine_process.h"
#include "transport/tcp/tcp_link.h"

namespace meshfs::syncd {

class LinkTable final : public Links {
 public:
  static constexpr LinkId kTcp = 0;
  static constexpr std::size_t kMostFound = 32;  // links by themselves: a container host has hundreds of interfaces
  static constexpr Duration kAddressesEvery =
      seconds(60);                                    // an engine gives its interface one some time after it started
  static constexpr Duration kFindEvery = seconds(5);  // a cable plugged in is in use before anybody wonders

  // Opens what the options name. busy: a port is in use.
  static Result<std::unique_ptr<LinkTable>> open(os::Loop& loop, const os::Log& log, const Options& options,
                                                 const transport::HostLookup& lookup);

  // Tells the core its links and peers, and from now on what they hear; `after_input` follows each of these inputs.
  void attach(Node& node, std::function<void()> after_input);
  void detach();
  // Before attach().
  void add_engine(transport::EngineProcess::Forked engine) {
    bulletins_.push_back(std::make_unique<transport::EngineProcess>(loop_, std::move(engine)));
  }
  ~LinkTable() override {
    loop_.cancel(find_timer_);
    loop_.cancel(addresses_timer_);
  }
  [[nodiscard]] std::uint16_t tcp_port() const { return tcp_->port(); }

  Status send(LinkId link, const transport::LinkAddress& to, ByteView frame) override;
  Status send_whole(LinkId link, const transport::LinkAddress& to, Bytes& frame) override;
  Status send_all(LinkId link, ByteView frame) override;
  void connect(LinkId link, const transport::LinkAddress& to) override;
  void close(LinkId link, const transport::LinkAddress& to) override;
  void abandon(LinkId link, const transport::LinkAddress& to) override;
  std::optional<Target> stream_target(LinkId heard_on, const transport::LinkAddress& from,
                                      std::uint16_t tcp_port) override;
  std::optional<Target> stream_at(const codec::PageAddress& address, std::uint16_t port) override;
  std::optional<transport::LinkQuality> quality(LinkId link, const transport::LinkAddress& to) override;
  void publish(BulletinId bulletin, std::vector<transport::Page> changed) override;
  void pull(BulletinId bulletin) override { bulletins_.at(bulletin)->pull(); }
  void recall(BulletinId bulletin) override { listen_to_bulletin(bulletin); }
  void tell(const std::string& sentence) override { log_.warning(sentence); }

 private:
  LinkTable(os::Loop& loop, const os::Log& log, const Options& options) : loop_(loop), log_(log), options_(options) {}
  Status add_udp(const std::string& interface);
  void listen(LinkId id);
  void listen_to_bulletin(BulletinId id);
  void tell_addresses();
  void find_interfaces();
  Status noting_mtu(LinkId link, Status sent);

  os::Loop& loop_;
  const os::Log& log_;
  Options options_;
  Node* node_ = nullptr;  // between attach() and detach()
  std::function<void()> after_input_;
  std::set<std::string> found_;  // interfaces that were tried, also those that failed
  os::Loop::TimerId find_timer_, addresses_timer_;
  std::vector<std::unique_ptr<transport::PacketLink>> links_;
  transport::TcpLink* tcp_ = nullptr;  // links_[kTcp]
  std::vector<std::unique_ptr<transport::EngineProcess>> bulletins_;
};

// The interfaces of this machine that are up, can multicast and are no loopback.
std::vector<std::string> multicast_interfaces();
// Addresses of this machine that others far away may reach, IPv6 before IPv4 (as ::ffff:a.b.c.d); at most codec::kMaxPageAddresses.
std::vector<codec::PageAddress> far_addresses();

}  // namespace meshfs::syncd
