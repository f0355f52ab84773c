// Ed25519 (RFC 8032) signatures and random bytes by libsodium.
#pragma once

#include <string_view>

#include "schema/crypto/dh.h"
#include "schema/vocab/ids.h"

namespace meshfs::crypto {

using PublicKey = FixedBytes<32, struct PublicKeyTag>;
using Signature = FixedBytes<64, struct SignatureTag>;
using Seed = FixedBytes<32, struct SeedTag>;

// Must be called once by each main before anything else of this folder.
void start();

void fill_random(std::span<std::uint8_t> out);
template <class Id>
Id random_id() {
  Id id;
  fill_random(id.data);
  return id;
}

// A secret key; wiped from memory when it goes.
class SigningKey {
 public:
  static SigningKey from_seed(const Seed& seed);
  SigningKey(SigningKey&&) noexcept;
  SigningKey& operator=(SigningKey&&) noexcept;
  ~SigningKey();

  [[nodiscard]] const PublicKey& public_key() const { return public_; }
  [[nodiscard]] const Seed& seed() const { return seed_; }
  // Signs BLAKE2b-256(domain; parts): no signature of one domain verifies in another.
  [[nodiscard]] Signature sign(std::string_view domain, std::initializer_list<ByteView> parts) const;
  // The X25519 secret that belongs to exchange_key(public_key()): what others seal for the owner of this key (seal.h).
  [[nodiscard]] Secret<DhSecret> exchange_secret() const;

 private:
  SigningKey() = default;
  Seed seed_;
  PublicKey public_;
  FixedBytes<64, struct ExpandedTag> expanded_;
};

// The X25519 key of who has this Ed25519 key, the same point in other coordinates (RFC 7748, 4.1). Nothing if it is no key.
std::optional<DhPublic> exchange_key(const PublicKey& key);

bool verify(const PublicKey& key, std::string_view domain, std::initializer_list<ByteView> parts,
            const Signature& signature);

}  // namespace meshfs::crypto
