#include <gtest/gtest.h>

#include "fsd/core/keep_rules.h"

namespace meshfs::fsd {
namespace {

using Verdict = KeepRules::Verdict;

KeepRules parsed(const std::string& text) {
  std::vector<std::string> complaints;
  KeepRules out = KeepRules::parse(text, complaints);
  EXPECT_TRUE(complaints.empty()) << complaints.front();
  return out;
}

TEST(KeepRules, PatternsCover) {
  struct Case {
    const char* pattern;
    const char* path;
    bool covers;
  };
  constexpr Case kCases[] = {
      {"*.iso", "a.iso", true},
      {"*.iso", "x/y/a.iso", true},
      {"*.iso", "a.iso.txt", false},
      {"docs", "docs/a/b", true},
      {"docs", "x/docs/b", true},
      {"docs", "docs2", false},
      {"/docs", "x/docs", false},
      {"/docs", "docs/x", true},
      {"docs/*", "docs/a", true},
      {"docs/*", "docs/a/b", true},
      {"docs/*.txt", "docs/a/b.txt", false},
      {"docs/**", "docs/a/b", true},
      {"docs/**", "docs", false},
      {"docs/**/b", "docs/b", true},
      {"docs/**/b", "docs/x/y/b", true},
      {"**/b", "b", true},
      {"**/b", "x/y/b", true},
      {"a?c", "abc", true},
      {"a?c", "a/c", false},
      {"[a-c]x", "bx", true},
      {"[!a-c]x", "bx", false},
      {"[!a-c]x", "dx", true},
      {"a[b", "a[b", true},
      {"docs/", "docs/x", true},
      {"/", "anything/at/all", true},
      {"*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
      {"./docs/x", "docs/x", true},
      {"**", "x", true},
      {"*", "x/y", true},
  };
  for (const Case& one : kCases) {
    EXPECT_EQ(pattern_covers(one.pattern, one.path), one.covers) << one.pattern << " over " << one.path;
  }
}

TEST(KeepRules, TheLastPatternDecides) {
  const KeepRules rules = parsed("only notes/**\nnot *.tmp\nonly keep.tmp\nmax-file 1M\npin /big\n");
  EXPECT_EQ(rules.judge("notes/a", 10), Verdict::kept);
  EXPECT_EQ(rules.judge("other", 10), Verdict::not_kept);
  EXPECT_EQ(rules.judge("notes/a.tmp", 10), Verdict::not_kept);
  EXPECT_EQ(rules.judge("notes/keep.tmp", 10), Verdict::kept);
  EXPECT_EQ(rules.judge("notes/a", 1 << 20), Verdict::kept);
  EXPECT_EQ(rules.judge("notes/a", (1 << 20) + 1), Verdict::too_large);
  EXPECT_EQ(rules.judge("big/film/x", std::uint64_t{1} << 40), Verdict::pinned);
  EXPECT_EQ(rules.judge("bigger", 10), Verdict::not_kept);
  EXPECT_EQ(parsed("not *.iso").judge("x", 10), Verdict::kept);
}

TEST(KeepRules, AmountsAndTheDisk) {
  EXPECT_EQ(parse_amount("6M", true)->value, 6u << 20);
  EXPECT_EQ(parse_amount("600k", true)->value, 600u << 10);
  EXPECT_EQ(parse_amount("2GiB", true)->value, std::uint64_t{2} << 30);
  EXPECT_TRUE(parse_amount("60%", true)->percent);
  for (const char* wrong : {"", "M", "6X", "-1", "101%", "6MM", "99999999999999G", "1.5M"}) {
    EXPECT_EQ(parse_amount(wrong, true).code(), Errc::invalid) << wrong;
  }
  EXPECT_FALSE(parse_amount("60%", false).ok());
  EXPECT_EQ(parsed("budget 50%").budget_bytes(8'000'000), 4'000'000u);
  EXPECT_FALSE(parsed("").budget_bytes(1).has_value());
}

TEST(KeepRules, WhatItWritesItReads) {
  const KeepRules rules = parsed("budget 6M\nmax-file 100\nonly a b/c\nnot *.iso\npin x/y/\npin /z");
  EXPECT_EQ(parsed(rules.text()), rules);
  EXPECT_EQ(rules.pins, (std::set<std::string>{"x/y", "z"}));
  EXPECT_TRUE(parsed("# only a comment\n\n   \n").everything());
}

TEST(KeepRules, AWrongLineCostsItselfOnly) {
  std::vector<std::string> complaints;
  const KeepRules rules = KeepRules::parse("budget many\nonly a\nkeep b\nnot\n", complaints);
  ASSERT_EQ(complaints.size(), 3u);
  EXPECT_EQ(complaints[0].substr(0, 7), "line 1:");
  EXPECT_NE(complaints[1].find("line 3: \"keep\" is no rule"), std::string::npos) << complaints[1];
  EXPECT_NE(complaints[2].find("needs a value"), std::string::npos);
  EXPECT_EQ(rules.patterns.size(), 1u);
  EXPECT_FALSE(rules.budget.has_value());
}

}  // namespace
}  // namespace meshfs::fsd
