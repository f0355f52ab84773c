// When to send the next beacon (RFC 6206 without suppression, since a beacon also says "I am alive"): the interval
// doubles while nothing changes and starts small again when something does.
#pragma once

#include <algorithm>

#include "schema/vocab/rng.h"
#include "schema/vocab/time.h"

namespace meshfs::syncd {

class Trickle {
 public:
  static constexpr Duration kShortest = seconds(1);
  // After a start: links come up, neighbours start too, and somebody waits for the first file.
  static constexpr Duration kFirst = milliseconds(100);
  static constexpr Duration kLongest = seconds(32);

  explicit Trickle(Rng rng) : rng_(rng) {}

  // The first beacon comes within 100 ms: a new node wants neighbours.
  void start(Instant now) {
    interval_ = kFirst;
    begin_ = now;
    at_ = now + nanoseconds(static_cast<std::int64_t>(rng_.below(100'000'000)));
  }
  // Something changed. An interval that is short already goes on.
  void reset(Instant now) {
    if (interval_ <= kShortest) return;
    interval_ = kShortest;
    place(now);
  }
  [[nodiscard]] Instant at() const { return at_; }
  // No link took it: an interface is still coming up.
  void not_sent(Instant now) { at_ = now + kFirst; }
  // The beacon was sent: the next one lies in the second half of the next, longer interval.
  void sent(Instant now) {
    const Instant end = std::max(now, begin_ + interval_);
    interval_ = std::min(interval_ * 2, kLongest);
    place(end);
  }

 private:
  void place(Instant begin) {
    begin_ = begin;
    const std::int64_t half = interval_.ns / 2;
    at_ = begin + nanoseconds(half + static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(half))));
  }
  Rng rng_;
  Duration interval_ = kShortest;
  Instant begin_{0};
  Instant at_ = kNever;
};

}  // namespace meshfs::syncd
