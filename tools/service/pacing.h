// When to decide, and when to try again: pure, told the time.
#pragma once

#include <algorithm>

#include "schema/vocab/time.h"
#include "tools/service/service.h"

namespace meshfs::service {

// Waits until changes pause for `settle`, but never longer than kLongestSettle after the first one.
class Settling {
 public:
  explicit Settling(Duration settle) : settle_(settle) {}
  void changed(Instant now) {
    if (due_ == kNever) latest_ = now + kLongestSettle;
    due_ = std::min(now + settle_, latest_);
  }
  void done() { due_ = kNever; }
  [[nodiscard]] Instant due() const { return due_; }  // kNever: nothing changed

 private:
  Duration settle_;
  Instant due_ = kNever, latest_ = kNever;
};

// Each failure doubles the wait, from `first` to `longest`.
class BackOff {
 public:
  BackOff(Duration first, Duration longest) : first_(first), longest_(longest), next_(first) {}
  Duration failed() {
    const Duration wait = next_;
    next_ = std::min(next_ * 2, longest_);
    return wait;
  }
  void succeeded() { next_ = first_; }

 private:
  Duration first_, longest_, next_;
};

}  // namespace meshfs::service
