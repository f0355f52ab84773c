// What goes wrong in one run, drawn from its seed: how bad links are, which way, who leaves, crashes or has no clock.
// Plain values; SimMesh makes them happen. Never draws from anything but the Rng handed in.
#pragma once

#include "tests/sim/liar.h"
#include "tests/sim/sim_node.h"

namespace meshfs::sim {

inline constexpr std::int64_t kYearMs = 31'556'952'000;

struct Faults {
  static constexpr std::uint32_t kMostLossPpm = 400'000;
  static constexpr std::int64_t kMostYearsOff = 4;

  std::uint32_t loss_ppm = 0;  // of a usual edge
  std::uint32_t duplicate_ppm = 0, reorder_ppm = 0;
  Duration jitter = milliseconds(1);
  bool asymmetric = false;  // each way of an edge draws its own loss, up to twice the usual one
  bool streams = false;
  std::size_t partitions = 0;
  std::size_t crashes = 0;
  std::size_t absences = 0;        // a node is out of everybody's reach for a while, and works on
  std::size_t deaf = 0;            // an edge carries one way only for a while
  bool odd_clocks = false;         // see draw_clock()
  bool wrong_clock = false;        // one that says it is confirmed: see draw_wrong_clock()
  std::optional<Liar::Kind> liar;  // a member that lies stands beside two of them until all is equal

  // Any of the above, each in about half of the seeds.
  static Faults draw(Rng& rng);
  [[nodiscard]] transport::EdgeQuality quality() const;
  [[nodiscard]] std::string words() const;
};

// Node 0 (the admin) has a confirmed clock. Of the others a third has one that is right to some seconds, a third one
// that nobody confirmed and that is years off, a third none at all (it starts in 1970).
WallClock draw_clock(Rng& rng, std::size_t node);
// Confirmed, and one to kMostYearsOff years ahead or behind.
WallClock draw_wrong_clock(Rng& rng);

}  // namespace meshfs::sim
