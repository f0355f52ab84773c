// Several versions of a record become one.
#include <gtest/gtest.h>

#include <set>

#include "schema/typed/json.h"
#include "schema/typed/merge_records.h"
#include "schema/vocab/rng.h"

namespace meshfs::typed {
namespace {

std::string merged(TypeMerge rule, const std::vector<std::string_view>& versions) {
  const auto text = merge_records(rule, versions);
  return text.ok() ? *text : "refused: " + text.failure().message;
}

TEST(MergeRecords, WhatSeveralSayTheNewestSaysAndWhatOneSaysIsKept) {
  EXPECT_EQ(merged(TypeMerge::set_union, {R"({"a":1,"old":true})", R"({"b":"x","a":2})"}),
            "{\n  \"b\": \"x\",\n  \"a\": 2,\n  \"old\": true\n}\n");
}

TEST(MergeRecords, ListsHaveTheElementsOfAllOnce) {
  EXPECT_EQ(merged(TypeMerge::set_union, {R"({"l":[1,{"k": 2}]})", R"({"l":[{"k":2},3,1]})", R"({"l":[3, 4]})"}),
            "{\n  \"l\": [1, {\"k\":2}, 3, 4]\n}\n");
}

TEST(MergeRecords, AppendKeepsWhatAllBeginWithAndEveryAddition) {
  EXPECT_EQ(merged(TypeMerge::append, {R"({"l":["a","b","x"]})", R"({"l":["a","b","x","y"]})", R"({"l":["a","b"]})"}),
            "{\n  \"l\": [\"a\", \"b\", \"x\", \"y\"]\n}\n");
}

TEST(MergeRecords, ObjectsMergeByTheirMembers) {
  EXPECT_EQ(merged(TypeMerge::set_union, {R"({"o":{"l":[1],"s":1}})", R"({"o":{"s":2,"l":[2]}})"}),
            "{\n  \"o\": { \"s\": 2, \"l\": [1, 2] }\n}\n");
  EXPECT_EQ(merged(TypeMerge::set_union, {R"({"o":[1]})", R"({"o":{"s":2}})"}), "{\n  \"o\": {\"s\":2}\n}\n")
      << "another kind of value: the newest one's";
}

TEST(MergeRecords, SpacesInTextsCountOthersDoNot) {
  EXPECT_EQ(merged(TypeMerge::set_union, {"{\"l\":[\"a b\", [ 1 ] ]}", "{\"l\":[\"ab\",[1],\"\\\" \\\\\"]}"}),
            "{\n  \"l\": [\"a b\", [1], \"ab\", \"\\\" \\\\\"]\n}\n");
}

TEST(MergeRecords, WhatIsNoRecordIsNotMerged) {
  for (const std::string_view bad : {"", "[1]", "{", "{} x", "{\"a\":\"\\ud800\"}", "{\"l\":[1,]}"}) {
    EXPECT_FALSE(merge_records(TypeMerge::append, {"{}", bad}).ok()) << bad;
    EXPECT_FALSE(merge_records(TypeMerge::append, {bad, "{}"}).ok()) << bad;
  }
  EXPECT_FALSE(merge_records(TypeMerge::conflict, {"{}", "{}"}).ok());
}

// Against sets: whatever the versions say, the union has exactly that, and merging it again with one of them adds nothing.
TEST(MergeRecords, RandomListsMergeAsSetsDo) {
  Rng rng(77);
  for (int round = 0; round < 500; ++round) {
    std::vector<std::string> texts;
    std::set<double> all;
    for (std::uint64_t n = 2 + rng.below(4); n > 0; --n) {
      std::string list;
      for (std::uint64_t k = rng.below(6); k > 0; --k) {
        const auto value = rng.below(10);
        all.insert(static_cast<double>(value));
        list += (list.empty() ? "" : ",") + std::string(rng.below(3), ' ') + std::to_string(value);
      }
      texts.push_back("{\"l\":[" + list + "]}");
    }
    const std::vector<std::string_view> versions(texts.begin(), texts.end());
    const auto text = merge_records(TypeMerge::set_union, versions);
    ASSERT_TRUE(text.ok());
    const auto json = parse_json(*text);
    ASSERT_TRUE(json.ok()) << *text;
    std::set<double> found;
    for (const Json& one : json->at("l").list) EXPECT_TRUE(found.insert(one.number).second) << *text;
    EXPECT_EQ(found, all);
    EXPECT_EQ(merged(TypeMerge::set_union, {versions[0], *text}), *text);
  }
}

// Broken texts are refused or merged, never more; sanitizers watch.
TEST(MergeRecords, SurvivesWhatever) {
  Rng rng(78);
  const std::string good = R"({"a":[1,"x\"\\",{"b":[true,null]}],"c":{"d":"\u00e9"}})";
  for (int round = 0; round < 20'000; ++round) {
    std::string bad = good;
    for (std::uint64_t n = 1 + rng.below(3); n > 0; --n)
      bad[rng.below(bad.size())] = static_cast<char>(R"([]{}",:\ 1a)"[rng.below(11)]);
    const auto text = merge_records(rng.below(2) == 0 ? TypeMerge::append : TypeMerge::set_union, {good, bad});
    if (text.ok()) {
      EXPECT_TRUE(parse_json(*text).ok()) << bad << '\n' << *text;
    }
  }
}

}  // namespace
}  // namespace meshfs::typed
