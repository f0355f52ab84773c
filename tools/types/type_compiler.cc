#include "tools/types/type_compiler.h"

#include <capnp/schema.capnp.h>
#include <capnp/serialize.h>

#include <algorithm>
#include <unordered_map>

#include "schema/codec/type_file.h"
#include "schema/typed/check_record.h"
#include "schema/vocab/quoting.h"
#include "tools/types/default_text.h"

namespace meshfs::types {
namespace {

using capnp::schema::Annotation;
using capnp::schema::Field;
using capnp::schema::Node;
using capnp::schema::Type;
using typed::FieldKind;
using typed::RecordType;
using typed::TypeField;

// record.capnp
constexpr std::uint64_t kPattern = 0xc1a5d1a7d7f2b002, kLifetime = 0xc1a5d1a7d7f2b003, kQuota = 0xc1a5d1a7d7f2b004,
                        kMerge = 0xc1a5d1a7d7f2b005, kCheck = 0xc1a5d1a7d7f2b006, kNeeded = 0xc1a5d1a7d7f2b007;
// capnp/compat/json.capnp
constexpr std::uint64_t kJsonName = 0xfa5b1fd61c2e7c3d, kJsonFlatten = 0x82d3e852af0336bf,
                        kJsonDiscriminator = 0xcfa794e8d19a0162, kJsonBase64 = 0xd7d879450a253e4b,
                        kJsonHex = 0xf061e22f0ae5c7b5;
constexpr std::uint16_t kNoDiscriminant = Field::NO_DISCRIMINANT;

using Annotations = capnp::List<Annotation>::Reader;

capnp::schema::Value::Reader find(Annotations annotations, std::uint64_t id) {
  for (const auto one : annotations) {
    if (one.getId() == id) return one.getValue();
  }
  return {};
}
bool has(Annotations annotations, std::uint64_t id) {
  for (const auto one : annotations) {
    if (one.getId() == id) return true;
  }
  return false;
}
std::string text(capnp::Text::Reader from) { return {from.begin(), from.size()}; }

std::string name_of(Annotations annotations, capnp::Text::Reader own) {
  return has(annotations, kJsonName) ? text(find(annotations, kJsonName).getText()) : text(own);
}

// Comments end with a newline and begin with a space per line, which the compiler takes away.
std::string trimmed(std::string doc) {
  while (!doc.empty() && (doc.back() == '\n' || doc.back() == ' ')) doc.pop_back();
  return doc;
}

class Compiler {
 public:
  Compiler(capnp::schema::CodeGeneratorRequest::Reader request, const SchemaTexts& texts)
      : request_(request), texts_(texts) {
    for (const auto node : request.getNodes()) nodes_.emplace(node.getId(), node);
    for (const auto info : request.getSourceInfo()) infos_.emplace(info.getId(), info);
  }

  Result<std::vector<RecordType>> run() {
    std::vector<RecordType> out;
    for (const auto file : request_.getRequestedFiles()) {
      const auto found = nodes_.find(file.getId());
      if (found == nodes_.end()) continue;
      for (const auto nested : found->second.getNestedNodes()) {
        const auto node = nodes_.find(nested.getId());
        if (node == nodes_.end() || !has(node->second.getAnnotations(), kPattern)) continue;
        auto type = record(node->second, nested.getName(), text(file.getFilename()));
        if (!type) return type.failure();
        out.push_back(std::move(*type));
      }
    }
    if (out.empty()) {
      return error(Errc::invalid,
                   "The schema has no record type: give a struct the annotation $Record.pattern(\"...\") "
                   "(using Record = import \"/meshfs/record.capnp\").");
    }
    return out;
  }

 private:
  Result<RecordType> record(Node::Reader node, capnp::Text::Reader struct_name, const std::string& file) {
    type_ = {};
    structs_.clear();
    enums_.clear();
    const auto annotations = node.getAnnotations();
    type_.name = type_name_of(text(struct_name));
    type_.pattern = text(find(annotations, kPattern).getText());
    if (has(annotations, kLifetime)) type_.lifetime_s = find(annotations, kLifetime).getUint32();
    if (has(annotations, kQuota)) type_.quota_bytes = find(annotations, kQuota).getUint32();
    if (has(annotations, kMerge)) type_.merge = static_cast<typed::TypeMerge>(find(annotations, kMerge).getEnum());
    if (const auto found = texts_.find(file); found != texts_.end()) type_.doc = head_comment(found->second);
    if (const std::string own = doc_of(node.getId()); !own.empty())
      type_.doc += (type_.doc.empty() ? "" : "\n\n") + own;
    structure(node.getId());
    // A struct may hold itself, so all are numbered first and filled one after the other.
    for (std::size_t i = 0; i < structs_.size() && structs_.size() <= typed::kMaxTypeStructs; ++i) {
      if (Status s = fill(i); !s) return s.failure();
    }
    if (auto whole = typed::RecordChecker::make(type_); !whole) return whole.failure();
    auto again = codec::decode_type(codec::encode_type(type_));
    if (!again)
      return error(again.failure().code, "The type file of " + type_.name + " " + again.failure().message + ".");
    return std::move(type_);
  }

