// Our checker beside capnp's own JSON codec: they must agree on every document, but for what schema/typed/README.md lists.
#include <capnp/compat/json.h>
#include <capnp/dynamic.h>
#include <capnp/message.h>
#include <capnp/schema-parser.h>
#include <gtest/gtest.h>
#include <kj/filesystem.h>

#include <array>
#include <cstdio>
#include <memory>

#include "schema/typed/check_record.h"
#include "schema/vocab/rng.h"
#include "tools/types/type_compiler.h"

namespace meshfs::typed {
namespace {

const std::string kTop = MESHFS_SOURCE_DIR;

std::string output_of(const std::string& command) {
  std::string out;
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::array<char, 4096> piece;
  for (std::size_t got; (got = std::fread(piece.data(), 1, piece.size(), pipe.get())) > 0;)
    out.append(piece.data(), got);
  return out;
}

// One type, as we see it and as capnp does. Checks, needed fields and quota are not capnp's business and left out.
class Both {
 public:
  Both(const std::string& path, const char* name) {
    const std::string request =
        output_of("capnp compile -I" + kTop + " --src-prefix=" + kTop + " -o- " + kTop + "/" + path);
    auto types = types::compile_types(as_bytes(request), {});
    CHECK(types.ok() && types->size() == 1);
    type = types->front();
    type.quota_bytes = kMaxQuota;
    for (auto& one : type.structs) {
      for (auto& field : one.fields) field.check.clear(), field.needed = false;
    }
    const auto folder = [&](const std::string& at) {
      return disk_->getRoot().openSubdir(kj::Path::parse(at.substr(1).c_str()));
    };
    top_ = folder(kTop);
    imports_ = {top_.get(), (system_ = folder("/usr/include")).get()};
    schema_ = parser_.parseFromDirectory(*top_, kj::Path::parse(path.c_str()), {imports_.data(), imports_.size()})
                  .getNested(name)
                  .asStruct();
    codec_.handleByAnnotation(schema_);
    use(type);
  }
  void use(const RecordType& other) { checker_ = std::make_unique<RecordChecker>(*RecordChecker::make(other)); }

  std::string ours(const std::string& json) const {
    const Status s = checker_->check(json);
    return s.ok() ? "" : s.failure().message;
  }
  std::string theirs(const std::string& json) const {
    capnp::MallocMessageBuilder message;
    auto root = message.initRoot<capnp::DynamicStruct>(schema_);
    const auto thrown = kj::runCatchingExceptions([&] { codec_.decode(kj::arrayPtr(json.data(), json.size()), root); });
    KJ_IF_MAYBE (e, thrown) return std::string("refused: ") + e->getDescription().cStr();
    return "";
  }

  RecordType type;

