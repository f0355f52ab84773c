// What sim_report measures: one line for each case. Owned by nobody: constants. It must never say how.
#pragma once

#include "tests/sim/topology.h"

namespace meshfs::sim {

enum class Work : std::uint8_t { update, difference, comeback, idle, whole };

struct Case {
  const char* name;
  Work work;
  const char* topology;
  std::size_t nodes;
  std::uint32_t loss_ppm = 0;
  std::size_t items = 0, differing = 0;  // of a difference
  bool large = false;                    // only when named
  std::uint64_t bytes_per_second = 0;    // 0: unlimited
  bool lacks = false;                    // who comes back lacks records; else the others do
  std::size_t heard = Topology::kUsuallyHeard;
};

inline constexpr Case kCases[]{
    {"line5", Work::update, "line", 5},
    {"line5-loss20", Work::update, "line", 5, 200'000},
    {"line5-loss40", Work::update, "line", 5, 400'000},
    {"line11", Work::update, "line", 11},
    {"line11-loss20", Work::update, "line", 11, 200'000},
    {"line11-loss40", Work::update, "line", 11, 400'000},
    {"grid25", Work::update, "grid", 25},
    {"grid100", Work::update, "grid", 100},
    {"grid100-loss20", Work::update, "grid", 100, 200'000},
    {"grid100-loss40", Work::update, "grid", 100, 400'000},
    {"grid400", Work::update, "grid", 400},
    {"grid900", Work::update, "grid", 900},
    {"grid10000", Work::update, "grid", 10'000, 0, 0, 0, true},
    {"random50", Work::update, "random", 50},
    {"random50-loss20", Work::update, "random", 50, 200'000},
    {"random200", Work::update, "random", 200},
    {"random200-loss20", Work::update, "random", 200, 200'000},
    {"random200-loss40", Work::update, "random", 200, 400'000},
    {"random300-hear16", Work::update, "random", 300, 0, 0, 0, false, 0, false, 16},
    {"random300-hear16-loss20", Work::update, "random", 300, 200'000, 0, 0, false, 0, false, 16},
    {"random300-hear40", Work::update, "random", 300, 0, 0, 0, false, 0, false, 40},
    {"random300-hear40-loss20", Work::update, "random", 300, 200'000, 0, 0, false, 0, false, 40},
    {"random300-hear40-loss40", Work::update, "random", 300, 400'000, 0, 0, false, 0, false, 40},
    {"domain60", Work::update, "domain", 60},
    {"domain60-loss20", Work::update, "domain", 60, 200'000},
    {"islands40", Work::update, "islands", 40},
    {"islands40-loss20", Work::update, "islands", 40, 200'000},
    {"mobile20", Work::update, "mobile", 20},
    {"differ10", Work::difference, "line", 2, 0, 100'000, 10},
    {"differ100", Work::difference, "line", 2, 0, 100'000, 100},
    {"differ1000", Work::difference, "line", 2, 0, 100'000, 1000},
    {"differ10-of-1M", Work::difference, "line", 2, 0, 1'000'000, 10, true},
    {"differ1000-of-1M", Work::difference, "line", 2, 0, 1'000'000, 1000, true},
    {"heal1000", Work::difference, "line", 2, 0, 10'000, 2000, false, 125'000},
    {"heal10000", Work::difference, "line", 2, 0, 10'000, 20'000, true, 125'000},
    {"heal10000-loss10", Work::difference, "line", 2, 100'000, 10'000, 20'000, true, 125'000},
    {"comeback20", Work::comeback, "domain", 20, 0, 1000, 200},
    {"comeback20-loss20", Work::comeback, "domain", 20, 200'000, 1000, 200},
    {"lacks20", Work::comeback, "domain", 20, 0, 1000, 200, false, 0, true},
    {"lacks20-loss20", Work::comeback, "domain", 20, 200'000, 1000, 200, false, 0, true},
    {"idle-line11", Work::idle, "line", 11},
    {"idle-grid25", Work::idle, "grid", 25},
    {"idle-domain60", Work::idle, "domain", 60},
    {"whole-line5", Work::whole, "line", 5},
    {"whole-line5-loss20", Work::whole, "line", 5, 200'000},
};

}  // namespace meshfs::sim
