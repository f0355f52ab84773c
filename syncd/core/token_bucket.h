// How often somebody may: a burst, then one per interval. A value; time is handed in.
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

  // Takes one if there is one.
  bool take(Instant now) {
    const std::int64_t grown = (now - at_).ns / limits_.each.ns;
    tokens_ = std::min(limits_.burst, tokens_ + grown);
    at_ = tokens_ == limits_.burst ? now : at_ + Duration{limits_.each.ns * grown};
    if (tokens_ == 0) return false;
    --tokens_;
    return true;
  }
  [[nodiscard]] Instant last() const { return at_; }

 private:
  Limits limits_;
  std::int64_t tokens_;
  Instant at_;
};

}  // namespace meshfs::syncd
