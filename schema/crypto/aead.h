// ChaCha20-Poly1305 (RFC 8439) and XChaCha20-Poly1305 by libsodium: sealed bytes stay as long as they were, the tag goes
// beside them. Pure functions. The same key and nonce must never seal twice.
#pragma once

#include "schema/crypto/secret.h"

namespace meshfs::crypto {

using AeadKey = FixedBytes<32, struct AeadKeyTag>;
using AeadTag = FixedBytes<16, struct AeadTagTag>;
using LongNonce = FixedBytes<24, struct LongNonceTag>;  // may be drawn at random

// The nonce is four zero bytes and the counter, little-endian. `out` has the size of the input and may be the same bytes.
// `extra` is authenticated, not encrypted.
AeadTag seal(const AeadKey& key, std::uint64_t counter, ByteView extra, ByteView plain, std::uint8_t* out);
// False if anything was changed; `out` is zeroes then.
[[nodiscard]] bool open(const AeadKey& key, std::uint64_t counter, ByteView extra, ByteView sealed, const AeadTag& tag,
                        std::uint8_t* out);

AeadTag seal(const AeadKey& key, const LongNonce& nonce, ByteView extra, ByteView plain, std::uint8_t* out);
[[nodiscard]] bool open(const AeadKey& key, const LongNonce& nonce, ByteView extra, ByteView sealed, const AeadTag& tag,
                        std::uint8_t* out);

}  // namespace meshfs::crypto
