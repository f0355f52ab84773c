#include "tools/exec/journal_line.h"

#include <charconv>

#include "schema/crypto/hash.h"

namespace meshfs::exec {
namespace {

constexpr std::size_t kSumDigits = 16;  // against damage, not against people: who writes this file is root
constexpr std::string_view kDomain = "exec journal";

std::string sum_of(std::string_view text) {
  return crypto::hash_in(kDomain, {as_bytes(text)}).hex().substr(0, kSumDigits);
}

}  // namespace

std::string journal_line(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return sum_of(text) + " " + text + "\n";
}

std::optional<std::vector<std::string_view>> words_of_line(std::string_view line) {
  if (line.size() < kSumDigits + 2 || line.size() > kMaxLineBytes || line[kSumDigits] != ' ') return std::nullopt;
  const std::string_view text = line.substr(kSumDigits + 1);
  if (sum_of(text) != line.substr(0, kSumDigits)) return std::nullopt;
  std::vector<std::string_view> out;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

std::string word_of(std::string_view any) { return any.empty() ? "-" : to_hex(as_bytes(any)); }

std::optional<std::string> text_of_word(std::string_view word) {
  if (word == "-") return std::string();
  const auto bytes = from_hex(word);
  if (!bytes) return std::nullopt;
  return std::string(as_text(*bytes));
}

std::optional<std::int64_t> number_of_word(std::string_view word) {
  std::int64_t out = 0;
  const auto [stop, failure] = std::from_chars(word.data(), word.data() + word.size(), out);
  if (failure != std::errc{} || stop != word.data() + word.size()) return std::nullopt;
  return out;
}

}  // namespace meshfs::exec
