#include "tests/sim/topology.h"

#include <algorithm>

#include "schema/vocab/check.h"

namespace meshfs::sim {

using transport::EdgeQuality;
using transport::SimNetwork;

namespace {

void line(Topology& out) {
  for (SimNetwork::Node i = 0; i + 1 < out.nodes; ++i) out.edges.push_back({i, i + 1});
}

void grid(Topology& out) {
  SimNetwork::Node side = 1;
  while (static_cast<std::size_t>(side) * side < out.nodes) ++side;
  for (SimNetwork::Node i = 0; i < out.nodes; ++i) {
    if ((i + 1) % side != 0 && i + 1 < out.nodes) out.edges.push_back({i, i + 1});
    if (i + side < out.nodes) out.edges.push_back({i, i + side});
  }
}

void everybody(Topology& out) {
  for (SimNetwork::Node i = 0; i < out.nodes; ++i) {
    for (SimNetwork::Node k = i + 1; k < out.nodes; ++k) out.edges.push_back({i, k});
  }
}

// Nodes [first, last). Each has a link to the nearest one before it, so that the whole hangs together.
void random_places(Topology& out, SimNetwork::Node first, SimNetwork::Node last, std::size_t heard, Rng& rng) {
  std::vector<std::pair<double, double>> place;
  const auto coordinate = [&rng] { return static_cast<double>(rng.below(1'000'000)) / 1e6; };
  for (SimNetwork::Node i = first; i < last; ++i) {
    const double x = coordinate();
    place.emplace_back(x, coordinate());
  }
  const double range2 = static_cast<double>(heard) / 3.14159 / static_cast<double>(last - first);
  for (SimNetwork::Node i = first + 1; i < last; ++i) {
    SimNetwork::Node nearest = first;
    double least = 9;
    for (SimNetwork::Node k = first; k < i; ++k) {
      const double dx = place[i - first].first - place[k - first].first;
      const double dy = place[i - first].second - place[k - first].second;
      const double distance2 = dx * dx + dy * dy;
      if (distance2 < least) least = distance2, nearest = k;
      if (distance2 < range2) out.edges.push_back({i, k});
    }
    if (least >= range2) out.edges.push_back({i, nearest});
  }
}

// Hops from `from`, breadth first.
std::vector<std::size_t> distances(const std::vector<std::vector<Topology::Node>>& neighbours, Topology::Node from) {
  constexpr std::size_t kFar = SIZE_MAX;
  std::vector<std::size_t> hops(neighbours.size(), kFar);
  std::vector<Topology::Node> open{from};
  hops[from] = 0;
  for (std::size_t next = 0; next < open.size(); ++next) {
    for (const Topology::Node to : neighbours[open[next]]) {
      if (hops[to] != kFar) continue;
      hops[to] = hops[open[next]] + 1;
      open.push_back(to);
    }
  }
  CHECK(open.size() == neighbours.size());
  return hops;
}

}  // namespace

Topology Topology::make(const std::string& kind, std::size_t nodes, Rng& rng, std::size_t heard) {
  Topology out;
  out.nodes = nodes;
  const auto count = static_cast<SimNetwork::Node>(nodes);
  if (kind == "line") {
    line(out);
  } else if (kind == "grid") {
    grid(out);
  } else if (kind == "domain" || kind == "mobile") {
    everybody(out);
  } else if (kind == "islands") {
    random_places(out, 0, count / 2, heard, rng);
    random_places(out, count / 2, count, heard, rng);
    const auto here = static_cast<SimNetwork::Node>(rng.below(count / 2));
    const auto there = static_cast<SimNetwork::Node>(count / 2 + rng.below(count - count / 2));
    out.edges.push_back({here, there, true});
  } else {
    CHECK(kind == "random");
    random_places(out, 0, count, heard, rng);
  }
  return out;
}

void Topology::connect(SimNetwork& network, const EdgeQuality& usual) const {
  EdgeQuality narrow = usual;
  narrow.delay = narrow.delay + kThinDelay;
  narrow.bytes_per_second = kThinBytesPerSecond;
  for (const Edge& edge : edges) network.connect(edge.a, edge.b, edge.thin ? narrow : usual);
}

std::vector<std::vector<Topology::Node>> Topology::neighbours() const {
  std::vector<std::vector<Node>> out(nodes);
  for (const Edge& edge : edges) {
    out[edge.a].push_back(edge.b);
    out[edge.b].push_back(edge.a);
  }
  return out;
}

std::size_t eccentricity(const Topology& topology, Topology::Node from) {
  const auto hops = distances(topology.neighbours(), from);
  return *std::max_element(hops.begin(), hops.end());
}

std::size_t diameter(const Topology& topology) {
  const auto neighbours = topology.neighbours();
  std::size_t most = 0;
  for (Topology::Node from = 0; from < topology.nodes; ++from) {
    const auto hops = distances(neighbours, from);
    most = std::max(most, *std::max_element(hops.begin(), hops.end()));
  }
  return most;
}

std::size_t dominating_set(const Topology& topology, Topology::Node from) {
  const auto neighbours = topology.neighbours();
  std::vector<bool> covered(topology.nodes);
  std::vector<Topology::Node> rim{from};  // covered, not in the set
  std::size_t size = 0, left = topology.nodes - 1;
  covered[from] = true;
  while (left > 0 || size == 0) {
    const auto gain = [&](Topology::Node node) {
      return std::count_if(neighbours[node].begin(), neighbours[node].end(), [&](auto to) { return !covered[to]; });
    };
    auto best = rim.begin();
    auto most = gain(*best);
    for (auto it = rim.begin() + 1; it != rim.end(); ++it) {
      if (const auto other = gain(*it); other > most) best = it, most = other;
    }
    const Topology::Node chosen = *best;
    rim.erase(best);
    ++size;
    for (const Topology::Node to : neighbours[chosen]) {
      if (covered[to]) continue;
      covered[to] = true;
      --left;
      rim.push_back(to);
    }
  }
  return size;
}

}  // namespace meshfs::sim
