// Takes a record's JSON apart, field by field, by the rules of schema/records. What a file does not say keeps its value; the first fault
// counts; names that nobody asks for are passed over, since they may be a newer version's. Values; one thread.
#pragma once

#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "schema/records/field_rules.h"
#include "schema/typed/json.h"
#include "schema/vocab/result.h"

namespace meshfs::records {

class FieldReader {
 public:
  // Both must outlive it.
  FieldReader(const typed::Json& json, const FieldRules& rules) : json_(json), rules_(rules) {}

  FieldReader& text(const char* name, std::string& out);      // UTF-8 without NUL: others would see another text
  FieldReader& any_text(const char* name, std::string& out);  // whatever bytes it stands for
  FieldReader& texts(const char* name, std::vector<std::string>& out);  // kMaxItems at most
  FieldReader& truth(const char* name, bool& out);
  // The index of what it says in `names`; their count for any other name.
  FieldReader& choice(const char* name, std::span<const std::string_view> names, std::size_t& out);
  template <class Number>
  FieldReader& number(const char* name, Number& out) {
    using Limits = std::numeric_limits<Number>;
    if constexpr (std::is_signed_v<Number>) {
      std::int64_t value = out;
      if (signed_number(name, Limits::min(), Limits::max(), value)) out = static_cast<Number>(value);
    } else {
      std::uint64_t value = out;
      if (unsigned_number(name, Limits::max(), value)) out = static_cast<Number>(value);
    }
    return *this;
  }

  // bad_bytes, with one sentence that names the field.
  [[nodiscard]] Status done() const { return fault_.empty() ? Status() : error(Errc::bad_bytes, fault_); }

 private:
  const typed::Json* field(const char* name, typed::Json::Kind kind, const char* what);  // null: it keeps its value
  bool signed_number(const char* name, std::int64_t least, std::int64_t most, std::int64_t& out);
  bool unsigned_number(const char* name, std::uint64_t most, std::uint64_t& out);
  bool wrong(const char* name, const std::string& what);
  bool good_text(const char* name, const std::string& text);
  [[nodiscard]] const FieldRule* rule(std::string_view name) const;

  const typed::Json& json_;
  const FieldRules& rules_;
  std::string fault_;
};

}  // namespace meshfs::records
