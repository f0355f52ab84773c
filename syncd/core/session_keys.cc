#include "syncd/core/session_keys.h"

namespace meshfs::syncd {

namespace {

crypto::Secret<crypto::AeadKey> key_of(const crypto::LinkKey& chain, bool from_initiator) {
  crypto::Secret<crypto::AeadKey> out;
  out.data = crypto::derive_key(chain, from_initiator ? "meshfs key i" : "meshfs key r", {}).data;
  return out;
}

crypto::Secret<crypto::LinkKey> first_chain(const SessionKeys::Start& start) {
  const auto& one = start.initiator ? start.send : start.receive;
  const auto& other = start.initiator ? start.receive : start.send;
  crypto::Secret<crypto::LinkKey> key;
  key.data = one.data;
  return crypto::Secret<crypto::LinkKey>(crypto::derive_key(key, "meshfs chain", {other.view()}));
}

}  // namespace

SessionKeys::SessionKeys(Start start, Instant now)
    : initiator_(start.initiator),
      seed_(start.seed),
      chain_(first_chain(start)),
      send_(start.send),
      receive_{start.receive, {}},
      since_(now) {}

Bytes SessionKeys::seal(codec::FrameHeader header, const codec::Packet& packet) {
  header.phase = sending_;
  return count(codec::seal_packet(send_, header, packet));
}

Bytes SessionKeys::seal_in_place(codec::FrameHeader header, Bytes frame) {
  header.phase = sending_;
  return count(codec::seal_counted(send_, header, std::move(frame)));
}

Bytes SessionKeys::count(Bytes frame) {
  ++frames_;
  bytes_ += frame.size();
  return frame;
}

Result<Bytes> SessionKeys::open(const codec::FrameHeader& header, ByteView frame, Instant now) {
  if (now >= before_until_) {
    before_ = false;
    receive_[1] = {};
    before_until_ = kNever;
  }
  const bool newest = header.phase == newest_;
  if (!newest && (!before_ || header.phase != static_cast<std::uint8_t>(newest_ - 1)))
    return error(Errc::bad_bytes, "a frame under a key that is gone");
  Result<Bytes> plain = codec::open_counted(receive_[newest ? 0 : 1], frame);
  if (!plain) return plain;
  ++frames_;
  bytes_ += frame.size();
  if (newest && before_ && before_until_ == kNever) before_until_ = now + kOldKey;
  if (newest && next_send_) {
    send_ = *next_send_;
    sending_ = newest_;
    next_send_.reset();
  }
  return plain;
}

crypto::DhKey SessionKeys::fresh() {
  crypto::Secret<crypto::DhSecret> secret;
  secret.data = crypto::derive_key(seed_, "meshfs ephemeral", {}).data;
  seed_ = crypto::Secret<crypto::LinkKey>(crypto::derive_key(seed_, "meshfs step", {}));
  return crypto::DhKey(secret);
}

// The key to receive with changes at once, the one to send with is the caller's business.
bool SessionKeys::mix(const crypto::DhKey& mine, const crypto::DhPublic& theirs, Instant now) {
  crypto::Secret<crypto::DhShared> shared;
  if (!mine.agree(theirs, shared)) return false;
  chain_ = crypto::Secret<crypto::LinkKey>(crypto::derive_key(chain_, "meshfs renew", {shared.view()}));
  receive_[1] = receive_[0];
  receive_[0] = key_of(chain_, !initiator_);
  before_ = true;
  before_until_ = kNever;
  ++newest_;
  next_send_ = key_of(chain_, initiator_);
  since_ = now;
  bytes_ = frames_ = 0;
  ++renewed_;
  return true;
}

std::optional<codec::Rekey> SessionKeys::due(Instant now) {
  if (!initiator_ || offered_ || bytes_ < kUsedBytes) return std::nullopt;
  const Duration age = now - since_;
  if (age < kRenewAnyway && (age < kRenewAfter || bytes_ < kRenewBytes)) return std::nullopt;
  offered_ = fresh();
  offered_at_ = now;
  return codec::Rekey{static_cast<std::uint8_t>(newest_ + 1), offered_->public_key()};
}

Result<std::optional<codec::Rekey>> SessionKeys::take(const codec::Rekey& said, Instant now) {
  if (said.phase != static_cast<std::uint8_t>(newest_ + 1)) return error(Errc::denied, "a renewal of another key");
  if (initiator_) {
    if (!offered_) return error(Errc::denied, "an answer to no offer");
    const crypto::DhKey mine = *offered_;
    offered_.reset();
    if (!mix(mine, said.key, now)) return error(Errc::denied, "a key that agrees on nothing");
    send_ = *next_send_;
    sending_ = newest_;
    next_send_.reset();
    return std::optional<codec::Rekey>();
  }
  if (now - since_ < kLeastAge || next_send_) return error(Errc::denied, "a renewal that comes too soon");
  const crypto::DhKey mine = fresh();
  if (!mix(mine, said.key, now)) return error(Errc::denied, "a key that agrees on nothing");
  return std::optional(codec::Rekey{newest_, mine.public_key()});
}

bool SessionKeys::spent(Instant now) const {
  return frames_ >= kMostFrames || (offered_ && now - offered_at_ >= kPatience);
}

}  // namespace meshfs::syncd
