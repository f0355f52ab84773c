#include "syncd/core/rate_control.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "syncd/core/round_trip.h"

namespace meshfs::syncd {

namespace {
constexpr double kNsPerSecond = 1e9;
constexpr double kGrowth = 1.25;  // startup goes on while a span brings so much more
constexpr int kFlatSpans = 3;
constexpr int kLookEvery = 3;        // cycles in company, before one in which we pause to see whether it has gone
constexpr double kTolerated = 0.02;  // share of loss beyond the radio's own
constexpr double kYield = 0.85;      // of the rate, when more is lost
constexpr std::uint64_t kLossMemory = 128;  // packets over which loss is averaged

Duration time_for(double bytes, double rate) {
  return nanoseconds(static_cast<std::int64_t>(std::min(bytes / std::max(rate, 1.0), 1e6) * kNsPerSecond));
}
Duration shorter(Duration a, Duration b) { return a < Duration{} ? b : b < Duration{} ? a : std::min(a, b); }
}  // namespace

RateControl::RateControl(std::size_t packet_bytes, Duration latency)
    : packet_(static_cast<double>(packet_bytes)),
      latency_(std::max(latency, microseconds(100))),
      rate_(packet_ * static_cast<double>(kFirstPackets) * kNsPerSecond /
            static_cast<double>((latency_ * 2 + RoundTrip::kAckDelay).ns)),
      last_rtt_(latency_ * 2) {
  set_window();
}

Duration RateControl::base() const {
  const Duration least = shorter(base_now_, base_before_);
  return least < Duration{} ? latency_ * 2 : least;
}

Duration RateControl::ack_delay() const { return RoundTrip::ack_delay(time_for(packet_, rate_)); }

double RateControl::gain() const {
  switch (phase_) {
    case Phase::startup:
      return 2.5;
    case Phase::probe:
      return 1.25;
    case Phase::drain:
      return 0.75;
    case Phase::cruise:
      break;
  }
  return 1.0;
}

Duration RateControl::span_length() const {
  const Duration least = phase_ == Phase::startup ? kSpan / 4 : kSpan;
  const Duration packets = time_for(packet_ * static_cast<double>(kSpanPackets), bytes_per_second());
  return std::min(std::max({least, last_rtt_, packets}), std::max(kLongestSpan, last_rtt_));
}

void RateControl::set_window() {
  if (!known_) {
    window_ = static_cast<std::size_t>(packet_) * kFirstPackets;
    return;
  }
  const double least = packet_ * static_cast<double>(kLeastPackets);
  const double most = packet_ * static_cast<double>(kMostPackets);
  // Without the queue's part at 3/4: what stands there then is not ours.
  const double pipe_s = static_cast<double>((base() + ack_delay()).ns) / kNsPerSecond * std::max(1.0, gain());
  const double queue_s = phase_ == Phase::drain ? 0 : static_cast<double>(kQueue.ns) / kNsPerSecond;
  const double model = bytes_per_second() * (pipe_s + queue_s) + 2 * packet_;
  const bool model_rules = !company_ || (phase_ == Phase::drain && full_cycles_ % kLookEvery == 0);
  window_ = static_cast<std::size_t>(std::clamp(model_rules ? model : company_window_, least, most));
}

void RateControl::on_sent(std::size_t bytes, Instant now) {
  ++sent_in_span_;
  double rate = bytes_per_second() * gain();
  if (company_) {  // the window decides; the pace only spreads it
    rate = std::max(rate, 1.25 * company_window_ * kNsPerSecond / static_cast<double>(last_rtt_.ns));
  }
  next_send_ = std::max(next_send_, now + (late_ ? kQueue : kSlack) * -1) + time_for(static_cast<double>(bytes), rate);
}

void RateControl::on_turn(bool paced, Instant now) {
  late_ = paced && now - next_send_ > kSlack;
  if (late_) idle_ = true;
}

void RateControl::note_round_trip(Duration rtt, Instant now) {
  last_rtt_ = (last_rtt_ * 3 + rtt) / 4;
  span_least_ = shorter(span_least_, rtt);
  cycle_least_ = shorter(cycle_least_, rtt);
  if (now - base_since_ > kMemory) {
    base_since_ = now;
    base_before_ = base_now_;
    base_now_ = Duration{-1};
  }
  base_now_ = shorter(base_now_, rtt);
}

void RateControl::note_loss_sample(std::uint64_t stamp, bool lost) {
  if (stamp != drain_span_ || company_) return;
  loss_samples_ = std::min(loss_samples_ + 1, kLossMemory);
  loss_ += ((lost ? 1.0 : 0.0) - loss_) / static_cast<double>(loss_samples_);
  loss_ = std::min(loss_, kMostLoss);
}

void RateControl::on_acked(std::size_t bytes, Duration rtt, std::uint64_t stamp, Instant now) {
  note_round_trip(rtt, now);
  note_loss_sample(stamp, false);
  if (span_began_ < Instant{0}) return begin_span(phase_, now);  // the clock starts with the first answer
  acked_ += static_cast<double>(bytes);
  if (company_ && !idle_ && phase_ != Phase::drain)
    company_window_ += packet_ * static_cast<double>(bytes) / company_window_;
  if (now - span_began_ >= span_length()) end_span(now);
  set_window();
}

void RateControl::on_lost(std::uint64_t stamp, Instant now) {
  note_loss_sample(stamp, true);
  ++lost_in_span_;
  const bool explained = loss_ > 0.01 && lost_in_span_ <= 2 + 2 * loss_ * sent_in_span_;
  if (!company_ || explained || now - shrunk_ < last_rtt_) return;
  shrunk_ = now;
  company_window_ = std::max(company_window_ * 0.7, packet_ * static_cast<double>(kLeastPackets));
  set_window();
}

void RateControl::begin_span(Phase phase, Instant now) {
  phase_ = phase;
  ++span_;
  if (phase == Phase::drain) drain_span_ = span_;
  span_began_ = now;
  acked_ = lost_in_span_ = sent_in_span_ = 0;
  idle_ = false;
  span_least_ = Duration{-1};
}

// The queue either emptied in a cycle, as it does when only we pause, or others hold it.
void RateControl::end_cycle() {
  const Duration ours = time_for(packet_ * static_cast<double>(kLeastPackets), bytes_per_second());
  const bool stands = cycle_least_ > base() + ack_delay() + kQueue * 3 / 5 + ours;
  if (!stands) full_cycles_ = 0, company_ = false;
  if (stands && full_cycles_++ == 0) rate_alone_ = rate_;
  if (full_cycles_ >= 2 && !company_) {
    company_ = true;
    company_window_ = rate_alone_ * static_cast<double>(last_rtt_.ns) / kNsPerSecond / 2;
  }
  cycle_least_ = Duration{-1};
  if (best_now_ > 0) best_before_ = std::exchange(best_now_, 0);
}

// More is lost than the radio loses: a queue too short to show as delay overflows.
bool RateControl::overloaded() const {
  // What is known of the radio's loss comes from few packets, too.
  const double n = static_cast<double>(loss_samples_) + 2;
  const double known = std::max(loss_, 1 / n);
  const double share = loss_ + kTolerated + 2 * std::sqrt(known * (1 - known) / n);
  return lost_in_span_ > sent_in_span_ * share + 2 * std::sqrt(sent_in_span_ * share);
}

void RateControl::end_span(Instant now) {
  const double measured = acked_ * kNsPerSecond / static_cast<double>((now - span_began_).ns);
  const bool queued = span_least_ > base() + ack_delay() + kQueue;
  Phase next = Phase::cruise;
  if (phase_ == Phase::startup) {
    // What was acknowledged lately is what the link does at least; the first span measures only its end.
    const bool grew = measured > rate_ * kGrowth;
    if (!idle_ || grew) {
      flat_ = known_ && !grew ? flat_ + 1 : 0;
      rate_ = known_ ? std::max(rate_, measured) : measured;
      known_ = true;
    }
    // A queue before anything was measured is not ours.
    next = flat_ >= kFlatSpans || (queued && known_) ? Phase::drain : Phase::startup;
    if (next == Phase::drain) {
      best_now_ = best_before_ = rate_;
      span_of_cycle_ = 1;
    }
    begin_span(next, now);
    return;
  }
  // Idle spans only tell a rate if it is a better one.
  if (!idle_ || measured > rate_) best_now_ = std::max(best_now_, measured);
  if (phase_ != Phase::drain && overloaded()) {
    best_now_ = std::min(best_now_, rate_ * kYield);
    best_before_ = std::min(best_before_, rate_ * kYield);
  }
  if (++span_of_cycle_ >= kCycleSpans) {
    span_of_cycle_ = 0;
    end_cycle();
  }
  rate_ = std::max({best_now_, best_before_, packet_});
  if (span_of_cycle_ == 0) next = Phase::probe;
  if (span_of_cycle_ == 1) next = Phase::drain;
  begin_span(next, now);
}

}  // namespace meshfs::syncd
