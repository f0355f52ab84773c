// The part of TOML 1.0 that the owner's files need, as values: comments, tables, arrays of tables, inline tables, lists, texts of all
// four forms, decimal numbers, true and false. All else (dotted keys, floats, dates, hex, letters beyond ASCII outside of escapes) is
// refused with a sentence: what is read here means what TOML means, which a test holds beside another reader. Pure; any thread.
// Hand-written: toml++ costs a router 129 kB after xz, for its streams most of all.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "schema/vocab/result.h"

namespace meshfs::exec {

inline constexpr std::size_t kMaxTomlBytes = 262'144;
inline constexpr int kMaxTomlDepth = 8;  // lists and tables within each other; the files nest three deep

struct TomlValue {
  enum class Kind : std::uint8_t { text, number, truth, list, table };
  Kind kind = Kind::table;
  bool truth = false;  // these five keep their default unless `kind` says otherwise
  std::int64_t number = 0;
  std::string text;
  std::vector<TomlValue> list;
  std::map<std::string, TomlValue, std::less<>> members;
  // Of a table or list: named in a longer header only, by its own header, or written out in { } or [ ], which nothing adds to.
  enum class Form : std::uint8_t { implied, headed, written };
  Form form = Form::implied;

  [[nodiscard]] const TomlValue* find(std::string_view key) const;  // null: this is no table or has no such key
};

// The whole file, a table. bad_bytes, with file name, line and what is wrong.
Result<TomlValue> parse_toml(const std::string& name, std::string_view text);

}  // namespace meshfs::exec
