// CipherState of the Noise Protocol Framework, revision 34, 5.1: one key and how many messages it sealed. A value; what
// it replaces or leaves behind is wiped. Never seals twice with one nonce. No clock, no dice.
#pragma once

#include "schema/crypto/aead.h"
#include "schema/vocab/result.h"

namespace meshfs::noise {

inline constexpr std::size_t kMaxMessage = 65'535;  // bytes of every Noise message (3)
inline constexpr std::size_t kTagBytes = crypto::AeadTag::kSize;

class CipherState {
 public:
  static constexpr std::uint64_t kMaxNonce = UINT64_MAX;  // never of a message: rekey() has it

  void initialize_key(const crypto::AeadKey& key);
  [[nodiscard]] bool has_key() const { return has_key_; }
  [[nodiscard]] std::uint64_t nonce() const { return nonce_; }
  void set_nonce(std::uint64_t nonce) { nonce_ = nonce; }

  // Appends the sealed bytes to `out`, or the plain ones without a key. `closed` when all nonces are used.
  Status encrypt_with_ad(ByteView ad, ByteView plain, Bytes& out);
  // The same back. What does not authenticate costs no nonce and leaves `out` as it was.
  Status decrypt_with_ad(ByteView ad, ByteView sealed, Bytes& out);

  // Datagrams bring their nonce along (11.4): the key as it is, the caller counts.
  [[nodiscard]] const crypto::AeadKey& key() const { return key_; }

  // A one-way step to the next key (4.2); the nonce goes on.
  void rekey();

 private:
  crypto::Secret<crypto::AeadKey> key_;
  std::uint64_t nonce_ = 0;
  bool has_key_ = false;
};

}  // namespace meshfs::noise
