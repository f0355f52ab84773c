#include "tools/mesh/policy_text.h"

#include <gtest/gtest.h>

#include "schema/vocab/rng.h"

namespace meshfs::tools {
namespace {

NodeNames names() {
  NodeNames out;
  for (std::uint8_t i = 1; i <= 3; ++i) {
    NodeId node;
    node.data[0] = i;
    out.add(std::array{"alice", "bob", "carol"}.at(i - 1), node);
  }
  return out;
}

std::string complaint(std::string_view text) {
  const auto parsed = parse_policy(text, names());
  return parsed.ok() ? "" : parsed.failure().message;
}

TEST(PolicyText, IsPrintedAsItIsRead) {
  const std::string text =
      "admins alice bob\n"
      "threshold 2\n"
      "group crew carol @field\n"
      "group field alice bob\n"
      "allow group field write,delete in shared until 2027-01-01\n"
      "only admin create lease in shared\n"
      "deny node bob write in node carol\n"
      "allow admin command reboot in commands until 2027-01-31T12:30\n"
      "deny guest all in everywhere\n"
      "limit member bytes 100M entries 5000 in shared\n";
  const auto parsed = parse_policy(text, names());
  ASSERT_TRUE(parsed.ok()) << parsed.failure().message;
  EXPECT_EQ(policy_text(*parsed, names()), text);
  EXPECT_EQ(parsed->rules[0].until.ms, 1798761600000);
  EXPECT_EQ(parsed->rules[5].max_bytes, 100u << 20);
}

TEST(PolicyText, SaysHowManyKeysMayBeLost) {
  codec::Policy policy;
  policy.admins.resize(3);
  policy.threshold = 2;
  EXPECT_NE(quorum_text(policy).find("stands the loss of 1 of their keys"), std::string::npos);
  policy.threshold = 3;
  EXPECT_NE(quorum_text(policy).find("all 3 admins must sign"), std::string::npos);
  policy.admins.resize(1);
  policy.threshold = 1;
  EXPECT_NE(quorum_text(policy).find("one admin signs what follows: if a key is lost"), std::string::npos);
}

TEST(PolicyText, OrderOfGroupsAndCommentsDoNotMatter) {
  const auto parsed =
      parse_policy("# a comment\nallow group late write # here too\nadmins alice\ngroup late bob\n", names());
  ASSERT_TRUE(parsed.ok()) << parsed.failure().message;
  EXPECT_EQ(parsed->rules.size(), 1u);
  EXPECT_EQ(parsed->rules[0].scope, codec::PolicyRule::Scope::everywhere);
}

TEST(PolicyText, ComplaintsNameTheLine) {
  EXPECT_EQ(complaint("admins alice\nallow dave write\n"),
            "line 2: 'dave' is nobody: say anyone, member, guest, admin, node NAME or group NAME");
  EXPECT_EQ(complaint("admins dave\n"), "line 1: there is no node 'dave'; `mesh nodes` lists them");
  EXPECT_EQ(complaint("admins alice\n\npermit anyone write\n"),
            "line 3: 'permit' begins no statement: say admins, threshold, group, allow, only, deny or limit");
  EXPECT_NE(complaint("admins alice\nallow anyone fly\n").find("line 2: 'fly' is no verb"), std::string::npos);
  EXPECT_NE(complaint("admins alice\nallow anyone write in attic\n").find("'attic' is no place"), std::string::npos);
  EXPECT_NE(complaint("admins alice\nallow anyone write until soon\n").find("'soon' is no date"), std::string::npos);
  EXPECT_NE(complaint("admins alice\nlimit anyone in shared\n").find("a limit says bytes"), std::string::npos);
  EXPECT_NE(complaint("admins alice\nlimit anyone bytes 5X in shared\n").find("no amount"), std::string::npos);
  EXPECT_NE(complaint("admins alice\nallow anyone write in shared now\n").find("one word too many"), std::string::npos);
  EXPECT_NE(complaint("admins alice\nallow group x write\n").find("no group 'x'"), std::string::npos);
}

TEST(PolicyText, APolicyNobodyCouldChangeIsRefused) {
  EXPECT_NE(complaint("allow anyone write\n").find("names no admins"), std::string::npos);
  EXPECT_NE(complaint("admins alice\nthreshold 2\n").find("can't be reached"), std::string::npos);
  EXPECT_NE(complaint("admins alice\ngroup a @b\ngroup b @a\n").find("nested"), std::string::npos);
}

TEST(PolicyText, RandomWordsNeverDoMoreThanComplain) {
  constexpr std::array kWords{"admins", "alice", "group", "a",          "@a",        "allow", "deny",
                              "only",   "limit", "write", "create",     "member",    "node",  "until",
                              "bytes",  "5K",    "in",    "own",        "\n",        "\n",    "#",
                              "bob",    ",",     "all",   "2027-01-01", "threshold", "1"};
  Rng rng(3);
  std::size_t good = 0;
  for (int round = 0; round < 5000; ++round) {
    std::string text = "admins alice\n";
    for (std::uint64_t i = rng.below(12); i > 0; --i) text += std::string(kWords.at(rng.below(kWords.size()))) + " ";
    const auto parsed = parse_policy(text, names());
    if (!parsed.ok()) continue;
    ++good;
    const auto again = parse_policy(policy_text(*parsed, names()), names());
    ASSERT_TRUE(again.ok()) << text;
    ASSERT_EQ(*again, *parsed) << text;
  }
  EXPECT_GT(good, 50u);
}

}  // namespace
}  // namespace meshfs::tools
