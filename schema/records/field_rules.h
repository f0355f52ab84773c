// What the record types of this folder ask of their fields beyond kinds, for programs that know a type when they are compiled and need
// no type files (tools/records). Made by the build from the same schemas. Constants; any thread.
#pragma once

#include <span>
#include <string_view>

namespace meshfs::records {

struct FieldRule {
  std::string_view field;
  bool needed;
  std::string_view check;  // regular expression for a text, or each text of a list; "": none
};

// As many as there are; the rest is empty.
struct FieldRules {
  static constexpr std::size_t kMost = 8;
  FieldRule rules[kMost];
};
extern const FieldRules kCardRules, kCommandRules, kResultRules;

}  // namespace meshfs::records
