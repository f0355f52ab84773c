// JSON as values: reads what fsd shows in .mesh/ and answers, writes what --json prints. Typed files are not read into it but
// judged as they are (check_record.h). Hand-written: capnp-json would cost the router binary 60 kB after xz.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "schema/vocab/quoting.h"
#include "schema/vocab/result.h"

namespace meshfs::typed {

struct Json {
  enum class Kind { null, truth, number, text, list, object };
  Kind kind = Kind::null;
  bool truth = false;  // these five keep their default unless `kind` says otherwise
  double number = 0;
  std::string text;
  std::vector<Json> list;
  std::map<std::string, Json, std::less<>> members;

  // What stands under `key`, or a null if this is no object or has no such key.
  [[nodiscard]] const Json& at(std::string_view key) const;
  [[nodiscard]] std::int64_t count() const;  // the number cut to a whole one; 0 beyond 2^53
};

inline constexpr int kMaxJsonDepth = 16;  // .mesh/ files nest 3 deep
Result<Json> parse_json(std::string_view text);

// One JSON object, written member by member.
class JsonObject {
 public:
  JsonObject& text(std::string_view key, std::string_view value);
  JsonObject& number(std::string_view key, std::int64_t value);
  JsonObject& truth(std::string_view key, bool value);
  JsonObject& raw(std::string_view key, std::string_view value);  // `value` is JSON already
  [[nodiscard]] std::string done() const { return "{" + out_ + "}"; }

 private:
  std::string out_;
};

// `items` are JSON already; one per line.
std::string json_list(const std::vector<std::string>& items);

}  // namespace meshfs::typed
