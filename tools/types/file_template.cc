#include "tools/types/file_template.h"

#include "schema/typed/json.h"
#include "schema/vocab/quoting.h"

namespace meshfs::types {
namespace {

using typed::FieldKind;
using typed::TypeField;

class Writer {
 public:
  explicit Writer(const typed::RecordChecker& checker) : checker_(checker), type_(checker.type()) {}

  FileTemplate run() {
    out_.json = structure(0, "", "") + "\n";
    return std::move(out_);
  }

 private:
  std::string structure(std::size_t index, const std::string& path, const std::string& indent) {
    open_.push_back(index);
    std::string members;
    bool union_said = false;
    const auto& fields = type_.structs[index].fields;
    for (std::size_t at = 0; at < fields.size(); ++at) {
      const TypeField& field = fields[at];
      const std::string own_path = path + field.name;
      const std::string text = value(field, own_path, indent + "  ");
      const bool good = !field.check.empty() && field.lists == 0 ? fits(index, at, text) : true;
      if (!good && field.needed) out_.to_fill.push_back(own_path);
      if ((!good && !field.needed) || (field.in_union && union_said) || text.empty()) {
        out_.left_out.push_back(own_path);
        continue;
      }
      union_said = union_said || field.in_union;
      members += (members.empty() ? "\n" : ",\n") + indent + "  " + json_quoted(field.name) + ": " + text;
    }
    open_.pop_back();
    return members.empty() ? "{}" : "{" + members + "\n" + indent + "}";
  }

  bool fits(std::size_t index, std::size_t at, const std::string& text) {
    const auto read = typed::parse_json(text);
    const typed::TextCheck* check = checker_.text_check(index, at);
    return read.ok() && (check == nullptr || check->matches(read->text));
  }

  // "": of a struct within itself.
  std::string value(const TypeField& field, const std::string& path, const std::string& indent) {
    if (field.lists > 0) return "[]";
    if (!field.default_json.empty()) return field.default_json;
    switch (field.kind) {
      case FieldKind::nothing:
        return "null";
      case FieldKind::truth:
        return "false";
      case FieldKind::text:
      case FieldKind::data_hex:
      case FieldKind::data_base64:
        return "\"\"";
      case FieldKind::data:
        return "[]";
      case FieldKind::int64:
      case FieldKind::uint64:
        return "\"0\"";
      case FieldKind::enumeration:
        return json_quoted(type_.enums[field.index].enumerants[0].name);
      case FieldKind::structure:
        for (const std::size_t one : open_) {
          if (one == field.index) return "";
        }
        return structure(field.index, path + ".", indent);
      default:
        return "0";
    }
  }

  const typed::RecordChecker& checker_;
  const typed::RecordType& type_;
  std::vector<std::size_t> open_;  // the structs that this one stands in
  FileTemplate out_;
};

}  // namespace

FileTemplate file_template(const typed::RecordChecker& checker) { return Writer(checker).run(); }

}  // namespace meshfs::types
