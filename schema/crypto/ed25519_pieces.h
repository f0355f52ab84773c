// Ed25519 (RFC 8032, "pure") over bytes that come in pieces: a signature known beforehand is verified without ever holding the
// message, since its hash begins with the signature's R and the key. Values; any thread. Signs nothing.
#pragma once

#include <memory>

#include "schema/crypto/sign.h"

namespace meshfs::crypto {

// 32 bytes that can be somebody's key: canonical, on the curve, of the main subgroup. Every key that a tool made is.
bool possible_key(const PublicKey& key);

class Ed25519Pieces {
 public:
  Ed25519Pieces(const PublicKey& key, const Signature& signature);
  Ed25519Pieces(Ed25519Pieces&&) noexcept;
  ~Ed25519Pieces();
  void add(ByteView piece);
  // Whether `signature` is the key's over all pieces, one after the other. Once only. Refuses all that libsodium's
  // verification refuses: a second form of one signature, and points of small order.
  [[nodiscard]] bool finish();

 private:
  PublicKey key_;
  Signature signature_;
  struct Sum;
  std::unique_ptr<Sum> sum_;
};

}  // namespace meshfs::crypto
