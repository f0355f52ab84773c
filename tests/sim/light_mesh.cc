#include "tests/sim/light_mesh.h"

namespace meshfs::sim {

using transport::SimNetwork;

LightMesh::LightMesh(Topology topology, const transport::EdgeQuality& usual, std::uint64_t seed, bool streams)
    : topology_(std::move(topology)), network_(seed * 2 + 1), rng_(seed) {
  SimHost::Options options;
  options.streams = streams;
  options.seed = seed;
  for (std::size_t i = 0; i < topology_.nodes; ++i) {
    hosts_.push_back(std::make_unique<SimHost>(network_, network_.add_node(), options));
    hosts_.back()->frame_filter = [this](ByteView frame) {
      if (frame.size() >= data_bytes_) ++data_;
      return true;
    };
    fsds_.push_back(std::make_unique<LightFsd>(*hosts_.back(), i));
  }
  topology_.connect(network_, usual);
}

void LightMesh::start(Duration more) {
  for (std::size_t i = 0; i < size(); ++i) {
    const auto wait = nanoseconds(static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(kStartSpread.ns))));
    network_.at(network_.now() + wait, [this, i] {
      hosts_[i]->start();
      fsds_[i]->greet();
    });
  }
  run(kStartSpread + seconds(1));
  for (std::size_t before = 0, now = sessions(); now != before; now = sessions()) {
    before = now;
    run(kRest);
  }
  run(more);
}

bool LightMesh::run_until(const std::function<bool()>& condition, Duration limit, Duration step) {
  const Instant end = network_.now() + limit;
  while (!condition() && network_.now() < end) run(step);
  return condition();
}

std::size_t LightMesh::sessions() const {
  std::size_t sum = 0;
  for (const auto& host : hosts_) sum += host->core().stats().sessions;
  return sum;
}

LightMesh::Sent LightMesh::sent() const {
  Sent out;
  const SimNetwork::Counters& counters = network_.counters();
  out.bytes = counters.bytes;
  out.frames = counters.frames;
  out.transmissions = counters.transmissions;
  out.data = data_;
  for (const auto& host : hosts_) {
    const auto stats = host->core().stats();
    out.messages += stats.messages_out;
    out.beacons += stats.beacons_out;
  }
  return out;
}

LightMesh::Sent LightMesh::Sent::since(const Sent& before) const {
  Sent out = *this;
  out.bytes -= before.bytes;
  out.frames -= before.frames;
  out.transmissions -= before.transmissions;
  out.messages -= before.messages;
  out.beacons -= before.beacons;
  out.data -= before.data;
  return out;
}

}  // namespace meshfs::sim
