#include "tools/mesh/pax.h"

#include <charconv>

namespace meshfs::tools {

std::string pax_text(const std::vector<PaxRecord>& records) {
  std::string out;
  for (const PaxRecord& one : records) {
    const std::size_t rest = one.key.size() + one.value.size() + 3;  // blank, '=', newline
    std::size_t length = rest + 1;
    while (length != rest + std::to_string(length).size()) ++length;
    out += std::to_string(length) + " " + one.key + "=" + one.value + "\n";
  }
  return out;
}

Result<std::vector<PaxRecord>> parse_pax(std::string_view text) {
  const Error damaged = error(Errc::bad_bytes, "The tar is damaged: an extended header has a wrong length.");
  std::vector<PaxRecord> out;
  while (!text.empty()) {
    std::size_t length = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), length);
    const auto digits = static_cast<std::size_t>(end - text.data());
    if (failure != std::errc{} || length > text.size() || length < digits + 3) return damaged;
    if (text[digits] != ' ' || text[length - 1] != '\n') return damaged;
    const std::string_view record = text.substr(digits + 1, length - digits - 2);
    const auto equals = record.find('=');
    if (equals == std::string_view::npos || equals == 0) return damaged;
    out.push_back({std::string(record.substr(0, equals)), std::string(record.substr(equals + 1))});
    text.remove_prefix(length);
  }
  return out;
}

}  // namespace meshfs::tools
