#include "tools/records/field_reader.h"

#include <charconv>
#include <cmath>

#include "schema/typed/text_check.h"
#include "tools/records/records.h"

namespace meshfs::records {
namespace {

using typed::Json;
using Kind = Json::Kind;
constexpr std::size_t kShownBytes = 60;

// Numbers stand as such or as texts, which 64-bit ones need beyond 2^53; in hex too, as capnp's parser takes it.
template <class Number>
bool read_digits(std::string_view text, Number& out) {
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  if (hex) text.remove_prefix(2);
  const char* const last = text.data() + text.size();
  const auto [end, failed] = std::from_chars(text.data(), last, out, hex ? 16 : 10);
  return failed == std::errc() && end == last;
}

// `beyond` is the first that is too large.
bool is_whole(double number, double least, double beyond) {
  return number >= least && number < beyond && std::trunc(number) == number;
}

}  // namespace

bool FieldReader::wrong(const char* name, const std::string& what) {
  if (fault_.empty()) fault_ = std::string("the field '") + name + "' " + what;
  return false;
}

const FieldRule* FieldReader::rule(std::string_view name) const {
  for (const FieldRule& one : rules_.rules)
    if (one.field == name) return &one;
  return nullptr;
}

const Json* FieldReader::field(const char* name, Kind kind, const char* what) {
  const auto found = json_.members.find(name);
  if (found == json_.members.end()) {
    const FieldRule* const asked = rule(name);
    if (asked != nullptr && asked->needed) wrong(name, "is missing");
    return nullptr;
  }
  if (found->second.kind == kind) return &found->second;
  wrong(name, std::string("must be ") + what);
  return nullptr;
}

bool FieldReader::good_text(const char* name, const std::string& text) {
  if (text.find('\0') != std::string::npos) return wrong(name, "contains a NUL character");
  if (!is_utf8(text)) return wrong(name, "is not UTF-8");
  const FieldRule* const asked = rule(name);
  if (asked == nullptr || asked->check.empty()) return true;
  const auto check = typed::TextCheck::make(std::string(asked->check));
  if (check && check->matches(text)) return true;
  return wrong(name, "is '" + printable(text.substr(0, kShownBytes)) + "', which is not of the form " +
                         std::string(asked->check));
}

FieldReader& FieldReader::text(const char* name, std::string& out) {
  const Json* const found = field(name, Kind::text, "a text");
  if (found != nullptr && good_text(name, found->text)) out = found->text;
  return *this;
}

FieldReader& FieldReader::any_text(const char* name, std::string& out) {
  if (const Json* const found = field(name, Kind::text, "a text"); found != nullptr) out = found->text;
  return *this;
}

FieldReader& FieldReader::texts(const char* name, std::vector<std::string>& out) {
  const Json* const found = field(name, Kind::list, "a list of texts");
  if (found == nullptr) return *this;
  if (found->list.size() > kMaxItems) wrong(name, "has more than " + std::to_string(kMaxItems) + " items");
  for (const Json& item : found->list) {
    if (item.kind != Kind::text) wrong(name, "must be a list of texts");
    if (!fault_.empty() || !good_text(name, item.text)) return *this;
    out.push_back(item.text);
  }
  return *this;
}

FieldReader& FieldReader::truth(const char* name, bool& out) {
  if (const Json* const found = field(name, Kind::truth, "true or false"); found != nullptr) out = found->truth;
  return *this;
}

FieldReader& FieldReader::choice(const char* name, std::span<const std::string_view> names, std::size_t& out) {
  const Json* const found = field(name, Kind::text, "a name");
  if (found == nullptr) return *this;
  for (out = 0; out < names.size() && names[out] != found->text;) ++out;
  return *this;
}

bool FieldReader::signed_number(const char* name, std::int64_t least, std::int64_t most, std::int64_t& out) {
  const auto found = json_.members.find(name);
  if (found == json_.members.end()) return false;
  const Json& json = found->second;
  std::int64_t value = 0;
  bool good = json.kind == Kind::text && read_digits(json.text, value);
  if (json.kind == Kind::number && is_whole(json.number, -std::ldexp(1, 63), std::ldexp(1, 63)))
    good = true, value = static_cast<std::int64_t>(json.number);
  if (!good || value < least || value > most)
    return wrong(name, "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  out = value;
  return true;
}

bool FieldReader::unsigned_number(const char* name, std::uint64_t most, std::uint64_t& out) {
  const auto found = json_.members.find(name);
  if (found == json_.members.end()) return false;
  const Json& json = found->second;
  std::uint64_t value = 0;
  bool good = json.kind == Kind::text && read_digits(json.text, value);
  if (json.kind == Kind::number && is_whole(json.number, 0, std::ldexp(1, 64)))
    good = true, value = static_cast<std::uint64_t>(json.number);
  if (!good || value > most) return wrong(name, "must be a whole number from 0 to " + std::to_string(most));
  out = value;
  return true;
}

}  // namespace meshfs::records
