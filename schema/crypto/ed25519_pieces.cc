#include "schema/crypto/ed25519_pieces.h"

#include <sodium.h>

namespace meshfs::crypto {

namespace {

using Point = std::array<std::uint8_t, crypto_core_ed25519_BYTES>;
using Scalar = std::array<std::uint8_t, crypto_core_ed25519_SCALARBYTES>;

// Below the group's order: else S + order would be a second signature of the same bytes.
bool canonical(const Scalar& scalar) {
  std::array<std::uint8_t, crypto_core_ed25519_NONREDUCEDSCALARBYTES> wide{};
  std::copy(scalar.begin(), scalar.end(), wide.begin());
  Scalar reduced;
  crypto_core_ed25519_scalar_reduce(reduced.data(), wide.data());
  return reduced == scalar;
}

}  // namespace

struct Ed25519Pieces::Sum {
  crypto_hash_sha512_state state;
};

bool possible_key(const PublicKey& key) { return crypto_core_ed25519_is_valid_point(key.data.data()) == 1; }

Ed25519Pieces::Ed25519Pieces(const PublicKey& key, const Signature& signature)
    : key_(key), signature_(signature), sum_(std::make_unique<Sum>()) {
  crypto_hash_sha512_init(&sum_->state);
  add(signature_.view().first(32));
  add(key_.view());
}

Ed25519Pieces::Ed25519Pieces(Ed25519Pieces&&) noexcept = default;
Ed25519Pieces::~Ed25519Pieces() = default;

void Ed25519Pieces::add(ByteView piece) { crypto_hash_sha512_update(&sum_->state, piece.data(), piece.size()); }

// R must be S * base - hash * key: the equation without the cofactor, as libsodium verifies whole messages.
bool Ed25519Pieces::finish() {
  std::array<std::uint8_t, crypto_hash_sha512_BYTES> digest;
  crypto_hash_sha512_final(&sum_->state, digest.data());
  Scalar hash, s;
  crypto_core_ed25519_scalar_reduce(hash.data(), digest.data());
  std::copy_n(signature_.data.begin() + 32, s.size(), s.begin());
  Point r, from_s, from_key;
  std::copy_n(signature_.data.begin(), r.size(), r.begin());
  if (!canonical(s) || !possible_key(key_) || crypto_core_ed25519_is_valid_point(r.data()) != 1) return false;
  if (crypto_scalarmult_ed25519_base_noclamp(from_s.data(), s.data()) != 0) return false;
  if (crypto_scalarmult_ed25519_noclamp(from_key.data(), hash.data(), key_.data.data()) != 0) return false;
  Point wanted;
  return crypto_core_ed25519_sub(wanted.data(), from_s.data(), from_key.data()) == 0 && wanted == r;
}

}  // namespace meshfs::crypto
