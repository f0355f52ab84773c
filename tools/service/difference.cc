#include "tools/service/difference.h"

#include <algorithm>
#include <vector>

#include "schema/vocab/quoting.h"

namespace meshfs::service {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

void show(std::string& out, char sign, const std::vector<std::string_view>& lines, std::size_t from, std::size_t to) {
  const std::size_t shown = std::min(to, from + kMaxShownLines);
  for (std::size_t i = from; i < shown; ++i) out += sign + printable(lines[i]) + '\n';
  if (shown < to) out += std::string(1, sign) + "(" + std::to_string(to - shown) + " more lines)\n";
}

}  // namespace

std::string line_difference(std::string_view before, std::string_view after) {
  if (before == after) return {};
  const auto old_lines = lines_of(before), new_lines = lines_of(after);
  const std::size_t shorter = std::min(old_lines.size(), new_lines.size());
  std::size_t same = 0, tail = 0;
  while (same < shorter && old_lines[same] == new_lines[same]) ++same;
  while (tail < shorter - same && old_lines[old_lines.size() - 1 - tail] == new_lines[new_lines.size() - 1 - tail])
    ++tail;
  std::string out;
  show(out, '-', old_lines, same, old_lines.size() - tail);
  show(out, '+', new_lines, same, new_lines.size() - tail);
  return out.empty() ? "(only the end of the last line differs)\n" : out;
}

}  // namespace meshfs::service
