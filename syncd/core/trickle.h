// When to send the next beacon (RFC 6206): the interval doubles while nothing happens and starts small again when a
// neighbour tells another state. A beacon falls out if kRedundancy neighbours said the same meanwhile, except in the longest
// interval, where it also says "I am alive".
//
// A change of our own is no inconsistency: it was pushed and acknowledged. One beacon soon after it is the check that all
// went well; while changes go on, checks become rare.
#pragma once

#include <algorithm>

#include "schema/vocab/rng.h"
#include "schema/vocab/time.h"

namespace meshfs::syncd {

class Trickle {
 public:
  static constexpr Duration kShortest = seconds(1);  // Imin
  // After a start: links come up, neighbours start too, and somebody waits for the first file.
  static constexpr Duration kFirst = milliseconds(100);
  static constexpr Duration kLongest = seconds(256);  // Imax
  // Without any session nobody is burdened, and whoever passes by for seconds must find us.
  static constexpr Duration kLongestAlone = seconds(4);
  static constexpr Duration kLongestMoving = seconds(16);  // neighbours came or went lately
  static constexpr int kRedundancy = 3;                    // k
  static constexpr Duration kCheck = seconds(2);           // after a change; doubles up to ...
  static constexpr Duration kLongestCheck = seconds(32);   // ... this while changes go on

  explicit Trickle(Rng rng) : rng_(rng) {}

  // The first beacon comes within 100 ms: a new node wants neighbours.
  void start(Instant now) {
    interval_ = kFirst;
    begin_ = now;
    at_ = now + nanoseconds(static_cast<std::int64_t>(rng_.below(100'000'000)));
  }
  // A neighbour tells another state, or one is gone. An interval that is short already goes on.
  void inconsistent(Instant now) {
    if (interval_ <= kShortest) return;
    interval_ = kShortest;
    place(now);
  }
  void consistent() { ++heard_; }
  void changed(Instant now) {
    if (now - changed_ > kLongestCheck * 2) check_ = kCheck;
    changed_ = now;
    if (checking_) return;
    const Instant at = within(now, check_);
    if (at >= at_) return;
    at_ = at;
    checking_ = true;
  }
  // The longest interval from now on; one that is under way ends with it.
  void limit(Duration longest, Instant now) {
    longest_ = longest;
    if (interval_ <= longest) return;
    interval_ = longest;
    if (at_ > now + longest) place(now);
  }

  [[nodiscard]] Instant at() const { return at_; }
  // At that time: others said it already.
  [[nodiscard]] bool redundant() const { return heard_ >= kRedundancy && (checking_ || interval_ < longest_); }
  // No link took it: an interface is still coming up.
  void not_sent(Instant now) { at_ = now + kFirst; }
  // The beacon was sent or fell out: the next one lies in the second half of the next, longer interval.
  void done(Instant now) {
    const Instant end = checking_ ? now : std::max(now, begin_ + interval_);
    if (checking_) check_ = std::min(check_ * 2, kLongestCheck);
    interval_ = std::min(interval_ * 2, longest_);
    place(end);
  }

 private:
  Instant within(Instant begin, Duration interval) {
    const std::int64_t half = interval.ns / 2;
    return begin + nanoseconds(half + static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(half))));
  }
  void place(Instant begin) {
    begin_ = begin;
    at_ = within(begin, interval_);
    heard_ = 0;
    checking_ = false;
  }
  Rng rng_;
  Duration interval_ = kShortest, longest_ = kLongest;
  Instant begin_{0};
  Instant at_ = kNever;
  int heard_ = 0;  // consistent beacons in this interval
  Instant changed_{0};
  Duration check_ = kCheck;
  bool checking_ = false;  // at_ is that of a check
};

}  // namespace meshfs::syncd
