#include "tools/records/escapes.h"

#include <charconv>
#include <optional>

#include "schema/vocab/quoting.h"

namespace meshfs::records {

namespace {

constexpr std::size_t kEscape = 6;  // \uXXXX

std::optional<unsigned> unit_at(std::string_view json, std::size_t at) {
  if (json.size() - at < kEscape || json[at] != '\\' || json[at + 1] != 'u') return std::nullopt;
  unsigned out = 0;
  const char* const end = json.data() + at + kEscape;
  const auto [stopped, wrong] = std::from_chars(json.data() + at + 2, end, out, 16);
  return wrong == std::errc() && stopped == end ? std::optional(out) : std::nullopt;
}

bool is_high(unsigned unit) { return unit >= 0xd800 && unit < 0xdc00; }
bool is_low(unsigned unit) { return unit >= 0xdc00 && unit < 0xe000; }

}  // namespace

std::string without_escapes(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (std::size_t at = 0; at < json.size();) {
    if (json[at] != '\\') {
      out += json[at++];
      continue;
    }
    const auto unit = unit_at(json, at);
    if (!unit || *unit < 0x20 || *unit == '"' || *unit == '\\') {
      const std::size_t most = unit ? kEscape : 2;  // the second byte is no escape's first
      out += json.substr(at, most);
      at += std::min(most, json.size() - at);
      continue;
    }
    at += kEscape;
    unsigned code = *unit;
    if (is_high(code)) {
      const auto low = at < json.size() ? unit_at(json, at) : std::nullopt;
      if (low && is_low(*low)) {
        code = 0x10000 + ((code - 0xd800) << 10) + (*low - 0xdc00);
        at += kEscape;
      }
    }
    append_utf8(out, is_high(code) || is_low(code) ? 0xfffd : code);
  }
  return out;
}

}  // namespace meshfs::records
