// How much may be on its way to a neighbour over a lossy link, and how long an answer takes. After RFC 6298 (round-trip
// estimate) and RFC 9002 (probe timeout); the window is made for radio, where loss says little about load: it grows as
// NewReno's, shrinks by a fifth at most once per round trip, and never below a floor.
#pragma once

#include <cstddef>

#include "schema/vocab/time.h"

namespace meshfs::syncd {

class Congestion {
 public:
  // Floor 32 frames: 38 KiB per round trip still moves 3 MB/s at 10 ms, whatever is lost. Ceiling 160 KiB: the default
  // receive buffer of a datagram socket on Linux is 208 KiB.
  static constexpr std::size_t kFloorFrames = 32;
  static constexpr std::size_t kCeilingBytes = 160 * 1024;

  Congestion(std::size_t mtu, Duration latency)
      : floor_(kFloorFrames * mtu), window_(kFloorFrames * mtu), rtt_(latency * 2), variance_(latency) {}

  [[nodiscard]] std::size_t window() const { return window_; }
  [[nodiscard]] Duration rtt() const { return rtt_; }
  [[nodiscard]] bool measured() const { return measured_; }
  // After this long without any acknowledgement the oldest frames are sent again.
  [[nodiscard]] Duration timeout() const {
    const Duration spread = variance_ * 4 > kGranularity ? variance_ * 4 : kGranularity;
    const Duration base = rtt_ + spread + kAckDelay;
    const Duration backed_off = base * (std::int64_t{1} << backoff_);
    return backed_off < kMaxTimeout ? backed_off : kMaxTimeout;
  }

  void on_rtt(Duration sample);
  void on_acked(std::size_t bytes, std::size_t in_flight);
  void on_loss(Instant sent, Instant now);
  void on_timeout() {
    if (backoff_ < 8) ++backoff_;
  }
  void on_progress() { backoff_ = 0; }

  // The receiver acknowledges every second packet at once, a single one after this.
  static constexpr Duration kAckDelay = milliseconds(5);

 private:
  static constexpr Duration kGranularity = milliseconds(4);
  static constexpr Duration kMaxTimeout = milliseconds(1000);

  std::size_t floor_, window_;
  bool slow_start_ = true;
  Duration rtt_, variance_;
  bool measured_ = false;
  int backoff_ = 0;
  Instant recovery_start_{-1};
};

}  // namespace meshfs::syncd
