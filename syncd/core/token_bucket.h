// How often or how much somebody may: a burst, then one per interval. A value; time is handed in.
#pragma once

#include <algorithm>
#include <cstdint>

#include "schema/vocab/time.h"

namespace meshfs::syncd {

class TokenBucket {
 public:
  struct Limits {
    std::int64_t burst;
    Duration each;
  };
  TokenBucket(const Limits& limits, Instant now) : limits_(limits), tokens_(limits.burst), at_(now) {}

  // Takes one if there is one; or more, also beyond what there is: who comes next waits for that.
  bool take(Instant now, std::int64_t cost = 1) {
    const std::int64_t grown = std::max<std::int64_t>((now - at_).ns, 0) / limits_.each.ns;
    tokens_ = std::min(limits_.burst, tokens_ + grown);
    at_ = tokens_ == limits_.burst ? now : at_ + Duration{limits_.each.ns * grown};
    if (tokens_ <= 0) return false;
    tokens_ -= cost;
    return true;
  }
  [[nodiscard]] Instant last() const { return at_; }

 private:
  Limits limits_;
  std::int64_t tokens_;
  Instant at_;
};

}  // namespace meshfs::syncd
