#include "tests/unit/transport/worlds.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "schema/vocab/rng.h"
#include "transport/sim/sim_network.h"
#include "transport/tcp/tcp_link.h"
#include "transport/udp/udp_link.h"

namespace meshfs::transport::contract {
namespace {

Bytes garbage(std::size_t size, std::uint64_t seed) {
  Rng rng(seed);
  Bytes out(size);
  for (auto& b : out) b = static_cast<std::uint8_t>(rng.next());
  return out;
}

class SimWorld final : public World {
 public:
  explicit SimWorld(SimNetwork::Mode mode) : net_(42), mode_(mode) {
    for (std::size_t i = 0; i < kLinks; ++i) net_.add_node();
    for (SimNetwork::Node a = 0; a < kLinks; ++a) {
      for (SimNetwork::Node b = 0; b < a; ++b) net_.connect(a, b, {.bytes_per_second = 20'000'000});
    }
  }
  PacketLink& link(std::size_t i) override { return net_.link(static_cast<SimNetwork::Node>(i), mode_); }
  LinkAddress address(std::size_t, std::size_t to) override {
    return SimNetwork::address_of(static_cast<SimNetwork::Node>(to));
  }
  void run_for(Duration time) override { net_.run_until(net_.now() + time); }
  void vanish(std::size_t i) override { net_.set_up(static_cast<SimNetwork::Node>(i), false); }
  LinkAddress nobody() override { return SimNetwork::address_of(77); }
  void throw_garbage_at(std::size_t i) override {
    // Below a simulated link there is nothing; addresses are all that strangers could write.
    (void)link(i).send({"xyz", "no address"}, garbage(10, 1));
    (void)link(i).send({"", ""}, garbage(10, 1));
  }
  [[nodiscard]] bool can_fill() const override { return true; }

 private:
  SimNetwork net_;
  SimNetwork::Mode mode_;
};

class LoopWorld : public World {
 public:
  void run_for(Duration time) override {
    const Instant end = os::Loop::now() + time;
    for (Instant now = os::Loop::now(); now < end; now = os::Loop::now()) loop_.run_once(end - now);
  }

 protected:
  os::Loop loop_;
  os::Log log_{"contract"};
};

// Test programs may run side by side: each takes its own eight ports.
std::uint16_t own_ports() {
  static std::uint16_t next = static_cast<std::uint16_t>(20'000 + (::getpid() % 2000) * 16);
  return next = static_cast<std::uint16_t>(next + UdpLink::kLoopbackPorts);
}

class UdpWorld final : public LoopWorld {
 public:
  UdpWorld() : port_(own_ports()) {
    for (auto& link : links_) {
      auto opened = UdpLink::open(loop_, log_, {"lo", port_});
      EXPECT_TRUE(opened.ok());
      link = std::move(*opened);
      EXPECT_TRUE(link->is_open());
    }
  }
  PacketLink& link(std::size_t i) override { return *links_[i]; }
  LinkAddress address(std::size_t, std::size_t to) override { return at(static_cast<std::uint16_t>(port_ + to)); }
  void vanish(std::size_t) override {}
  LinkAddress nobody() override { return at(1); }
  void throw_garbage_at(std::size_t i) override {
    os::Fd stranger(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const sockaddr_in6 to = socket_address(*endpoint_from(address(0, i)));
    for (const std::size_t size : {std::size_t{0}, UdpLink::kMostMtu + 1, std::size_t{9000}, std::size_t{60'000}}) {
      const Bytes bytes = garbage(size, size);
      ASSERT_GE(
          ::sendto(stranger.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to),
          0);
    }
    (void)link(i).send({"xyz", "no address"}, garbage(10, 1));
  }
  [[nodiscard]] bool can_fill() const override { return false; }  // the loopback interface has no queue

 private:
  static LinkAddress at(std::uint16_t port) {
    Endpoint endpoint;
    endpoint.address[15] = 1;
    endpoint.port = port;
    return link_address(endpoint);
  }
  std::uint16_t port_;
  std::array<std::unique_ptr<UdpLink>, kLinks> links_;
};

class TcpWorld final : public LoopWorld {
 public:
  TcpWorld() {
    for (auto& link : links_) {
      auto opened = TcpLink::open(loop_, log_, {.port = 0});
      EXPECT_TRUE(opened.ok());
      link = std::move(*opened);
    }
    for (std::size_t i = 0; i < kLinks; ++i) ports_[i] = links_[i]->port();
  }
  PacketLink& link(std::size_t i) override { return *links_[i]; }
  LinkAddress address(std::size_t, std::size_t to) override { return at(ports_[to]); }
  void vanish(std::size_t i) override {
    links_[i] = std::move(*TcpLink::open(loop_, log_, {.port = 0, .listen = false}));
  }
  LinkAddress nobody() override { return at(1); }
  void throw_garbage_at(std::size_t i) override {
    const sockaddr_in6 to = socket_address(*endpoint_from(address(0, i)));
    for (const std::size_t size : {std::size_t{1}, std::size_t{3}, std::size_t{100}, std::size_t{100'000}}) {
      os::Fd stranger(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
      ASSERT_EQ(::connect(stranger.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
      const Bytes bytes = garbage(size, size);
      // Refused in the middle: then the rest does not arrive, and that is the point.
      (void)::send(stranger.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      run_for(milliseconds(5));
    }
  }
  [[nodiscard]] bool can_fill() const override { return true; }

 private:
  static LinkAddress at(std::uint16_t port) {
    Endpoint endpoint;
    endpoint.address[15] = 1;
    endpoint.port = port;
    return link_address(endpoint);
  }
  std::array<std::unique_ptr<TcpLink>, kLinks> links_;
  std::array<std::uint16_t, kLinks> ports_{};
};

}  // namespace

std::unique_ptr<World> sim_datagram_world() { return std::make_unique<SimWorld>(SimNetwork::Mode::datagram); }
std::unique_ptr<World> sim_stream_world() { return std::make_unique<SimWorld>(SimNetwork::Mode::stream); }
std::unique_ptr<World> udp_world() { return std::make_unique<UdpWorld>(); }
std::unique_ptr<World> tcp_world() { return std::make_unique<TcpWorld>(); }

}  // namespace meshfs::transport::contract
