#include "tools/mesh/type_manual.h"

#include "schema/vocab/quoting.h"
#include "tools/mesh/screen.h"

namespace meshfs::tools {
namespace {

using typed::FieldKind;
using typed::RecordType;
using typed::TypeField;

constexpr const char* kKinds[] = {"anything",
                                  "true or false",
                                  "whole number, 8 bits",
                                  "whole number, 16 bits",
                                  "whole number, 32 bits",
                                  "whole number, 64 bits",
                                  "whole number from 0, 8 bits",
                                  "whole number from 0, 16 bits",
                                  "whole number from 0, 32 bits",
                                  "whole number from 0, 64 bits",
                                  "number",
                                  "number",
                                  "text",
                                  "list of bytes",
                                  "bytes in hex",
                                  "bytes in base64"};

// Comments of strangers, paragraph by paragraph.
std::string comment(const std::string& doc, std::string_view indent) {
  std::string safe;
  for (std::size_t begin = 0; begin <= doc.size();) {
    const auto end = std::min(doc.find('\n', begin), doc.size());
    safe += (begin == 0 ? "" : "\n") + printable(std::string_view(doc).substr(begin, end - begin));
    begin = end + 1;
  }
  return wrapped(safe, indent);
}

std::string kind_text(const RecordType& type, const TypeField& field) {
  std::string out;
  for (unsigned i = 0; i < field.lists; ++i) out += "list of ";
  if (field.kind == FieldKind::structure)
    return out + printable(type.structs[field.index].name) + (field.index == 0 ? " again" : " (see below)");
  if (field.kind != FieldKind::enumeration) return out + kKinds[static_cast<std::size_t>(field.kind)];
  std::string names;
  for (const auto& one : type.enums[field.index].enumerants)
    (names += names.empty() ? "" : " | ") += printable(one.name);
  return out + names;
}

std::string field_manual(const RecordType& type, const TypeField& field) {
  std::string out = "  " + printable(field.name) + ": " + kind_text(type, field);
  if (field.needed) out += "; needed";
  if (field.in_union) out += "; excludes others";
  if (!field.default_json.empty()) out += "; else " + printable(field.default_json);
  if (!field.check.empty()) out += "; matches " + printable(field.check);
  out += "\n" + comment(field.doc, "      ");
  if (field.kind != FieldKind::enumeration) return out;
  for (const auto& one : type.enums[field.index].enumerants) {
    if (!one.doc.empty()) out += comment(printable(one.name) + ": " + one.doc, "        ");
  }
  return out;
}

}  // namespace

std::string fields_manual(const RecordType& type) {
  std::string out;
  for (std::size_t i = 0; i < type.structs.size(); ++i) {
    if (i > 0) out += "\n" + printable(type.structs[i].name) + "\n" + comment(type.structs[i].doc, "  ");
    for (const auto& field : type.structs[i].fields) out += field_manual(type, field);
  }
  return out;
}

std::string type_manual(const RecordType& type, bool built_in) {
  constexpr const char* kMergesInWords[] = {"both stay, as a conflict",
                                            "one shows: the later one, its lists go on with what was added on both",
                                            "one shows: the later one, with each item of both lists once"};
  std::string out = type.name + (built_in ? ", built in\n\n" : ", added to this mesh\n\n");
  out += "  files      " + printable(type.pattern) + "\n  kept       " + lifetime_text(type.lifetime_s) +
         "\n  size       at most " + bytes_text(type.quota()) +
         "\n  if edited on two nodes at once: " + kMergesInWords[static_cast<std::size_t>(type.merge)] + "\n\n";
  if (!type.doc.empty()) out += comment(type.doc, "") + "\n";
  return out + fields_manual(type);
}

}  // namespace meshfs::tools
