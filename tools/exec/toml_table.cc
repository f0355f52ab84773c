#include "tools/exec/toml_table.h"

#include <algorithm>

#include "schema/vocab/quoting.h"
#include "tools/records/spans.h"

namespace meshfs::exec {

Result<toml::table> parse_toml(const std::string& name, std::string_view text) {
  if (text.size() > kMaxTomlBytes)
    return error(Errc::too_large, name + " has more than " + std::to_string(kMaxTomlBytes) + " bytes");
  const auto strange =
      std::ranges::find_if(text, [](char c) { return c != '\n' && c != '\t' && c != '\r' && (c < 0x20 || c == 0x7F); });
  if (strange != text.end())
    return error(Errc::bad_bytes, name + ", line " + std::to_string(1 + std::count(text.begin(), strange, '\n')) +
                                      ": only ASCII without control characters is read here");
  toml::parse_result parsed = toml::parse(text, name);
  if (parsed) return std::move(parsed).table();
  const auto& failure = parsed.error();
  return error(Errc::bad_bytes, name + ", line " + std::to_string(failure.source().begin.line) + ": " +
                                    printable(failure.description()));
}

const toml::node* TomlTable::asked(const char* key) {
  asked_.emplace(key);
  return table_.get(key);
}

void TomlTable::fault(const std::string& what) {
  if (fault_.empty()) fault_ = where_ + ": " + what;
}

std::string TomlTable::text(const char* key, std::string otherwise) {
  const toml::node* const node = asked(key);
  if (node == nullptr) return otherwise;
  const auto value = node->value_exact<std::string>();
  if (!value || value->find('\0') != std::string::npos) fault(std::string("'") + key + "' must be a text");
  return value.value_or(otherwise);
}

std::int64_t TomlTable::number(const char* key, std::int64_t least, std::int64_t most, std::int64_t otherwise) {
  const toml::node* const node = asked(key);
  if (node == nullptr) return otherwise;
  const auto value = node->value_exact<std::int64_t>();
  if (value && *value >= least && *value <= most) return *value;
  fault(std::string("'") + key + "' must be a number from " + std::to_string(least) + " to " + std::to_string(most));
  return otherwise;
}

bool TomlTable::truth(const char* key) {
  const toml::node* const node = asked(key);
  if (node == nullptr) return false;
  const auto value = node->value_exact<bool>();
  if (!value) fault(std::string("'") + key + "' must be true or false");
  return value.value_or(false);
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
  const toml::node* const node = asked(key);
  std::vector<std::string> out;
  if (node == nullptr) return out;
  const toml::array* const list = node->as_array();
  bool good = list != nullptr && list->size() <= most;
  for (std::size_t i = 0; good && i < list->size(); ++i) {
    const auto value = (*list)[i].value_exact<std::string>();
    good = value && value->find('\0') == std::string::npos;
    if (good) out.push_back(*value);
  }
  if (!good) fault(std::string("'") + key + "' must be a list of texts, " + std::to_string(most) + " at most");
  return out;
}

std::map<std::string, std::string> TomlTable::text_table(const char* key, std::size_t most) {
  const toml::node* const node = asked(key);
  std::map<std::string, std::string> out;
  if (node == nullptr) return out;
  const toml::table* const table = node->as_table();
  bool good = table != nullptr && table->size() <= most;
  if (good) {
    for (auto&& [name, value] : *table) {
      const auto one = value.value_exact<std::string>();
      good = good && one && one->find('\0') == std::string::npos;
      out.emplace(name.str(), one.value_or(""));
    }
  }
  if (!good) fault(std::string("'") + key + "' must be a table of texts, " + std::to_string(most) + " at most");
  return out;
}

std::vector<const toml::table*> TomlTable::tables(const char* key, std::size_t most) {
  const toml::node* const node = asked(key);
  std::vector<const toml::table*> out;
  if (node == nullptr) return out;
  const toml::array* const list = node->as_array();
  bool good = list != nullptr && list->size() <= most;
  for (std::size_t i = 0; good && i < list->size(); ++i) {
    out.push_back((*list)[i].as_table());
    good = out.back() != nullptr;
  }
  if (good) return out;
  fault(std::string("'") + key + "' must be tables [[" + key + "]], " + std::to_string(most) + " at most");
  return {};
}

Status TomlTable::done() const {
  if (!fault_.empty()) return error(Errc::bad_bytes, fault_);
  for (auto&& [key, value] : table_)
    if (!asked_.contains(key.str()))
      return error(Errc::bad_bytes, where_ + ": nobody knows '" + printable(key.str()) + "' here");
  return {};
}

}  // namespace meshfs::exec
