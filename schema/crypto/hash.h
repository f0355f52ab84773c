// BLAKE2b (RFC 7693) by libsodium. Every hash that is not a chunk's is separated by a domain,
// so that no bytes can mean two things.
#pragma once

#include <initializer_list>
#include <string_view>

#include "schema/crypto/secret.h"
#include "schema/vocab/check.h"
#include "schema/vocab/ids.h"

namespace meshfs::crypto {

// BLAKE2b-256 of plain bytes: the address of a chunk.
Hash hash_of(ByteView bytes);

// BLAKE2b-256 of the parts one after the other, personalised with `domain` (1 to 16 bytes, RFC 7693 2.8).
// Parts of varying length must be delimited by the caller.
Hash hash_in(std::string_view domain, std::initializer_list<ByteView> parts);

// The first bytes of `hash` as a shorter id.
template <class Id>
Id prefix_of(const Hash& hash) {
  static_assert(Id::kSize <= Hash::kSize);
  return *Id::from(hash.view().first(Id::kSize));
}

// 32-byte symmetric keys and the 16-byte keyed-BLAKE2b tags.
using LinkKey = FixedBytes<32, struct LinkKeyTag>;
using FrameTag = FixedBytes<16, struct FrameTagTag>;
// Keyed BLAKE2b-128 (16 to 64 bytes of key) without a domain: the key serves one purpose only.
FrameTag mac_of(ByteView key, std::initializer_list<ByteView> parts);
// Compares in constant time.
bool same_tag(const FrameTag& a, const FrameTag& b);
LinkKey derive_key(const LinkKey& key, std::string_view domain, std::initializer_list<ByteView> parts);

// BLAKE2b-512 of plain bytes, and HMAC (RFC 2104) with it: for protocols whose specification asks for these.
using WideHash = FixedBytes<64, struct WideHashTag>;
WideHash wide_hash_of(std::initializer_list<ByteView> parts);
// The key has at most 128 bytes, one block.
Secret<WideHash> hmac_of(ByteView key, ByteView bytes, ByteView more = {});

}  // namespace meshfs::crypto
