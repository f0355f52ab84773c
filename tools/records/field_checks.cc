#include "tools/records/field_checks.h"

#include <regex.h>

#include <string>

#include "schema/vocab/quoting.h"
#include "tools/records/records.h"

namespace meshfs::records {
namespace {

constexpr std::uint64_t kCheckAnnotation = 0xc1a5d1a7d7f2b006;  // record.capnp
constexpr std::uint64_t kNeededAnnotation = 0xc1a5d1a7d7f2b007;
constexpr std::size_t kShownBytes = 60;

struct Demands {
  std::string check;  // "": none
  bool needed = false;
};

Demands demands_of(capnp::StructSchema::Field field) {
  Demands out;
  for (const auto annotation : field.getProto().getAnnotations()) {
    if (annotation.getId() == kCheckAnnotation) out.check = annotation.getValue().getText().cStr();
    if (annotation.getId() == kNeededAnnotation) out.needed = true;
  }
  return out;
}

Error wrong(const std::string& field, const std::string& what) {
  return error(Errc::bad_bytes, "the field '" + field + "' " + what);
}

bool matches_whole(const std::string& expression, const std::string& text) {
  regex_t compiled;
  if (::regcomp(&compiled, ("^(" + expression + ")$").c_str(), REG_EXTENDED | REG_NOSUB) != 0) return false;
  const bool matches = ::regexec(&compiled, text.c_str(), 0, nullptr, 0) == 0;
  ::regfree(&compiled);
  return matches;
}

Status check_text(const std::string& field, const Demands& demands, capnp::Text::Reader reader, bool of_list) {
  const std::string text(reader.begin(), reader.size());
  if (text.find('\0') != std::string::npos) return wrong(field, "contains a NUL character");
  if (text.empty() && !of_list && !demands.needed) return {};
  if (demands.check.empty() || matches_whole(demands.check, text)) return {};
  return wrong(field, "is '" + printable(text.substr(0, kShownBytes)) + "', which is not of the form " + demands.check);
}

Status check_list(const std::string& field, const Demands& demands, capnp::DynamicList::Reader list) {
  if (list.size() > kMaxItems) return wrong(field, "has more than " + std::to_string(kMaxItems) + " items");
  if (list.getSchema().whichElementType() != capnp::schema::Type::TEXT) return {};
  for (const auto item : list)
    if (Status checked = check_text(field, demands, item.as<capnp::Text>(), true); !checked) return checked;
  return {};
}

}  // namespace

Status check_fields(capnp::DynamicStruct::Reader record) {
  for (const auto field : record.getSchema().getFields()) {
    const Demands demands = demands_of(field);
    const std::string name(field.getProto().getName().cStr());
    if (demands.needed && !record.has(field, capnp::HasMode::NON_DEFAULT)) return wrong(name, "is missing");
    Status checked;
    switch (field.getType().which()) {
      case capnp::schema::Type::TEXT:
        checked = check_text(name, demands, record.get(field).as<capnp::Text>(), false);
        break;
      case capnp::schema::Type::LIST:
        checked = check_list(name, demands, record.get(field).as<capnp::DynamicList>());
        break;
      default:
        break;
    }
    if (!checked) return checked;
  }
  return {};
}

}  // namespace meshfs::records
