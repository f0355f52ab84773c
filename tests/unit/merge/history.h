// One random history: a few replicas, users, a network that partitions, loses, reorders and repeats; judged by the
// oracle after every step and once everything has been exchanged.
#pragma once

#include <string>

#include "tests/unit/merge/world.h"

namespace meshfs::test {

struct Plan {
  std::size_t replicas = 0;  // 0: 3 to 5
  std::size_t operations = 40;
  bool in_sync = false;       // everybody has everything before each operation: no conflict may arise
  bool skewed_clocks = true;  // up to 5 minutes apart, one perhaps half an hour ahead (its entries wait to be due)
  bool moving_directories = false;  // mostly that, into each other, to get cycles
  bool through_codec = false;
  bool old_floor = false;  // now and then three months pass: contexts are cut at the floor
};

// "" or what went wrong, first thing first.
std::string run_history(std::uint64_t seed, const Plan& plan, const Rules& rules = {}, Tally* tally = nullptr);

}  // namespace meshfs::test
