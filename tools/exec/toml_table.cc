#include "tools/exec/toml_table.h"

#include <algorithm>

#include "schema/vocab/quoting.h"
#include "tools/records/spans.h"

namespace meshfs::exec {
namespace {

using Kind = TomlValue::Kind;

// A NUL byte would make another text of it for whoever gets it.
bool is_plain_text(const TomlValue& value) {
  return value.kind == Kind::text && value.text.find('\0') == std::string::npos;
}

}  // namespace

const TomlValue* TomlTable::asked(const char* key) {
  asked_.emplace(key);
  return table_.find(key);
}

void TomlTable::fault(const std::string& what) {
  if (fault_.empty()) fault_ = where_ + ": " + what;
}

std::string TomlTable::text(const char* key, std::string otherwise) {
  const TomlValue* const value = asked(key);
  if (value == nullptr) return otherwise;
  if (is_plain_text(*value)) return value->text;
  fault(std::string("'") + key + "' must be a text");
  return otherwise;
}

std::int64_t TomlTable::number(const char* key, std::int64_t least, std::int64_t most, std::int64_t otherwise) {
  const TomlValue* const value = asked(key);
  if (value == nullptr) return otherwise;
  if (value->kind == Kind::number && value->number >= least && value->number <= most) return value->number;
  fault(std::string("'") + key + "' must be a number from " + std::to_string(least) + " to " + std::to_string(most));
  return otherwise;
}

bool TomlTable::truth(const char* key) {
  const TomlValue* const value = asked(key);
  if (value != nullptr && value->kind != Kind::truth) fault(std::string("'") + key + "' must be true or false");
  return value != nullptr && value->truth;
}

Duration TomlTable::span(const char* key, Duration most, Duration otherwise) {
  if (!has(key)) return asked(key), otherwise;
  const auto value = records::parse_span(text(key));
  if (value && value->ns > 0 && *value <= most) return *value;
  fault(std::string("'") + key + "' must be a time like \"90s\" or \"10m\", " + std::to_string(to_ms(most) / 1'000) +
        " s at most");
  return otherwise;
}

std::vector<std::string> TomlTable::texts(const char* key, std::size_t most) {
  const TomlValue* const value = asked(key);
  std::vector<std::string> out;
  if (value == nullptr) return out;
  if (value->kind == Kind::list && value->list.size() <= most && std::ranges::all_of(value->list, is_plain_text)) {
    for (const TomlValue& one : value->list) out.push_back(one.text);
  } else {
    fault(std::string("'") + key + "' must be a list of texts, " + std::to_string(most) + " at most");
  }
  return out;
}

std::map<std::string, std::string> TomlTable::text_table(const char* key, std::size_t most) {
  const TomlValue* const value = asked(key);
  std::map<std::string, std::string> out;
  if (value == nullptr) return out;
  bool good = value->kind == Kind::table && value->members.size() <= most;
  for (const auto& [name, one] : value->members) {
    good = good && is_plain_text(one);
    if (good) out.emplace(name, one.text);
  }
  if (!good) fault(std::string("'") + key + "' must be a table of texts, " + std::to_string(most) + " at most");
  return out;
}

std::vector<const TomlValue*> TomlTable::tables(const char* key, std::size_t most) {
  const TomlValue* const value = asked(key);
  std::vector<const TomlValue*> out;
  if (value == nullptr) return out;
  const auto is_table = [](const TomlValue& one) { return one.kind == Kind::table; };
  if (value->kind == Kind::list && value->list.size() <= most && std::ranges::all_of(value->list, is_table)) {
    for (const TomlValue& one : value->list) out.push_back(&one);
  } else {
    fault(std::string("'") + key + "' must be tables [[" + key + "]], " + std::to_string(most) + " at most");
  }
  return out;
}

Status TomlTable::done() const {
  if (!fault_.empty()) return error(Errc::bad_bytes, fault_);
  for (const auto& [key, value] : table_.members)
    if (!asked_.contains(key)) return error(Errc::bad_bytes, where_ + ": nobody knows '" + printable(key) + "' here");
  return {};
}

}  // namespace meshfs::exec
