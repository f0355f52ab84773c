// How long an answer takes over a lossy link, and when to stop waiting for one: RFC 6298 (estimate), RFC 9002 6.2
// (probe timeout). A value; owned by a DatagramChannel.
#pragma once

#include <algorithm>

#include "schema/vocab/time.h"

namespace meshfs::syncd {

class RoundTrip {
 public:
  // The receiver acknowledges every fourth packet and every new gap at once, anything else after this. Four packets at
  // 20 Mbit/s last 2.4 ms.
  static constexpr Duration kAckDelay = milliseconds(4);

  explicit RoundTrip(Duration latency) : rtt_(latency * 2), variance_(latency) {}

  [[nodiscard]] Duration rtt() const { return rtt_; }
  [[nodiscard]] Duration shortest() const { return shortest_; }
  [[nodiscard]] bool measured() const { return measured_; }
  // Without any acknowledgement for so long the oldest packets are sent again: the estimate, four times its variation,
  // the receiver's delay; doubled by each timeout in a row, to a second at most.
  [[nodiscard]] Duration timeout() const {
    const Duration base = rtt_ + std::max(variance_ * 4, kGranularity) + kAckDelay;
    return std::min(base * (std::int64_t{1} << backoff_), kMaxTimeout);
  }
  // A packet that a later one overtook by this much is lost (RFC 9002 6.1.2: 9/8), and our timers' air.
  [[nodiscard]] Duration late() const { return rtt_ * 9 / 8 + milliseconds(1); }

  void on_sample(Duration sample) {
    sample = std::max(sample, microseconds(1));
    shortest_ = std::min(shortest_, sample);
    if (!measured_) {
      measured_ = true;
      rtt_ = sample;
      variance_ = sample / 2;
      return;
    }
    const Duration error = sample < rtt_ ? rtt_ - sample : sample - rtt_;
    variance_ = (variance_ * 3 + error) / 4;
    rtt_ = (rtt_ * 7 + sample) / 8;
  }
  void on_timeout() { backoff_ = std::min(backoff_ + 1, kMostBackoff); }
  void on_progress() { backoff_ = 0; }
  [[nodiscard]] int timeouts() const { return backoff_; }  // in a row

 private:
  static constexpr Duration kGranularity = milliseconds(4);
  static constexpr Duration kMaxTimeout = milliseconds(1000);
  static constexpr int kMostBackoff = 8;

  Duration rtt_, variance_;
  Duration shortest_{INT64_MAX};
  bool measured_ = false;
  int backoff_ = 0;
};

}  // namespace meshfs::syncd
