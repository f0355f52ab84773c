// Changes, epochs of two admins that become rivals, revocations, partial exchanges and restarts in any order: sets end equal.
#include <gtest/gtest.h>

#include <cstdlib>

#include "fsd/core/intake.h"
#include "fsd/core/rejudging.h"
#include "tests/unit/core/network_world.h"

namespace meshfs::sim {
namespace {

using codec::Policy;
using codec::PolicyRule;

std::uint64_t seeds() {
  const char* text = std::getenv("MESHFS_SEEDS");
  return text == nullptr ? 8 : std::strtoull(text, nullptr, 10);
}

std::uint64_t first() {
  const char* text = std::getenv("MESHFS_SEED");
  return text == nullptr ? 1 : std::strtoull(text, nullptr, 10);
}

Policy random_change(World& world, TestNode& admin) {
  Policy policy = *admin.replica->epochs().now().front();
  policy.fences.clear();
  policy.revoked.clear();
  const auto members = admin.replica->members();
  const NodeId victim = members[world.rng.below(members.size())].node;
  const bool is_admin = admin.replica->epochs().is_admin(victim);
  if (is_admin && policy.admins.size() > 1 && policy.admins.front().data != victim.data && world.rng.percent(30)) {
    if (world.rng.percent(50)) policy.revoked = {victim};
    std::erase_if(policy.admins, [&](const auto& key) { return key.data == victim.data; });
  } else if (!is_admin && world.rng.percent(40)) {
    policy.revoked = {victim};
  } else if (!is_admin && policy.rules.size() < 6) {
    PolicyRule rule;
    rule.effect = static_cast<PolicyRule::Effect>(world.rng.below(3));
    rule.who = PolicyRule::Who::node;
    rule.who_node = victim;
    rule.verbs = static_cast<std::uint8_t>(1 + world.rng.below(3));
    rule.scope = world.rng.percent(60) ? PolicyRule::Scope::shared : PolicyRule::Scope::everywhere;
    policy.rules.push_back(rule);
  } else {
    policy.rules.clear();
  }
  return policy;
}

// Somebody lends some of what he may, or was lent, to somebody for a while.
void random_loan(World& world, TestNode& node) {
  const auto members = node.replica->members();
  codec::Delegation loan;
  loan.issuer.data[0] = 1;  // filled in
  loan.audience = members[world.rng.below(members.size())].node;
  loan.verbs = world.rng.percent(70) ? bit(codec::PolicyVerb::write)
                                     : static_cast<std::uint8_t>(1 + world.rng.below(codec::kLendableVerbs));
  const NodeId& owner = members[world.rng.below(members.size())].node;
  loan.volume = world.rng.percent(20) ? kSharedVolume : codec::node_volume(owner);
  loan.until.ms = world.wall.ms + static_cast<std::int64_t>(world.rng.below(60'000));
  loan.depth = static_cast<std::uint8_t>(world.rng.below(3));
  (void)node.replica->delegate(loan);
}

// What one node's set holds and another's does not, for people.
std::string difference(TestNode& a, TestNode& b) {
  std::string out;
  codec::local::GetItems missing{1, {}, {}};
  for (const auto& [hash, number] : a.items) {
    if (!b.items.contains(hash)) missing.items.push_back(number);
  }
  a.found_items.clear();
  a.replica->on_syncd(missing);
  a.drain();
  for (const auto& bundle : std::exchange(a.found_items, {})) {
    if (bundle.form == codec::ItemForm::squeezed) continue;
    const auto opened = fsd::Intake::open(bundle);
    if (!opened.ok()) continue;
    const auto& header = opened->header.header;
    out += "\n" + a.replica->node_name(header.author) + " " + std::to_string(header.sequence) + " epoch " +
           std::to_string(header.policy_epoch) + " volume " + header.volume.hex() + " entries " +
           std::to_string(opened->entries.size()) + " form " + std::to_string(static_cast<int>(bundle.form));
    b.verdicts.clear();
    b.replica->on_syncd(codec::local::Offer{1, {bundle}, "test"});
    b.drain();
    for (const auto& one : b.verdicts) out += ": " + std::to_string(static_cast<int>(one.verdict)) + " " + one.reason;
  }
  return out;
}

// Changes, loans, epochs by either of two admins (so that rivals happen), partial exchanges and restarts, in random order.
void run(std::uint64_t seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  Network net(seed, 5);
  World& world = net.world;
  world.converge();
  Policy two = *world[0].replica->epochs().now().front();
  for (const auto& member : world[0].replica->members()) {
    if (member.name == "b") two.admins.push_back({member.node.data});
  }
  std::sort(two.admins.begin(), two.admins.end());
  ASSERT_TRUE(world[0].replica->propose_policy(two, {}).ok());
  world.converge();
  for (int step = 0; step < 140; ++step) {
    TestNode& node = world[world.rng.below(world.size())];
    if (world.rng.percent(4)) {  // somebody is invited, perhaps by who will turn out to be a thief
      Invitation how;
      how.uses = 0;
      how.way = world.rng.percent(50) ? Invitation::Way::any_admin : Invitation::Way::issuer;
      const std::uint64_t number = world.size();
      if (number < 9 && net.invite(number, how, world.rng.below(2)).ok())
        world.add(net.candidate(number, "n" + std::to_string(number), number), false);
    }
    if (world.rng.percent(8)) random_loan(world, node);
    world.random_change(node);
    world.pass(milliseconds(static_cast<std::int64_t>(1 + world.rng.below(500))));
    if (world.rng.percent(20)) node.settle(world.now, world.wall);
    if (world.rng.percent(10)) {
      TestNode& to = world[world.rng.below(world.size())];
      if (&to != &node) world.carry(node, to, 70);
    }
    if (world.rng.percent(5)) {
      TestNode& admin = world[world.rng.below(2)];
      (void)admin.replica->propose_policy(random_change(world, admin), {});
    }
    if (world.rng.percent(3)) {
      if (world.rng.percent(50))
        node.crash();
      else
        node.stop();
      node.start(world.now, world.wall);
    }
  }
  for (int round = 0; round < 4; ++round) {
    world.pass(fsd::Rejudging::kPause);
    world.converge();
    for (std::size_t i = 0; i < world.size(); ++i) world[i].settle(world.now, world.wall);
  }
  // Who is not let in keeps what it wrote to itself.
  const auto counts = [&](std::size_t i) {
    const auto role = net.role(0, "n" + std::to_string(i));
    return i < 5 || role == "member" || role == "revoked";
  };
  for (std::size_t i = 0; i < world.size(); ++i) {
    if (!counts(i)) continue;
    ASSERT_EQ(check_tree(world[i]), "") << i;
    ASSERT_EQ(check_totals(world[i]), "") << i;
    ASSERT_TRUE(world[i].replica->status().sets == world[0].replica->status().sets)
        << i << difference(world[i], world[0]) << "\n--" << difference(world[0], world[i]);
    ASSERT_EQ(check_replay(world[i], world.now, world.wall, true), "") << i;
    ASSERT_EQ(world[i].replica->epochs().highest(), world[0].replica->epochs().highest()) << i;
    ASSERT_TRUE(world[i].dump() == world[0].dump()) << i;
  }
}

TEST(EpochsInAnyOrder, SetsEndEqual) {
  for (std::uint64_t seed = first(); seed <= seeds() && !testing::Test::HasFatalFailure(); ++seed) run(seed);
}

}  // namespace
}  // namespace meshfs::sim
