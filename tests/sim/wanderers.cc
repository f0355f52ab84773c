#include "tests/sim/wanderers.h"

#include <cmath>

namespace meshfs::sim {

using transport::SimNetwork;

Wanderers::Wanderers(SimNetwork& network, std::uint64_t seed)
    : network_(network),
      rng_(seed),
      walkers_(network.node_count()),
      in_range_(network.node_count() * network.node_count(), true) {
  for (Walker& walker : walkers_) {
    walker.x = somewhere(), walker.y = somewhere();
    walker.to_x = somewhere(), walker.to_y = somewhere();
  }
  set_edges(false);
}

void Wanderers::start() {
  walking_ = true;
  network_.at(network_.now() + kStep, [this, alive = alive_] {
    if (*alive && walking_) step();
  });
}

void Wanderers::gather() {
  walking_ = false;
  set_edges(true);
}

void Wanderers::step() {
  constexpr double kStride = kSpeed * static_cast<double>(kStep.ns) / 1e9;
  for (Walker& walker : walkers_) {
    if (network_.now() < walker.rests_until) continue;
    const double dx = walker.to_x - walker.x, dy = walker.to_y - walker.y;
    const double left = std::sqrt(dx * dx + dy * dy);
    if (left > kStride) {
      walker.x += dx / left * kStride;
      walker.y += dy / left * kStride;
      continue;
    }
    walker.to_x = somewhere(), walker.to_y = somewhere();
    walker.rests_until = network_.now() + kRest;
  }
  set_edges(false);
  start();
}

void Wanderers::set_edges(bool all) {
  const auto count = static_cast<SimNetwork::Node>(walkers_.size());
  for (SimNetwork::Node a = 0; a < count; ++a) {
    for (SimNetwork::Node b = a + 1; b < count; ++b) {
      const double dx = walkers_[a].x - walkers_[b].x, dy = walkers_[a].y - walkers_[b].y;
      const bool near = all || dx * dx + dy * dy < kRange * kRange;
      if (near == in_range_[a * count + b]) continue;
      in_range_[a * count + b] = near;
      if (near) {
        network_.mend_both(a, b);
        ++meetings_;
      } else {
        network_.cut_both(a, b);
      }
    }
  }
}

}  // namespace meshfs::sim
