// The keys of one session and their renewal: both sides draw a fresh X25519 key and mix what they agree on into the chain that the
// handshake began, so that a key that leaks opens neither what was said before it nor, once renewed, what is said after. Owned by
// its Session. It never sends and has no clock or dice: messages are handed in and out, a seed came with the start.
//
// Transitions. Who began the handshake offers (due) -> the other side answers, opens frames of both keys, seals under the old one until
// the first frame of the new one comes -> the offerer seals under the new key once it has the answer. Frames say by their phase which
// key it is. Opening under the key before ends kOldKey after the first frame under the new one. Frame counters go on.
#pragma once

#include <array>
#include <optional>

#include "schema/codec/wire.h"
#include "schema/crypto/dh.h"
#include "schema/vocab/time.h"

namespace meshfs::syncd {

class SessionKeys {
 public:
  // As WireGuard's REKEY_AFTER_TIME, but not for a handful of frames: a link that says a beacon's worth an hour is spared the 310 bytes.
  static constexpr Duration kRenewAfter = seconds(120);
  static constexpr std::uint64_t kRenewBytes = 64 * 1024;
  static constexpr Duration kRenewAnyway = seconds(3600);  // of a key that is used at all:
  static constexpr std::uint64_t kUsedBytes =
      1024;  // more than a renewal itself, or silent sessions would renew for ever
  static constexpr Duration kOldKey = seconds(10);    // frames that were on their way
  static constexpr Duration kLeastAge = seconds(60);  // of a key that the other side may ask to renew
  static constexpr Duration kPatience = seconds(60);  // for an answer: then the session ends, a handshake makes another
  static constexpr std::uint64_t kMostFrames = std::uint64_t{1} << 32;  // under one key: then the session ends

  struct Start {
    bool initiator = false;  // of the handshake
    crypto::Secret<crypto::AeadKey> send, receive;
    crypto::Secret<crypto::LinkKey> seed;  // of the ephemeral keys to come
  };
  SessionKeys(Start start, Instant now);

  // The frame of this packet. `header.phase` is filled in.
  Bytes seal(codec::FrameHeader header, const codec::Packet& packet);
  // The same of an encoded one that stands behind kFrameHeaderBytes bytes.
  Bytes seal_in_place(codec::FrameHeader header, Bytes frame);
  // bad_bytes: forged, changed, or of a key that is gone.
  Result<Bytes> open(const codec::FrameHeader& header, ByteView frame, Instant now);

  // What to say to the other side, if it is time.
  std::optional<codec::Rekey> due(Instant now);
  // What the other side said, and what to answer. denied: it makes no sense, or comes too soon.
  Result<std::optional<codec::Rekey>> take(const codec::Rekey& said, Instant now);
  // No more frames should go under this key.
  [[nodiscard]] bool spent(Instant now) const;

  [[nodiscard]] std::uint64_t renewed() const { return renewed_; }

 private:
  using Key = crypto::Secret<crypto::AeadKey>;
  Bytes count(Bytes frame);
  crypto::DhKey fresh();
  bool mix(const crypto::DhKey& mine, const crypto::DhPublic& theirs, Instant now);

  bool initiator_;
  crypto::Secret<crypto::LinkKey> seed_, chain_;
  Key send_;
  std::array<Key, 2> receive_;             // the newest, and the one before while it counts
  std::uint8_t sending_ = 0, newest_ = 0;  // phases of send_ and receive_[0]
  std::optional<Key> next_send_;           // waits for the first frame under receive_[0]
  bool before_ = false;                    // receive_[1] counts
  Instant before_until_ = kNever;
  std::optional<crypto::DhKey> offered_;
  Instant since_, offered_at_{0};
  std::uint64_t bytes_ = 0, frames_ = 0;  // under this key, both ways
  std::uint64_t renewed_ = 0;
};

}  // namespace meshfs::syncd
