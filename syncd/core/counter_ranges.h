// The frame counters received in a session, as ranges, newest first: what acknowledgements are made of.
#pragma once

#include <vector>

#include "schema/codec/wire.h"

namespace meshfs::syncd {

class CounterRanges {
 public:
  // Ranges remembered. At 30 % loss a range is ~3 frames long, so 64 cover ~200 frames: each is told dozens of times
  // before it falls off, and a frame whose acknowledgement was lost that often is merely sent again.
  static constexpr std::size_t kMaxRanges = 64;

  void add(std::uint64_t counter);
  [[nodiscard]] std::vector<codec::AckRange> newest(std::size_t limit) const;
  // True if the counters below the newest one have a hole: the sender wants to know soon.
  [[nodiscard]] bool newest_leaves_gap() const { return ranges_.size() > 1 && ranges_[0].first == ranges_[0].last; }

 private:
  std::vector<codec::AckRange> ranges_;  // newest first, disjoint, not adjacent
};

}  // namespace meshfs::syncd
