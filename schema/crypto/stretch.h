// A key out of a passphrase: Argon2id (RFC 9106) by libsodium, 2 passes over 64 MiB, so that guessing is dear. Pure; half a second.
#pragma once

#include "schema/crypto/aead.h"
#include "schema/vocab/result.h"

namespace meshfs::crypto {

// `salt`: 16 random bytes, not secret. no_space: there is no memory for it.
Result<Secret<AeadKey>> stretch(std::string_view passphrase, ByteView salt);

}  // namespace meshfs::crypto
