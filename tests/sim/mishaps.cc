// What goes wrong with a mesh while it runs: see faults.h. Whatever is broken here is mended by heal() at the latest.
#include <algorithm>

#include "tests/sim/sim_mesh.h"

namespace meshfs::sim {

using transport::SimNetwork;

Instant SimMesh::sometime() {
  const auto span = static_cast<std::uint64_t>(scenario_.span.ns);
  return network_.now() + nanoseconds(static_cast<std::int64_t>(rng_.below(span)));
}

// Two of them hear it, wherever they go.
void SimMesh::add_liar() {
  const SimNetwork::Node number = network_.add_node();
  liar_ = std::make_unique<Liar>(network_, number, liar_member_, *faults_.liar, seed_);
  const auto first = static_cast<SimNetwork::Node>(rng_.below(scenario_.nodes));
  const auto second = static_cast<SimNetwork::Node>(rng_.below(scenario_.nodes));
  network_.connect(first, number, faults_.quality());
  if (second != first) network_.connect(second, number, faults_.quality());
}

void SimMesh::plan_mishaps() {
  const auto plan = [this](std::size_t times, void (SimMesh::*mishap)()) {
    for (std::size_t i = 0; i < times; ++i) network_.at(sometime(), [this, mishap] { (this->*mishap)(); });
  };
  plan(faults_.partitions, &SimMesh::partition);
  plan(faults_.crashes, &SimMesh::crash_one);
  plan(faults_.absences, &SimMesh::leave_one);
  plan(faults_.deaf, &SimMesh::deafen_one);
}

// Each way of each edge between nothing and twice the usual loss.
void SimMesh::spread_loss() {
  for (const Topology::Edge& edge : topology_.edges) {
    for (const auto& [from, to] : {std::pair(edge.a, edge.b), std::pair(edge.b, edge.a)}) {
      transport::EdgeQuality quality = faults_.quality();
      quality.loss_ppm = static_cast<std::uint32_t>(
          std::min<std::uint64_t>(rng_.below(2 * quality.loss_ppm + 1), Faults::kMostLossPpm));
      if (edge.thin) {
        quality.delay = quality.delay + Topology::kThinDelay;
        quality.bytes_per_second = Topology::kThinBytesPerSecond;
      }
      network_.set_quality(from, to, quality);
    }
  }
}

void SimMesh::partition() {
  std::vector<std::uint32_t> group;
  const std::uint64_t split = 1 + rng_.below(scenario_.nodes - 1);
  for (std::size_t i = 0; i < network_.node_count(); ++i) group.push_back(i < split ? 0 : 1);
  network_.partition(group);
  network_.at(network_.now() + seconds(4) + milliseconds(static_cast<std::int64_t>(rng_.below(12'000))),
              [this] { network_.mend_all(); });
}

void SimMesh::crash_one() {
  SimNode& node = *nodes_[rng_.below(nodes_.size())];
  if (!node.running()) return;
  node.crash();
  network_.at(network_.now() + milliseconds(200 + static_cast<std::int64_t>(rng_.below(5'000))), [&node] {
    if (!node.running()) node.start();
  });
}

void SimMesh::leave_one() {
  const auto node = static_cast<SimNetwork::Node>(rng_.below(nodes_.size()));
  for (const SimNetwork::Node other : network_.neighbours(node)) network_.cut_both(node, other);
  network_.at(network_.now() + seconds(3) + milliseconds(static_cast<std::int64_t>(rng_.below(12'000))), [this, node] {
    for (const SimNetwork::Node other : network_.neighbours(node)) network_.mend_both(node, other);
  });
}

void SimMesh::deafen_one() {
  const Topology::Edge& edge = topology_.edges[rng_.below(topology_.edges.size())];
  network_.cut(edge.a, edge.b);
  network_.at(network_.now() + seconds(2) + milliseconds(static_cast<std::int64_t>(rng_.below(15'000))),
              [this, edge] { network_.mend(edge.a, edge.b); });
}

// Wanderers go on: their mesh has to settle by meetings alone.
void SimMesh::heal() {
  if (!wanderers_) network_.mend_all();
}

}  // namespace meshfs::sim
