// What this node keeps the content of: rules of one node, never replicated, and the text file that holds them. A value; pure.
//
// The file has one rule a line; empty lines and what follows a '#' at a line's begin count nothing:
//   budget 6M            all content together, in bytes (K, M, G: powers of 1024), or in percent of the disk (60%)
//   max-file 1M          no file above that
//   only docs/**         what matches is kept; with any such line, the rest is not
//   not *.iso            what matches is not kept
//   pin /docs/plan       kept whatever else says, with all that lies below; never dropped for room
// Of `only` and `not` the last that matches decides. A pattern with a '/' other than a last one is a path from /mesh, else it is a
// name anywhere. It covers what lies below a directory it matches. '*' and '?' stop at '/', '**' does not; [a-z], [!a-z].
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "schema/vocab/result.h"

namespace meshfs::fsd {

// Whether `path` (from /mesh, without a leading '/') or a directory it lies in matches.
bool pattern_covers(std::string_view pattern, std::string_view path);

struct KeepRules {
  // Each judgement of a file looks at all of them: 256 take ~20 us.
  static constexpr std::size_t kMaxPatterns = 256;
  static constexpr std::size_t kMaxPins = 1024;
  static constexpr std::size_t kMaxTextBytes = 512 * 1024;

  struct Amount {
    std::uint64_t value = 0;  // bytes, or percent of the disk
    bool percent = false;
    bool operator==(const Amount&) const = default;
  };
  struct Pattern {
    bool only = false;
    std::string text;
    bool operator==(const Pattern&) const = default;
  };
  std::optional<Amount> budget;
  std::optional<std::uint64_t> max_file;
  std::vector<Pattern> patterns;
  std::set<std::string> pins;  // paths from /mesh without a leading '/'

  bool operator==(const KeepRules&) const = default;
  // Nothing is left out: what a node without a file of rules does.
  [[nodiscard]] bool everything() const { return !budget && !max_file && patterns.empty(); }
  [[nodiscard]] std::optional<std::uint64_t> budget_bytes(std::uint64_t disk_bytes) const;

  enum class Verdict : std::uint8_t { pinned, kept, too_large, not_kept };
  [[nodiscard]] Verdict judge(std::string_view path, std::uint64_t size) const;
  [[nodiscard]] bool is_pinned(std::string_view path) const;

  // Adds one line. invalid: one sentence about it.
  Status add(std::string_view line);
  // All lines that make sense; one sentence per other line, with its number, goes to `complaints`.
  static KeepRules parse(std::string_view text, std::vector<std::string>& complaints);
  // The file, to be read and edited by people; parse() gives these rules again.
  [[nodiscard]] std::string text() const;
};

// "6M", "60%"; invalid says what is wrong.
Result<KeepRules::Amount> parse_amount(std::string_view text, bool allow_percent);
std::string amount_text(const KeepRules::Amount& amount);

}  // namespace meshfs::fsd
