#include "schema/vocab/base64.h"

namespace meshfs {

static std::string_view digits_of(Base64 alphabet) {
  return alphabet == Base64::standard ? "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
                                      : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
}

std::string to_base64(ByteView bytes, Base64 alphabet) {
  const std::string_view digits = digits_of(alphabet);
  std::string out;
  std::uint32_t held = 0;
  int bits = 0;
  for (const std::uint8_t byte : bytes) {
    held = held << 8 | byte;
    for (bits += 8; bits >= 6; bits -= 6) out.push_back(digits[held >> (bits - 6) & 63]);
  }
  if (bits > 0) out.push_back(digits[held << (6 - bits) & 63]);
  return out;
}

std::optional<Bytes> from_base64(std::string_view text, Base64 alphabet) {
  const std::string_view digits = digits_of(alphabet);
  Bytes out;
  std::uint32_t held = 0;
  int bits = 0;
  for (const char c : text) {
    const std::size_t digit = digits.find(c);
    if (digit == digits.npos) return std::nullopt;
    held = held << 6 | static_cast<std::uint32_t>(digit);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out.push_back(static_cast<std::uint8_t>(held >> bits));
  }
  if (bits >= 6 || (held & ((1u << bits) - 1)) != 0) return std::nullopt;
  return out;
}

}  // namespace meshfs