 private:
  kj::Own<kj::Filesystem> disk_ = kj::newDiskFilesystem();
  kj::Own<const kj::ReadableDirectory> top_, system_;
  std::array<const kj::ReadableDirectory*, 2> imports_{};
  capnp::SchemaParser parser_;
  capnp::StructSchema schema_;
  capnp::JsonCodec codec_;
  std::unique_ptr<RecordChecker> checker_;
};

// What we refuse and capnp takes: README.md's list.
bool documented(const std::string& fault) {
  for (const char* one : {"must be UTF-8", "half of a surrogate pair", "a control character in a text",
                          "without digits behind its point", "goes on after its end", "nests too deeply",
                          "must be a name, not a number", "must be a list of numbers from 0 to 255."}) {
    if (fault.find(one) != std::string::npos) return true;
  }
  // capnp reads any value but a list as text, and of that what it can.
  const bool digits = fault.find("must be a text of hex digits") != std::string::npos ||
                      fault.find("must be a text in base64") != std::string::npos;
  return digits && fault.find("not a list") == std::string::npos;
}

struct Tally {
  int both_take = 0, both_refuse = 0, only_we_refuse = 0, wrong = 0;
  std::string first_wrong;
};

void compare(const Both& both, const std::string& json, Tally& tally) {
  const std::string ours = both.ours(json), theirs = both.theirs(json);
  if (ours.empty() && theirs.empty()) return void(++tally.both_take);
  if (!ours.empty() && !theirs.empty()) return void(++tally.both_refuse);
  if (theirs.empty() && documented(ours)) return void(++tally.only_we_refuse);
  if (tally.wrong++ == 0) tally.first_wrong = json + "\nours: " + ours + "\ntheirs: " + theirs;
}

// Numbers at every edge, and what texts may say in their place.
static const std::vector<std::string> kEdges = {"0",
                                                "-0",
                                                "1",
                                                "-1",
                                                "127",
                                                "128",
                                                "-128",
                                                "-129",
                                                "255",
                                                "256",
                                                "32767",
                                                "32768",
                                                "-32768",
                                                "-32769",
                                                "65535",
                                                "65536",
                                                "2147483647",
                                                "2147483648",
                                                "-2147483648",
                                                "-2147483649",
                                                "4294967295",
                                                "4294967296",
                                                "1.0",
                                                "1.5",
                                                "1e2",
                                                "1E+2",
                                                "12e-1",
                                                "9007199254740993",
                                                "9223372036854775807",
                                                "9223372036854775808",
                                                "-9223372036854775808",
                                                "-9223372036854775809",
                                                "9223372036854774784",
                                                "18446744073709551615",
                                                "18446744073709551616",
                                                "18446744073709549568",
                                                "1e30",
                                                "-1e30",
                                                "1e-400",
                                                "1.",
                                                "01",
                                                "1e",
                                                ".5",
                                                "+1"};
static const std::vector<std::string> kTexts = {"0x10",
                                                "-0x10",
                                                "0x",
                                                "-0x80",
                                                "0XfF",
                                                "010",
                                                " 1",
                                                "1 ",
                                                "",
                                                "+1",
                                                "--1",
                                                "-",
                                                "nan",
                                                "NaN",
                                                "inf",
                                                "-Infinity",
                                                "nan(12)",
                                                "0x1p3",
                                                "1e2",
                                                " 0x1",
                                                "\\u00001",
                                                "\\t12",
                                                "infinit",
                                                "1_0",
                                                "0xffffffffffffffff",
                                                "-0x8000000000000000"};

// Documents of a type: mostly right, with values at every edge.
class Author {
 public:
  Author(const RecordType& type, Rng& rng) : type_(type), rng_(rng) {}

  std::string structure(std::size_t index, int depth) {
    std::string out = "{";
    const auto& fields = type_.structs[index].fields;
    const auto count = rng_.below(depth > 0 ? 5 : 2);
    for (std::uint64_t i = 0; i < count && !fields.empty(); ++i) {
      const TypeField& field = fields[rng_.below(fields.size())];
      const std::string name = rng_.percent(3) ? "unknown" : field.name;
      out += (i == 0 ? "" : ", ") + ("\"" + name + "\":" + values(field, field.lists, depth));
    }
    return out + "}";
  }

 private:
  std::string pick(const std::vector<std::string>& from) { return from[rng_.below(from.size())]; }

  std::string values(const TypeField& field, unsigned lists, int depth) {
    if (rng_.percent(4)) return anything();
    if (lists == 0) return value(field, depth);
    std::string out = "[";
    for (std::uint64_t i = 0, count = rng_.below(4); i < count; ++i)
      out += (i == 0 ? "" : ",") + values(field, lists - 1, depth);
    return out + "]";
  }

  std::string anything() {
    return pick({"null", "true", "false", "0", "-1", "1.5", "\"\"", "\"x\"", "[]", "[null]", "{}", "[[]]",
                 "{\"a\":[1]}", "1e400"});
  }

  std::string number() {
    const std::string plain = pick(kEdges);
    if (rng_.percent(60)) return plain;
    return "\"" + (rng_.percent(50) ? plain : pick(kTexts)) + "\"";
  }

  std::string value(const TypeField& field, int depth) {
    switch (field.kind) {
      case FieldKind::nothing:
        return anything();
      case FieldKind::truth:
        return pick({"true", "false"});
      case FieldKind::text:
        if (rng_.percent(80)) return pick({"\"\"", "\"word\"", "\"gr\xc3\xbc\xc3\x9f\""});
        return pick({"\"\"", "\"word\"", "\"gr\xc3\xbc\xc3\x9f\"", "\"\\u00fc\\n\\\"\\/\"", "\"\\ud83d\\ude00\"",
                     "\"\\ud800\"", "\"\xff\"", "\"a\nb\"", "\"\\q\"", "\"\\u12\""});
      case FieldKind::data:
        return pick({"[]", "[0,255]", "[256]", "[-1]", "[1.5]", "[1.0]", "[\"1\"]", "[null]", "[1,[]]"});
      case FieldKind::data_hex:
        return pick({"\"\"", "\"00ff\"", "\"0\"", "\"zz\"", "\"AbCd\"", "null", "[]"});
      case FieldKind::data_base64:
        return pick({"\"\"", "\"AAEC\"", "\"AAE=\"", "\"AA==\"", "\"A\"", "\"A A\\nE C\"", "\"A-_C\"", "null", "7"});
      case FieldKind::enumeration:
        return rng_.percent(10) ? pick({"\"none\"", "0", "1", "7", "\"green\""})
                                : "\"" +
                                      type_.enums[field.index]
                                          .enumerants[rng_.below(type_.enums[field.index].enumerants.size())]
                                          .name +
                                      "\"";
      case FieldKind::structure:
        return depth > 0 ? structure(field.index, depth - 1) : "{}";
      default:
        return number();
    }
  }

