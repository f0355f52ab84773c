// Channel on a lossy link: messages are cut into pieces, packets acknowledged by their frame counters, lost pieces sent
// again in new packets (as QUIC, RFC 9000 and 9002, in small). A lost piece is sent again within its borders, perhaps in
// two parts. RateControl says how fast, RoundTrip when what nobody acknowledged is lost.
//
// Packets have kSafeFrame bytes at most until a larger one, up to the link's mtu, was acknowledged (RFC 8899 in small), and
// again when nothing comes through any more: two sides of one link may have different ideas of its size.
#pragma once

#include <map>

#include "syncd/core/channel.h"
#include "syncd/core/counter_ranges.h"
#include "syncd/core/rate_control.h"
#include "syncd/core/reassembly.h"
#include "syncd/core/round_trip.h"

namespace meshfs::syncd {

class DatagramChannel : public Channel {
 public:
  // Bytes of begun, unfinished messages per class; fits four times into the receiver's Reassembly::kMaxPartialBytes.
  static constexpr std::size_t kMaxStartedBytes = 768 * 1024;
  static constexpr std::uint64_t kMaxStartedMessages = 256;  // per class
  // Packets given up that are remembered, should they come nevertheless: about what one burst has.
  static constexpr std::size_t kMaxGivenUp = 32;
  // No acknowledgement for that long with packets outstanding: out of reach.
  static constexpr Duration kDeadAfter = seconds(10);

  static constexpr std::size_t kSafeFrame = 1232;  // 1,280 (RFC 8200) less the headers of IPv6 and UDP
  static constexpr int kProbes = 6;                // larger frames tried; 20 % loss eats all of them once in 15,000

  DatagramChannel(std::size_t mtu, Duration latency);

  bool on_packet(std::uint64_t counter, codec::Packet packet, Instant now, std::vector<SharedView>& delivered) override;
  void flush(Instant now, const SendPacket& send) override;
  [[nodiscard]] Instant wake() const override;
  [[nodiscard]] std::optional<Duration> rtt() const override;
  [[nodiscard]] std::optional<Duration> shortest_rtt() const override;
  [[nodiscard]] Traffic traffic() const override;
  [[nodiscard]] bool dead(Instant now) const override;
  [[nodiscard]] std::size_t most_urgent() const override;
  [[nodiscard]] bool idle() const override;

 private:
  struct PieceRef {
    std::uint64_t message = 0;
    std::uint32_t offset = 0, size = 0;
  };
  struct Started {
    SharedBytes bytes;
    Priority priority = Priority::bulk;
    std::uint32_t next = 0;  // first byte never sent
    std::size_t acked = 0;
  };
  struct Sent {
    std::uint64_t counter = 0;
    Instant at;
    std::size_t bytes = 0;
    std::vector<PieceRef> pieces;
    std::uint64_t stamp = 0;  // RateControl's
    bool large = false;       // over kSafeFrame
    bool resolved = false;    // acknowledged or given up as lost
  };

  void on_acks(const std::vector<codec::AckRange>& acks, Instant now);
  void acknowledge(Sent& sent);
  void lose(Sent& sent, Instant now);
  void notice_given_up(const codec::AckRange& acked, Instant now);
  void find_losses(Instant now);
  void on_timer(Instant now);
  void drop_resolved();
  bool next_piece(std::size_t room, PieceRef& piece);
  bool start_message(std::size_t priority);
  bool fill(codec::Packet& packet, std::vector<PieceRef>& pieces, std::size_t frame);
  bool send_one(Instant now, const SendPacket& send);
  void schedule_ack(Instant now);
  [[nodiscard]] std::size_t frame_now();
  [[nodiscard]] Instant probe_at() const;

  std::size_t mtu_;    // the link's
  std::size_t frame_;  // largest that is known to arrive
  int probes_left_;
  RoundTrip round_trip_;
  RateControl rate_;
  std::map<std::uint64_t, Started> started_;
  std::uint64_t next_message_ = 1;
  std::array<std::deque<PieceRef>, kPriorities> again_;  // lost pieces
  std::array<std::uint64_t, kPriorities> current_{};     // message being cut, 0: none
  std::array<std::size_t, kPriorities> started_bytes_{}, started_count_{};
  std::deque<Sent> sent_;  // by counter
  std::size_t in_flight_ = 0;
  bool paced_ = false;      // the last flush could have sent more but for the pace
  bool held_back_ = false;  // by the link's budget
  bool exhausted_ = true;   // the last flush sent all that may be begun
  std::uint64_t packets_sent_ = 0, packets_lost_ = 0;
  Instant last_progress_{0}, last_sent_{0};
  std::uint64_t newest_acked_ = 0;
  Instant newest_acked_sent_{0};                             // when that one left
  Instant loss_at_ = kNever;                                 // a packet that others overtook counts as lost then
  std::vector<std::pair<std::uint64_t, Instant>> given_up_;  // for being overtaken: counter, when it left

  Reassembly reassembly_;
  CounterRanges received_;
  std::uint64_t unacked_ = 0;  // packets with pieces since the last acknowledgement
  Instant arrived_{0};         // the latest of them
  Duration gap_{};             // between them lately
  Instant ack_at_ = kNever;
};

}  // namespace meshfs::syncd
