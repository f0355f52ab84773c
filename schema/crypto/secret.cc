#include "schema/crypto/secret.h"

#include <sodium.h>

namespace meshfs::crypto {

void wipe(std::span<std::uint8_t> bytes) { sodium_memzero(bytes.data(), bytes.size()); }

}  // namespace meshfs::crypto
