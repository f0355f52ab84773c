// From schemas to record types, to first files and to JSON Schema.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "schema/codec/type_file.h"
#include "schema/records/built_in.h"
#include "schema/typed/json.h"
#include "schema/typed/patterns.h"
#include "tools/mesh/text_file.h"
#include "tools/mesh/type_manual.h"
#include "tools/types/file_template.h"
#include "tools/types/json_schema.h"
#include "tools/types/successor.h"
#include "tools/types/type_compiler.h"

namespace meshfs::types {
namespace {

const std::string kTop = MESHFS_SOURCE_DIR;

Result<std::vector<typed::RecordType>> compiled_file(const std::string& folder, const std::string& name) {
  const std::string request = folder + "/request";
  const std::string command =
      "cd " + folder + " && capnp compile -I" + kTop + " --src-prefix=. -o- " + name + " >request";
  CHECK(std::system(command.c_str()) == 0);
  const std::string bytes = tools::read_text(request);
  return compile_types(as_bytes(bytes), {{name, tools::read_text(folder + "/" + name)}});
}

class Schemas : public ::testing::Test {
 protected:
  Schemas() {
    char pattern[] = "/tmp/meshfs-types-XXXXXX";
    folder_ = mkdtemp(pattern);
  }
  ~Schemas() override { std::filesystem::remove_all(folder_); }

  Result<std::vector<typed::RecordType>> compiled(const std::string& body) {
    tools::write_text(folder_ + "/x.capnp",
                      "# What it is for.\n# More.\n@0xd0c2a4f15e7b9100;\n"
                      "using Record = import \"/schema/records/record.capnp\";\n"
                      "using Json = import \"/capnp/compat/json.capnp\";\n" +
                          body);
    return compiled_file(folder_, "x.capnp");
  }
  typed::RecordType type_of(const std::string& fields) {
    const auto types = compiled("struct DhcpLease $Record.pattern(\"leases/*.json\") {" + fields + "}");
    CHECK(types.ok() && types->size() == 1);
    return types->front();
  }
  std::string fault(const std::string& body) {
    const auto types = compiled(body);
    return types.ok() ? "" : types.failure().message;
  }

