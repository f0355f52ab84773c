#include "tools/mesh/screen.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include "schema/vocab/quoting.h"

namespace meshfs::tools {
namespace {

const char* code_of(Paint paint) {
  switch (paint) {
    case Paint::good:
      return "\x1b[32m";
    case Paint::warning:
      return "\x1b[33m";
    case Paint::bad:
      return "\x1b[31m";
    case Paint::dim:
      return "\x1b[2m";
    case Paint::strong:
      return "\x1b[1m";
    case Paint::plain:
      break;
  }
  return "";
}

}  // namespace

std::string painted(bool colour, Paint paint, std::string_view text) {
  if (!colour || paint == Paint::plain || text.empty()) return std::string(text);
  return code_of(paint) + std::string(text) + "\x1b[0m";
}

std::string printable_lines(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto length = std::min(text.find_first_of("\n\t"), text.size());
    std::string_view piece = text.substr(0, length);
    const bool ends_line = length < text.size() && text[length] == '\n';
    if (ends_line && piece.ends_with('\r')) piece.remove_suffix(1);
    out += printable(piece);
    if (length < text.size()) out += text[length];
    text.remove_prefix(std::min(length + 1, text.size()));
  }
  return out;
}

std::size_t columns_of(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string Table::line(const std::vector<Cell>& row, const std::vector<std::size_t>& widths) const {
  std::string out;
  for (std::size_t i = 0; i < row.size(); ++i) {
    const std::string padding(widths[i] - columns_of(row[i].text), ' ');
    if (i > 0) out += "  ";
    const bool right = columns_[i].right;
    if (right) out += padding;
    out += painted(colour_, row[i].paint, row[i].text);
    if (!right && i + 1 < row.size()) out += padding;  // no spaces at the end of a line
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out + "\n";
}

std::string Table::text() const {
  std::vector<std::size_t> widths;
  std::vector<Cell> titles;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = columns_of(columns_[i].title);
    for (const auto& row : rows_) width = std::max(width, i < row.size() ? columns_of(row[i].text) : 0);
    widths.push_back(width);
    titles.emplace_back(columns_[i].title, Paint::dim);
  }
  const bool titled = std::any_of(columns_.begin(), columns_.end(), [](const auto& one) { return !one.title.empty(); });
  std::string out = titled ? line(titles, widths) : "";
  for (const auto& row : rows_) out += line(row, widths);
  return out;
}

void Table::print() const { std::fputs(text().c_str(), stdout); }

std::string bytes_text(std::int64_t bytes) {
  if (bytes < 1000) return std::to_string(bytes) + " B";
  constexpr std::array kUnits{"kB", "MB", "GB", "TB", "PB", "EB"};
  double value = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  while (value >= 999.95 && unit + 1 < kUnits.size()) value /= 1000, ++unit;
  std::array<char, 32> out{};
  std::snprintf(out.data(), out.size(), "%.1f %s", value, kUnits[unit]);
  return out.data();
}

std::string duration_text(std::int64_t ms) {
  const std::int64_t s = ms / 1000;
  if (s < 10) return std::to_string(s) + "." + std::to_string(ms / 100 % 10) + " s";
  if (s < 120) return std::to_string(s) + " s";
  if (s < 2 * 3600) return std::to_string(s / 60) + " min";
  if (s < 2 * 86400) return std::to_string(s / 3600) + " h " + std::to_string(s / 60 % 60) + " min";
  return std::to_string(s / 86400) + " days";
}

std::string age_text(std::int64_t ms) { return ms < 0 ? "never" : duration_text(ms) + " ago"; }

std::string moment_text(std::int64_t when_ms) {
  std::array<char, 32> text{};
  const auto seconds = static_cast<time_t>(when_ms / 1000);
  struct tm parts {};
  localtime_r(&seconds, &parts);
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts);
  return text.data();
}

std::string count_text(std::int64_t count, const char* one, const char* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

std::string wrapped(std::string_view text, std::string_view indent) {
  constexpr std::size_t kColumns = 78;
  std::string out, line(indent);
  bool has_word = false;
  const auto flush = [&] {
    if (has_word) out += line + "\n";
    line = indent;
    has_word = false;
  };
  while (!text.empty()) {
    const auto length = std::min(text.find_first_of(" \n"), text.size());
    const auto word = text.substr(0, length);
    if (has_word && line.size() + 1 + word.size() > kColumns) flush();
    if (!word.empty()) {
      if (has_word) line += ' ';
      line += word;
      has_word = true;
    }
    text.remove_prefix(length);
    if (text.starts_with("\n\n")) {
      flush();
      out += "\n";
      text.remove_prefix(2);
    } else if (!text.empty()) {
      text.remove_prefix(1);
    }
  }
  flush();
  return out;
}

}  // namespace meshfs::tools
