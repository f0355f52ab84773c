// The frame counters received in a session, as ranges, newest first: what acknowledgements are made of.
#pragma once

#include <array>
#include <vector>

#include "schema/codec/wire.h"

namespace meshfs::syncd {

class CounterRanges {
 public:
  // Ranges remembered. At 30 % loss a range is ~3 frames long, so 64 cover ~200 frames.
  static constexpr std::size_t kMaxRanges = 64;
  // What was told so often is told no more: a lost frame leaves a hole for good, since what it carried comes in another, and
  // each would ride on all that follow. Whose acknowledgement was lost eight times is merely sent again.
  static constexpr std::size_t kTellings = 8;

  void add(std::uint64_t counter);
  // At most so many, newest first, without what was told often enough.
  [[nodiscard]] std::vector<codec::AckRange> newest(std::size_t limit) const;
  // Those left.
  void told();
  // True if the counters below the newest one have a hole: the sender wants to know soon.
  [[nodiscard]] bool newest_leaves_gap() const { return ranges_.size() > 1 && ranges_[0].first == ranges_[0].last; }

 private:
  std::vector<codec::AckRange> ranges_;  // newest first, disjoint, not adjacent
  // The newest counter at each of the latest tellings, in a ring: all up to the oldest of them was told often enough.
  std::array<std::uint64_t, kTellings> told_{};
  std::size_t next_ = 0;
};

}  // namespace meshfs::syncd
