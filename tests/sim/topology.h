// Who hears whom: the graphs that meshes of the simulator stand on. Drawn from the mesh's seed, repeatable. Owned by
// whoever builds a mesh; it must never change a network after connect(): what moves or fails is wanderers.h and faults.h.
//
//   line     o-o-o-o            grid   o-o-o      domain   all hear all, as in one batman-adv network
//                                      | | |
//   random   places in a square,       o-o-o      islands  two of `random`, joined by one thin link
//            seven neighbours or so               mobile   all pairs, cut until Wanderers bring them together
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "transport/sim/sim_network.h"

namespace meshfs::sim {

struct Topology {
  using Node = transport::SimNetwork::Node;
  struct Edge {
    Node a = 0, b = 0;
    bool thin = false;
  };
  std::size_t nodes = 0;
  std::vector<Edge> edges;

  // A modem between the islands: 256 kbit/s and 40 ms.
  static constexpr std::uint64_t kThinBytesPerSecond = 32'000;
  static constexpr Duration kThinDelay = milliseconds(40);

  static constexpr std::size_t kUsuallyHeard = 7;  // by a node of `random` and `islands`, on average

  // `kind`: as above.
  static Topology make(const std::string& kind, std::size_t nodes, Rng& rng, std::size_t heard = kUsuallyHeard);
  // The nodes must be there. `usual`: both ways of every edge; a thin one adds its delay and its rate.
  void connect(transport::SimNetwork& network, const transport::EdgeQuality& usual) const;

  [[nodiscard]] std::vector<std::vector<Node>> neighbours() const;
};

// --- bounds that measurements stand beside
// Hops between the two nodes farthest from each other, or from `from`. The graph hangs together.
std::size_t diameter(const Topology& topology);
std::size_t eccentricity(const Topology& topology, Topology::Node from);
// Size of a connected set of nodes such that everybody is in it or next to it, grown from `from` by whoever reaches
// most: so few transmissions carry a packet to all on links where neighbours overhear. Greedy, so a little over the least.
std::size_t dominating_set(const Topology& topology, Topology::Node from);

}  // namespace meshfs::sim