  std::uint16_t structure(std::uint64_t id) {
    const auto found = std::ranges::find(structs_, id);
    if (found == structs_.end()) {
      structs_.push_back(id);
      type_.structs.emplace_back();
      return static_cast<std::uint16_t>(structs_.size() - 1);
    }
    return static_cast<std::uint16_t>(found - structs_.begin());
  }

  Result<std::uint16_t> enumeration(std::uint64_t id) {
    const auto found = std::ranges::find(enums_, id);
    if (found != enums_.end()) return static_cast<std::uint16_t>(found - enums_.begin());
    const auto node = nodes_.find(id);
    if (node == nodes_.end()) return error(Errc::invalid, "The schema names an enum that is not there.");
    enums_.push_back(id);
    typed::TypeEnum& out = type_.enums.emplace_back();
    out.name = short_name(node->second);
    out.doc = doc_of(id);
    const auto enumerants = node->second.getEnum().getEnumerants();
    for (unsigned i = 0; i < enumerants.size(); ++i) {
      out.enumerants.push_back({name_of(enumerants[i].getAnnotations(), enumerants[i].getName()), doc_of(id, i)});
    }
    return static_cast<std::uint16_t>(enums_.size() - 1);
  }

  Status fill(std::size_t index) {
    const auto found = nodes_.find(structs_[index]);
    if (found == nodes_.end()) return error(Errc::invalid, "The schema names a struct that is not there.");
    const Node::Reader node = found->second;
    typed::TypeStruct out;
    out.name = short_name(node);
    out.doc = index == 0 ? "" : doc_of(node.getId());
    const auto refused = [&](const char* what) {
      return error(Errc::invalid, "The struct " + printable(out.name) + " " + what + ".");
    };
    if (node.getIsGeneric()) return refused("is generic, or within one that is: nodes know only plain types");
    if (has(node.getAnnotations(), kJsonDiscriminator))
      return refused("uses $Json.discriminator, which nodes don't know");
    const auto fields = node.getStruct().getFields();
    std::vector<unsigned> order;  // as they stand in the schema
    for (unsigned i = 0; i < fields.size(); ++i) order.push_back(i);
    std::ranges::sort(order, {}, [&](unsigned i) { return fields[i].getCodeOrder(); });
    for (const unsigned i : order) {
      auto made = field(fields[i], out.name);
      if (!made) return made.failure();
      made->doc = doc_of(node.getId(), i);
      out.fields.push_back(std::move(*made));
    }
    type_.structs[index] = std::move(out);
    return {};
  }

  Result<TypeField> field(Field::Reader from, const std::string& of) {
    const auto annotations = from.getAnnotations();
    TypeField out;
    out.name = name_of(annotations, from.getName());
    const auto refused = [&](const char* what) {
      return error(Errc::invalid, "The field " + printable(out.name) + " of " + printable(of) + " " + what + ".");
    };
    if (has(annotations, kJsonFlatten)) return refused("uses $Json.flatten, which nodes don't know");
    if (has(annotations, kJsonDiscriminator)) return refused("uses $Json.discriminator, which nodes don't know");
    out.in_union = from.getDiscriminantValue() != kNoDiscriminant;
    out.needed = has(annotations, kNeeded);
    if (has(annotations, kCheck)) out.check = text(find(annotations, kCheck).getText());
    if (from.isGroup()) {
      out.kind = FieldKind::structure;
      out.index = structure(from.getGroup().getTypeId());
      return out;
    }
    Type::Reader type = from.getSlot().getType();
    for (; type.isList(); type = type.getList().getElementType()) ++out.lists;
    if (const char* wrong = set_kind(type, out); wrong != nullptr) return refused(wrong);
    const bool base64 = has(annotations, kJsonBase64), hex = has(annotations, kJsonHex);
    if ((base64 || hex) && (out.kind != FieldKind::data || out.lists > 0))
      return refused("is no Data, so it can't be base64 or hex");
    if (hex) out.kind = FieldKind::data_hex;
    if (base64) out.kind = FieldKind::data_base64;
    if (!out.check.empty() && out.kind != FieldKind::text)
      return refused("has a check, but is no text or list of texts");
    if (out.lists == 0) {
      const bool is_enum = out.kind == FieldKind::enumeration;
      out.default_json =
          default_text(from.getSlot().getDefaultValue(), out.kind, is_enum ? &type_.enums[out.index] : nullptr);
    }
    return out;
  }

