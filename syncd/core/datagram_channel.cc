#include "syncd/core/datagram_channel.h"

#include <algorithm>

namespace meshfs::syncd {

namespace {
// What the encoding adds, at most: frame header, packet with its lists, per range, per piece.
constexpr std::size_t kPacketOverhead = codec::kFrameHeaderBytes + 64;
constexpr std::size_t kPieceOverhead = 48;
constexpr std::size_t kPackingShare = 16;  // packing adds a byte to 16 at worst: a word without zeros, one with two
constexpr std::size_t kRangesBeside = 10;  // acknowledgements that ride beside pieces
constexpr std::size_t kRangesAlone = 48;
constexpr std::size_t kRangeBytes = 16;
constexpr std::size_t kSmallestCut = 64;  // a piece shorter than this waits for the next packet
}  // namespace

DatagramChannel::DatagramChannel(std::size_t mtu, Duration latency)
    : room_(mtu - kPacketOverhead - kRangesBeside * kRangeBytes - mtu / kPackingShare), congestion_(mtu, latency) {
  CHECK(mtu >= 400);
}

bool DatagramChannel::on_packet(std::uint64_t counter, codec::Packet packet, Instant now,
                                std::vector<Bytes>& delivered) {
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
  if (packet.pieces.empty()) return true;
  ++unacked_;
  const bool at_once = unacked_ >= 2 || received_.newest_leaves_gap();
  ack_at_ = std::min(ack_at_, at_once ? now : now + Congestion::kAckDelay);
  return true;
}

void DatagramChannel::on_acks(const std::vector<codec::AckRange>& acks, Instant now) {
  std::uint64_t newest_acked = 0;
  Instant newest_at{0};
  bool progress = false;
  for (const codec::AckRange& range : acks) {
    auto it = std::lower_bound(sent_.begin(), sent_.end(), range.first,
                               [](const Sent& sent, std::uint64_t c) { return sent.counter < c; });
    for (; it != sent_.end() && it->counter <= range.last; ++it) {
      if (it->resolved) continue;
      if (it->counter > newest_acked) {
        newest_acked = it->counter;
        newest_at = it->at;
      }
      congestion_.on_acked(it->bytes, in_flight_);
      acknowledge(*it);
      progress = true;
    }
  }
  if (!progress) return;
  last_progress_ = now;
  congestion_.on_progress();
  congestion_.on_rtt(now - newest_at);
  find_losses(newest_acked, newest_at, now);
  drop_resolved();
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
  congestion_.on_loss(sent.at, now);
  for (const PieceRef& piece : sent.pieces) {
    if (auto it = started_.find(piece.message); it != started_.end()) {
      again_[index(it->second.priority)].push_back(piece);
    }
  }
  sent.pieces.clear();
}

void DatagramChannel::find_losses(std::uint64_t newest_acked, Instant newest_at, Instant now) {
  // sent_ holds only packets with pieces, in order, so positions count packets.
  const auto newest = std::lower_bound(sent_.begin(), sent_.end(), newest_acked,
                                       [](const Sent& sent, std::uint64_t c) { return sent.counter < c; });
  const auto position = static_cast<std::uint64_t>(newest - sent_.begin());
  const Duration late = congestion_.rtt() * 9 / 8 + milliseconds(1);
  for (std::uint64_t i = 0; i < position; ++i) {
    Sent& sent = sent_[i];
    if (sent.resolved) continue;
    if (position - i >= kReorderPackets || newest_at - sent.at > late) lose(sent, now);
  }
}

void DatagramChannel::drop_resolved() {
  while (!sent_.empty() && sent_.front().resolved) sent_.pop_front();
}

Instant DatagramChannel::probe_at() const {
  if (in_flight_ == 0) return kNever;
  return std::max(last_progress_, last_sent_) + congestion_.timeout();
}

// Probe: the two oldest packets count as lost, so that their pieces go out again in new packets.
void DatagramChannel::on_timer(Instant now) {
  if (now < probe_at()) return;
  congestion_.on_timeout();
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
  for (std::size_t p = 0; p < kPriorities; ++p) {
    while (!again_[p].empty() && !started_.contains(again_[p].front().message)) again_[p].pop_front();
    if (!again_[p].empty()) {
      if (again_[p].front().size > room) return false;
      piece = again_[p].front();
      again_[p].pop_front();
      return true;
    }
    if (current_[p] == 0 && !start_message(p)) continue;
    Started& message = started_.at(current_[p]);
    const std::size_t left = message.bytes->size() - message.next;
    if (left > room && room < kSmallestCut) return false;
    const auto size = static_cast<std::uint32_t>(std::min(left, room));
    piece = {current_[p], message.next, size};
    message.next += size;
    if (message.next == message.bytes->size()) current_[p] = 0;
    return true;
  }
  return false;
}

bool DatagramChannel::fill(codec::Packet& packet, std::vector<PieceRef>& pieces) {
  std::size_t room = room_;
  PieceRef piece;
  while (room > kPieceOverhead && next_piece(room - kPieceOverhead, piece)) {
    const Bytes& bytes = *started_.at(piece.message).bytes;
    const auto from = bytes.begin() + piece.offset;
    packet.pieces.push_back(
        {piece.message, piece.offset, static_cast<std::uint32_t>(bytes.size()), Bytes(from, from + piece.size)});
    pieces.push_back(piece);
    room -= piece.size + kPieceOverhead;
  }
  return !pieces.empty();
}

void DatagramChannel::flush(Instant now, const SendPacket& send) {
  on_timer(now);
  if (started_.empty()) last_progress_ = now;  // the wait for an answer starts with the first message
  while (in_flight_ < congestion_.window()) {
    codec::Packet packet;
    std::vector<PieceRef> pieces;
    if (!fill(packet, pieces)) break;
    if (unacked_ > 0) packet.acks = received_.newest(kRangesBeside);
    const Result<std::uint64_t> counter = send(packet);
    if (!counter) {
      for (auto it = pieces.rbegin(); it != pieces.rend(); ++it) {
        again_[index(started_.at(it->message).priority)].push_front(*it);
      }
      return;
    }
    std::size_t bytes = kPacketOverhead;
    for (const PieceRef& piece : pieces) bytes += piece.size + kPieceOverhead;
    last_sent_ = now;
    in_flight_ += bytes;
    ++packets_sent_;
    sent_.push_back({*counter, now, bytes, std::move(pieces), false});
    unacked_ = 0;
    ack_at_ = kNever;
  }
  if (now >= ack_at_ && send({received_.newest(kRangesAlone), {}})) {
    unacked_ = 0;
    ack_at_ = kNever;
  }
}

Instant DatagramChannel::wake() const { return std::min(ack_at_, probe_at()); }

std::optional<Duration> DatagramChannel::rtt() const {
  if (!congestion_.measured()) return std::nullopt;
  return congestion_.rtt();
}

Channel::Traffic DatagramChannel::traffic() const {
  return {packets_sent_, packets_lost_, Channel::traffic().queued + in_flight_};
}

bool DatagramChannel::dead(Instant now) const { return !started_.empty() && now - last_progress_ > kDeadAfter; }

bool DatagramChannel::idle() const { return started_.empty() && queued_[0] + queued_[1] + queued_[2] == 0; }

}  // namespace meshfs::syncd
