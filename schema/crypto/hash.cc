#include "schema/crypto/hash.h"

#include <sodium.h>

namespace meshfs::crypto {
namespace {

static_assert(Hash::kSize >= crypto_generichash_blake2b_BYTES_MIN);
constexpr std::size_t kDomainBytes = crypto_generichash_blake2b_PERSONALBYTES;  // 16

// One BLAKE2b over `parts`: keyed if `key` is not empty, personalised if `domain` is not.
void blake2b(std::span<std::uint8_t> out, ByteView key, std::string_view domain,
             std::initializer_list<ByteView> parts) {
  CHECK(domain.size() <= kDomainBytes);
  std::array<std::uint8_t, kDomainBytes> personal{};
  std::copy(domain.begin(), domain.end(), personal.begin());
  crypto_generichash_blake2b_state state;
  crypto_generichash_blake2b_init_salt_personal(&state, key.data(), key.size(), out.size(), nullptr, personal.data());
  for (const ByteView part : parts) crypto_generichash_blake2b_update(&state, part.data(), part.size());
  crypto_generichash_blake2b_final(&state, out.data(), out.size());
}

}  // namespace

Hash hash_of(ByteView bytes) {
  Hash out;
  blake2b(out.data, {}, {}, {bytes});
  return out;
}

Hash hash_in(std::string_view domain, std::initializer_list<ByteView> parts) {
  CHECK(!domain.empty());
  Hash out;
  blake2b(out.data, {}, domain, parts);
  return out;
}

FrameTag mac_of(ByteView key, std::initializer_list<ByteView> parts) {
  FrameTag out;
  blake2b(out.data, key, {}, parts);
  return out;
}

bool same_tag(const FrameTag& a, const FrameTag& b) {
  return sodium_memcmp(a.data.data(), b.data.data(), FrameTag::kSize) == 0;
}

LinkKey derive_key(const LinkKey& key, std::string_view domain, std::initializer_list<ByteView> parts) {
  CHECK(!domain.empty());
  LinkKey out;
  blake2b(out.data, key.view(), domain, parts);
  return out;
}

WideHash wide_hash_of(std::initializer_list<ByteView> parts) {
  WideHash out;
  blake2b(out.data, {}, {}, parts);
  return out;
}

Secret<WideHash> hmac_of(ByteView key, ByteView bytes, ByteView more) {
  Secret<FixedBytes<128, struct HmacPad>> pad;  // one block of BLAKE2b
  CHECK(key.size() <= pad.kSize);
  std::copy(key.begin(), key.end(), pad.data.begin());
  for (std::uint8_t& byte : pad.data) byte ^= 0x36;
  Secret<WideHash> inner, outer;
  blake2b(inner.data, {}, {}, {pad.view(), bytes, more});
  for (std::uint8_t& byte : pad.data) byte ^= 0x36 ^ 0x5c;
  blake2b(outer.data, {}, {}, {pad.view(), inner.view()});
  return outer;
}

}  // namespace meshfs::crypto
