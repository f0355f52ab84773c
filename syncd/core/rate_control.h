// How fast a DatagramChannel may send. Loss says little about load on radio, so the rate follows a model of the link,
// what it delivered lately and its shortest round trip (the idea of BBR, draft-ietf-ccwg-bbr), and the queue we make in
// front of it is bounded (as LEDBAT, RFC 6817, and TCP Vegas do). A value: no clock, no dice. Owned by a DatagramChannel.
//
// Time is cut into spans, each at least a round trip, kSpan and kSpanPackets long; each gives one measurement: the bytes
// acknowledged in it. Transitions:
//   startup  rate x 2.5 per span, until three spans brought no quarter more or a queue stands -> drain
//   cruise   cycles of eight spans: one at 5/4 of the rate (is there more?), one at 3/4 (the queue empties), six at 1
// The rate is the best measurement of this cycle and the last one, divided by the share that arrives: packets lost in the
// spans at 3/4 cannot be lost to a full queue, so they tell the radio's own loss. 20 % loss costs 1 / 0.8, no more.
// A span that loses 2 % more than that (a queue too short to show as delay overflows) takes the rate down to 85 %.
// On the way at most: rate x (shortest round trip + kQueue + the receiver's delay). So alone we queue about kQueue at most.
//
// Company: if the queue does not empty in two whole cycles though we paused, others keep it full (a TCP flow does).
// Bounding our part then would starve us, so while that lasts the window starts at half of all, grows by a packet per
// round trip and shrinks to 7/10 at a loss that the radio does not explain (as CUBIC, RFC 9438, shrinks): a share like
// another TCP flow's. Every third cycle we pause and look whether it still stands.
#pragma once

#include <cstddef>
#include <cstdint>

#include "schema/vocab/time.h"

namespace meshfs::syncd {

class RateControl {
 public:
  static constexpr Duration kQueue =
      milliseconds(25);  // what CoDel-minded users hardly notice; several of our timers' turns
  static constexpr Duration kSpan = milliseconds(20);  // bursts of a token bucket or of our own timers average out
  static constexpr Duration kLongestSpan = milliseconds(500);
  static constexpr std::size_t kSpanPackets = 16;
  static constexpr Duration kMemory = seconds(30);  // of the shortest round trip: one or two of these
  static constexpr std::size_t kFirstPackets = 16;  // window before anything is measured
  static constexpr std::size_t kLeastPackets = 4;
  static constexpr std::size_t kMostPackets = 512;  // half of ReplayWindow::kBits
  static constexpr double kMostLoss = 0.5;          // share of loss that is made good

  RateControl(std::size_t packet_bytes, Duration latency);

  void on_sent(std::size_t bytes, Instant now);
  // `stamp`: stamp() when that packet left.
  void on_acked(std::size_t bytes, Duration rtt, std::uint64_t stamp, Instant now);
  void on_lost(std::uint64_t stamp, Instant now);
  // A turn of sending begins; `paced`: the last one ended for next_send() alone. Later than kSlack, so our processor was
  // busy: this span tells nothing against the link, and what was missed leaves at once, up to kQueue's worth.
  void on_turn(bool paced, Instant now);
  // There was nothing to send although there was room: this span does not tell what the link can.
  void on_idle() { idle_ = true; }
  // Travels with each packet: which span it left in.
  [[nodiscard]] std::uint64_t stamp() const { return span_; }

  [[nodiscard]] std::size_t window() const { return window_; }
  // The next packet may leave then.
  [[nodiscard]] Instant next_send() const { return next_send_; }
  [[nodiscard]] double bytes_per_second() const { return rate_ / (1 - loss_); }  // that leave
  [[nodiscard]] double loss() const { return loss_; }
  [[nodiscard]] bool company() const { return company_; }
  [[nodiscard]] Duration ack_delay() const;  // the receiver's, at this rate

  static constexpr Duration kSlack = milliseconds(2);

 private:
  enum class Phase : std::uint8_t { startup, probe, drain, cruise };
  static constexpr int kCycleSpans = 8;

  void end_span(Instant now);
  void begin_span(Phase phase, Instant now);
  void end_cycle();
  [[nodiscard]] bool overloaded() const;
  void note_round_trip(Duration rtt, Instant now);
  void note_loss_sample(std::uint64_t stamp, bool lost);
  void set_window();
  [[nodiscard]] Duration span_length() const;
  [[nodiscard]] double gain() const;
  [[nodiscard]] Duration base() const;  // shortest round trip known

  double packet_;
  Duration latency_;
  Phase phase_ = Phase::startup;
  double rate_;  // bytes per second that arrive, by the model
  bool known_ = false;
  double best_now_ = 0, best_before_ = 0;  // measurements of this cycle and the last
  double loss_ = 0;                        // the radio's own
  std::uint64_t loss_samples_ = 0;

  std::uint64_t span_ = 1;
  std::uint64_t drain_span_ = 0;  // number of the latest span at 3/4
  Instant span_began_{-1};
  double acked_ = 0;  // bytes in this span
  bool idle_ = false, late_ = false;
  int span_of_cycle_ = 0;
  int flat_ = 0;             // startup: spans without growth
  Duration span_least_{-1};  // shortest round trip in it

  Duration base_now_{-1}, base_before_{-1};
  Instant base_since_{0};
  Duration cycle_least_{-1};
  int full_cycles_ = 0;
  double rate_alone_ = 0;  // before the queue stood
  bool company_ = false;
  double company_window_ = 0;
  Instant shrunk_{-1};
  Duration last_rtt_;
  double lost_in_span_ = 0, sent_in_span_ = 0;  // packets

  std::size_t window_ = 0;
  Instant next_send_{0};
};

}  // namespace meshfs::syncd
