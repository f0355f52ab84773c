// With whom of many on one broadcast link a node keeps a session: 60 nodes that hear each other must not keep 60 sessions each.
// Up to kDegreeAll are heard: with all. Beyond: with the next one by id on either side, a ring, so that those who hear each
// other hang together; and with the kChosen whose pair with us hashes least, a random graph that is few hops wide. Both
// sides of a pair may choose it, so a node of 60 has about six (overlay_test). Who comes or goes changes the choice of few.
//
// Pure functions: everybody can tell what another chooses, as far as both hear the same, and nothing of it travels. What that
// leaves apart is found by beacons and grafted (Neighbours), as Plumtree (Leitão et al. 2007) does with its lazy links.
#pragma once

#include <vector>

#include "schema/vocab/ids.h"

namespace meshfs::syncd {

class Overlay {
 public:
  static constexpr std::size_t kDegreeAll = 10;  // the usual degree of a radio mesh twice: so many sessions cost little
  static constexpr std::size_t kChosen = 3;

  // Of `heard` (by id, each once, `self` may be among them) those that `self` wants, by id.
  static std::vector<NodeId> wanted(const NodeId& self, const std::vector<NodeId>& heard);
};

}  // namespace meshfs::syncd
