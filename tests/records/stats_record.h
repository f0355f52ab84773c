// What a node of a community network tells of itself every minute, as one line of JSON: 170 bytes on average, the same for the
// same number. Real in shape: few values of names and channels, counters that grow, noise that has none.
#pragma once

#include <cstdint>
#include <string>

namespace meshfs::testing {

// Record number `n`: of node n % 60, at minute n / 60.
std::string stats_record(std::uint64_t n);

}  // namespace meshfs::testing