  // Null, or what is wrong with it.
  const char* set_kind(Type::Reader type, TypeField& out) {
    switch (type.which()) {
      case Type::ENUM: {
        const auto index = enumeration(type.getEnum().getTypeId());
        if (!index) return "is an enum that is not there";
        out.kind = FieldKind::enumeration;
        out.index = *index;
        return nullptr;
      }
      case Type::STRUCT:
        out.kind = FieldKind::structure;
        out.index = structure(type.getStruct().getTypeId());
        return nullptr;
      case Type::INTERFACE:
        return "is an interface: files hold values only";
      case Type::ANY_POINTER:
        return "is an AnyPointer or a parameter of a generic type: name its type";
      case Type::LIST:
        return "is a list of too many lists";
      case Type::TEXT:
        out.kind = FieldKind::text;
        return nullptr;
      case Type::DATA:
        out.kind = FieldKind::data;
        return nullptr;
      default:
        // Void, Bool, the integers and floats count the same way in both.
        out.kind = static_cast<FieldKind>(type.which());
        return nullptr;
    }
  }

  static std::string short_name(Node::Reader node) {
    const auto prefix = node.getDisplayNamePrefixLength();
    std::string name = text(node.getDisplayName());
    return prefix < name.size() ? name.substr(prefix) : name;
  }

  std::string doc_of(std::uint64_t id) {
    const auto found = infos_.find(id);
    return found == infos_.end() ? "" : trimmed(text(found->second.getDocComment()));
  }
  std::string doc_of(std::uint64_t id, unsigned member) {
    const auto found = infos_.find(id);
    if (found == infos_.end() || member >= found->second.getMembers().size()) return "";
    return trimmed(text(found->second.getMembers()[member].getDocComment()));
  }

  capnp::schema::CodeGeneratorRequest::Reader request_;
  const SchemaTexts& texts_;
  std::unordered_map<std::uint64_t, Node::Reader> nodes_;
  std::unordered_map<std::uint64_t, Node::SourceInfo::Reader> infos_;
  RecordType type_;
  std::vector<std::uint64_t> structs_, enums_;  // ids, in the order of type_'s
};

}  // namespace

static_assert(static_cast<int>(FieldKind::truth) == Type::BOOL && static_cast<int>(FieldKind::int8) == Type::INT8 &&
              static_cast<int>(FieldKind::uint64) == Type::UINT64 &&
              static_cast<int>(FieldKind::float64) == Type::FLOAT64);

std::string type_name_of(std::string_view struct_name) {
  std::string out;
  for (const char c : struct_name) {
    const bool capital = c >= 'A' && c <= 'Z';
    if (capital && !out.empty()) out += '-';
    out += capital ? static_cast<char>(c + 32) : c;
  }
  return out;
}

std::string head_comment(std::string_view schema) {
  std::string out;
  while (schema.starts_with('#')) {
    const auto end = std::min(schema.find('\n'), schema.size());
    auto line = schema.substr(1, end - 1);
    if (line.starts_with(' ')) line.remove_prefix(1);
    out += std::string(line) + "\n";
    schema.remove_prefix(std::min(end + 1, schema.size()));
  }
  return trimmed(std::move(out));
}

Result<std::vector<RecordType>> compile_types(ByteView request, const SchemaTexts& texts) try {
  const std::size_t words = request.size() / sizeof(capnp::word);
  auto aligned = kj::heapArray<capnp::word>(words);
  std::copy_n(request.begin(), words * sizeof(capnp::word), reinterpret_cast<std::uint8_t*>(aligned.begin()));
  capnp::ReaderOptions options;
  options.traversalLimitInWords = std::uint64_t{64} * 1024 * 1024;  // annotations are looked through again and again
  capnp::FlatArrayMessageReader reader(aligned, options);
  return Compiler(reader.getRoot<capnp::schema::CodeGeneratorRequest>(), texts).run();
} catch (const kj::Exception& e) {
  return error(Errc::bad_bytes, std::string("What capnp said could not be read: ") + e.getDescription().cStr() + ".");
}

}  // namespace meshfs::types
