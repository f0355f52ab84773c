// Record types, their files, patterns and checks.
#include <gtest/gtest.h>

#include "schema/codec/type_file.h"
#include "schema/typed/catalogue.h"
#include "schema/typed/json_text.h"
#include "schema/typed/patterns.h"

namespace meshfs::typed {
namespace {

TypeField field(std::string name, FieldKind kind, std::uint8_t lists = 0, std::uint16_t index = 0) {
  TypeField out;
  out.name = std::move(name);
  out.kind = kind;
  out.lists = lists;
  out.index = index;
  return out;
}

RecordType sensor() {
  RecordType out;
  out.name = "sensor";
  out.pattern = "nodes/*/sensors/*.json";
  out.lifetime_s = 86'400;
  out.quota_bytes = 500;
  out.structs = {{"Sensor", "What it measures.", {}}, {"Place", "", {}}};
  auto& fields = out.structs[0].fields;
  fields = {field("name", FieldKind::text),
            field("celsius", FieldKind::float64),
            field("count", FieldKind::uint8),
            field("state", FieldKind::enumeration),
            field("place", FieldKind::structure, 0, 1),
            field("labels", FieldKind::text, 1),
            field("key", FieldKind::data_hex),
            field("raw", FieldKind::data),
            field("sealed", FieldKind::data_base64),
            field("seen", FieldKind::uint64),
            field("near", FieldKind::structure, 1, 0)};
  fields[0].needed = true;
  fields[0].check = "[a-z]{1,8}";
  fields[5].check = "[a-z]+=[0-9]+";
  out.structs[1].fields = {field("x", FieldKind::int8), field("y", FieldKind::text)};
  out.structs[1].fields[0].in_union = out.structs[1].fields[1].in_union = true;
  out.enums = {{"State", "", {{"off", "no power"}, {"on", ""}}}};
  return out;
}

std::string fault(const std::string& json) {
  const Status s = check_record(sensor(), json);
  return s.ok() ? "" : s.failure().message;
}

TEST(CheckRecord, TakesWhatFits) {
  for (const char* good : {R"({"name":"roof"})", R"({"name":"roof","unknown":[{"a":null}]})",
                           R"( {"name":"roof","state":"on","labels":["a=1","b=22"],"place":{"x":-128}} )",
                           R"({"name":"a","key":"00fF","raw":[0,255],"sealed":"AAE=","seen":"18446744073709551615"})",
                           R"({"name":"a","celsius":"NaN","count":2.0,"near":[{"name":"b"},{"name":"c"}]})"}) {
    EXPECT_EQ(fault(good), "") << good;
  }
}

TEST(CheckRecord, SaysLineFieldAndWhatIsWrong) {
  EXPECT_EQ(fault("{\n \"name\": \"a\",\n \"count\": 256\n}"), "Line 3: count must be a whole number from 0 to 255.");
  EXPECT_EQ(fault(R"({"name":1})"), "Line 1: name must be a text, not a number.");
  EXPECT_EQ(fault(R"({})"), "name is missing, but every such file must say it.");
  EXPECT_EQ(fault(R"({"name":"A"})"), "Line 1: name must match [a-z]{1,8}.");
  EXPECT_EQ(fault(R"({"name":"a","labels":["a=1","b"]})"), "Line 1: labels[1] must match [a-z]+=[0-9]+.");
  EXPECT_EQ(fault(R"({"name":"a","state":"broken"})"), "Line 1: state must be one of off, on.");
  EXPECT_EQ(fault("{\"name\":\"a\",\"near\":[{\"name\":\"b\"},\n{}]}"),
            "near[1].name is missing, but every such file must say it.");
  EXPECT_EQ(fault("{\"name\":\"a\",\n\n  \"place\":{\"x\":1,}}"), "Line 3, column 18: the text has a ',' too many.");
  EXPECT_EQ(fault("{\"name\":\"a\""), "Line 1, column 12: the text is cut short.");
  EXPECT_EQ(fault("[]"), "The file must be an object in { }, not a list.");
  EXPECT_EQ(fault("{\"name\":\"\xff\"}"), "The file must be UTF-8: save it in that encoding.");
  EXPECT_EQ(fault("{\"name\":\"a\"}" + std::string(500, ' ')),
            "The file has 512 bytes, but sensor files may have 500.");
}

TEST(CheckRecord, RefusesWhatIsNoRecord) {
  for (const char* bad : {"",
                          "{",
                          "null",
                          R"({"name":"a"} x)",
                          R"({"name":"a",})",
                          R"({"name":"a","name":null})",
                          R"({"name":"a","key":"0"})",
                          R"({"name":"a","key":"zz"})",
                          R"({"name":"a","key":null})",
                          R"({"name":"a","sealed":"A"})",
                          R"({"name":"a","sealed":"=AAA"})",
                          R"({"name":"a","sealed":"A-_A"})",
                          R"({"name":"a","raw":[256]})",
                          R"({"name":"a","raw":["1"]})",
                          R"({"name":"a","state":1})",
                          R"({"name":"a","place":[]})",
                          R"({"name":"a","labels":"a=1"})",
                          R"({"name":"a","seen":"-1"})",
                          R"({"name":"a","seen":18446744073709551616})",
                          R"({"name":"a","other":"\ud800"})",
                          R"({"name":"a\u0000"})",
                          R"({"name":"a","count":1.})"}) {
    EXPECT_NE(fault(bad), "") << bad;
  }
}

TEST(CheckRecord, NestsToItsLimitAndNoDeeper) {
  const auto nested = [](std::size_t depth) {
    return R"({"name":"a","other":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  EXPECT_EQ(fault(nested(kMaxRecordDepth - 1)), "");
  EXPECT_NE(fault(nested(kMaxRecordDepth)), "");
}

TEST(CheckRecord, RemarksWhatMayBeAMistake) {
  const auto checker = RecordChecker::make(sensor());
  ASSERT_TRUE(checker.ok());
  Remarks remarks;
  EXPECT_TRUE(
      checker->check("{\"name\":\"a\",\n\"nam\":1,\n\"name\":\"b\",\"place\":{\"x\":1,\"y\":\"\"}}", &remarks).ok());
  ASSERT_EQ(remarks.size(), 3u);
  EXPECT_EQ(remarks[0], "Line 2: nam is unknown to this type.");
  EXPECT_EQ(remarks[1], "Line 3: name stands twice, the last one counts.");
  EXPECT_EQ(remarks[2], "Line 3: place.y is one of several that exclude each other, the last one counts.");
}

TEST(TextCheck, MatchesWholeTextsAndRefusesWhatIsSlow) {
  const auto either = TextCheck::make("|[0-9a-f]{4}");
  ASSERT_TRUE(either.ok());
  EXPECT_TRUE(either->matches(""));
  EXPECT_TRUE(either->matches("00ff"));
  EXPECT_FALSE(either->matches("00ff\n"));
  EXPECT_FALSE(either->matches("00f"));
  EXPECT_TRUE(TextCheck::make("[]{}[:alpha:]]{3}(x{2}){3}").ok());
  for (const char* bad : {"(a)\\1", "((a{64}){64}){64}", "[a{65}", "a{5000}", "(", "((abcdefgh){100}){10}"}) {
    EXPECT_FALSE(TextCheck::make(bad).ok()) << bad;
  }
  EXPECT_FALSE(TextCheck::make("a*")->matches(std::string(TextCheck::kMaxText + 1, 'a')));
}

TEST(Patterns, MatchAsInAShell) {
  EXPECT_TRUE(matches("commands/*/*.json", "commands/roof/reboot.json"));
  EXPECT_FALSE(matches("commands/*/*.json", "commands/roof/sub/reboot.json"));
  EXPECT_FALSE(matches("commands/*/*.json", "commands/roof/.reboot.json"));
  EXPECT_FALSE(matches("commands/*/*.json", "commands/reboot.json"));
  EXPECT_TRUE(matches("a/**/x*.json", "a/x.json"));
  EXPECT_TRUE(matches("a/**/x*.json", "a/b/c/x1.json"));
  EXPECT_FALSE(matches("a/**/x*.json", "a/.b/x.json"));
  EXPECT_TRUE(matches("**/b/*.json", "b/b/c/b/x.json"));
  EXPECT_FALSE(matches("**/b/*.json", "b/b/c/x.json"));
  EXPECT_FALSE(matches("**/*", ".mesh/status"));
  EXPECT_TRUE(matches("x*y*z", "xyyz"));
  EXPECT_FALSE(matches("x*y*z", "xzy"));
}

TEST(Patterns, OverlapIfSomePathMatchesBoth) {
  EXPECT_TRUE(overlap("commands/*/*.json", "commands/roof/*"));
  EXPECT_TRUE(overlap("**/*.json", "nodes/*/card.json"));
  EXPECT_TRUE(overlap("a/**/b/*", "a/*/c/b/x"));
  EXPECT_FALSE(overlap("nodes/*/card.json", "nodes/*/sensors/*.json"));
  EXPECT_FALSE(overlap("a/*.json", "a/*.txt"));
  EXPECT_FALSE(overlap("a/*", "a/.x"));
}

TEST(Patterns, RefusesWhatIsNone) {
  for (const char* bad : {"", "/a", "a/", "a//b", ".mesh/x", "a/../b", "a/**", "a/**b/c", "\xff"})
    EXPECT_FALSE(check_pattern(bad).ok()) << bad;
  EXPECT_TRUE(check_pattern("**/*.json").ok());
}

TEST(TypeFile, ComesBackAsItWas) {
  const Bytes bytes = codec::encode_type(sensor());
  const auto again = codec::decode_type(bytes);
  ASSERT_TRUE(again.ok()) << again.failure().message;
  EXPECT_EQ(*again, sensor());
  for (std::size_t cut = 0; cut < bytes.size(); ++cut)
    EXPECT_FALSE(codec::decode_type(ByteView(bytes).first(cut)).ok());
}

TEST(TypeFile, RefusesTypesThatMakeNoSense) {
  const auto refused = [](auto change) {
    RecordType type = sensor();
    change(type);
    return !codec::decode_type(codec::encode_type(type)).ok();
  };
  EXPECT_FALSE(refused([](RecordType&) {}));
  EXPECT_TRUE(refused([](RecordType& type) { type.name = "Sensor"; }));
  EXPECT_TRUE(refused([](RecordType& type) { type.pattern = "/x"; }));
  EXPECT_TRUE(refused([](RecordType& type) { type.quota_bytes = kMaxQuota + 1; }));
  EXPECT_TRUE(refused([](RecordType& type) { type.structs[0].fields[3].index = 1; }));
  EXPECT_TRUE(refused([](RecordType& type) { type.structs[0].fields[4].index = 2; }));
  EXPECT_TRUE(refused([](RecordType& type) { type.structs[0].fields[1].name = "name"; }));
  EXPECT_TRUE(refused([](RecordType& type) { type.structs[0].fields[1].check = "a"; }));
  EXPECT_TRUE(refused([](RecordType& type) { type.structs[0].fields[1].lists = kMaxListDepth + 1; }));
  EXPECT_TRUE(refused([](RecordType& type) { type.enums[0].enumerants.clear(); }));
  EXPECT_TRUE(refused([](RecordType& type) { type.structs[0].fields.resize(kMaxTypeFields + 1); }));
}

TEST(Catalogue, KnowsBuiltInTypesFirstAndAddedOnesByName) {
  RecordType note = sensor();
  note.name = "note";
  note.pattern = "notes/*.json";
  Catalogue types({note});
  ASSERT_NE(types.type_of("notes/a.json"), nullptr);
  EXPECT_EQ(types.type_of("nodes/roof/sensors/a.json"), nullptr);
  EXPECT_TRUE(types.put("sensor", codec::encode_type(sensor())).ok());
  const RecordType* found = types.type_of("nodes/roof/sensors/a.json");
  ASSERT_NE(found, nullptr);
  EXPECT_TRUE(types.check(*found, R"({"name":"a"})").ok());
  EXPECT_FALSE(types.check(*found, R"({})").ok());
  EXPECT_TRUE(types.is_built_in("note"));
  EXPECT_FALSE(types.is_built_in("sensor"));
  EXPECT_EQ(types.all().size(), 2u);
  types.remove("sensor");
  EXPECT_EQ(types.type_of("nodes/roof/sensors/a.json"), nullptr);
}

TEST(Catalogue, RefusesWhatCannotCount) {
  RecordType note = sensor();
  note.name = "note";
  note.pattern = "notes/*.json";
  Catalogue types({note});
  EXPECT_FALSE(types.put("other", codec::encode_type(sensor())).ok());
  EXPECT_FALSE(types.put("note", codec::encode_type(note)).ok());
  RecordType over = note;
  over.name = "over";
  over.pattern = "**/*.json";
  EXPECT_EQ(types.put("over", codec::encode_type(over)).failure().code, Errc::exists);
  RecordType bad = sensor();
  bad.structs[0].fields[0].check = "(";
  EXPECT_FALSE(types.put("sensor", codec::encode_type(bad)).ok());
  EXPECT_EQ(types.find("sensor"), nullptr);
  EXPECT_TRUE(types.put("sensor", codec::encode_type(sensor())).ok());
  EXPECT_FALSE(types.put("sensor", as_bytes("damaged")).ok());
  EXPECT_NE(types.find("sensor"), nullptr);  // the good one stays
}

}  // namespace
}  // namespace meshfs::typed
