#include "schema/typed/json.h"

#include <cmath>

#include "schema/typed/json_text.h"

namespace meshfs::typed {
namespace {

// Of a name that stands twice, the last one counts.
bool read(JsonText& in, Json& out) {
  out = {};
  switch (in.next()) {
    case JsonText::Kind::nothing:
    case JsonText::Kind::null:
      return in.null();
    case JsonText::Kind::truth:
      out.kind = Json::Kind::truth;
      return in.truth(out.truth);
    case JsonText::Kind::number:
      out.kind = Json::Kind::number;
      return in.number(out.number);
    case JsonText::Kind::text:
      out.kind = Json::Kind::text;
      return in.text(out.text);
    case JsonText::Kind::list:
      out.kind = Json::Kind::list;
      for (bool first = in.begin_list(); in.next_item(first);) read(in, out.list.emplace_back());
      return in.ok();
    case JsonText::Kind::object: {
      out.kind = Json::Kind::object;
      std::string name;
      for (bool first = in.begin_object(); in.next_member(first, name);) read(in, out.members[name]);
      return in.ok();
    }
  }
  return false;
}

}  // namespace

const Json& Json::at(std::string_view key) const {
  static const Json kNothing;
  const auto found = members.find(key);
  return found == members.end() ? kNothing : found->second;
}

std::int64_t Json::count() const {
  constexpr double kExact = 9007199254740992.0;  // 2^53: beyond it a double is no count any more
  return std::fabs(number) <= kExact ? static_cast<std::int64_t>(number) : 0;
}

JsonObject& JsonObject::raw(std::string_view key, std::string_view value) {
  (out_ += out_.empty() ? "" : ", ") += json_quoted(key) + ": ";
  out_ += value;
  return *this;
}

JsonObject& JsonObject::text(std::string_view key, std::string_view value) { return raw(key, json_quoted(value)); }
JsonObject& JsonObject::number(std::string_view key, std::int64_t value) { return raw(key, std::to_string(value)); }
JsonObject& JsonObject::truth(std::string_view key, bool value) { return raw(key, value ? "true" : "false"); }

std::string json_list(const std::vector<std::string>& items) {
  std::string out;
  for (const auto& item : items) (out += out.empty() ? "\n  " : ",\n  ") += item;
  return "[" + out + (items.empty() ? "]" : "\n]");
}

Result<Json> parse_json(std::string_view text) {
  JsonText in(text, kMaxJsonDepth + 1, JsonText::Surrogates::names);
  Json out;
  if (!read(in, out) || !in.end()) return error(Errc::bad_bytes, in.fault());
  return out;
}

}  // namespace meshfs::typed
