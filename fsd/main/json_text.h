// Small JSON, written: what .mesh/ shows and what tools are answered. All text in it passes through json_quoted.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

#include "schema/vocab/quoting.h"

namespace meshfs::fsd {

// "key":value, to be joined with commas; `json` is a value already.
inline std::string member(std::string_view key, const std::string& json) { return json_quoted(key) + ":" + json; }
inline std::string member(std::string_view key, std::integral auto value) {
  if constexpr (std::same_as<decltype(value), bool>) {
    return member(key, std::string(value ? "true" : "false"));
  } else {
    return member(key, std::to_string(value));
  }
}
inline std::string text_member(std::string_view key, std::string_view text) { return member(key, json_quoted(text)); }

// {a,b,c} of members, [a,b,c] of values.
class JsonList {
 public:
  JsonList(char open, char close) : close_(close), text_(1, open) {}
  JsonList& add(std::string_view part) {
    if (text_.size() > 1) text_ += ',';
    text_ += part;
    return *this;
  }
  [[nodiscard]] std::string str() const { return text_ + close_; }

 private:
  char close_;
  std::string text_;
};

inline std::string json_object(std::initializer_list<std::string> members) {
  JsonList out('{', '}');
  for (const std::string& one : members) out.add(one);
  return out.str();
}

}  // namespace meshfs::fsd
