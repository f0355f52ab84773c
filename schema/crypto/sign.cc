#include "schema/crypto/sign.h"

#include <sodium.h>

#include "schema/crypto/hash.h"
#include "schema/vocab/check.h"

namespace meshfs::crypto {

static_assert(PublicKey::kSize == crypto_sign_PUBLICKEYBYTES);
static_assert(Seed::kSize == crypto_sign_SEEDBYTES);
static_assert(Signature::kSize == crypto_sign_BYTES);

void start() { CHECK(sodium_init() >= 0); }

void fill_random(std::span<std::uint8_t> out) { randombytes_buf(out.data(), out.size()); }

SigningKey SigningKey::from_seed(const Seed& seed) {
  static_assert(decltype(expanded_)::kSize == crypto_sign_SECRETKEYBYTES);
  SigningKey key;
  key.seed_ = seed;
  crypto_sign_seed_keypair(key.public_.data.data(), key.expanded_.data.data(), seed.data.data());
  return key;
}

SigningKey::SigningKey(SigningKey&& other) noexcept { *this = std::move(other); }

SigningKey& SigningKey::operator=(SigningKey&& other) noexcept {
  if (this == &other) return *this;
  seed_ = other.seed_;
  public_ = other.public_;
  expanded_ = other.expanded_;
  sodium_memzero(other.seed_.data.data(), Seed::kSize);
  sodium_memzero(other.expanded_.data.data(), other.expanded_.data.size());
  return *this;
}

SigningKey::~SigningKey() {
  sodium_memzero(seed_.data.data(), Seed::kSize);
  sodium_memzero(expanded_.data.data(), expanded_.data.size());
}

Signature SigningKey::sign(std::string_view domain, std::initializer_list<ByteView> parts) const {
  const Hash digest = hash_in(domain, parts);
  Signature out;
  crypto_sign_detached(out.data.data(), nullptr, digest.data.data(), Hash::kSize, expanded_.data.data());
  return out;
}

Secret<DhSecret> SigningKey::exchange_secret() const {
  Secret<DhSecret> out;
  CHECK(crypto_sign_ed25519_sk_to_curve25519(out.data.data(), expanded_.data.data()) == 0);
  return out;
}

std::optional<DhPublic> exchange_key(const PublicKey& key) {
  DhPublic out;
  if (crypto_sign_ed25519_pk_to_curve25519(out.data.data(), key.data.data()) != 0) return std::nullopt;
  return out;
}

bool verify(const PublicKey& key, std::string_view domain, std::initializer_list<ByteView> parts,
            const Signature& signature) {
  const Hash digest = hash_in(domain, parts);
  return crypto_sign_verify_detached(signature.data.data(), digest.data.data(), Hash::kSize, key.data.data()) == 0;
}

}  // namespace meshfs::crypto
