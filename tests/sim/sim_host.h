// Puts the real core of one syncd onto the simulated network and carries its messages to and from a simulated fsd,
// which answers a moment later, as over a socket. Owned by a test; one thread; virtual time.
#pragma once

#include <functional>
#include <memory>

#include "syncd/core/node.h"
#include "transport/sim/sim_engine.h"

namespace meshfs::sim {

class SimHost : private syncd::Links, private syncd::Store {
 public:
  struct Options {
    bool streams = false;                   // listens for and makes streams beside datagrams
    Duration fsd_delay = microseconds(50);  // one way between syncd and fsd
    std::uint64_t seed = 1;
  };
  SimHost(transport::SimNetwork& network, transport::SimNetwork::Node number, Options options);
  ~SimHost() override;

  // fsd's ear: called with syncd's messages, fsd_delay after they were sent.
  void set_fsd(std::function<void(const codec::local::ToFsd&)> ear) { fsd_ = std::move(ear); }
  // fsd's mouth: reaches syncd after fsd_delay.
  void to_syncd(codec::local::ToSyncd message);

  // From its next start on it also uses this bulletin of an engine.
  void use(transport::Bulletin& bulletin) { bulletin_ = &bulletin; }

  // A new process: new core, new boot nonce. The old one, if any, is gone without a word.
  void start();
  void stop();
  [[nodiscard]] bool running() const { return core_ != nullptr; }
  [[nodiscard]] syncd::Node& core() { return *core_; }
  [[nodiscard]] transport::SimNetwork::Node number() const { return number_; }

  // For negative controls: sees every frame before it leaves; false swallows it.
  std::function<bool(ByteView frame)> frame_filter;

 private:
  static constexpr syncd::LinkId kDatagram = 1, kStream = 2;
  void after_input();
  void tick();
  void attach(transport::SimNetwork::Mode mode, syncd::LinkId link);
  void attach_bulletin();
  void listen_to_bulletin();

  Status send(syncd::LinkId link, const transport::LinkAddress& to, ByteView frame) override;
  Status send_all(syncd::LinkId link, ByteView frame) override;
  void connect(syncd::LinkId link, const transport::LinkAddress& to) override;
  void close(syncd::LinkId link, const transport::LinkAddress& to) override;
  std::optional<transport::LinkQuality> quality(syncd::LinkId id, const transport::LinkAddress& to) override {
    return link(id).quality(to);
  }
  std::optional<Target> stream_target(syncd::LinkId heard_on, const transport::LinkAddress& from,
                                      std::uint16_t tcp_port) override;
  std::optional<Target> stream_at(const codec::PageAddress& address, std::uint16_t port) override;
  void publish(syncd::BulletinId id, std::vector<transport::Page> changed) override;
  void pull(syncd::BulletinId id) override;
  void recall(syncd::BulletinId) override { listen_to_bulletin(); }
  void send(codec::local::ToFsd message) override;
  transport::SimLink& link(syncd::LinkId id);

  transport::SimNetwork& network_;
  transport::SimNetwork::Node number_;
  Options options_;
  std::function<void(const codec::local::ToFsd&)> fsd_;
  std::unique_ptr<syncd::Node> core_;
  transport::Bulletin* bulletin_ = nullptr;
  std::uint64_t life_ = 0;  // counts starts: what was under way before one is void
  std::uint64_t wake_ = 0;  // the only tick that counts
  Instant wake_at_ = kNever;
  bool tick_due_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace meshfs::sim
