#include "tools/records/utf8.h"

#include <cstdint>
#include <vector>

namespace meshfs::records {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// Bytes of the character that begins at `at`; 0: none does.
std::size_t character_at(std::string_view bytes, std::size_t at) {
  const auto byte = [&](std::size_t i) { return i < bytes.size() ? static_cast<std::uint8_t>(bytes[i]) : 0U; };
  const unsigned first = byte(at);
  if (first < 0x80) return first == 0 ? 0 : 1;
  const std::size_t size = first >= 0xC2 && first <= 0xDF   ? 2
                           : (first & 0xF0) == 0xE0         ? 3
                           : first >= 0xF0 && first <= 0xF4 ? 4
                                                            : 0;
  for (std::size_t i = 1; i < size; ++i)
    if ((byte(at + i) & 0xC0) != 0x80) return 0;
  const unsigned second = byte(at + 1);
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool beyond = (first == 0xED && second > 0x9F) || (first == 0xF4 && second > 0x8F);
  return overlong || beyond ? 0 : size;
}

// What json_quoted() needs for it.
std::size_t cost_of(std::string_view character) {
  const auto c = static_cast<std::uint8_t>(character.front());
  if (character.size() > 1) return character.size();
  if (c == '\n' || c == '\t' || c == '"' || c == '\\') return 2;
  return c < 0x20 || c == 0x7F ? 6 : 1;
}

// The characters of `bytes`, in order, to `each(character)`; it stops when that says false.
template <class Each>
void for_each_character(std::string_view bytes, Each each) {
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t size = character_at(bytes, at);
    if (!each(size == 0 ? kReplacement : bytes.substr(at, size))) return;
    at += size == 0 ? 1 : size;
  }
}

}  // namespace

Text text_of(std::string_view bytes, std::size_t most) {
  Text out;
  for_each_character(bytes, [&](std::string_view character) {
    const std::size_t cost = cost_of(character);
    out.whole = out.json_bytes + cost <= most;
    if (!out.whole) return false;
    out.text += character;
    out.json_bytes += cost;
    return true;
  });
  return out;
}

Text tail_text_of(std::string_view bytes, std::size_t most) {
  std::size_t all = 2;
  for_each_character(bytes, [&](std::string_view character) {
    all += cost_of(character);
    return true;
  });
  Text out;
  out.whole = all <= most;
  for_each_character(bytes, [&](std::string_view character) {
    if (all <= most) out.text += character;
    if (all > most) all -= cost_of(character);
    return true;
  });
  out.json_bytes = all;
  return out;
}

}  // namespace meshfs::records
