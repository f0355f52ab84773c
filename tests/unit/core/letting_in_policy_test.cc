// Who is let in by whom, under policy: rules of invite and admit, admins that were removed or revoked, and those they let in.
#include "tests/unit/core/network_world.h"

namespace meshfs::sim {
namespace {

using codec::Policy;
using codec::PolicyRule;

// a is node 0, an admin; "other" node 1, another; m node 2, a member.
class LettingIn : public testing::Test {
 protected:
  LettingIn() {
    world.add(net.second_admin(), true);
    EXPECT_TRUE(net.invite(1).ok());
    world.converge();
    world.add(net.candidate(1, "m", 1), false);
    world.converge();
    EXPECT_EQ(net.role(1, "m"), "member");
  }
  Policy current() {
    Policy out = *world[0].replica->epochs().now().front();
    out.fences.clear();
    out.revoked.clear();
    return out;
  }
  void propose(const Policy& policy) {
    world.pass(milliseconds(5));
    settle();
    const auto made = world[0].replica->propose_policy(policy, {});
    ASSERT_TRUE(made.ok()) << made.failure().message;
    EXPECT_TRUE(made->in_force);
    settle();
  }
  void revoke_other() {
    Policy policy = current();
    policy.revoked = {other()};
    propose(policy);
  }
  // n comes to "other" alone with this invitation, is let in, and writes; m hears of it, a does not.
  void let_in_n(std::uint64_t key) {
    world.add(net.candidate(2, "n", key), false);
    exchange(1, 3);
    ASSERT_EQ(net.role(3, "n"), "member") << net.standing(3);
    world.pass(milliseconds(5));
    write(world[3], "by-n");
    settle();
    exchange(3, 1);
    exchange(1, 2);
    ASSERT_TRUE(shows(world[2], "by-n"));
  }
  void exchange(std::size_t one, std::size_t two) {
    for (int i = 0; i < 6; ++i) {
      world.carry(world[one], world[two], 100);
      world.carry(world[two], world[one], 100);
      world.pass(milliseconds(5));
      settle();
    }
  }
  void settle() {
    for (int turn = 0; turn < 3; ++turn) {
      for (std::size_t i = 0; i < world.size(); ++i) world[i].settle(world.now, world.wall);
    }
  }
  // Of all but the last `but` nodes.
  void expect_equal(std::size_t but) {
    settle();
    world.converge();
    settle();
    world.converge();
    expect_same_everywhere(world, but);
  }
  NodeId other() { return net.second_admin().member.node; }
  Network net{51};
  World& world = net.world;
};

TEST_F(LettingIn, WhoIsRevokedHasNoSessions) {
  const DeviceKey device = net.second_admin().member.device;
  const auto& roster = world[2].roster;
  EXPECT_TRUE(std::binary_search(roster.devices.begin(), roster.devices.end(), device));
  revoke_other();
  world.converge();
  EXPECT_TRUE(std::binary_search(roster.devices.begin(), roster.devices.end(), device)) << "it shall hear of it";
  world.pass(seconds(11));
  settle();
  EXPECT_FALSE(std::binary_search(roster.devices.begin(), roster.devices.end(), device));
  EXPECT_TRUE(std::binary_search(roster.denied.begin(), roster.denied.end(), device));
  for (const auto& admin : roster.admins) EXPECT_NE(admin.data, other().data) << "whom it admits has no proof";
  EXPECT_EQ(net.role(2, "other"), "revoked");
  EXPECT_EQ(net.invite(7, {}, 1).code(), Errc::denied);
  expect_equal(0);
}

TEST_F(LettingIn, WhoAThiefLetInGoesWithIt) {
  ASSERT_TRUE(net.invite(9, {}, 1).ok());
  settle();
  let_in_n(9);
  revoke_other();
  expect_equal(1);
  EXPECT_FALSE(shows(world[0], "by-n"));
  EXPECT_FALSE(shows(world[2], "by-n"));
  EXPECT_EQ(net.role(0, "n"), "unknown");
  EXPECT_EQ(net.role(2, "n"), "unknown");
  EXPECT_NE(net.standing(3), "");
}

TEST_F(LettingIn, WhoMayStayIsLetInAnewByOthers) {
  Invitation open;
  open.way = Invitation::Way::any_admin;
  open.uses = 0;
  ASSERT_TRUE(net.invite(8, open).ok());
  world.converge();
  let_in_n(8);
  revoke_other();
  expect_equal(0);
  EXPECT_EQ(net.role(2, "n"), "member");
  EXPECT_TRUE(shows(world[0], "by-n")) << "what it wrote comes back with it";
  EXPECT_TRUE(shows(world[2], "by-n"));
}

TEST_F(LettingIn, WhatWasKnownOfARevokedAdminStays) {
  ASSERT_TRUE(net.invite(9, {}, 1).ok());
  settle();
  let_in_n(9);
  world.converge();
  ASSERT_TRUE(shows(world[0], "by-n"));
  revoke_other();
  expect_equal(0);
  EXPECT_EQ(net.role(2, "n"), "member") << "its admission is one of the entries that the epoch names";
  EXPECT_TRUE(shows(world[2], "by-n"));
}

TEST_F(LettingIn, ARemovedAdminIsAMember) {
  Policy policy = current();
  std::erase_if(policy.admins, [&](const auto& admin) { return admin.data == other().data; });
  // Cut off it goes on inviting, under the epoch that it knows.
  ASSERT_TRUE(net.invite(9, {}, 1).ok());
  settle();
  propose(policy);
  world.add(net.candidate(2, "n", 9), false);
  exchange(1, 3);
  ASSERT_EQ(net.role(3, "n"), "member");
  expect_equal(1);
  EXPECT_EQ(net.role(0, "n"), "unknown");
  EXPECT_EQ(net.role(0, "other"), "member");
  EXPECT_EQ(net.invite(7, {}, 1).code(), Errc::denied);
  world.pass(milliseconds(5));
  write(world[1], "by-other");
  world.converge();
  EXPECT_TRUE(shows(world[0], "by-other")) << "a member writes";
}

TEST_F(LettingIn, ARuleLetsAMemberInvite) {
  EXPECT_EQ(net.invite(7, {}, 2).code(), Errc::denied);
  Policy policy = current();
  PolicyRule rule;
  rule.who = PolicyRule::Who::node;
  rule.who_node = net.candidate(1, "m", 1).member.node;
  rule.verbs = bit(codec::PolicyVerb::invite);
  rule.scope = PolicyRule::Scope::network;
  policy.rules.push_back(rule);
  propose(policy);
  world.converge();
  ASSERT_TRUE(net.invite(7, {}, 2).ok());
  world.add(net.candidate(2, "n", 7), false);
  world.converge();
  EXPECT_EQ(net.role(0, "n"), "member");
  EXPECT_EQ(net.standing(3), "");
  expect_equal(0);
}

TEST_F(LettingIn, WhoMayInviteNoMoreDoesNotDateBack) {
  ASSERT_TRUE(net.invite(9, {}, 1).ok());
  settle();
  Policy policy = current();
  PolicyRule rule;
  rule.effect = PolicyRule::Effect::deny;
  rule.who = PolicyRule::Who::node;
  rule.who_node = other();
  rule.verbs = bit(codec::PolicyVerb::invite) | bit(codec::PolicyVerb::admit);
  rule.scope = PolicyRule::Scope::network;
  policy.rules.push_back(rule);
  propose(policy);
  world.add(net.candidate(2, "n", 9), false);
  exchange(1, 3);
  ASSERT_EQ(net.role(3, "n"), "member");
  expect_equal(1);
  EXPECT_EQ(net.role(2, "n"), "unknown");
}

}  // namespace
}  // namespace meshfs::sim
