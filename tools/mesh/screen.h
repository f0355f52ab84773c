// What people look at: tables, colours, amounts and times in words. Pure text in, text out; only print() writes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace meshfs::tools {

enum class Paint : std::uint8_t { plain, good, warning, bad, dim, strong };

// `text` in that colour, or as it is if there are none.
std::string painted(bool colour, Paint paint, std::string_view text);

// Columns as wide as their widest cell. Cells are printable() already; paint does not count as width.
class Table {
 public:
  struct Column {
    std::string title;
    bool right = false;  // numbers stand to the right
  };
  Table(std::vector<Column> columns, bool colour) : columns_(std::move(columns)), colour_(colour) {}

  struct Cell {
    std::string text;
    Paint paint = Paint::plain;
    Cell(std::string words, Paint how = Paint::plain) : text(std::move(words)), paint(how) {}  // NOLINT: by intent
    Cell(const char* words) : text(words) {}                                                   // NOLINT
  };
  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  [[nodiscard]] std::string text() const;
  void print() const;

 private:
  [[nodiscard]] std::string line(const std::vector<Cell>& row, const std::vector<std::size_t>& widths) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
  bool colour_;
};

// `text` for a terminal, lines and tabs kept.
std::string printable_lines(std::string_view text);

// Characters that a terminal shows; wide ones count as one.
std::size_t columns_of(std::string_view utf8);

std::string bytes_text(std::int64_t bytes);     // "812 B", "12.3 kB", "4.0 GB": powers of 1,000
std::string duration_text(std::int64_t ms);     // "0.4 s", "12 s", "3 min", "2 h 10 min", "5 days"
std::string age_text(std::int64_t ms);          // the same and "ago"; "never" if negative
std::string moment_text(std::int64_t when_ms);  // local time, to the second
std::string count_text(std::int64_t count, const char* one, const char* many);

// Paragraphs (parted by an empty line) broken at 78 columns; each line begins with `indent`.
std::string wrapped(std::string_view text, std::string_view indent);

}  // namespace meshfs::tools