  std::string folder_;
};

TEST_F(Schemas, EveryKindComesThrough) {
  std::filesystem::copy(kTop + "/tests/unit/tools/everything.capnp", folder_);
  const auto types = compiled_file(folder_, "everything.capnp");
  ASSERT_TRUE(types.ok()) << types.failure().message;
  const typed::RecordType& type = types->front();
  EXPECT_EQ(type.name, "everything");
  EXPECT_EQ(type.pattern, "everything/**/*.json");
  EXPECT_EQ(type.lifetime_s, 60u);
  EXPECT_EQ(type.merge, typed::TypeMerge::set_union);
  EXPECT_EQ(type.doc, "A type with every kind of field, to compare our checker with capnp's JSON codec.");
  const auto field = [&](std::string_view name) {
    for (const auto& one : type.structs[0].fields) {
      if (one.name == name) return one;
    }
    ADD_FAILURE() << name;
    return typed::TypeField{};
  };
  EXPECT_EQ(field("bool").default_json, "true");
  EXPECT_EQ(field("int16").default_json, "-7");
  EXPECT_EQ(field("int64").default_json, "\"-9007199254740993\"");
  EXPECT_EQ(field("float32").default_json, "0.1");
  EXPECT_EQ(field("float64").default_json, "\"Infinity\"");
  EXPECT_EQ(field("text").default_json, R"("a \"word\"")");
  EXPECT_EQ(field("text").doc, "said\nin two lines");
  EXPECT_EQ(field("enum").default_json, "\"blue\"");
  EXPECT_EQ(field("hex").kind, typed::FieldKind::data_hex);
  EXPECT_EQ(field("base64").kind, typed::FieldKind::data_base64);
  EXPECT_EQ(field("lists").lists, 2);
  EXPECT_EQ(field("selves").index, 0);
  EXPECT_TRUE(field("c").in_union);
  EXPECT_FALSE(field("re_named").in_union);
  EXPECT_EQ(type.enums[0].enumerants[2].name, "gruen");
  EXPECT_EQ(type.enums[0].enumerants[0].doc, "as roofs are");
  EXPECT_EQ(type.structs[field("b").index].doc, "One within.");
}

TEST_F(Schemas, NamesAndCommentsComeFromTheSchema) {
  const auto type = type_of("ip @0 :Text $Record.needed $Record.check(\"[0-9.]+\");");
  EXPECT_EQ(type.name, "dhcp-lease");
  EXPECT_EQ(type.doc, "What it is for.\nMore.");
  EXPECT_TRUE(type.structs[0].fields[0].needed);
  EXPECT_EQ(type.structs[0].fields[0].check, "[0-9.]+");
}

TEST_F(Schemas, SayWhatIsWrongWithThem) {
  const std::string head = "struct A $Record.pattern(\"a/*.json\") ";
  EXPECT_NE(fault("struct A { a @0 :Text; }").find("no record type"), std::string::npos);
  EXPECT_NE(fault(head + "{ a @0 :AnyPointer; }").find("AnyPointer"), std::string::npos);
  EXPECT_NE(fault(head + "{ a @0 :I; } interface I {}").find("interface"), std::string::npos);
  EXPECT_NE(fault(head + "{ a @0 :G(Text); } struct G(T) { t @0 :T; }").find("generic"), std::string::npos);
  EXPECT_NE(fault(head + "{ a :group $Json.flatten() { b @0 :Text; } }").find("flatten"), std::string::npos);
  EXPECT_NE(
      fault(head + "$Json.discriminator(name = \"x\") { union { a @0 :Text; b @1 :Text; } }").find("discriminator"),
      std::string::npos);
  EXPECT_NE(fault(head + "{ a @0 :Text $Record.check(\"(\"); }").find("no regular expression"), std::string::npos);
  EXPECT_NE(fault(head + "{ a @0 :Int8 $Record.check(\"1\"); }").find("no text"), std::string::npos);
  EXPECT_NE(fault(head + "{ a @0 :Text $Json.hex; }").find("no Data"), std::string::npos);
  EXPECT_NE(fault("struct A $Record.pattern(\"/a\") { a @0 :Text; }").find("pattern"), std::string::npos);
  EXPECT_NE(fault(head + "{ a @0 :List(List(List(List(List(Text))))); }").find("lists"), std::string::npos);
  std::string many;
  for (int i = 0; i < 257; ++i) many += "f" + std::to_string(i) + " @" + std::to_string(i) + " :Bool;";
  EXPECT_NE(fault(head + "{" + many + "}").find("too many fields"), std::string::npos);
  EXPECT_FALSE(compile_types(as_bytes("no request at all, or one that is cut"), {}).ok());
}

TEST_F(Schemas, SuccessorsOnlyGrow) {
  const auto older =
      type_of("a @0 :Text; e @1 :E; s @2 :S; enum E { x @0; y @1; } struct S { n @0 :Int8; self @1 :S; }");
  const auto verdict = [&](const std::string& fields) {
    const Status s = check_successor(older, type_of(fields));
    return s.ok() ? "" : s.failure().message;
  };
  const std::string rest = "enum E { x @0; y @1; } struct S { n @0 :Int8; self @1 :S; }";
  EXPECT_EQ(verdict("a @0 :Text; e @1 :E; s @2 :S; more @3 :List(Text);" + rest), "");
  EXPECT_EQ(verdict("a @0 :Text; e @1 :E; s @2 :S; enum E { x @0; y @1; z @2; } struct S { n @0 :Int8; self @1 :S; }"),
            "");
  EXPECT_NE(verdict("b @0 :Text; e @1 :E; s @2 :S;" + rest).find("a is gone"), std::string::npos);
  EXPECT_NE(verdict("a @0 :Data; e @1 :E; s @2 :S;" + rest).find("a has another kind"), std::string::npos);
  EXPECT_NE(verdict("a @0 :List(Text); e @1 :E; s @2 :S;" + rest).find("another kind"), std::string::npos);
  EXPECT_NE(verdict("a @0 :Text $Record.needed; e @1 :E; s @2 :S;" + rest).find("needed now"), std::string::npos);
  EXPECT_NE(verdict("a @0 :Text; e @1 :E; s @2 :S; m @3 :Text $Record.needed;" + rest).find("new and needed"),
            std::string::npos);
  EXPECT_NE(
      verdict("a @0 :Text; e @1 :E; s @2 :S; enum E { x @0; } struct S { n @0 :Int8; self @1 :S; }").find("can't be y"),
      std::string::npos);
  EXPECT_NE(
      verdict("a @0 :Text; e @1 :E; s @2 :S; enum E { x @0; y @1; } struct S { n @0 :Int16; self @1 :S; }").find("s.n"),
      std::string::npos);
}

TEST_F(Schemas, TemplatesAreGoodFilesOnceWhatIsNeededIsFilledIn) {
  const auto type = type_of(
      "ip @0 :Text $Record.needed $Record.check(\"[0-9.]+\"); mac @1 :Text $Record.check(\"[0-9a-f]+\"); at @2 :UInt64;"
      "union { a @3 :Text; b @4 :Int8; } place :group { x @5 :Float32; } again @6 :DhcpLease; names @7 :List(Text);");
  const auto checker = typed::RecordChecker::make(type);
  ASSERT_TRUE(checker.ok());
  const FileTemplate made = file_template(*checker);
  EXPECT_EQ(made.to_fill, std::vector<std::string>{"ip"});
  EXPECT_EQ(made.left_out, (std::vector<std::string>{"mac", "b", "again"}));
  EXPECT_FALSE(checker->check(made.json).ok());
  std::string filled = made.json;
  filled.replace(filled.find("\"ip\": \"\""), 8, "\"ip\": \"1.2\"");
  typed::Remarks remarks;
  const Status good = checker->check(filled, &remarks);
  EXPECT_TRUE(good.ok()) << filled << good.failure().message;
  EXPECT_TRUE(remarks.empty()) << remarks[0];
}

TEST_F(Schemas, JsonSchemaIsJson) {
  std::filesystem::copy(kTop + "/tests/unit/tools/everything.capnp", folder_);
  const auto types = compiled_file(folder_, "everything.capnp");
  const auto schema = typed::parse_json(json_schema(types->front()));
  ASSERT_TRUE(schema.ok()) << schema.failure().message;
  EXPECT_EQ(schema->at("$schema").text, "https://json-schema.org/draft/2020-12/schema");
  EXPECT_EQ(schema->at("properties").at("int8").at("minimum").count(), -128);
  EXPECT_EQ(schema->at("properties").at("lists").at("items").at("items").at("type").text, "integer");
  EXPECT_EQ(schema->at("properties").at("enum").at("default").text, "blue");
  EXPECT_EQ(schema->at("$defs").at("enum0").at("enum").list.size(), 3u);
}

TEST(BuiltInTypes, AreCompleteAndNeverMatchTheSameFile) {
  const auto types = records::built_in_types();
  ASSERT_GE(types.size(), 3u);
  for (const auto& type : types) {
    EXPECT_FALSE(type.doc.empty()) << type.name;
    EXPECT_TRUE(typed::RecordChecker::make(type).ok()) << type.name;
    EXPECT_NE(tools::type_manual(type, true).find(type.pattern), std::string::npos);
    for (const auto& other : types) {
      EXPECT_EQ(typed::overlap(type.pattern, other.pattern), other.name == type.name) << type.name << other.name;
    }
  }
  EXPECT_EQ(records::record_schema(), tools::read_text(kTop + "/schema/records/record.capnp"));
}

}  // namespace
}  // namespace meshfs::types
