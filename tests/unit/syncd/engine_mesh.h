// Nodes of the simulator that a mesh engine joins. Owned by a test.
#pragma once

#include <gtest/gtest.h>

#include "tests/unit/syncd/fake_mesh.h"

namespace meshfs::sim {

// Nodes that nothing but an engine connects, in a line; links may come later.
struct EngineMesh : Mesh {
  EngineMesh(std::size_t count, transport::SimEngine::Kind kind, std::uint64_t seed, std::uint32_t loss_ppm = 0,
             bool streams = false)
      : Mesh(seed), engine(network, kind, seed), streams_(streams) {
    engine.set_loss(loss_ppm);
    for (std::size_t i = 0; i < count; ++i) add_one();
    for (SimNetwork::Node i = 0; i + 1 < count; ++i) engine.connect(i, i + 1);
  }
  ~EngineMesh() {
    for (const auto& host : hosts) host->stop();  // before what they use
  }
  void add_one() {
    add(streams_);
    const auto number = static_cast<SimNetwork::Node>(hosts.size() - 1);
    engine.add_node(number);
    hosts.back()->use(engine.bulletin(number));
    hosts.back()->start();
    fsds.back()->greet();
  }
  bool all_have(const Hash& item) const {
    return std::ranges::all_of(fsds, [&](const auto& fsd) { return fsd->items.contains(item); });
  }
  // Of the node's only bulletin, as `.mesh/peers` has it.
  std::uint64_t number(const std::string& key, std::size_t node) const {
    const std::string json = hosts[node]->core().peers_json(network.now());
    return std::stoull(json.substr(json.find("\"" + key + "\":", json.find("\"bulletins\"")) + key.size() + 3));
  }
  transport::SimEngine engine;
  bool streams_;
};

inline double seconds_until(EngineMesh& mesh, const std::function<bool()>& condition, Duration limit) {
  const Instant begin = mesh.network.now();
  EXPECT_TRUE(mesh.run_until(condition, limit));
  return static_cast<double>(to_ms(mesh.network.now() - begin)) / 1000;
}

}  // namespace meshfs::sim
