#include "syncd/core/datagram_channel.h"

#include <algorithm>

namespace meshfs::syncd {

namespace {
// What the encoding adds around the pieces: frame header; length of the head; root, struct and list pointers packed.
constexpr std::size_t kPacketBytes = codec::kFrameHeaderBytes + 4 + 18;
constexpr std::size_t kRangesBeside = 10;  // acknowledgements that ride beside pieces
constexpr std::size_t kRangesAlone = 48;
constexpr std::size_t kSmallestCut = 64;  // a piece shorter than this waits for the next packet

// A word of Cap'n Proto when packed: a byte that tells which are zero, those that are not; once more for none or all.
constexpr std::size_t packed_word(std::uint64_t word) {
  std::size_t bytes = 2;
  for (; word != 0; word >>= 8) bytes += (word & 0xff) != 0 ? 1 : 0;
  return bytes;
}
// At most, whatever its size within a datagram is.
std::size_t packed_piece(std::uint64_t message, std::uint32_t offset, std::uint64_t total) {
  return packed_word(message) + packed_word(offset | total << 32) + packed_word(0xffff);
}
std::size_t packed_ranges(const std::vector<codec::AckRange>& ranges) {
  std::size_t bytes = ranges.empty() ? 0 : 4;
  for (const codec::AckRange& range : ranges) bytes += packed_word(range.first) + packed_word(range.last);
  return bytes;
}
}  // namespace

DatagramChannel::DatagramChannel(std::size_t mtu, Duration latency)
    : mtu_(mtu),
      frame_(std::min(mtu, kSafeFrame)),
      probes_left_(mtu > kSafeFrame ? kProbes : 0),
      round_trip_(latency),
      rate_(mtu, latency) {
  CHECK(mtu >= 400);
}

bool DatagramChannel::on_packet(std::uint64_t counter, codec::Packet packet, Instant now,
                                std::vector<SharedView>& delivered) {
  on_acks(packet.acks, now);
  bool full = false;
  for (codec::Piece& piece : packet.pieces) {
    switch (reassembly_.add(std::move(piece), delivered)) {
      case Reassembly::Outcome::taken:
        break;
      case Reassembly::Outcome::full:
        full = true;
        break;
      case Reassembly::Outcome::senseless:
        return false;
    }
  }
  if (full) return true;  // unacknowledged, so it comes again
  received_.add(counter);
  if (!packet.pieces.empty()) schedule_ack(now);
  return true;
}

void DatagramChannel::schedule_ack(Instant now) {
  // Whoever sent nothing for longer than an acknowledgement may wait sends no second one now either, for all we know.
  gap_ = now - arrived_ > RoundTrip::kMostAckDelay ? Duration{} : (gap_ * 3 + (now - arrived_)) / 4;
  arrived_ = now;
  ++unacked_;
  const bool at_once = unacked_ >= RoundTrip::kAckEvery || received_.newest_leaves_gap();
  ack_at_ = std::min(ack_at_, at_once ? now : now + RoundTrip::ack_delay(gap_));
}

void DatagramChannel::on_acks(const std::vector<codec::AckRange>& acks, Instant now) {
  bool progress = false;
  for (const codec::AckRange& range : acks) {
    notice_given_up(range, now);
    auto it = std::lower_bound(sent_.begin(), sent_.end(), range.first,
                               [](const Sent& sent, std::uint64_t c) { return sent.counter < c; });
    for (; it != sent_.end() && it->counter <= range.last; ++it) {
      if (it->resolved) continue;
      if (it->counter > newest_acked_) {
        newest_acked_ = it->counter;
        newest_acked_sent_ = it->at;
        round_trip_.on_sample(now - it->at);
      }
      rate_.on_acked(it->bytes, now - it->at, it->stamp, now);
      if (it->large) frame_ = mtu_;
      acknowledge(*it);
      progress = true;
    }
  }
  if (!progress) return;
  last_progress_ = now;
  round_trip_.on_progress();
  find_losses(now);
}

void DatagramChannel::acknowledge(Sent& sent) {
  sent.resolved = true;
  in_flight_ -= sent.bytes;
  for (const PieceRef& piece : sent.pieces) {
    auto it = started_.find(piece.message);
    if (it == started_.end()) continue;
    Started& message = it->second;
    message.acked += piece.size;
    if (message.acked < message.bytes->size()) continue;
    const std::size_t p = index(message.priority);
    started_bytes_[p] -= message.bytes->size();
    --started_count_[p];
    started_.erase(it);
  }
  sent.pieces.clear();
}

void DatagramChannel::lose(Sent& sent, Instant now) {
  sent.resolved = true;
  ++packets_lost_;
  in_flight_ -= sent.bytes;
  rate_.on_lost(sent.stamp, now);
  for (const PieceRef& piece : sent.pieces) {
    if (auto it = started_.find(piece.message); it != started_.end()) {
      again_[index(it->second.priority)].push_back(piece);
    }
  }
  sent.pieces.clear();
}

// Came later than we waited: from now on we wait longer.
void DatagramChannel::notice_given_up(const codec::AckRange& acked, Instant now) {
  std::erase_if(given_up_, [&](const auto& one) {
    const bool came = acked.first <= one.first && one.first <= acked.last;
    if (came) round_trip_.on_given_up_too_early(now - one.second);
    return came;
  });
}

// Lost is what the time of a round trip overtook (RFC 9002 6.1.2, RFC 8985). Not what three newer packets did: one millisecond of
// jitter lets as many pass, and half of each burst would go out twice.
void DatagramChannel::find_losses(Instant now) {
  const auto newest = std::lower_bound(sent_.begin(), sent_.end(), newest_acked_,
                                       [](const Sent& sent, std::uint64_t c) { return sent.counter < c; });
  const Duration late = round_trip_.late();
  loss_at_ = kNever;
  for (auto it = sent_.begin(); it != newest; ++it) {
    if (it->resolved) continue;
    if (now - it->at <= late) {
      loss_at_ = it->at + late + nanoseconds(1);  // the others left later
      break;
    }
    given_up_.emplace_back(it->counter, it->at);
    if (given_up_.size() > kMaxGivenUp) given_up_.erase(given_up_.begin());
    round_trip_.on_given_up();
    lose(*it, now);
  }
  drop_resolved();
}

void DatagramChannel::drop_resolved() {
  while (!sent_.empty() && sent_.front().resolved) sent_.pop_front();
}

Instant DatagramChannel::probe_at() const {
  if (in_flight_ == 0) return kNever;
  return std::max(last_progress_, last_sent_) + round_trip_.timeout(rate_.ack_delay());
}

// Probe: the two oldest packets count as lost, so that their pieces go out again in new packets.
void DatagramChannel::on_timer(Instant now) {
  if (now >= loss_at_) find_losses(now);
  if (now < probe_at()) return;
  round_trip_.on_timeout();
  if (round_trip_.timeouts() >= 3 && frame_ > kSafeFrame) {  // nothing comes through: perhaps it is their size
    frame_ = kSafeFrame;
    probes_left_ = 0;
  }
  int probes = 2;
  for (Sent& sent : sent_) {
    if (sent.resolved) continue;
    if (probes-- == 0) break;
    lose(sent, now);
  }
  drop_resolved();
}

bool DatagramChannel::start_message(std::size_t p) {
  if (waiting_[p].empty()) return false;
  const std::size_t size = waiting_[p].front()->size();
  if (started_count_[p] > 0 &&
      (started_bytes_[p] + size > kMaxStartedBytes || started_count_[p] >= kMaxStartedMessages)) {
    return false;
  }
  if (!started_.empty() && next_message_ - started_.begin()->first >= Reassembly::kWindow / 2) return false;
  const std::uint64_t id = next_message_++;
  started_[id] = {std::move(waiting_[p].front()), static_cast<Priority>(p), 0, 0};
  waiting_[p].pop_front();
  queued_[p] -= size;
  started_bytes_[p] += size;
  ++started_count_[p];
  current_[p] = id;
  return true;
}

// The next piece to send, by class: lost ones first, then the message being cut, then a new one.
bool DatagramChannel::next_piece(std::size_t room, PieceRef& piece) {
  const auto fits = [room](std::uint64_t message, std::uint32_t offset, const Bytes& bytes) {
    const std::size_t around = packed_piece(message, offset, bytes.size());
    return room > around ? room - around : 0;
  };
  for (std::size_t p = 0; p < kPriorities; ++p) {
    while (!again_[p].empty() && !started_.contains(again_[p].front().message)) again_[p].pop_front();
    if (!again_[p].empty()) {
      PieceRef& first = again_[p].front();
      const std::size_t most = fits(first.message, first.offset, *started_.at(first.message).bytes);
      if (first.size > most && most < kSmallestCut) return false;
      piece = first;
      if (first.size > most) {
        piece.size = static_cast<std::uint32_t>(most);
        first.offset += piece.size;
        first.size -= piece.size;
      } else {
        again_[p].pop_front();
      }
      return true;
    }
    if (current_[p] == 0 && !start_message(p)) continue;
    Started& message = started_.at(current_[p]);
    const std::size_t left = message.bytes->size() - message.next;
    const std::size_t most = fits(current_[p], message.next, *message.bytes);
    if (left > most && most < kSmallestCut) return false;
    const auto size = static_cast<std::uint32_t>(std::min(left, most));
    piece = {current_[p], message.next, size};
    message.next += size;
    if (message.next == message.bytes->size()) current_[p] = 0;
    return true;
  }
  return false;
}

bool DatagramChannel::fill(codec::Packet& packet, std::vector<PieceRef>& pieces, std::size_t frame) {
  std::size_t room = frame - kPacketBytes - packed_ranges(packet.acks);
  PieceRef piece;
  while (packet.pieces.size() < codec::kMaxPieces && next_piece(room, piece)) {
    const Bytes& bytes = *started_.at(piece.message).bytes;
    const auto from = bytes.begin() + piece.offset;
    packet.pieces.push_back(
        {piece.message, piece.offset, static_cast<std::uint32_t>(bytes.size()), Bytes(from, from + piece.size)});
    pieces.push_back(piece);
    room -= piece.size + packed_piece(piece.message, piece.offset, bytes.size());
  }
  return !pieces.empty();
}

// A larger frame than is known to arrive is tried with what is not urgent, one at a time.
std::size_t DatagramChannel::frame_now() {
  const std::size_t patient = started_bytes_[index(Priority::control)] + started_bytes_[index(Priority::bulk)];
  if (frame_ >= mtu_ || probes_left_ == 0 || patient < mtu_) return frame_;
  const bool trying = std::any_of(sent_.begin(), sent_.end(), [](const Sent& s) { return s.large && !s.resolved; });
  return trying ? frame_ : mtu_;
}

bool DatagramChannel::send_one(Instant now, const SendPacket& send) {
  codec::Packet packet;
  std::vector<PieceRef> pieces;
  if (unacked_ > 0) packet.acks = received_.newest(kRangesBeside);
  if (!fill(packet, pieces, frame_now())) {
    exhausted_ = true;
    rate_.on_idle();
    return false;
  }
  const Result<std::uint64_t> counter = send(packet);
  if (!counter) {
    exhausted_ = true;  // whoever refused says when to try again
    if (counter.code() == Errc::busy) rate_.on_idle(), held_back_ = true;
    for (auto it = pieces.rbegin(); it != pieces.rend(); ++it) {
      again_[index(started_.at(it->message).priority)].push_front(*it);
    }
    return false;
  }
  std::size_t bytes = kPacketBytes + packed_ranges(packet.acks);
  for (const codec::Piece& piece : packet.pieces) {
    bytes += piece.data.size() + packed_piece(piece.message, piece.offset, piece.total);
  }
  const bool large = bytes > kSafeFrame;
  if (large && frame_ < mtu_) --probes_left_;
  if (std::exchange(held_back_, false) && in_flight_ == 0) last_progress_ = now;
  last_sent_ = now;
  in_flight_ += bytes;
  ++packets_sent_;
  sent_.push_back({*counter, now, bytes, std::move(pieces), rate_.stamp(), large, false});
  rate_.on_sent(bytes, now);
  if (!packet.acks.empty()) received_.told();
  unacked_ = 0;
  ack_at_ = kNever;
  return true;
}

void DatagramChannel::flush(Instant now, const SendPacket& send) {
  on_timer(now);
  if (started_.empty()) last_progress_ = now;  // the wait for an answer starts with the first message
  rate_.on_turn(paced_, now);
  exhausted_ = false;
  while (in_flight_ < rate_.window() && now >= rate_.next_send() && send_one(now, send)) {
  }
  paced_ = in_flight_ < rate_.window() && now < rate_.next_send();
  if (now >= ack_at_ && send({received_.newest(kRangesAlone), {}})) {
    received_.told();
    unacked_ = 0;
    ack_at_ = kNever;
  }
}

Instant DatagramChannel::wake() const {
  Instant at = std::min({ack_at_, probe_at(), loss_at_});
  // The pace: several packets per turn of the loop, within the slack it grants.
  if (!exhausted_ && in_flight_ < rate_.window()) at = std::min(at, rate_.next_send() + RateControl::kSlack / 4);
  return at;
}

std::optional<Duration> DatagramChannel::rtt() const {
  if (!round_trip_.measured()) return std::nullopt;
  return round_trip_.rtt();
}

std::optional<Duration> DatagramChannel::shortest_rtt() const {
  if (!round_trip_.measured()) return std::nullopt;
  return round_trip_.shortest();
}

Channel::Traffic DatagramChannel::traffic() const {
  return {packets_sent_, packets_lost_, Channel::traffic().queued + in_flight_};
}

bool DatagramChannel::dead(Instant now) const { return in_flight_ > 0 && now - last_progress_ > kDeadAfter; }

std::size_t DatagramChannel::most_urgent() const {
  std::size_t p = 0;
  while (p < kPriorities && waiting_[p].empty() && again_[p].empty() && current_[p] == 0) ++p;
  return p;
}

bool DatagramChannel::idle() const { return started_.empty() && all_queued() == 0; }

}  // namespace meshfs::syncd
