// Policy epochs between replicas: in force, waiting, narrowing, revocation, rivals; whatever the order of arrival, sets end equal.
#include "fsd/core/intake.h"

#include <gtest/gtest.h>

#include "tests/unit/core/network_world.h"

namespace meshfs::sim {
namespace {

using codec::Policy;
using codec::PolicyRule;
using codec::PolicyVerb;

class EpochsTest : public testing::Test {
 protected:
  EpochsTest() : world(31, 3) { world.converge(); }

  Policy current(std::size_t of = 0) {
    const auto now = world[of].replica->epochs().now();
    Policy out = *now.front();
    out.fences.clear();
    out.revoked.clear();
    return out;
  }
  NodeId key(std::size_t i) {
    const std::string name(1, static_cast<char>('a' + i));
    for (const auto& member : world[0].replica->members()) {
      if (member.name == name) return member.node;
    }
    return {};
  }
  crypto::PublicKey admin_key(std::size_t i) { return {key(i).data}; }
  // The current one with b as an admin too.
  Policy with_b() {
    Policy out = current();
    out.admins.push_back(admin_key(1));
    std::sort(out.admins.begin(), out.admins.end());
    return out;
  }
  static PolicyRule deny(const NodeId& node, PolicyVerb verb) {
    PolicyRule rule;
    rule.effect = PolicyRule::Effect::deny;
    rule.who = PolicyRule::Who::node;
    rule.who_node = node;
    rule.verbs = bit(verb);
    rule.scope = PolicyRule::Scope::shared;
    return rule;
  }
  fsd::Replica::Proposal propose(const Policy& policy, std::size_t by = 0, WallMs since = {}) {
    world.pass(milliseconds(5));
    world[by].settle(world.now, world.wall);
    const auto made = world[by].replica->propose_policy(policy, since);
    EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.failure().message);
    world[by].settle(world.now, world.wall);
    return made.ok() ? *made : fsd::Replica::Proposal{};
  }
  void write(std::size_t by, const std::string& name, const std::string& text) {
    world.pass(milliseconds(5));
    TestNode& node = world[by];
    node.settle(world.now, world.wall);
    const auto there = node.files().lookup(node.files().root(), name);
    if (!there.ok()) {
      EXPECT_TRUE(put_file(node, node.files().root(), name, text).ok()) << name;
    } else {
      const auto base = node.files().content_base(*there);
      ASSERT_TRUE(base.ok());
      EXPECT_TRUE(node.files().write_content(*there, store_content(node.store, text), *base, 1).ok()) << name;
    }
    node.settle(world.now, world.wall);
  }
  std::string shown(std::size_t at, const std::string& name) {
    for (const auto& [path, text] : world[at].dump()) {
      if (path == "/" + name) return text.substr(text.rfind(' ') + 1);
    }
    return "nothing";
  }
  void expect_equal() { expect_same_everywhere(world); }
  World world;
};

TEST_F(EpochsTest, AnEpochComesInForceEverywhere) {
  const auto made = propose(current());
  EXPECT_EQ(made.number, 1u);
  EXPECT_TRUE(made.in_force);
  world.converge();
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(world[i].replica->epochs().highest(), 1u) << i;
  expect_equal();
}

TEST_F(EpochsTest, WhoIsDeniedGetsEacces) {
  Policy policy = current();
  policy.rules.push_back(deny(key(1), PolicyVerb::write));
  propose(policy);
  world.converge();
  EXPECT_EQ(put_file(world[1], world[1].files().root(), "no", "x").code(), Errc::denied);
  write(2, "yes", "x");
  world.converge();
  EXPECT_EQ(shown(1, "yes"), "x");
  expect_equal();
}

TEST_F(EpochsTest, ACommitWaitsForItsEpoch) {
  propose(current());
  write(0, "after", "x");
  // The policy's files come last.
  world[0].settle(world.now, world.wall);
  codec::local::GetItems items{1, {}, {}};
  for (const auto& [hash, number] : world[0].items) items.items.push_back(number);
  world[0].replica->on_syncd(items);
  world[0].drain();
  for (auto& bundle : world[0].found_items) {
    const auto opened = fsd::Intake::open(bundle);
    ASSERT_TRUE(opened.ok());
    if (opened->header.header.volume != kSharedVolume) continue;
    world[2].replica->on_syncd(codec::local::Offer{1, {bundle}, "test"});
  }
  world[0].found_items.clear();
  world[2].settle(world.now, world.wall);
  EXPECT_EQ(shown(2, "after"), "nothing");
  ASSERT_FALSE(world[2].replica->pending().empty());
  EXPECT_EQ(world[2].replica->pending().front().waits_for, "policy epoch 1, which is not in force here yet");
  world.converge();
  EXPECT_EQ(shown(2, "after"), "x");
  EXPECT_TRUE(world[2].replica->pending().empty());
  expect_equal();
}

TEST_F(EpochsTest, TwoOfTwoAdminsMustSign) {
  Policy two = with_b();
  two.threshold = 2;
  EXPECT_TRUE(propose(two).in_force);
  world.converge();
  Policy denies = current();
  denies.rules.push_back(deny(key(2), PolicyVerb::write));
  const auto made = propose(denies);
  EXPECT_FALSE(made.in_force);
  EXPECT_EQ(made.signatures, 1u);
  EXPECT_EQ(made.needed, 2u);
  world.converge();
  EXPECT_EQ(world[2].replica->epochs().highest(), 1u);
  EXPECT_EQ(world[2].replica->sign_policy(made.hash.hex()).code(), Errc::denied) << "no admin";
  ASSERT_TRUE(world[1].replica->sign_policy(made.hash.hex().substr(0, 12)).ok());
  world.converge();
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(world[i].replica->epochs().highest(), 2u) << i;
  EXPECT_EQ(put_file(world[2], world[2].files().root(), "no", "x").code(), Errc::denied);
  expect_equal();
}

TEST_F(EpochsTest, NobodyTakesAnEpochAway) {
  propose(current());
  world.converge();
  auto& files = world[0].files();
  const auto network = files.lookup(files.root(), "network");
  const auto policy = files.lookup(*network, "policy");
  std::vector<std::string> names;
  (void)files.list(*policy, {}, [&](const fsd::DirectoryItem& item) {
    names.push_back(item.name);
    return true;
  });
  ASSERT_EQ(names.size(), 2u);
  for (const auto& name : names) (void)files.unlink(*policy, name);
  world.converge();
  std::size_t left = 0;
  for (const auto& [path, text] : world[2].dump()) left += path.starts_with("/network/policy/") ? 1 : 0;
  EXPECT_EQ(left, 2u);
  expect_equal();
}

TEST_F(EpochsTest, RevokedInTimeWhatHeWroteStaysAndTheRestGoes) {
  write(1, "before", "kept");
  write(0, "mine", "mine");
  world.converge();
  write(1, "mine", "stolen");  // nobody hears of these two before the epoch
  write(1, "new", "stolen too");
  Policy policy = current();
  policy.revoked = {key(1)};
  propose(policy);
  // c hears of the thief first, then of the policy.
  world.carry(world[1], world[2], 100);
  EXPECT_EQ(shown(2, "mine"), "stolen");
  world.carry(world[0], world[2], 100);
  world.carry(world[0], world[2], 100);
  EXPECT_EQ(shown(2, "mine"), "mine");
  EXPECT_EQ(shown(2, "new"), "nothing");
  EXPECT_EQ(shown(2, "before"), "kept");
  world.converge();
  EXPECT_EQ(shown(1, "mine"), "mine") << "its own node drops it too";
  EXPECT_EQ(put_file(world[1], world[1].files().root(), "late", "x").code(), Errc::denied);
  expect_equal();
}

TEST_F(EpochsTest, RevokedSinceATime) {
  write(1, "early", "kept");
  world.pass(seconds(60));
  const WallMs since = world.wall;
  world.pass(seconds(60));
  write(1, "late", "stolen");
  world.converge();
  Policy policy = current();
  policy.revoked = {key(1)};
  propose(policy, 0, since);
  world.converge();
  EXPECT_EQ(shown(2, "early"), "kept");
  EXPECT_EQ(shown(2, "late"), "nothing");
  expect_equal();
}

TEST_F(EpochsTest, WhatBuildsOnARefusedEntryGoesWithIt) {
  world.converge();
  write(1, "new", "stolen");
  world.carry(world[1], world[2], 100);
  const auto file = world[2].files().lookup(world[2].files().root(), "new");
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(world[2].files().set_attributes(*file, test_attributes(0600)).ok());
  Policy policy = current();
  policy.revoked = {key(1)};
  propose(policy);
  world.converge();
  EXPECT_EQ(shown(2, "new"), "nothing");
  EXPECT_EQ(shown(0, "new"), "nothing");
  expect_equal();
}

TEST_F(EpochsTest, RivalsAllowWhatBothAllow) {
  Policy two = with_b();
  propose(two);
  world.converge();
  Policy one = current(), other = current();
  one.rules.push_back(deny(key(2), PolicyVerb::write));
  other.rules.push_back(deny(key(2), PolicyVerb::invite));
  EXPECT_TRUE(propose(one, 0).in_force);
  EXPECT_TRUE(propose(other, 1).in_force);
  write(1, "under-rival", "x");
  world.converge();
  EXPECT_EQ(world[2].replica->epochs().now().size(), 2u);
  EXPECT_EQ(put_file(world[2], world[2].files().root(), "no", "x").code(), Errc::denied);
  EXPECT_EQ(shown(2, "under-rival"), "x");
  Policy joined = two;
  propose(joined, 1);
  world.converge();
  EXPECT_EQ(world[2].replica->epochs().now().size(), 1u);
  EXPECT_EQ(world[2].replica->epochs().highest(), 3u);
  write(2, "again", "x");
  world.converge();
  expect_equal();
}

// b is admin in one of two rivals: what it signs follows that one, and the other goes on counting.
TEST_F(EpochsTest, WhatGoesOnFromOneOfRivalsLeavesTheOther) {
  Policy two = with_b();
  propose(two);
  world.converge();
  Policy strict = current(), without = current();
  strict.rules.push_back(deny(key(2), PolicyVerb::write));
  without.admins = {admin_key(0)};
  const auto kept = propose(strict, 1);
  propose(without, 0);
  world.converge();
  ASSERT_EQ(world[1].replica->epochs().now().size(), 2u);
  EXPECT_FALSE(world[1].replica->epochs().is_admin(key(1)));
  Policy next = strict;
  next.rules.push_back(deny(key(2), PolicyVerb::invite));
  world.pass(milliseconds(5));
  world[1].settle(world.now, world.wall);
  const auto made = world[1].replica->propose_policy(next, {}, &kept.hash);
  ASSERT_TRUE(made.ok()) << made.failure().message;
  EXPECT_TRUE(made->in_force);
  world.converge();
  const auto now = world[2].replica->epochs().now();
  ASSERT_EQ(now.size(), 2u);
  EXPECT_EQ(std::max(now[0]->number, now[1]->number), 3u);
  EXPECT_EQ(std::min(now[0]->number, now[1]->number), 2u);
  EXPECT_FALSE(world[2].replica->epochs().is_admin(key(1))) << "the rival that took that away still counts";
  const auto late = world[1].replica->propose_policy(next, {}, &kept.hash);
  ASSERT_FALSE(late.ok());
  EXPECT_NE(late.failure().message.find("changed meanwhile"), std::string::npos);
  expect_equal();
}

TEST_F(EpochsTest, ARevokedNodeIsToldWhatItIs) {
  Policy policy = current();
  policy.revoked = {key(1)};
  propose(policy);
  world.converge();
  EXPECT_NE(world[1].replica->status().standing.find("was revoked"), std::string::npos);
  EXPECT_EQ(world[2].replica->status().standing, "");
}

TEST_F(EpochsTest, BadProposalsAreRefusedWithASentence) {
  Policy nobody = current();
  nobody.admins = {admin_key(2)};
  PolicyRule rule = deny(key(2), PolicyVerb::write);
  rule.scope = PolicyRule::Scope::network;
  nobody.rules = {rule};
  const auto locked = world[0].replica->propose_policy(nobody, {});
  ASSERT_FALSE(locked.ok());
  EXPECT_NE(locked.failure().message.find("lock out"), std::string::npos);
  EXPECT_EQ(world[1].replica->propose_policy(current(), {}).code(), Errc::denied);
  EXPECT_EQ(world[0].replica->sign_policy("12345678").code(), Errc::not_found);
}

// An old policy does not come back by being signed once more.
TEST_F(EpochsTest, NoWayBackToAnOlderPolicy) {
  Policy two = with_b();
  two.threshold = 2;
  propose(two);
  world.converge();
  const auto weak = propose(current());  // waits for b
  world.converge();
  Policy strict = current();
  strict.rules.push_back(deny(key(2), PolicyVerb::write));
  const auto made = propose(strict);
  world.converge();
  ASSERT_TRUE(world[1].replica->sign_policy(made.hash.hex()).ok());
  world.converge();
  const auto back = world[1].replica->sign_policy(weak.hash.hex());
  ASSERT_FALSE(back.ok());
  EXPECT_NE(back.failure().message.find("older"), std::string::npos);
}

TEST(LiesInTotals, AreProvenByTwoHeaders) {
  crypto::start();
  MemoryTable index;
  const NetworkId network{};
  AuthorTag author{{7}};
  const auto header = [&](std::uint64_t sequence, std::uint64_t entries, std::uint64_t bytes) {
    codec::SignedHeader out;
    out.header.author = author;
    out.header.sequence = sequence;
    out.header.hlc = Hlc{sequence};
    out.header.total_entries = entries;
    out.header.total_bytes = bytes;
    return out;
  };
  struct Case {
    codec::SignedHeader first, second;
    fsd::Authors::Made made;
    bool lie;
  };
  const std::vector<Case> cases{
      {header(1, 1, 10), header(2, 3, 15), {2, 5}, false}, {header(1, 1, 10), header(2, 2, 15), {2, 5}, true},
      {header(1, 1, 10), header(2, 3, 14), {2, 5}, true},  {header(2, 3, 15), header(1, 1, 10), {1, 10}, false},
      {header(2, 3, 15), header(1, 3, 10), {1, 10}, true}, {header(2, 3, 15), header(1, 1, 16), {1, 16}, true},
      {header(1, 1, 10), header(5, 2, 10), {1, 0}, false},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    author = AuthorTag{{static_cast<std::uint8_t>(i + 1)}};
    auto [first, second, made, lie] = cases[i];
    first.header.author = second.header.author = author;
    fsd::Authors authors(index, network);
    EXPECT_TRUE(authors.note(first, {1, 0}));
    EXPECT_TRUE(authors.note(second, made));
    EXPECT_EQ(authors.state(author).equivocated, lie) << i;
  }
}

TEST_F(EpochsTest, OverTheQuotaIsEdquotAndDeletesStillCount) {
  write(1, "first", "12345");
  Policy policy = current();
  PolicyRule limit;
  limit.effect = PolicyRule::Effect::limit;
  limit.who = PolicyRule::Who::member;
  limit.scope = PolicyRule::Scope::shared;
  limit.max_bytes = 8;
  policy.rules = {limit};
  propose(policy);
  world.converge();
  TestNode& node = world[1];
  EXPECT_EQ(put_file(node, node.files().root(), "more", "123456").code(), Errc::over_quota);
  EXPECT_TRUE(node.files().unlink(node.files().root(), "first").ok());
  node.settle(world.now, world.wall);
  world.converge();
  EXPECT_EQ(shown(2, "first"), "nothing");
  expect_equal();
}

}  // namespace
}  // namespace meshfs::sim
