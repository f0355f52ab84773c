#include "schema/typed/type_description.h"

#include "schema/typed/patterns.h"
#include "schema/vocab/quoting.h"

namespace meshfs::typed {
namespace {

Error no_type(const std::string& what) { return error(Errc::bad_bytes, "The record type " + what + "."); }
Error too_many(const std::string& what) { return error(Errc::too_large, "The record type has too many " + what + "."); }

bool valid_name(std::string_view name) { return !name.empty() && name.size() <= kMaxTypeName && is_utf8(name); }

// A name twice would make the second one a thing that nobody can say. Each with each: few, and no sort costs a router its bytes.
template <class Named>
Status check_names(const std::vector<Named>& named, const std::string& of) {
  for (std::size_t i = 0; i < named.size(); ++i) {
    const std::string& name = named[i].name;
    if (!valid_name(name)) return no_type("has a name of no or more than 64 bytes in " + printable(of));
    if (named[i].doc.size() > kMaxTypeDoc) return too_many("bytes in the comment of " + printable(name));
    for (std::size_t j = 0; j < i; ++j) {
      if (named[j].name == name) return no_type("says " + printable(name) + " twice in " + printable(of));
    }
  }
  return {};
}

Status check_field(const RecordType& type, const TypeField& field) {
  const auto wrong = [&](const char* what) { return no_type("has a field " + printable(field.name) + " " + what); };
  if (field.lists > kMaxListDepth) return wrong("of lists in lists in lists in lists in lists");
  if (field.kind > kLastFieldKind) return wrong("of a kind that this version doesn't know: update meshfs");
  const std::size_t there = field.kind == FieldKind::enumeration ? type.enums.size()
                            : field.kind == FieldKind::structure ? type.structs.size()
                                                                 : 1;
  if (field.index >= there) return wrong("whose struct or enum is not there");
  if (!field.check.empty() && field.kind != FieldKind::text) return wrong("with a check, which is for texts");
  if (field.default_json.size() > kMaxTypeDefault) return wrong("with a default of more than 4,096 bytes");
  return {};
}

}  // namespace

bool valid_type_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxTypeName && name[0] >= 'a' && name[0] <= 'z' &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

Status check_shape(const RecordType& type) {
  if (!valid_type_name(type.name)) return no_type("has a name that is not 1 to 64 of a-z, 0-9 and '-'");
  if (Status s = check_pattern(type.pattern); !s) return s;
  if (type.quota_bytes > kMaxQuota) return error(Errc::too_large, "The record type has a quota of more than 1 MiB.");
  if (type.doc.size() > kMaxTypeDoc) return too_many("bytes in its comment");
  if (type.structs.empty()) return no_type("describes no struct");
  if (type.structs.size() > kMaxTypeStructs) return too_many("structs and groups");
  if (type.enums.size() > kMaxTypeEnums) return too_many("enums");
  for (const auto& one : type.structs) {
    if (one.fields.size() > kMaxTypeFields) return too_many("fields in " + printable(one.name));
    if (!valid_name(one.name) || one.doc.size() > kMaxTypeDoc) return no_type("has a struct without a fitting name");
    if (Status s = check_names(one.fields, one.name); !s) return s;
    for (const auto& field : one.fields) {
      if (Status s = check_field(type, field); !s) return s;
    }
  }
  for (const auto& one : type.enums) {
    if (one.enumerants.empty() || one.enumerants.size() > kMaxTypeEnumerants)
      return no_type("has an enum of no or more than 256 names");
    if (!valid_name(one.name) || one.doc.size() > kMaxTypeDoc) return no_type("has an enum without a fitting name");
    if (Status s = check_names(one.enumerants, one.name); !s) return s;
  }
  return {};
}

}  // namespace meshfs::typed
