// HandshakeState of Noise, 5.3, for two patterns: XX, where neither side knows the other's static key, and IK, where the
// initiator does. Owned by whoever sets up one session. No clock, no dice: the ephemeral key is handed in, and must be fresh.
// A message that is refused changes nothing, so who forges one can't spoil the handshake of others.
// Transitions: made -> messages in turn, the initiator's first (XX 3, IK 2) -> complete -> split().
#pragma once

#include <optional>

#include "schema/crypto/dh.h"
#include "schema/noise/symmetric_state.h"

namespace meshfs::noise {

enum class Pattern : std::uint8_t { xx = 0, ik = 1 };

class HandshakeState {
 public:
  struct Keys {
    const crypto::DhKey& own;                               // static
    const crypto::DhKey& ephemeral;                         // of this handshake alone
    std::optional<crypto::DhPublic> remote = std::nullopt;  // the responder's static key: IK's initiator, nobody else
  };
  // `prologue`: what both sides must know alike beforehand.
  HandshakeState(Pattern pattern, bool initiator, ByteView prologue, const Keys& keys);

  [[nodiscard]] bool complete() const;
  [[nodiscard]] bool my_turn() const { return !complete() && (next_ % 2 == 0) == initiator_; }
  // The next message, with a payload. What protects it: XX's first nothing; XX's second who listens may be anybody; IK's
  // first may be a replay, and is read by whoever has the responder's key one day (7.7).
  Result<Bytes> write_message(ByteView payload);
  // The payload of theirs.
  Result<Bytes> read_message(ByteView message);

  // Null until a message brought it (IK's initiator: from the start). Who it belongs to is for the caller to judge, and that
  // it is not our own, come back.
  [[nodiscard]] const std::optional<crypto::DhPublic>& remote_static() const { return remote_; }
  [[nodiscard]] const crypto::WideHash& handshake_hash() const { return symmetric_.handshake_hash(); }

  struct Transport {
    CipherState send, receive;
  };
  // Of a complete handshake.
  [[nodiscard]] Transport split() const;

 private:
  Status write(ByteView payload, Bytes& out);
  Status read(ByteView message, Bytes& payload);
  Status mix_dh(std::uint8_t token);

  SymmetricState symmetric_;
  crypto::DhKey own_, ephemeral_;
  std::optional<crypto::DhPublic> remote_, remote_ephemeral_;
  Pattern pattern_;
  bool initiator_;
  std::uint8_t next_ = 0;  // message
};

}  // namespace meshfs::noise
