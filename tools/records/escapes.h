// JSON text without \u escapes but those that must stay: capnp's codec (0.9.2) makes wrong characters of them. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace meshfs::records {

// Each \uXXXX, or pair of surrogates, as UTF-8 (RFC 3629); control characters, quotes and backslashes stay escaped; half a pair becomes
// U+FFFD. What is no such escape stays as it is.
std::string without_escapes(std::string_view json);

}  // namespace meshfs::records
