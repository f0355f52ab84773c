#include "syncd/core/session.h"

#include "syncd/core/datagram_channel.h"
#include "syncd/core/stream_channel.h"

namespace meshfs::syncd {

Session::Session(Links& links, const transport::LinkTraits& traits, LinkBudget& budget, Path path, Keys keys,
                 Instant now)
    : links_(links),
      budget_(budget),
      path_(std::move(path)),
      keys_(std::move(keys)),
      sealing_(std::exchange(keys_.start, {}), now),
      reliable_(traits.reliable),
      link_name_(traits.name),
      established_(now),
      heard_(now) {
  if (reliable_) {
    channel_ = std::make_unique<StreamChannel>();
  } else {
    channel_ = std::make_unique<DatagramChannel>(std::min(traits.mtu, codec::kMaxFrameAfterAuth), traits.latency);
  }
}

bool Session::on_frame(const codec::FrameHeader& header, ByteView frame, Instant now,
                       std::vector<SharedView>& delivered) {
  const Result<Bytes> payload = sealing_.open(header, frame, now);
  if (!payload || !window_.accept(header.counter)) return false;
  Result<codec::Packet> packet = codec::decode_packet(*payload);
  if (!packet) return false;
  heard_ = now;
  ++counts_.frames_in;
  counts_.bytes_in += frame.size();
  return channel_->on_packet(header.counter, std::move(*packet), now, delivered);
}

bool Session::hand_over(Bytes& frame, Instant now) {
  const std::size_t size = frame.size();
  const Status sent = links_.send_whole(path_.link, path_.address, frame);
  if (!sent && sent.code() == Errc::no_space) return false;
  if (!sent && sent.code() == Errc::unreachable && reliable_) unreachable_ = true;
  if (!sent && sent.code() == Errc::too_large)
    unreachable_ = true;  // the link takes less than it did: a new session will
  ++counts_.frames_out;   // a datagram refused for another reason is a lost one
  counts_.bytes_out += size;
  budget_.count(size, now);
  return true;
}

Result<std::uint64_t> Session::send_packet(const codec::Packet& packet, Instant now) {
  if (!parked_.empty() || unreachable_) return Errc::no_space;
  if (!packet.pieces.empty()) {  // acknowledgements are small, and who waits for one sends again
    over_budget_ = !budget_.may(now);
    if (over_budget_ || sent_ >= may_send_) return Errc::busy;
    ++sent_;
  }
  const codec::FrameHeader header{codec::FrameKind::packet, keys_.theirs.session, next_counter_};
  Bytes frame = sealing_.seal(header, packet);
  if (!hand_over(frame, now)) parked_ = std::move(frame);
  return next_counter_++;
}

void Session::say(const codec::Rekey& rekey) {
  channel_->queue(Priority::control, std::make_shared<const Bytes>(codec::encode_message(rekey)));
}

bool Session::on_rekey(const codec::Rekey& said, Instant now) {
  const auto answer = sealing_.take(said, now);
  if (answer && *answer) say(**answer);
  return answer.ok();
}

std::size_t Session::flush(Instant now, std::size_t most) {
  may_send_ = most;
  sent_ = 0;
  over_budget_ = false;
  if (!parked_.empty()) {
    if (!room_ && now < parked_until_) return 0;
    if (!hand_over(parked_, now)) {
      room_ = false;
      parked_until_ = now + kRetryParked;
      return 0;
    }
    parked_.clear();
    parked_until_ = kNever;
  }
  room_ = false;
  if (const auto offer = sealing_.due(now)) say(*offer);
  channel_->flush(now, [this, now](const codec::Packet& packet) { return send_packet(packet, now); });
  if (!parked_.empty()) parked_until_ = now + kRetryParked;
  return sent_;
}

Instant Session::wake() const {
  if (!parked_.empty()) return room_ ? Instant{0} : parked_until_;
  return over_budget_ ? std::min(channel_->wake(), budget_.free_at()) : channel_->wake();
}

}  // namespace meshfs::syncd
