// Synthetic IV (the construction of RFC 5297) for a key that many share and nobody can count messages under: the tag is keyed BLAKE2b-128
// of everything, and is the nonce of XChaCha20. Two messages that are equal look equal; nothing else is lost if a sender repeats itself.
// Pure functions and a value that wipes itself.
#pragma once

#include "schema/crypto/hash.h"

namespace meshfs::crypto {

struct SivKey {
  explicit SivKey(const LinkKey& key);
  Secret<LinkKey> mac, stream;
};

// `extra` is authenticated, not encrypted; `bytes` are encrypted where they stand.
FrameTag seal_siv(const SivKey& key, ByteView extra, std::span<std::uint8_t> bytes);
// False if anything was changed; `out` holds zeroes then. `out` has the size of `sealed`.
[[nodiscard]] bool open_siv(const SivKey& key, ByteView extra, ByteView sealed, const FrameTag& tag,
                            std::span<std::uint8_t> out);

}  // namespace meshfs::crypto
