// Typed files: a type file of the input (2 bytes its length, little-endian, then it) and a text that is judged by it and by the types
// that are built in. What counts as a type file comes back as it was; a good record stays one with a field more that no type knows.
#include "schema/codec/type_file.h"
#include "schema/records/built_in.h"
#include "schema/typed/catalogue.h"
#include "schema/typed/json_text.h"
#include "schema/typed/patterns.h"
#include "schema/vocab/quoting.h"
#include "tests/fuzz/same_again.h"

using namespace meshfs;

namespace {

constexpr std::string_view kUnknown = "\x7f";

bool knows(const typed::RecordType& type, std::string_view name) {
  for (const auto& field : type.structs[0].fields) {
    if (field.name == name) return true;
  }
  return false;
}

void judge(const typed::RecordChecker& checker, const std::string& text) {
  typed::Remarks remarks;
  const Status first = checker.check(text, &remarks);
  CHECK(remarks.size() <= typed::kMaxRemarks);
  if (!first.ok()) {
    CHECK(!first.failure().message.empty());
    CHECK(is_utf8(first.failure().message));
    return;
  }
  typed::JsonText json(text, typed::kMaxRecordDepth, typed::JsonText::Surrogates::refused);
  CHECK(json.skip() && json.end());
  if (knows(checker.type(), kUnknown) || text.size() + 100 > checker.type().quota()) return;
  const auto brace = text.find('{');
  const bool is_empty = text[text.find_first_not_of(" \t\r\n", brace + 1)] == '}';
  std::string more = text;
  more.insert(brace + 1, "\"" + std::string(kUnknown) + "\":[null]" + (is_empty ? "" : ","));
  CHECK(checker.check(more).ok());
}

std::vector<typed::RecordChecker> checkers_of(const std::vector<typed::RecordType>& types) {
  std::vector<typed::RecordChecker> out;
  for (const auto& type : types) out.push_back(std::move(*typed::RecordChecker::make(type)));
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  fuzz::same_again(bytes, codec::decode_type, codec::encode_type);
  if (size < 2) return 0;
  const std::size_t length = std::min(data[0] + std::size_t{256} * data[1], size - 2);
  const ByteView file = bytes.subspan(2, length);
  const std::string text(as_text(bytes.subspan(2 + length)));
  static const std::vector<typed::RecordType> built_in = records::built_in_types();
  static const std::vector<typed::RecordChecker> checkers = checkers_of(built_in);
  static typed::Catalogue catalogue(built_in);
  for (const auto& checker : checkers) judge(checker, text);
  if (!fuzz::same_again(file, codec::decode_type, codec::encode_type)) return 0;
  const auto type = codec::decode_type(file);
  CHECK(typed::overlap(type->pattern, type->pattern));
  const std::string path = text.substr(0, 300);
  for (const auto& other : built_in) {
    if (typed::matches(type->pattern, path) && typed::matches(other.pattern, path))
      CHECK(typed::overlap(type->pattern, other.pattern));
  }
  const Status put = catalogue.put(type->name, file);
  if (!put.ok()) CHECK(!put.failure().message.empty());
  if (put.ok()) {
    CHECK(catalogue.find(type->name) != nullptr);
    catalogue.remove(type->name);
  }
  const auto checker = typed::RecordChecker::make(*type);
  if (checker.ok()) judge(*checker, text);
  return 0;
}
