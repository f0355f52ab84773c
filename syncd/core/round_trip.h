// How long an answer takes over a lossy link, and when to stop waiting for one: RFC 6298 (estimate), RFC 9002 6.2
// (probe timeout), RFC 8985 (loss told by time, with patience where packets overtake each other). A value; owned by a
// DatagramChannel.
#pragma once

#include <algorithm>

#include "schema/vocab/time.h"

namespace meshfs::syncd {

class RoundTrip {
 public:
  // The receiver acknowledges every fourth packet (RFC 9000 13.2 allows more than two where loss is told at once) and every new gap
  // at once, anything else after this. Four packets at 20 Mbit/s last 2.4 ms.
  static constexpr std::uint64_t kAckEvery = 4;
  static constexpr Duration kAckDelay = milliseconds(4);
  // Where packets come more slowly it waits for as many, or each would have an answer of its own, a tenth of its size: RFC 9000
  // 18.2's usual max_ack_delay.
  static constexpr Duration kMostAckDelay = milliseconds(25);
  // `gap`: between packets.
  [[nodiscard]] static Duration ack_delay(Duration gap) {
    return std::clamp(gap * static_cast<std::int64_t>(kAckEvery - 1), kAckDelay, kMostAckDelay);
  }

  explicit RoundTrip(Duration latency) : rtt_(latency * 2), variance_(latency) {}

  [[nodiscard]] Duration rtt() const { return rtt_; }
  [[nodiscard]] Duration shortest() const { return shortest_; }
  [[nodiscard]] bool measured() const { return measured_; }
  // Without any acknowledgement for so long the oldest packets are sent again: the estimate, four times its variation,
  // the receiver's delay; doubled by each timeout in a row, to a second at most.
  [[nodiscard]] Duration timeout(Duration ack_delay = kAckDelay) const {
    const Duration base = rtt_ + std::max(variance_ * 4, kGranularity) + ack_delay;
    return std::min(base * (std::int64_t{1} << backoff_), kMaxTimeout);
  }
  // A packet that a later one overtook is lost after this: RFC 9002 6.1.2 (9/8), what answers vary, our timers' air, and what such
  // packets took lately that came nevertheless.
  [[nodiscard]] Duration late() const { return early() + patience_; }
  // One given up by late() was acknowledged after `took`. How much too early that was, twice, is waited for the next ones: the
  // first that come are the least late. At most four round trips: those measured are of packets that overtake. Each one that is
  // given up shortens it by a 64th, so that a link that changed costs some packets sent twice in a hundred, no more.
  void on_given_up_too_early(Duration took) {
    patience_ = std::clamp((took - early()) * 2, patience_, std::max(patience_, rtt_ * 4));
  }
  void on_given_up() { patience_ = patience_ - patience_ / 64; }

  void on_sample(Duration sample) {
    sample = std::max(sample, microseconds(1));
    shortest_ = std::min(shortest_, sample);
    latest_ = sample;
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

  [[nodiscard]] Duration early() const {
    return std::max(std::max(rtt_, latest_) * 9 / 8, rtt_ + variance_ * 2) + milliseconds(1);
  }

  Duration rtt_, variance_, latest_{}, patience_{};
  Duration shortest_{INT64_MAX};
  bool measured_ = false;
  int backoff_ = 0;
};

}  // namespace meshfs::syncd
