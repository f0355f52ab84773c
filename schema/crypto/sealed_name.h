// Names in a private directory (schema/seal.md): the same name under the same key always looks the same, so it can be looked up.
// Pure functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "schema/crypto/siv.h"

namespace meshfs::crypto {

// What fits into a file name of 255 bytes: 16 bytes of tag and the name, as base64url.
inline constexpr std::size_t kMaxSealedName = 175;

// Of 1 to kMaxSealedName bytes. The outcome has letters, digits, '-' and '_' only.
std::string seal_name(const SivKey& key, std::string_view name);
// Nothing if it is no name that was sealed with this key.
std::optional<std::string> open_name(const SivKey& key, std::string_view sealed);

}  // namespace meshfs::crypto
