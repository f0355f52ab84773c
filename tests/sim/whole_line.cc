#include "tests/sim/whole_line.h"

#include "tests/sim/sim_node.h"
#include "tests/sim/topology.h"
#include "tests/unit/core/world.h"

namespace meshfs::sim {

namespace {
constexpr Duration kSettle = seconds(20), kSettleWithLoss = seconds(5);
constexpr Duration kRecordPatience = seconds(60);  // per record
}  // namespace

WholeLineFigures run_whole_line(const WholeLine& what, std::uint64_t seed) {
  Rng rng(seed);
  transport::SimNetwork network(seed * 2 + 1);
  const crypto::Seed secret = test_seed(seed, 9);
  const codec::Genesis genesis = test_genesis(secret, seed * 10'000);
  SimHost::Options options;
  options.streams = what.loss_ppm == 0;  // real daemons give theirs up where packets are lost
  options.seed = seed;
  std::vector<std::unique_ptr<SimNode>> nodes;
  for (std::size_t i = 0; i < what.nodes; ++i) {
    const codec::Identity identity = test_identity(genesis, secret, seed * 10'000 + i, "m" + std::to_string(i));
    nodes.push_back(std::make_unique<SimNode>(network, network.add_node(), identity, identity, options));
  }
  // As between namespaces: next to no delay.
  transport::EdgeQuality quality{.delay = microseconds(100), .jitter = microseconds(50)};
  Topology::make("line", what.nodes, rng).connect(network, quality);
  for (const auto& node : nodes) node->start();
  network.run_until(network.now() + kSettle);
  quality.loss_ppm = what.loss_ppm;
  network.set_quality_everywhere(quality);
  network.run_until(network.now() + kSettleWithLoss);

  WholeLineFigures out;
  const Instant begin = network.now();
  const transport::SimNetwork::Counters before = network.counters();
  for (std::size_t i = 0; i < what.records; ++i) {
    const std::string path = "record." + std::to_string(i);
    std::string text;
    while (text.size() < what.record_bytes) text += static_cast<char>(rng.next());
    const Instant at = network.now();
    CHECK(nodes.front()->write(path, text));
    nodes.front()->sync([](const Status&) {});
    while (nodes.back()->text_of(path) != text && network.now() - at < kRecordPatience) {
      network.run_until(network.now() + microseconds(100));
    }
    if (nodes.back()->text_of(path) == text) out.taken_ms.push_back(static_cast<double>((network.now() - at).ns) / 1e6);
    network.run_until(network.now() + what.pause);
  }
  const transport::SimNetwork::Counters& after = network.counters();
  out.bytes = static_cast<double>(after.bytes - before.bytes);
  const auto streams = static_cast<double>(after.stream_bytes - before.stream_bytes);
  out.arrived_bytes = streams + (out.bytes - streams) * (1 - what.loss_ppm / 1e6);
  out.span_s = static_cast<double>((network.now() - begin).ns) / 1e9;
  return out;
}

}  // namespace meshfs::sim
