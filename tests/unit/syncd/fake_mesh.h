// Some nodes: the real cores of syncd on the simulated network, each with a FakeFsd. For tests; virtual time.
#pragma once

#include "tests/unit/syncd/fake_fsd.h"

namespace meshfs::sim {

using transport::EdgeQuality;
using transport::SimNetwork;

struct Mesh {
  explicit Mesh(std::uint64_t seed) : network(seed), rng(seed), seed_(seed) {}

  void add(bool streams, std::uint64_t bytes_per_hour = UINT64_MAX) {
    const SimNetwork::Node number = network.add_node();
    network.link(number, SimNetwork::Mode::datagram).mutable_traits().bytes_per_hour = bytes_per_hour;
    SimHost::Options options;
    options.streams = streams;
    options.seed = seed_;
    hosts.push_back(std::make_unique<SimHost>(network, number, options));
    fsds.push_back(std::make_unique<FakeFsd>(*hosts.back(), "n" + std::to_string(number)));
    fsds.back()->clock = [this] { return network.now(); };
    hosts.back()->start();
    fsds.back()->greet();
  }
  void line(std::size_t count, const EdgeQuality& quality, bool streams) {
    for (std::size_t i = 0; i < count; ++i) add(streams);
    for (SimNetwork::Node i = 0; i + 1 < count; ++i) network.connect(i, i + 1, quality);
  }
  void run(Duration span) { network.run_until(network.now() + span); }
  // False if the condition did not come true in time.
  bool run_until(const std::function<bool()>& condition, Duration limit) {
    const Instant end = network.now() + limit;
    while (!condition() && network.now() < end) run(milliseconds(1));
    return condition();
  }
  Bytes random_bytes(std::size_t size) {
    Bytes out(size);
    for (auto& byte : out) byte = static_cast<std::uint8_t>(rng.next());
    return out;
  }
  bool same_items() const {
    for (const auto& fsd : fsds) {
      if (fsd->items != fsds.front()->items) return false;
    }
    return true;
  }
  bool all_blobs() const {
    for (const auto& fsd : fsds) {
      if (!fsd->needs.empty() || fsd->blobs.size() != fsds.front()->blobs.size()) return false;
    }
    return true;
  }
  std::size_t sessions() const {
    std::size_t sum = 0;
    for (const auto& host : hosts) sum += host->core().stats().sessions;
    return sum;
  }
  bool all_in_session(std::size_t links) const { return sessions() == 2 * links; }

  SimNetwork network;
  Rng rng;
  std::uint64_t seed_;
  std::vector<std::unique_ptr<SimHost>> hosts;
  std::vector<std::unique_ptr<FakeFsd>> fsds;
};

}  // namespace meshfs::sim
