// What members lend each other, between replicas: chains, what ends them, and that sets end equal whatever came first.
#include "fsd/core/intake.h"
#include "fsd/core/volumes.h"
#include "tests/unit/core/network_world.h"

namespace meshfs::sim {
namespace {

using codec::Delegation;
using codec::Policy;
using codec::PolicyRule;
using codec::PolicyVerb;

constexpr std::uint8_t kWrite = bit(PolicyVerb::write);

// a is node 0, the admin; b, c, d, e are members. What is lent is mostly b's own volume.
class LendingTest : public testing::Test {
 protected:
  LendingTest() : world(41, 5) { world.converge(); }

  NodeId key(std::size_t i) { return world[0].replica->folders().at(std::string(1, static_cast<char>('a' + i))); }
  VolumeTag own(std::size_t i) { return codec::node_volume(key(i)); }
  WallMs in(std::int64_t seconds) { return {world.wall.ms + seconds * 1000}; }
  Delegation wish(std::size_t to, const VolumeTag& volume, std::uint8_t depth = 0, std::uint8_t verbs = kWrite) {
    Delegation out;
    out.issuer.data[0] = 1;  // filled in
    out.audience = key(to);
    out.verbs = verbs;
    out.volume = volume;
    out.until = end;
    out.depth = depth;
    return out;
  }
  Result<codec::DelegationId> lend(std::size_t by, const Delegation& wanted) {
    step();
    const auto made = world[by].replica->delegate(wanted);
    step();
    return made;
  }
  void step() {
    world.pass(milliseconds(5));
    for (std::size_t i = 0; i < world.size(); ++i) world[i].settle(world.now, world.wall);
  }
  // Into the folder of node `of`.
  Errc write_as(std::size_t by, std::size_t of, const std::string& name, const std::string& text = "x") {
    step();
    const auto done = put_file(world[by], {root_of(own(of)), std::nullopt}, name, text);
    step();
    return done.ok() ? Errc::bad_bytes : done.code();  // bad_bytes: it worked; no write ends so
  }
  static constexpr Errc kDone = Errc::bad_bytes;
  bool shows_at(std::size_t at, std::size_t of, const std::string& name) {
    return world[at].files().lookup({root_of(own(of)), std::nullopt}, name).ok();
  }
  void propose(const std::function<void(Policy&)>& change) {
    step();
    Policy policy = *world[0].replica->epochs().now().front();
    policy.fences.clear();
    policy.revoked.clear();
    change(policy);
    const auto made = world[0].replica->propose_policy(policy, {});
    ASSERT_TRUE(made.ok()) << made.failure().message;
    step();
  }
  PolicyRule deny(std::size_t who) {
    PolicyRule rule;
    rule.effect = PolicyRule::Effect::deny;
    rule.who = PolicyRule::Who::node;
    rule.who_node = key(who);
    rule.verbs = kWrite;
    rule.scope = PolicyRule::Scope::node;
    rule.scope_node = key(1);
    return rule;
  }
  void settle_all() {
    for (int round = 0; round < 3; ++round) {
      world.converge();
      step();
    }
  }
  void expect_equal() {
    settle_all();
    expect_same_everywhere(world);
  }
  World world;
  const WallMs end = in(3600);
};

TEST_F(LendingTest, WhoWasLentAFolderWritesInIt) {
  EXPECT_EQ(write_as(2, 1, "early"), Errc::read_only);
  ASSERT_TRUE(lend(1, wish(2, own(1))).ok());
  EXPECT_EQ(write_as(2, 1, "before-it-came"), Errc::read_only);
  settle_all();
  EXPECT_EQ(write_as(2, 1, "mine"), kDone);
  EXPECT_EQ(write_as(3, 1, "others"), Errc::read_only);
  settle_all();
  for (std::size_t i = 0; i < 5; ++i) EXPECT_TRUE(shows_at(i, 1, "mine")) << i;
  ASSERT_TRUE(world[2].files().unlink({root_of(own(1)), std::nullopt}, "mine").ok()) << "writing is deleting too";
  settle_all();
  EXPECT_FALSE(shows_at(4, 1, "mine"));
  expect_equal();
}

TEST_F(LendingTest, WhatComesBeforeTheDelegationWaitsForIt) {
  ASSERT_TRUE(lend(1, wish(2, own(1))).ok());
  world.carry(world[1], world[2], 100);
  EXPECT_EQ(write_as(2, 1, "mine"), kDone);
  codec::local::GetItems items{1, {}, {}};
  for (const auto& [hash, number] : world[2].items) items.items.push_back(number);
  world[2].replica->on_syncd(items);
  world[2].drain();
  for (const auto& bundle : std::exchange(world[2].found_items, {})) {
    const auto opened = fsd::Intake::open(bundle);
    if (opened.ok() && opened->header.header.volume == own(1))
      world[4].replica->on_syncd(codec::local::Offer{1, {bundle}, "test"});
  }
  step();
  EXPECT_FALSE(shows_at(4, 1, "mine"));
  ASSERT_FALSE(world[4].replica->pending().empty());
  EXPECT_EQ(world[4].replica->pending().front().waits_for, "somebody who lends c the right to write there");
  world.carry(world[1], world[4], 100);
  step();
  EXPECT_TRUE(shows_at(4, 1, "mine")) << "from what waited: nobody offered it again";
  expect_equal();
}

TEST_F(LendingTest, AChainHasThreeLinks) {
  ASSERT_TRUE(lend(1, wish(2, own(1), 2)).ok());
  settle_all();
  ASSERT_TRUE(lend(2, wish(3, own(1), 1)).ok());
  settle_all();
  EXPECT_EQ(lend(3, wish(4, own(1), 1)).code(), Errc::denied) << "as deep as what it hangs on";
  ASSERT_TRUE(lend(3, wish(4, own(1), 0)).ok());
  settle_all();
  const auto fourth = lend(4, wish(0, own(1), 0));
  ASSERT_FALSE(fourth.ok());
  EXPECT_NE(fourth.failure().message.find("can't lend it"), std::string::npos);
  EXPECT_EQ(write_as(4, 1, "third"), kDone);
  settle_all();
  EXPECT_TRUE(shows_at(0, 1, "third"));
  expect_equal();
}

TEST_F(LendingTest, ItEnds) {
  Delegation brief = wish(2, own(1));
  brief.until = in(60);
  ASSERT_TRUE(lend(1, brief).ok());
  settle_all();
  EXPECT_EQ(write_as(2, 1, "in-time"), kDone);
  world.pass(seconds(61));
  EXPECT_EQ(write_as(2, 1, "late"), Errc::read_only);
  settle_all();
  EXPECT_TRUE(shows_at(4, 1, "in-time"));
  EXPECT_EQ(lend(1, brief).code(), Errc::invalid) << "over already";
  expect_equal();
}

TEST_F(LendingTest, ADenyWinsAnywhereInTheChain) {
  ASSERT_TRUE(lend(1, wish(2, own(1), 1)).ok());
  settle_all();
  ASSERT_TRUE(lend(2, wish(3, own(1))).ok());
  settle_all();
  EXPECT_EQ(write_as(3, 1, "accepted"), kDone);
  settle_all();
  propose([&](Policy& policy) { policy.rules.push_back(deny(2)); });
  EXPECT_EQ(write_as(3, 1, "unheard"), kDone) << "d has not heard of it yet";
  settle_all();
  EXPECT_EQ(write_as(3, 1, "late"), Errc::read_only);
  EXPECT_EQ(write_as(2, 1, "denied"), Errc::denied);
  EXPECT_TRUE(shows_at(4, 1, "accepted")) << "it was here when that epoch was made";
  EXPECT_FALSE(shows_at(4, 1, "unheard"));
  EXPECT_FALSE(shows_at(3, 1, "unheard"));
  EXPECT_NE(lend(1, wish(2, own(1))).failure().message.find("a deny wins"), std::string::npos);
  expect_equal();
}

TEST_F(LendingTest, WhatARevokedNodeLentIsOver) {
  ASSERT_TRUE(lend(1, wish(2, own(1))).ok());
  settle_all();
  EXPECT_EQ(write_as(2, 1, "accepted"), kDone);
  settle_all();
  EXPECT_EQ(write_as(2, 1, "unheard"), kDone);
  propose([&](Policy& policy) { policy.revoked = {key(1)}; });
  settle_all();
  EXPECT_TRUE(shows_at(4, 1, "accepted"));
  EXPECT_FALSE(shows_at(4, 1, "unheard"));
  EXPECT_EQ(write_as(2, 1, "late"), Errc::read_only);
  EXPECT_EQ(lend(1, wish(3, own(1))).code(), Errc::denied);
  expect_equal();
}

// c is on an island with b's delegation and an old epoch; what it goes on writing under that epoch does not come back in.
TEST_F(LendingTest, NobodyLendsUnderAnEpochThatWasNarrowed) {
  propose([&](Policy& policy) { policy.rules.push_back(deny(0)); });
  settle_all();
  propose([&](Policy& policy) { policy.rules.push_back(deny(1)); });  // the owner itself
  ASSERT_TRUE(lend(1, wish(2, own(1))).ok()) << "b has not heard of it";
  world.carry(world[1], world[2], 100);
  EXPECT_EQ(write_as(2, 1, "mine"), kDone);
  settle_all();
  EXPECT_FALSE(shows_at(2, 1, "mine"));
  EXPECT_TRUE(world[4].replica->delegations().all().empty());
  EXPECT_EQ(lend(1, wish(2, own(1))).code(), Errc::denied);
  expect_equal();
}

TEST_F(LendingTest, OnlyWhatOneMayIsLent) {
  const auto complaint = [&](std::size_t by, const Delegation& wanted) {
    const auto made = lend(by, wanted);
    return made.ok() ? "" : made.failure().message;
  };
  EXPECT_EQ(complaint(2, wish(3, own(1))), "this node may not do that there itself, so it can't lend it");
  Delegation stranger = wish(3, own(1));
  stranger.audience.data[0] ^= 1;
  EXPECT_EQ(complaint(1, stranger), "that node is no member");
  EXPECT_EQ(complaint(1, wish(1, own(1))), "a delegation to its own issuer");
  EXPECT_EQ(complaint(1, wish(2, kNetworkVolume)), "this node may not do that there itself, so it can't lend it");
  EXPECT_EQ(complaint(0, wish(2, kNetworkVolume)), "the network volume can't be lent");
  ASSERT_TRUE(lend(1, wish(2, own(1), 1)).ok());
  settle_all();
  Delegation longer = wish(3, own(1));
  longer.until = in(36'000);
  EXPECT_EQ(complaint(2, longer), "what this node was lent there ends before that time");
  EXPECT_EQ(complaint(2, wish(3, own(1), 1)),
            "what this node was lent there can be lent on only 1 time: leave --depth at 0");
  EXPECT_EQ(complaint(2, wish(3, own(1), 0, kWrite | bit(PolicyVerb::command))),
            "this node may not do that there itself, so it can't lend it");
  EXPECT_EQ(complaint(2, wish(3, own(1))), "");
}

// Without a rule about it deleting goes with writing, but nobody lends what he may not do himself.
TEST_F(LendingTest, WhoMayNotDeleteLendsNoDeleting) {
  propose([&](Policy& policy) {
    policy.rules.push_back(deny(1));
    policy.rules.back().verbs = bit(PolicyVerb::remove);
  });
  settle_all();
  ASSERT_TRUE(lend(1, wish(2, own(1))).ok());
  settle_all();
  EXPECT_EQ(write_as(2, 1, "stays"), kDone);
  EXPECT_FALSE(world[2].files().unlink({root_of(own(1)), std::nullopt}, "stays").ok());
  expect_equal();
  EXPECT_TRUE(shows_at(4, 1, "stays"));
}

// b's chain to c is broken by a deny before c lends on.
TEST_F(LendingTest, WhatDoesNotCountIsNotLentOn) {
  ASSERT_TRUE(lend(1, wish(2, own(1), 1)).ok());
  settle_all();
  propose([&](Policy& policy) { policy.rules.push_back(deny(1)); });
  settle_all();
  EXPECT_EQ(lend(2, wish(3, own(1))).code(), Errc::denied);
}

// One type may be lent where the rest is not.
TEST_F(LendingTest, OneTypeOfRecord) {
  propose([&](Policy& policy) {
    PolicyRule& only = policy.rules.emplace_back();
    only.effect = PolicyRule::Effect::only;
    only.who = PolicyRule::Who::node;
    only.who_node = key(1);
    only.verbs = bit(PolicyVerb::create);
    only.argument = "lease";
  });
  settle_all();
  const auto make = [&](std::size_t by, const std::string& name, const std::string& type) {
    step();
    codec::Attributes attributes = test_attributes();
    attributes.type = type;
    const bool done = world[by].files().make_file(world[by].files().root(), name, attributes).ok();
    step();
    return done;
  };
  EXPECT_FALSE(make(2, "l1", "lease"));
  EXPECT_TRUE(make(2, "s1", "service"));
  Delegation lease = wish(2, kSharedVolume, 0, bit(PolicyVerb::create));
  lease.argument = "lease";
  ASSERT_TRUE(lend(1, lease).ok());
  settle_all();
  EXPECT_TRUE(make(2, "l2", "lease"));
  EXPECT_FALSE(make(3, "l3", "lease"));
  expect_equal();
}

// Pure: of chains whose pieces are here, in all ways in which one can be wrong.
TEST(Delegations, AChainHoldsTogetherOrDoesNotCount) {
  const auto node = [](std::uint8_t number) {
    NodeId out;
    out.data[0] = number;
    return out;
  };
  Delegation top;
  top.issuer = node(1);
  top.audience = node(2);
  top.verbs = kWrite;
  top.until.ms = 1000;
  top.epoch = 3;
  top.depth = 1;
  Delegation below = top;
  below.issuer = node(2);
  below.audience = node(3);
  below.depth = 0;
  below.parent = codec::delegation_id(top);
  const auto works = [&](const Delegation& one, std::int64_t at = 999, std::uint32_t epoch = 3) {
    fsd::Delegations all;
    all.add(one);  // the order is all the same
    all.add(top);
    std::size_t length = 0;
    const fsd::Asking what{PolicyVerb::write, kSharedVolume, {}, {at}};
    const auto* found = all.find(node(3), what, epoch, [&](fsd::Delegations::Chain chain) {
      length = chain.size();
      EXPECT_EQ(chain.back()->issuer, node(1));
      return true;
    });
    EXPECT_EQ(found != nullptr, length == 2);
    return found != nullptr;
  };
  EXPECT_TRUE(works(below));
  EXPECT_FALSE(works(below, 1000)) << "over";
  EXPECT_FALSE(works(below, 999, 2)) << "of a later epoch than the commit";
  Delegation bent = below;
  bent.until.ms = 1001;
  EXPECT_FALSE(works(bent)) << "it outlives what it hangs on";
  bent = below;
  bent.depth = 1;
  EXPECT_FALSE(works(bent)) << "as deep";
  bent = below;
  bent.issuer = node(4);
  EXPECT_FALSE(works(bent)) << "of one who has nothing";
  bent = below;
  bent.parent.data[0] ^= 1;
  EXPECT_FALSE(works(bent)) << "what it hangs on is not here";
  fsd::Delegations all;
  all.add(top);
  all.add(below);
  EXPECT_EQ(all.reached_from({node(1)}), (std::set<NodeId>{node(2), node(3)}));
  EXPECT_EQ(all.reached_from({node(3)}), (std::set<NodeId>{}));
}

}  // namespace
}  // namespace meshfs::sim
