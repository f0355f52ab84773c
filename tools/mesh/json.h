// The little JSON that `mesh` needs: reads what fsd shows in .mesh/, writes what --json prints.
// Hand-written: capnp-json would cost the router binary 60 kB after xz.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "schema/vocab/result.h"

namespace meshfs::tools {

struct Json {
  using List = std::vector<Json>;
  using Object = std::map<std::string, Json, std::less<>>;
  std::variant<std::nullptr_t, bool, double, std::string, List, Object> value = nullptr;

  // What stands under `key`, or a null if this is no object or has no such key.
  [[nodiscard]] const Json& at(std::string_view key) const;
  [[nodiscard]] std::string text() const;       // "" if it is none
  [[nodiscard]] std::int64_t number() const;    // 0 if it is none; cut to whole numbers
  [[nodiscard]] bool truth() const;             // false if it is none
  [[nodiscard]] const List& list() const;       // empty if it is none
};

inline constexpr int kMaxJsonDepth = 16;  // .mesh/ files nest 3 deep
Result<Json> parse_json(std::string_view text);

// `text` as a JSON string with its quotes. Bytes that are no UTF-8 become U+FFFD.
std::string json_quoted(std::string_view text);

// `text` for a terminal: control characters and broken UTF-8 as \xNN, so that a hostile name can't move the cursor.
std::string printable(std::string_view text);

}  // namespace meshfs::tools
