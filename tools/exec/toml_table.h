// A TOML table read strictly: what is asked for has its type and its limits, and what nobody asked for is a fault, since a misspelt
// limit is no limit. Only catalogue.cc and policy.cc include it. The first fault counts; values: one thread.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "schema/vocab/result.h"
#include "schema/vocab/time.h"
#include "tools/exec/toml_text.h"

namespace meshfs::exec {

class TomlTable {
 public:
  // `where` is how a fault names it: "ping.toml, parameter host".
  TomlTable(const TomlValue& table, std::string where) : table_(table), where_(std::move(where)) {}

  [[nodiscard]] bool has(const char* key) const { return table_.find(key) != nullptr; }
  std::string text(const char* key, std::string otherwise = {});
  std::int64_t number(const char* key, std::int64_t least, std::int64_t most, std::int64_t otherwise);
  bool truth(const char* key);
  Duration span(const char* key, Duration most, Duration otherwise);  // "90m"
  std::vector<std::string> texts(const char* key, std::size_t most);
  std::map<std::string, std::string> text_table(const char* key, std::size_t most);
  std::vector<const TomlValue*> tables(const char* key, std::size_t most);

  void fault(const std::string& what);
  // The first fault, or that of a key that nobody asked for.
  [[nodiscard]] Status done() const;
  [[nodiscard]] const std::string& where() const { return where_; }

 private:
  const TomlValue* asked(const char* key);

  const TomlValue& table_;
  std::string where_;
  std::set<std::string, std::less<>> asked_;
  std::string fault_;
};

}  // namespace meshfs::exec