  const RecordType& type_;
  Rng& rng_;
};

std::string mutated(std::string json, Rng& rng) {
  static const std::vector<std::string> kPieces = {"null",
                                                   "\"",
                                                   "{",
                                                   "}",
                                                   "[",
                                                   "]",
                                                   ",",
                                                   ":",
                                                   "-",
                                                   "1",
                                                   ".",
                                                   "e",
                                                   "\\",
                                                   "\\u",
                                                   "true",
                                                   " ",
                                                   "\t",
                                                   "\n",
                                                   std::string(1, '\0'),
                                                   "\xff",
                                                   "0x",
                                                   "\"x\":1",
                                                   "//",
                                                   "'",
                                                   "\xef\xbb\xbf"};
  for (std::uint64_t i = 0, count = 1 + rng.below(3); i < count; ++i) {
    const std::size_t at = rng.below(json.size() + 1);
    if (rng.percent(40)) {
      json.insert(at, kPieces[rng.below(kPieces.size())]);
    } else if (at < json.size()) {
      if (rng.percent(50)) {
        json.erase(at, 1 + rng.below(4));
      } else {
        json[at] = static_cast<char>(rng.percent(70) ? 32 + rng.below(95) : rng.below(256));
      }
    }
  }
  return json;
}

Tally trial(const Both& both, std::uint64_t seed, int documents) {
  Rng rng(seed);
  Author author(both.type, rng);
  Tally tally;
  for (int i = 0; i < documents; ++i) {
    const std::string json = author.structure(0, 4);
    compare(both, json, tally);
    compare(both, mutated(json, rng), tally);
  }
  return tally;
}

void expect_agreement(const char* path, const char* name, std::uint64_t seed) {
  const Both both(path, name);
  const Tally tally = trial(both, seed, 20'000);
  EXPECT_EQ(tally.wrong, 0) << tally.first_wrong;
  EXPECT_GT(tally.both_take, 4'000);
  EXPECT_GT(tally.both_refuse, 2'000);
  std::printf("%s: both take %d, both refuse %d, only we refuse %d\n", name, tally.both_take, tally.both_refuse,
              tally.only_we_refuse);
}

TEST(Oracle, AgreesOnEverything) { expect_agreement("tests/unit/tools/everything.capnp", "Everything", 1); }
TEST(Oracle, AgreesOnCommands) { expect_agreement("schema/records/command.capnp", "Command", 2); }
TEST(Oracle, AgreesOnResults) { expect_agreement("schema/records/result.capnp", "Result", 3); }
TEST(Oracle, AgreesOnCards) { expect_agreement("schema/records/card.capnp", "Card", 4); }

// The trial must notice a checker with a fault.
TEST(Oracle, NoticesEachWrongKind) {
  Both both("tests/unit/tools/everything.capnp", "Everything");
  const RecordType right = both.type;
  for (std::size_t at = 0; at < right.structs[0].fields.size(); ++at) {
    RecordType wrong = right;
    TypeField& field = wrong.structs[0].fields[at];
    if (field.kind == FieldKind::nothing || field.kind == FieldKind::data_base64) continue;  // takes nearly anything
    if (field.kind == FieldKind::float32 || field.kind == FieldKind::data_hex) continue;     // alike with its successor
    field.kind = field.kind == FieldKind::float64 ? FieldKind::text
                 : field.index > 0                ? FieldKind::truth
                                                  : static_cast<FieldKind>(static_cast<int>(field.kind) + 1);
    if (field.kind > FieldKind::data_base64) field.kind = FieldKind::truth;
    field.index = 0;
    both.use(wrong);
    bool noticed = false;
    for (std::uint64_t seed = 1; seed <= 20 && !noticed; ++seed) noticed = trial(both, seed, 200).wrong > 0;
    EXPECT_TRUE(noticed) << field.name;
  }
}

}  // namespace
}  // namespace meshfs::typed
