// A line of whole nodes (real cores of fsd and syncd, as in SimMesh) over which records go one by one: what
// tests/sim/beside-netns compares with real daemons in namespaces. Owned by sim_report; virtual time.
#pragma once

#include <vector>

#include "schema/vocab/time.h"

namespace meshfs::sim {

struct WholeLine {
  std::size_t nodes = 5;
  std::uint32_t loss_ppm = 0;  // begins when all sessions stand, as in the namespaces
  std::size_t records = 50;
  std::size_t record_bytes = 200;
  Duration pause = milliseconds(300);  // after each record: what trails it is over
};
struct WholeLineFigures {
  std::vector<double> taken_ms;  // until the far end showed it; those that came
  // On all links, both ways, beacons too; `arrived_bytes` without those of lost datagrams.
  double bytes = 0, arrived_bytes = 0;
  double span_s = 0;
};
WholeLineFigures run_whole_line(const WholeLine& what, std::uint64_t seed);

}  // namespace meshfs::sim
