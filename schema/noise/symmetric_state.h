// SymmetricState of Noise, 5.2, with BLAKE2b: the chaining key, and the hash of all that was said. A value; wipes itself.
#pragma once

#include <string_view>

#include "schema/crypto/hash.h"
#include "schema/noise/cipher_state.h"

namespace meshfs::noise {

class SymmetricState {
 public:
  // At most 64 bytes, as all names of ours have.
  explicit SymmetricState(std::string_view protocol_name);
  void mix_key(ByteView input);
  void mix_hash(ByteView bytes);
  // Both append to `out`.
  Status encrypt_and_hash(ByteView plain, Bytes& out);
  Status decrypt_and_hash(ByteView sealed, Bytes& out);
  [[nodiscard]] bool has_key() const { return cipher_.has_key(); }
  // The same on both sides and for no other handshake: what else is signed or keyed may be bound to it (11.2).
  [[nodiscard]] const crypto::WideHash& handshake_hash() const { return hash_; }
  // The initiator's key to send with, then the responder's.
  void split(CipherState& first, CipherState& second) const;

 private:
  crypto::WideHash hash_;
  crypto::Secret<crypto::WideHash> chaining_key_;
  CipherState cipher_;
};

}  // namespace meshfs::noise
