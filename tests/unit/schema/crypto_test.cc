// schema/crypto against published vectors and an independent implementation (Python's hashlib.blake2b).
#include <gtest/gtest.h>
#include <sodium.h>

#include "schema/crypto/hash_many.h"
#include "schema/crypto/sign.h"
#include "tests/unit/schema/example.h"

namespace meshfs::crypto {
namespace {

// RFC 7693 Appendix E: deterministic bytes from a seed, and a hash over hashes of many lengths, plain and keyed.
Bytes selftest_sequence(std::size_t size, std::uint32_t seed) {
  Bytes out(size);
  std::uint32_t a = 0xDEAD4BAD * seed;
  std::uint32_t b = 1;
  for (auto& byte : out) {
    const std::uint32_t t = a + b;
    a = b;
    b = t;
    byte = static_cast<std::uint8_t>(t >> 24);
  }
  return out;
}

TEST(Blake2b, Rfc7693AppendixE) {
  crypto_generichash_state all;
  crypto_generichash_init(&all, nullptr, 0, 32);
  for (const std::uint32_t digest_size : {20u, 32u, 48u, 64u}) {
    for (const std::uint32_t size : {0u, 3u, 128u, 129u, 255u, 1024u}) {
      const Bytes in = selftest_sequence(size, size);
      const Bytes key = selftest_sequence(digest_size, digest_size);
      Bytes digest(digest_size);
      crypto_generichash(digest.data(), digest.size(), in.data(), in.size(), nullptr, 0);
      crypto_generichash_update(&all, digest.data(), digest.size());
      crypto_generichash(digest.data(), digest.size(), in.data(), in.size(), key.data(), key.size());
      crypto_generichash_update(&all, digest.data(), digest.size());
    }
  }
  Hash result;
  crypto_generichash_final(&all, result.data.data(), Hash::kSize);
  EXPECT_EQ(result.hex(), "c23a7800d98123bd10f506c61e29da5603d763b8bbad2e737f5e765a7bccd475");
}

TEST(Blake2b, PlainAndPersonalised) {
  EXPECT_EQ(hash_of(as_bytes("abc")).hex(), "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
  EXPECT_EQ(hash_in("meshfs entry", {as_bytes("a"), as_bytes("bc")}).hex(),
            "fbca94f6cc5aaac68da03b79c8b448e80ee756a69bfe5a02f89f2bec23219f73");
  EXPECT_EQ(hash_in("meshfs entry", {as_bytes("abc")}), hash_in("meshfs entry", {as_bytes("ab"), {}, as_bytes("c")}));
  EXPECT_NE(hash_in("meshfs entry", {as_bytes("abc")}), hash_in("meshfs list", {as_bytes("abc")}));
}

// Every number of strings, so that lanes end, wait and are filled anew; sizes around whole blocks, and none at all.
TEST(Blake2b, ManyAtOnceAreTheSameAsEachAlone) {
  const Bytes bytes = selftest_sequence(70'000, 7);
  const std::size_t sizes[] = {0, 1, 127, 128, 129, 255, 256, 257, 4096, 16'384, 65'536};
  for (std::size_t count = 0; count <= 40; ++count) {
    std::vector<ByteView> parts;
    std::vector<Hash> alone, together(count);
    for (std::size_t i = 0; i < count; ++i) {
      parts.push_back(ByteView(bytes).subspan(i * 7, sizes[(i * 5 + count) % std::size(sizes)]));
      alone.push_back(hash_of(parts.back()));
    }
    hash_many(parts, together);
    EXPECT_EQ(alone, together) << count << " strings";
  }
}

TEST(Blake2b, KeyedTagAndDerivedKey) {
  const auto key = testing::filled<LinkKey>(0);
  const FrameTag tag = mac_of(key.view(), {as_bytes("abc")});
  EXPECT_EQ(tag.hex(), "1a64be47e4729d951c302ee543f97cf3");  // hashlib.blake2b
  EXPECT_EQ(derive_key(key, "meshfs session 1", {as_bytes("abc")}).hex(),
            "ebf8b1c0e270fe806334548e1c9cfdadcaee3cd24d57d3b3c483e778d2b3f659");
  EXPECT_TRUE(same_tag(tag, mac_of(key.view(), {as_bytes("ab"), as_bytes("c")})));
  EXPECT_FALSE(same_tag(tag, mac_of(testing::filled<LinkKey>(1).view(), {as_bytes("abc")})));
}

TEST(Ed25519, Rfc8032Section71) {
  struct Vector {
    const char *seed, *public_key, *message, *signature;
  };
  const Vector vectors[] = {
      {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
       "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
       "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe2"
       "4655141438e7a100b"},
      {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
       "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
       "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302ae"
       "eb00d291612bb0c00"},
  };
  for (const Vector& v : vectors) {
    const SigningKey key = SigningKey::from_seed(*Seed::from(*from_hex(v.seed)));
    EXPECT_EQ(key.public_key().hex(), v.public_key);
    const Bytes message = *from_hex(v.message);
    EXPECT_EQ(crypto_sign_verify_detached(from_hex(v.signature)->data(), message.data(), message.size(),
                                          key.public_key().data.data()),
              0);
  }
}

TEST(Ed25519, SignsThePersonalisedHashAndNothingElse) {
  const SigningKey key = testing::example_key();
  const Signature signature = key.sign("meshfs commit 1", {as_bytes("ab"), as_bytes("c")});
  const Hash digest = hash_in("meshfs commit 1", {as_bytes("abc")});
  EXPECT_EQ(
      crypto_sign_verify_detached(signature.data.data(), digest.data.data(), Hash::kSize, key.public_key().data.data()),
      0);
  EXPECT_TRUE(verify(key.public_key(), "meshfs commit 1", {as_bytes("abc")}, signature));
  EXPECT_FALSE(verify(key.public_key(), "meshfs member 1", {as_bytes("abc")}, signature));
  EXPECT_FALSE(verify(key.public_key(), "meshfs commit 1", {as_bytes("abd")}, signature));
  EXPECT_FALSE(verify(SigningKey::from_seed({}).public_key(), "meshfs commit 1", {as_bytes("abc")}, signature));
}

TEST(Ed25519, AKeyMovesAndItsOldPlaceIsWiped) {
  SigningKey key = testing::example_key();
  const SigningKey moved = std::move(key);
  EXPECT_TRUE(key.seed().is_zero());  // NOLINT: that is the point
  EXPECT_FALSE(moved.seed().is_zero());
  EXPECT_TRUE(verify(moved.public_key(), "x", {}, moved.sign("x", {})));
}

TEST(Random, DiffersEachTime) { EXPECT_NE(random_id<Seed>(), random_id<Seed>()); }

}  // namespace
}  // namespace meshfs::crypto
