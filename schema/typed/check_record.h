// Is this text a record of that type? Judges JSON as it reads it and builds nothing, so a record takes little more memory than its
// text. The mapping is that of capnp's JSON codec, which tests compare with; stricter only where README.md says. Pure; any thread.
#pragma once

#include <string_view>
#include <vector>

#include "schema/typed/text_check.h"
#include "schema/typed/type_description.h"

namespace meshfs::typed {

inline constexpr int kMaxRecordDepth = 32;         // brackets within brackets
inline constexpr std::size_t kMaxRemarks = 20;     // of one file
inline constexpr std::size_t kMaxShownPath = 200;  // bytes of a field's path in an error

// What is no fault but may be one: fields that the type doesn't know or the file says twice, two fields of one union.
using Remarks = std::vector<std::string>;

class RecordChecker {
 public:
  // Fails if the type's shape or one of its expressions is none.
  static Result<RecordChecker> make(RecordType type);

  [[nodiscard]] const RecordType& type() const { return type_; }
  // One sentence with line and field: "Line 3: expiresAfter must be a text, not a number."
  [[nodiscard]] Status check(std::string_view json, Remarks* remarks = nullptr) const;
  // Of the field's check; null: it has none.
  [[nodiscard]] const TextCheck* text_check(std::size_t of_struct, std::size_t field) const;

 private:
  explicit RecordChecker(RecordType type) : type_(std::move(type)) {}

  struct Check {
    std::size_t of_struct, field;
    TextCheck check;
  };
  RecordType type_;
  std::vector<Check> checks_;  // few; in order
};

// The same for a single text.
Status check_record(const RecordType& type, std::string_view json);

}  // namespace meshfs::typed
