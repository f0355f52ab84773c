// meshfs-type-compiler: at build time, the record types of schema/records as a C++ file that every program of a node can carry.
#include <algorithm>
#include <cstdio>

#include "schema/codec/type_file.h"
#include "tools/mesh/text_file.h"
#include "tools/types/type_compiler.h"

namespace {

using namespace meshfs;

std::string as_array(ByteView bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    out += std::to_string(bytes[i]) + ",";
    if (i % 32 == 31) out += '\n';
  }
  return out;
}

// What a router does without: it judges, and people read manuals elsewhere.
void drop_comments(typed::RecordType& type) {
  type.doc.clear();
  for (auto& one : type.structs) {
    one.doc.clear();
    for (auto& field : one.fields) field.doc.clear();
  }
  for (auto& one : type.enums) {
    one.doc.clear();
    for (auto& name : one.enumerants) name.doc.clear();
  }
}

// What tools/records asks of fields beyond their kinds.
std::string rules_of(const std::vector<typed::RecordType>& types) {
  std::string out =
      "// Made by meshfs-type-compiler from schema/records.\n#include \"schema/records/field_rules.h\"\n\n"
      "namespace meshfs::records {\n\n";
  for (const auto& type : types) {
    out += "const FieldRules k" + std::string(1, static_cast<char>(type.name[0] - 'a' + 'A')) + type.name.substr(1) +
           "Rules{{\n";
    for (const auto& field : type.structs[0].fields) {
      if (!field.needed && field.check.empty()) continue;
      out += "{\"" + field.name + "\", " + (field.needed ? "true" : "false") + ", R\"-(" + field.check + ")-\"},\n";
    }
    out += "}};\n";
  }
  return out + "\n}  // namespace meshfs::records\n";
}

int fail(const std::string& why) {
  std::fprintf(stderr, "meshfs-type-compiler: %s\n", why.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  const bool small = !words.empty() && words[0] == "--without-comments";
  const std::size_t first = small ? 1 : 0;
  if (words.size() < first + 5)
    return fail("usage: meshfs-type-compiler [--without-comments] REQUEST OUT RULES RECORD.capnp SCHEMA...");
  types::SchemaTexts texts;
  for (std::size_t i = first + 4; i < words.size(); ++i) {
    // The compiler names a schema by its last part here, as the build runs it in their folder.
    texts[words[i].substr(words[i].rfind('/') + 1)] = tools::read_text(words[i]);
  }
  const std::string request = tools::read_text(words[first]);
  auto made = types::compile_types(as_bytes(request), texts);
  if (!made) return fail(made.failure().message);
  std::string out =
      "// Made by meshfs-type-compiler from schema/records.\n#include \"schema/records/built_in.h\"\n\n"
      "namespace meshfs::records {\n\n";
  std::string list;
  for (auto& type : *made) {
    if (small) drop_comments(type);
    const std::string name = "kType" + std::to_string(list.empty() ? 0 : std::count(list.begin(), list.end(), ','));
    out += "static constexpr unsigned char " + name + "[] = {\n" + as_array(codec::encode_type(type)) + "};\n";
    list += name + ", ";
  }
  out += "static constexpr unsigned char kRecordSchema[] = {\n" +
         as_array(as_bytes(tools::read_text(words[first + 3]))) + "};\n";
  out += "\nstd::vector<ByteView> built_in_type_files() { return {" + list + "}; }\n";
  out += "std::string_view record_schema() { return as_text(kRecordSchema); }\n\n}  // namespace meshfs::records\n";
  if (!tools::write_text(words[first + 2], rules_of(*made))) return fail("can't write " + words[first + 2]);
  return tools::write_text(words[first + 1], out) ? 0 : fail("can't write " + words[first + 1]);
}
