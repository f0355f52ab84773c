#include "tools/types/json_schema.h"

#include "schema/typed/json.h"

namespace meshfs::types {
namespace {

using typed::FieldKind;
using typed::JsonObject;
using typed::TypeField;

std::string integer(const char* least, const char* most) {
  return JsonObject().text("type", "integer").raw("minimum", least).raw("maximum", most).done();
}

std::string any_of(const std::string& a, const std::string& b) {
  return JsonObject().raw("anyOf", "[" + a + ", " + b + "]").done();
}

std::string text_like(const char* pattern) {
  return JsonObject().text("type", "string").text("pattern", pattern).done();
}

std::string number() {
  return any_of(JsonObject().text("type", "number").done(),
                JsonObject().raw("enum", R"(["NaN", "Infinity", "-Infinity"])").done());
}

// Both dialects agree on what checks use but for named classes, which JavaScript lacks.
std::string checked_text(const std::string& check) {
  JsonObject out;
  out.text("type", "string");
  if (!check.empty() && check.find("[:") == std::string::npos) out.text("pattern", "^(" + check + ")$");
  return out.done();
}

std::string reference(const char* of, std::size_t index) {
  return JsonObject().text("$ref", "#/$defs/" + std::string(of) + std::to_string(index)).done();
}

std::string kind(const TypeField& field) {
  switch (field.kind) {
    case FieldKind::nothing:
      return "{}";
    case FieldKind::truth:
      return R"({"type": "boolean"})";
    case FieldKind::int8:
      return integer("-128", "127");
    case FieldKind::int16:
      return integer("-32768", "32767");
    case FieldKind::int32:
      return integer("-2147483648", "2147483647");
    case FieldKind::int64:
      return any_of(R"({"type": "integer"})", text_like("^-?[0-9]{1,19}$"));
    case FieldKind::uint8:
      return integer("0", "255");
    case FieldKind::uint16:
      return integer("0", "65535");
    case FieldKind::uint32:
      return integer("0", "4294967295");
    case FieldKind::uint64:
      return any_of(R"({"type": "integer", "minimum": 0})", text_like("^[0-9]{1,20}$"));
    case FieldKind::float32:
    case FieldKind::float64:
      return number();
    case FieldKind::text:
      return checked_text(field.check);
    case FieldKind::data:
      return JsonObject().text("type", "array").raw("items", integer("0", "255")).done();
    case FieldKind::data_hex:
      return text_like("^([0-9a-fA-F]{2})*$");
    case FieldKind::data_base64:
      return R"({"type": "string", "contentEncoding": "base64"})";
    case FieldKind::enumeration:
      return reference("enum", field.index);
    case FieldKind::structure:
      return field.index == 0 ? R"({"$ref": "#"})" : reference("struct", field.index);
  }
  return "{}";
}

// Beside a $ref, descriptions and defaults are allowed since 2019-09.
std::string property(const TypeField& field) {
  std::string out = kind(field);
  for (unsigned i = 0; i < field.lists; ++i) out = JsonObject().text("type", "array").raw("items", out).done();
  JsonObject more;
  if (!field.doc.empty()) more.text("description", field.doc);
  if (!field.default_json.empty()) more.raw("default", field.default_json);
  const std::string added = more.done();
  if (added == "{}") return out;
  if (out == "{}") return added;
  return out.substr(0, out.size() - 1) + ", " + added.substr(1);
}

void add_members(JsonObject& to, const typed::TypeStruct& from) {
  std::string properties, required;
  for (const auto& field : from.fields) {
    (properties += properties.empty() ? "\n    " : ",\n    ") += json_quoted(field.name) + ": " + property(field);
    if (field.needed) (required += required.empty() ? "" : ", ") += json_quoted(field.name);
  }
  to.text("type", "object").raw("properties", "{" + properties + "}");
  if (!required.empty()) to.raw("required", "[" + required + "]");
}

std::string definitions(const typed::RecordType& type) {
  JsonObject out;
  for (std::size_t i = 1; i < type.structs.size(); ++i) {
    JsonObject one;
    one.text("title", type.structs[i].name);
    add_members(one, type.structs[i]);
    out.raw("struct" + std::to_string(i), one.done());
  }
  for (std::size_t i = 0; i < type.enums.size(); ++i) {
    std::string names;
    for (const auto& one : type.enums[i].enumerants) (names += names.empty() ? "" : ", ") += json_quoted(one.name);
    const std::string one = JsonObject().text("title", type.enums[i].name).raw("enum", "[" + names + "]").done();
    out.raw("enum" + std::to_string(i), one);
  }
  return out.done();
}

}  // namespace

std::string json_schema(const typed::RecordType& type) {
  JsonObject out;
  out.text("$schema", "https://json-schema.org/draft/2020-12/schema").text("title", type.name);
  if (!type.doc.empty()) out.text("description", type.doc);
  add_members(out, type.structs[0]);
  const std::string definition = definitions(type);
  if (definition != "{}") out.raw("$defs", definition);
  return out.done() + "\n";
}

}  // namespace meshfs::types
