// Base64 (RFC 4648) without padding, exact: each string of bytes has one text, and each text that is taken is that one.
// Pure functions. Whose format pads puts the '=' there itself.
#pragma once

#include "schema/vocab/bytes.h"

namespace meshfs {

enum class Base64 : std::uint8_t { standard, url };  // with "+/" or "-_"

std::string to_base64(ByteView bytes, Base64 alphabet);
// Nothing for characters outside the alphabet, impossible lengths, or spare bits that are not zero.
std::optional<Bytes> from_base64(std::string_view text, Base64 alphabet);

}  // namespace meshfs
