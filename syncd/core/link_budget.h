// What a link may carry: LinkTraits::bytes_per_hour, so that a thin one is never flooded. A value; time is handed in. Owned by
// Neighbours, one per link.
//
// It counts as the generic cell rate algorithm does (ITU-T I.371): every byte takes its time, and a frame may leave while what
// left before is at most a burst ahead of the clock. So frames of any size pass, and over any span the link carries the
// rate, one burst and one frame at most. What nobody can hold back (hellos, beacons, acknowledgements: small and rare) is
// counted without asking, and messages wait the longer.
#pragma once

#include <algorithm>
#include <cstdint>

#include "schema/vocab/time.h"

namespace meshfs::syncd {

class LinkBudget {
 public:
  static constexpr Duration kBurst = seconds(5);
  static constexpr std::int64_t kLeastBurst =
      2 * 1232;  // bytes, two safe frames: an answer of two need not wait in between

  explicit LinkBudget(std::uint64_t bytes_per_hour)
      : each_{kHour / static_cast<std::int64_t>(std::clamp<std::uint64_t>(bytes_per_hour, 1, kHour))},
        burst_(std::max(kBurst, each_ * kLeastBurst)) {
    if (bytes_per_hour >= kHour) each_ = {};
  }

  [[nodiscard]] bool limited() const { return each_ > Duration{}; }
  [[nodiscard]] bool may(Instant now) const { return free_at() <= now; }
  void count(std::size_t bytes, Instant now) {
    if (limited()) ahead_ = std::max(ahead_, now) + each_ * static_cast<std::int64_t>(bytes);
  }
  // When the next frame may leave if nothing else does.
  [[nodiscard]] Instant free_at() const { return ahead_ + Duration{-burst_.ns}; }
  [[nodiscard]] Duration time_of(std::size_t bytes) const { return each_ * static_cast<std::int64_t>(bytes); }

 private:
  static constexpr std::int64_t kHour = 3'600'000'000'000;  // ns; a byte for each, 1 GB/s, is no limit

  Duration each_;  // a byte's time
  Duration burst_;
  Instant ahead_{0};  // when all that left would have left at the rate
};

}  // namespace meshfs::syncd
