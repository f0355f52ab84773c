// The reader of the owner's files beside toml++, which reads all of TOML: what ours takes means the same there.
#include <gtest/gtest.h>

#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ASSERT(condition) static_cast<void>(0)  // it asserts on input, and reports the same a few lines later
#include <toml++/toml.h>

#include "schema/vocab/rng.h"
#include "tools/exec/toml_text.h"

namespace meshfs::exec {
namespace {

using Kind = TomlValue::Kind;

bool same(const TomlValue& ours, const toml::node& theirs) {
  switch (ours.kind) {
    case Kind::text:
      return theirs.value_exact<std::string>() == ours.text;
    case Kind::number:
      return theirs.value_exact<std::int64_t>() == ours.number;
    case Kind::truth:
      return theirs.value_exact<bool>() == ours.truth;
    case Kind::list: {
      const auto* list = theirs.as_array();
      if (list == nullptr || list->size() != ours.list.size()) return false;
      for (std::size_t i = 0; i < ours.list.size(); ++i)
        if (!same(ours.list[i], (*list)[i])) return false;
      return true;
    }
    case Kind::table: {
      const auto* table = theirs.as_table();
      if (table == nullptr || table->size() != ours.members.size()) return false;
      for (const auto& [key, value] : ours.members) {
        const auto* other = table->get(key);
        if (other == nullptr || !same(value, *other)) return false;
      }
      return true;
    }
  }
  return false;
}

// Ours takes it; then theirs must read the same.
bool agreed(const std::string& text) {
  const auto ours = parse_toml("x", text);
  if (!ours) return false;
  const toml::parse_result theirs = toml::parse(text, std::string_view("x"));
  EXPECT_TRUE(bool(theirs)) << "only we take it:\n" << text;
  if (theirs) {
    EXPECT_TRUE(same(*ours, theirs.table())) << text;
  }
  return true;
}

const std::vector<std::string> kGood = {
    "",
    "# only a comment",
    "a = 1\nb = -7 # behind\r\nc=true\nd  =  false\ne = +0\n",
    "a = \"q \\\" b \\\\ n \\n t \\t u \\u00e9 \\U0001F600\"\nb = 'no \\escape'\n\"A B\" = \"\"\n'c' = ''",
    "a = \"\"\"\nline one\n  line \"two\" \\\n   goes on\"\"\"\nb = '''\nraw \\ \n'' three'''\nc = \"\"\"x\"\"\"\"\"",
    "a = []\nb = [1, 2,]\nc = [\n  \"x\", # why\n\n  \"y\"\n]\nd = [[1], [\"a\", [true]]]",
    "a = {}\nb = { x = 1, \"y z\" = [1,\n2] , q = { r = 'a' } }\nc = [{a = 1}, {b = 2}]",
    "[environment]\nLANG = \"C\"\n[[parameter]]\nname = \"a\"\n[[parameter]]\nname = \"b\"\n[other]\n",
    "[[allow]]\nwho = [\"x\"]\n[allow.arguments]\nhost = \"y\"\n[[allow]]\n[allow.arguments]\nhost = \"z\"\n",
    "[a.b.c]\nx = 1\n[a]\ny = 2\n[[a.d]]\n[ a . d . e ]\nz = 1",
    "9223372036854775807 = 9223372036854775807\na = -9223372036854775808",
};

TEST(Toml, WhatIsReadMeansWhatTomlMeans) {
  for (const auto& text : kGood) EXPECT_TRUE(agreed(text)) << parse_toml("x", text).failure().message << "\n" << text;
}

TEST(Toml, WhatIsWrongIsRefusedWithItsLine) {
  for (const char* text : {
           "a",
           "a =",
           "= 1",
           "a = 1 b = 2",
           "a = 1\na = 2",
           "a = \"x",
           "a = \"x\ny\"",
           "a = '''x",
           "a = \"\\q\"",
           "a = \"\\u12\"",
           "a = \"\\ud800\"",
           "a = [1 2]",
           "a = [1",
           "a = {x = 1,}",
           "a = {x = 1\n}",
           "a = {x = 1, x = 2}",
           "a = 01",
           "a = 9223372036854775808",
           "a = truex",
           "a = nope",
           "[a]\n[a]",
           "[a]\n[[a]]",
           "[[a]]\n[a]",
           "a = []\n[[a]]",
           "a = [{}]\n[[a]]",
           "a = {}\n[a.b]",
           "a = 1\n[a.b]",
           "[a.b]\nx = 1\n[a]\nb = 2",
           "[a",
           "[[a]",
           "[]",
           "[a] x = 1",
           "a = 1 # \r x",
           "a = \"\"\"\r\"\"\"",
           "\"\"\"a\"\"\" = 1",
           "a = [[[[[[[[[[[[1]]]]]]]]]]]]",
           "[a.b.c.d.e.f.g.h.i.j]",
           "a = \"\x01\"",
           "a = \"\xc3\xa4\"",
           // Good TOML that these files need not have.
           "a.b = 1",
           "a = 1.5",
           "a = 0x10",
           "a = 1_000",
           "a = 2027-01-31",
           "a = inf",
       }) {
    const auto read = parse_toml("x.toml", text);
    ASSERT_FALSE(read) << text;
    EXPECT_TRUE(read.failure().message.starts_with("x.toml, line ")) << read.failure().message;
    EXPECT_EQ(read.failure().message.find('\n'), std::string::npos);
  }
  EXPECT_EQ(parse_toml("x", "a = 1\n\nb = [\n1 2]").failure().message.substr(0, 9), "x, line 4");
  EXPECT_EQ(parse_toml("x", std::string(kMaxTomlBytes + 1, '\n')).code(), Errc::too_large);
  EXPECT_FALSE(parse_toml("x", "a = " + std::string(100'000, '[')));
}

// Pieces of the grammar in any order, and good files altered.
TEST(Toml, AlteredFilesAreRefusedOrMeanTheSame) {
  const std::vector<std::string> pieces = {"a",
                                           "b",
                                           " = ",
                                           "\n",
                                           "[",
                                           "]",
                                           "[[",
                                           "]]",
                                           "{",
                                           "}",
                                           ",",
                                           ".",
                                           "\"",
                                           "'",
                                           "\"\"\"",
                                           "'''",
                                           "\\",
                                           "#",
                                           "1",
                                           "-",
                                           "true",
                                           "\"x\"",
                                           " ",
                                           "\r\n",
                                           "\\n",
                                           "\\u0041",
                                           "a = 1\n",
                                           "[a]\n",
                                           "[[b]]\n",
                                           "[a.b]\n",
                                           "b = {a = 1}\n",
                                           "\t"};
  Rng rng(3);
  int taken = 0;
  for (int round = 0; round < 60'000; ++round) {
    std::string text;
    if (rng.percent(50)) {
      for (std::uint64_t n = rng.below(14); n > 0; --n) text += pieces[rng.below(pieces.size())];
    } else {
      text = kGood[rng.below(kGood.size())];
      for (std::uint64_t n = 1 + rng.below(3); n > 0 && !text.empty(); --n) {
        const std::size_t at = rng.below(text.size());
        if (rng.percent(50)) {
          text.insert(at, pieces[rng.below(pieces.size())]);
        } else {
          text.erase(at, 1 + rng.below(4));
        }
      }
    }
    taken += agreed(text) ? 1 : 0;
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_GT(taken, 5'000);
  EXPECT_LT(taken, 50'000);
}

}  // namespace
}  // namespace meshfs::exec
