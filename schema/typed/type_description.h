// What a record type is: everything that a node needs to judge a typed file, as plain values. Made by tools/types from a Cap'n Proto
// schema, stored as a type file (schema/types.capnp, schema/codec/type_file.h). Values; any thread. Knows nothing of Cap'n Proto.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schema/vocab/result.h"

namespace meshfs::typed {

// Reasons: a type travels to every node and is held by each, so all types of a network must stay small.
inline constexpr std::size_t kMaxTypeFileBytes = 64 * 1024;
inline constexpr std::size_t kMaxTypeStructs = 64;  // groups and unions with names count as structs
inline constexpr std::size_t kMaxTypeEnums = 64;
inline constexpr std::size_t kMaxTypeFields = 256;       // of one struct
inline constexpr std::size_t kMaxTypeEnumerants = 256;   // of one enum
inline constexpr std::size_t kMaxTypeName = 64;          // bytes of any name in it
inline constexpr std::size_t kMaxTypePattern = 255;      // bytes, patterns.h
inline constexpr std::size_t kMaxTypeDoc = 4096;         // bytes of one comment
inline constexpr std::size_t kMaxTypeDefault = 4096;     // bytes of one default as JSON
inline constexpr std::size_t kMaxTypeCheck = 256;        // bytes of one regular expression
inline constexpr std::size_t kMaxListDepth = 4;          // lists of lists
inline constexpr std::uint32_t kDefaultQuota = 65'536;   // bytes of one file
inline constexpr std::uint32_t kMaxQuota = 1024 * 1024;  // a record is read whole into memory, on routers too

enum class FieldKind : std::uint8_t {
  nothing,  // Void: whatever stands there
  truth,
  int8,
  int16,
  int32,
  int64,
  uint8,
  uint16,
  uint32,
  uint64,
  float32,
  float64,
  text,
  data,         // a list of numbers from 0 to 255
  data_hex,     // a text of hex digits
  data_base64,  // a text in base64
  enumeration,
  structure,
};
inline constexpr FieldKind kLastFieldKind = FieldKind::structure;

struct TypeField {
  std::string name;  // as the JSON says it
  FieldKind kind = FieldKind::nothing;
  std::uint8_t lists = 0;    // 1: a list of that kind, 2: a list of lists
  std::uint16_t index = 0;   // enumeration: of RecordType::enums; structure: of RecordType::structs
  bool in_union = false;     // of the fields in_union of one struct, only one has a value
  bool needed = false;       // the file must say it
  std::string check;         // regular expression for a text, or each text of a list; "": none
  std::string default_json;  // what counts if the file is silent; "": the kind's zero
  std::string doc;
  bool operator==(const TypeField&) const = default;
};

struct TypeStruct {
  std::string name, doc;
  std::vector<TypeField> fields;
  bool operator==(const TypeStruct&) const = default;
};

struct TypeEnumerant {
  std::string name, doc;
  bool operator==(const TypeEnumerant&) const = default;
};

struct TypeEnum {
  std::string name, doc;
  std::vector<TypeEnumerant> enumerants;
  bool operator==(const TypeEnum&) const = default;
};

enum class TypeMerge : std::uint8_t { conflict, append, set_union };

struct RecordType {
  std::string name;               // "command"
  std::string pattern;            // patterns.h
  std::uint32_t lifetime_s = 0;   // 0: for ever
  std::uint32_t quota_bytes = 0;  // 0: kDefaultQuota
  TypeMerge merge = TypeMerge::conflict;
  std::string doc;
  std::vector<TypeStruct> structs;  // [0] is the file itself
  std::vector<TypeEnum> enums;
  bool operator==(const RecordType&) const = default;

  [[nodiscard]] std::uint32_t quota() const { return quota_bytes == 0 ? kDefaultQuota : quota_bytes; }
};

// Every limit above, names that are one, indices that exist, a pattern that is one. One sentence that says what is wrong.
// That expressions compile is the checker's to find out (check_record.h).
Status check_shape(const RecordType& type);
bool valid_type_name(std::string_view name);  // 1 to 64 of a-z, 0-9 and '-', beginning with a letter

}  // namespace meshfs::typed
