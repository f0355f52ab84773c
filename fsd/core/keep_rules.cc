#include "fsd/core/keep_rules.h"

#include <algorithm>
#include <charconv>

#include "schema/vocab/quoting.h"

namespace meshfs::fsd {

namespace {

// [abc], [a-z], [!a]: whether `c` is in the set that begins at `pattern`; its length goes to `used`, 0 if it never ends.
bool in_class(std::string_view pattern, char c, std::size_t& used) {
  std::size_t at = 1;
  const bool negated = at < pattern.size() && pattern[at] == '!';
  if (negated) ++at;
  bool found = false;
  for (bool first = true; at < pattern.size() && (first || pattern[at] != ']'); first = false, ++at) {
    if (at + 2 < pattern.size() && pattern[at + 1] == '-' && pattern[at + 2] != ']') {
      found = found || (pattern[at] <= c && c <= pattern[at + 2]);
      at += 2;
    } else {
      found = found || pattern[at] == c;
    }
  }
  used = at < pattern.size() ? at + 1 : 0;
  return found != negated;
}

// The whole of `text`. Goes back to the last star only, as that is enough; a star stops at '/', two do not. Steps are bounded by
// the product of the lengths.
bool glob(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0;
  std::size_t star = std::string_view::npos, star_at = 0;  // the last '*', and how far it reaches
  std::size_t deep = std::string_view::npos, deep_at = 0;  // the last '**'
  while (t < text.size() || p < pattern.size()) {
    if (p < pattern.size()) {
      if (pattern.substr(p).starts_with("**")) {
        deep = p += 2;
        // "**/" is no directory at all, too.
        if (p < pattern.size() && pattern[p] == '/' && (p == 2 || pattern[p - 3] == '/')) deep = ++p;
        deep_at = t;
        star = std::string_view::npos;
        continue;
      }
      if (pattern[p] == '*') {
        star = ++p;
        star_at = t;
        continue;
      }
      std::size_t used = 0;
      if (t < text.size()) {
        bool same = pattern[p] == text[t];
        std::size_t step = 1;
        if (pattern[p] == '?') same = text[t] != '/';
        if (pattern[p] == '[') {
          const bool inside = in_class(pattern.substr(p), text[t], used);
          if (used > 0) same = inside && text[t] != '/', step = used;
        }
        if (same) {
          p += step;
          ++t;
          continue;
        }
      }
    }
    if (star != std::string_view::npos && star_at < text.size() && text[star_at] != '/') {
      t = ++star_at;
      p = star;
    } else if (deep != std::string_view::npos && deep_at < text.size()) {
      t = ++deep_at;
      p = deep;
      star = std::string_view::npos;
    } else {
      return false;
    }
  }
  return true;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

// Paths and patterns as people write them: /docs/, docs and ./docs are one.
std::string_view without_ends(std::string_view path) {
  while (path.starts_with("./")) path.remove_prefix(2);
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

}  // namespace

bool pattern_covers(std::string_view pattern, std::string_view path) {
  const std::string_view bare = without_ends(pattern);
  if (bare.empty()) return pattern.starts_with('/');  // "/": all there is
  const bool anchored = pattern.starts_with('/') || bare.find('/') != std::string_view::npos;
  std::size_t begin = 0;
  for (std::size_t end = path.find('/');; end = path.find('/', end + 1)) {
    const std::string_view upto = path.substr(0, end);
    if (glob(bare, anchored ? upto : upto.substr(begin))) return true;
    if (end == std::string_view::npos) return false;
    begin = end + 1;
  }
}

std::optional<std::uint64_t> KeepRules::budget_bytes(std::uint64_t disk_bytes) const {
  if (!budget) return std::nullopt;
  return budget->percent ? disk_bytes / 100 * budget->value : budget->value;
}

bool KeepRules::is_pinned(std::string_view path) const {
  if (pins.empty()) return false;
  for (std::size_t end = path.size(); end != std::string_view::npos && end > 0; end = path.rfind('/', end - 1)) {
    if (pins.contains(std::string(path.substr(0, end)))) return true;
    if (end == 0) break;
  }
  return pins.contains(std::string());
}

KeepRules::Verdict KeepRules::judge(std::string_view path, std::uint64_t size) const {
  if (is_pinned(path)) return Verdict::pinned;
  if (max_file && size > *max_file) return Verdict::too_large;
  bool kept = std::none_of(patterns.begin(), patterns.end(), [](const Pattern& one) { return one.only; });
  for (auto at = patterns.rbegin(); at != patterns.rend(); ++at) {
    if (!pattern_covers(at->text, path)) continue;
    kept = at->only;
    break;
  }
  return kept ? Verdict::kept : Verdict::not_kept;
}

Result<KeepRules::Amount> parse_amount(std::string_view text, bool allow_percent) {
  const auto wrong = [&] {
    return error(Errc::invalid, json_quoted(text) + " is no amount: write bytes as 600K, 6M or 2G" +
                                    (allow_percent ? ", or 60% of the disk." : "."));
  };
  KeepRules::Amount out;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), out.value);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (failure != std::errc()) return wrong();
  if (unit == "%") {
    out.percent = true;
    if (!allow_percent || out.value > 100) return wrong();
    return out;
  }
  constexpr std::string_view kUnits = "KMGT";
  const std::size_t power = unit.empty() ? 0 : kUnits.find(unit.front() & ~0x20) + 1;
  const bool named =
      unit.empty() || (power > 0 && (unit.size() == 1 || unit.substr(1) == "iB" || unit.substr(1) == "B"));
  if (!named || out.value > (std::uint64_t{1} << 62) >> (10 * power)) return wrong();
  out.value <<= 10 * power;
  return out;
}

std::string amount_text(const KeepRules::Amount& amount) {
  if (amount.percent) return std::to_string(amount.value) + "%";
  std::uint64_t value = amount.value;
  std::string unit;
  for (const char* next : {"K", "M", "G", "T"}) {
    if (value == 0 || value % 1024 != 0) break;
    value /= 1024;
    unit = next;
  }
  return std::to_string(value) + unit;
}

Status KeepRules::add(std::string_view line) {
  line = trimmed(line);
  if (line.empty() || line.front() == '#') return {};
  const std::string_view word = line.substr(0, line.find_first_of(" \t"));
  const std::string_view rest = trimmed(line.substr(word.size()));
  if (word != "budget" && word != "max-file" && word != "only" && word != "not" && word != "pin") {
    return error(Errc::invalid, json_quoted(word) + " is no rule: there are budget, max-file, only, not and pin.");
  }
  if (rest.empty()) return error(Errc::invalid, "'" + std::string(word) + "' needs a value.");
  if (word == "budget" || word == "max-file") {
    const auto amount = parse_amount(rest, word == "budget");
    if (!amount) return amount.failure();
    if (word == "budget")
      budget = *amount;
    else
      max_file = amount->value;
    return {};
  }
  if (word == "pin") {
    if (pins.size() >= kMaxPins) return error(Errc::invalid, "More than 1024 pins: pin the directory they lie in.");
    pins.insert(std::string(without_ends(rest)));
    return {};
  }
  if (patterns.size() >= kMaxPatterns) return error(Errc::invalid, "More than 256 patterns: use wider ones.");
  patterns.push_back({word == "only", std::string(rest)});
  return {};
}

KeepRules KeepRules::parse(std::string_view text, std::vector<std::string>& complaints) {
  KeepRules out;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto length = std::min(text.find('\n'), text.size());
    const Status added = out.add(text.substr(0, length));
    if (!added) complaints.push_back("line " + std::to_string(number) + ": " + added.failure().message);
    text.remove_prefix(std::min(length + 1, text.size()));
  }
  return out;
}

std::string KeepRules::text() const {
  std::string out =
      "# What this node keeps the content of. Written by `mesh keep`, `mesh pin`; may be edited by hand.\n";
  if (budget) out += "budget " + amount_text(*budget) + "\n";
  if (max_file) out += "max-file " + amount_text({*max_file, false}) + "\n";
  for (const Pattern& one : patterns) out += (one.only ? "only " : "not ") + one.text + "\n";
  for (const std::string& one : pins) out += "pin /" + one + "\n";
  return out;
}

}  // namespace meshfs::fsd
