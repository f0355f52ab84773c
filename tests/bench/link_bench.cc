// What a link costs by itself, both ends in one thread: bytes per second over tcp and udp on the loopback interface, and
// frames per second of the simulated network.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include "transport/sim/sim_network.h"
#include "transport/tcp/tcp_link.h"
#include "transport/udp/udp_link.h"

namespace meshfs::transport {
namespace {

void tcp(benchmark::State& state) {
  os::Loop loop;
  const os::Log log("bench");
  auto a = TcpLink::open(loop, log, {.port = 0, .listen = false});
  auto b = TcpLink::open(loop, log, {.port = 0});
  const LinkAddress to = *TcpLink::parse_peer("[::1]:" + std::to_string((*b)->port()));
  bool up = false, room = true;
  std::size_t got = 0;
  (*a)->set_events({[](const LinkAddress&, ByteView) {},
                    [&](const LinkAddress&) { up = true; },
                    {},
                    [&](const LinkAddress&) { room = true; }});
  (*b)->set_events({[&](const LinkAddress&, ByteView frame) { got += frame.size(); }, {}, {}, {}});
  (*a)->connect(to);
  while (!up) loop.run_once(milliseconds(10));
  (void)(*a)->send(to, Bytes(10));
  const Bytes frame(static_cast<std::size_t>(state.range(0)), 1);
  while (got == 0) loop.run_once(milliseconds(10));
  got = 0;
  for (auto _ : state) {
    while (room) room = (*a)->send(to, frame).ok();
    loop.run_once(milliseconds(10));
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(got));
}
BENCHMARK(tcp)->Arg(1200)->Arg(16 * 1024)->Arg(256 * 1024)->UseRealTime();

void udp(benchmark::State& state) {
  os::Loop loop;
  const os::Log log("bench");
  const auto port = static_cast<std::uint16_t>(40'000 + (::getpid() % 1000) * 16);
  auto a = UdpLink::open(loop, log, {"lo", port});
  auto b = UdpLink::open(loop, log, {"lo", port});
  Endpoint endpoint;
  endpoint.address[15] = 1;
  endpoint.port = static_cast<std::uint16_t>(port + 1);
  const LinkAddress to = link_address(endpoint);
  std::size_t got = 0;
  (*b)->set_events({[&](const LinkAddress&, ByteView frame) { got += frame.size(); }, {}, {}, {}});
  const Bytes frame(UdpLink::kLeastMtu, 1);
  std::size_t sent = 0;
  for (auto _ : state) {
    for (int i = 0; i < 50; ++i) sent += (*a)->send(to, frame).ok() ? frame.size() : 0;
    loop.run_once(milliseconds(0));
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(got));
  state.counters["lost"] = 1.0 - static_cast<double>(got) / static_cast<double>(sent);
}
BENCHMARK(udp)->UseRealTime();

void sim(benchmark::State& state) {
  SimNetwork net(1);
  for (SimNetwork::Node i = 0; i < 1000; ++i) {
    net.add_node();
    for (SimNetwork::Node back = 1; back <= 3 && back <= i; ++back) net.connect(i - back, i, {.loss_ppm = 100'000});
    net.link(i, SimNetwork::Mode::datagram).set_events({[](const LinkAddress&, ByteView) {}, {}, {}, {}});
  }
  for (auto _ : state) {
    for (SimNetwork::Node i = 0; i < 1000; ++i) (void)net.link(i, SimNetwork::Mode::datagram).send_all(Bytes(200));
    net.run_until(net.now() + milliseconds(10));
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(net.counters().frames));
}
BENCHMARK(sim);

}  // namespace
}  // namespace meshfs::transport
