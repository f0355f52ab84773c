// A TOML table read strictly: what is asked for has its type and its limits, and what nobody asked for is a fault, since a misspelt
// limit is no limit. Only catalogue.cc and policy.cc include it. The first fault counts; values: one thread.
#pragma once

#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ASSERT(condition) static_cast<void>(0)  // it asserts on input, and reports the same a few lines later
#include <toml++/toml.h>

#include <set>
#include <string>
#include <vector>

#include "schema/vocab/result.h"
#include "schema/vocab/time.h"

namespace meshfs::exec {

inline constexpr std::size_t kMaxTomlBytes = 262'144;

// bad_bytes, with file name, line and what is wrong. ASCII only: letters beyond that lead toml++ 3.3 into undefined behaviour
// (is_non_ascii_horizontal_whitespace() of U+00A1).
Result<toml::table> parse_toml(const std::string& name, std::string_view text);

class TomlTable {
 public:
  // `where` is how a fault names it: "ping.toml, parameter host".
  TomlTable(const toml::table& table, std::string where) : table_(table), where_(std::move(where)) {}

  [[nodiscard]] bool has(const char* key) const { return table_.contains(key); }
  std::string text(const char* key, std::string otherwise = {});
  std::int64_t number(const char* key, std::int64_t least, std::int64_t most, std::int64_t otherwise);
  bool truth(const char* key);
  Duration span(const char* key, Duration most, Duration otherwise);  // "90m"
  std::vector<std::string> texts(const char* key, std::size_t most);
  std::map<std::string, std::string> text_table(const char* key, std::size_t most);
  std::vector<const toml::table*> tables(const char* key, std::size_t most);

  void fault(const std::string& what);
  // The first fault, or that of a key that nobody asked for.
  [[nodiscard]] Status done() const;
  [[nodiscard]] const std::string& where() const { return where_; }

 private:
  const toml::node* asked(const char* key);

  const toml::table& table_;
  std::string where_;
  std::set<std::string, std::less<>> asked_;
  std::string fault_;
};

}  // namespace meshfs::exec
