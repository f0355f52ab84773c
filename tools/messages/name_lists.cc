#include "tools/messages/name_lists.h"

#include <charconv>
#include <cstdio>

namespace meshfs::messages {
namespace {

constexpr std::size_t kDigits = 16;

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (end > 0) out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::vector<std::uint64_t> marks_from(std::string_view text) {
  std::vector<std::uint64_t> out;
  for (std::size_t at = 0; at + kDigits <= text.size(); at += kDigits + 1) {
    std::uint64_t mark = 0;
    const auto [end, failure] = std::from_chars(text.data() + at, text.data() + at + kDigits, mark, 16);
    if (failure != std::errc() || end != text.data() + at + kDigits) return {};
    out.push_back(mark);
  }
  return out;
}

}  // namespace

std::string text_of(const Names& names) {
  std::string out;
  for (const std::string& name : names) out += name + '\n';
  return out;
}

Names names_from(std::string_view text) {
  Names out;
  for (const std::string_view line : lines_of(text)) out.emplace(line);
  return out;
}

std::string text_of(const Exported& exported) {
  std::string out;
  for (const auto& [name, marks] : exported) {
    std::string all;
    for (const std::uint64_t mark : marks) {
      char digits[kDigits + 1];
      std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(mark));
      all += (all.empty() ? "" : ",") + std::string(digits);
    }
    out += all + ' ' + name + '\n';
  }
  return out;
}

Exported exported_from(std::string_view text) {
  Exported out;
  for (const std::string_view line : lines_of(text)) {
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) continue;
    std::vector<std::uint64_t> marks = marks_from(line.substr(0, space));
    if (!marks.empty()) out.emplace(line.substr(space + 1), std::move(marks));
  }
  return out;
}

}  // namespace meshfs::messages
