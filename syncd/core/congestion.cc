#include "syncd/core/congestion.h"

#include <algorithm>

namespace meshfs::syncd {

void Congestion::on_rtt(Duration sample) {
  if (sample < microseconds(1)) sample = microseconds(1);
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

void Congestion::on_acked(std::size_t bytes, std::size_t in_flight) {
  if (in_flight * 2 < window_) return;  // not what limits us
  window_ += slow_start_ ? bytes : std::max<std::size_t>(1, floor_ / kFloorFrames * bytes / window_);
  window_ = std::min(window_, std::max(floor_, kCeilingBytes));
}

void Congestion::on_loss(Instant sent, Instant now) {
  slow_start_ = false;
  if (sent <= recovery_start_) return;  // once per round trip
  recovery_start_ = now;
  window_ = std::max(floor_, window_ / 5 * 4);
}

}  // namespace meshfs::syncd
