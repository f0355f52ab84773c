// PolicyRules of one epoch: each kind by itself, and random policies against a second evaluator that only follows the words of policy.h.
#include "fsd/core/policy.h"

#include <gtest/gtest.h>

#include "fsd/core/fences.h"
#include "schema/vocab/rng.h"

namespace meshfs::fsd {
namespace {

using codec::Policy;
using codec::PolicyRule;
using codec::PolicyVerb;
using Effect = PolicyRule::Effect;
using Who = PolicyRule::Who;
using Scope = PolicyRule::Scope;

NodeId node(std::uint8_t number) {
  NodeId out;
  out.data[0] = number;
  return out;
}

constexpr WallMs kNow{1'700'000'000'000};
constexpr std::uint8_t kWrite = bit(PolicyVerb::write), kRemove = bit(PolicyVerb::remove),
                       kCreate = bit(PolicyVerb::create);

class PolicyRules : public testing::Test {
 protected:
  PolicyRules() {
    policy.number = 7;
    policy.admins = {crypto::PublicKey{node(1).data}};
    policy.groups = {{"crew", {}, {"field"}}, {"field", {node(2), node(3)}, {}}};
  }
  PolicyRule& add(Effect effect, Who who, std::uint8_t verbs, Scope scope) {
    PolicyRule& rule = policy.rules.emplace_back();
    rule.effect = effect;
    rule.who = who;
    rule.verbs = verbs;
    rule.scope = scope;
    return rule;
  }
  bool may(std::uint8_t who, PolicyVerb verb, const VolumeTag& volume, std::string_view argument = {}) {
    return decide(policy, actor_of(node(who), guest), {verb, volume, argument, kNow}).allowed;
  }
  Policy policy;
  bool guest = false;
  const VolumeTag own2 = codec::node_volume(node(2));
};

TEST_F(PolicyRules, WithoutRulesMembersWriteWhatIsCommonAndTheirOwn) {
  EXPECT_TRUE(may(2, PolicyVerb::write, kSharedVolume));
  EXPECT_TRUE(may(2, PolicyVerb::write, kCommandsVolume));
  EXPECT_TRUE(may(2, PolicyVerb::remove, own2));
  EXPECT_FALSE(may(3, PolicyVerb::write, own2));
  EXPECT_FALSE(may(2, PolicyVerb::write, kNetworkVolume));
  EXPECT_TRUE(may(1, PolicyVerb::write, kNetworkVolume));
  EXPECT_FALSE(may(2, PolicyVerb::command, kCommandsVolume, "reboot"));
  EXPECT_TRUE(may(1, PolicyVerb::invite, kNetworkVolume));
  EXPECT_FALSE(may(2, PolicyVerb::invite, kNetworkVolume));
  EXPECT_FALSE(may(2, PolicyVerb::admit, kNetworkVolume));
}

TEST_F(PolicyRules, AGuestHasHisOwnVolumeOnly) {
  guest = true;
  EXPECT_FALSE(may(2, PolicyVerb::write, kSharedVolume));
  EXPECT_FALSE(may(2, PolicyVerb::invite, kNetworkVolume));
  EXPECT_TRUE(may(2, PolicyVerb::write, own2));
  add(Effect::allow, Who::guest, kWrite, Scope::shared);
  EXPECT_TRUE(may(2, PolicyVerb::write, kSharedVolume));
}

TEST_F(PolicyRules, DenyWinsOverAllowInAnyOrder) {
  add(Effect::deny, Who::node, kWrite, Scope::shared).who_node = node(2);
  add(Effect::allow, Who::anyone, kWrite, Scope::everywhere);
  EXPECT_FALSE(may(2, PolicyVerb::write, kSharedVolume));
  EXPECT_TRUE(may(3, PolicyVerb::write, kSharedVolume));
  std::swap(policy.rules[0], policy.rules[1]);
  EXPECT_FALSE(may(2, PolicyVerb::write, kSharedVolume));
}

TEST_F(PolicyRules, OnlyTakesTheDefaultFromAllOthers) {
  add(Effect::only, Who::group, kWrite, Scope::shared).group = "field";
  EXPECT_TRUE(may(2, PolicyVerb::write, kSharedVolume));
  EXPECT_FALSE(may(4, PolicyVerb::write, kSharedVolume));
  EXPECT_FALSE(may(4, PolicyVerb::remove, kSharedVolume)) << "deleting follows writing";
  EXPECT_TRUE(may(4, PolicyVerb::write, kCommandsVolume));
  const auto decision = decide(policy, actor_of(node(4), false), {PolicyVerb::write, kSharedVolume, {}, kNow});
  EXPECT_EQ(decision.rule, &policy.rules[0]);
  EXPECT_FALSE(decision.denied);
}

TEST_F(PolicyRules, GroupsHoldGroups) {
  add(Effect::allow, Who::group, kWrite, Scope::network).group = "crew";
  EXPECT_TRUE(may(3, PolicyVerb::write, kNetworkVolume));
  EXPECT_FALSE(may(4, PolicyVerb::write, kNetworkVolume));
}

TEST_F(PolicyRules, ARuleEnds) {
  PolicyRule& rule = add(Effect::deny, Who::anyone, kWrite, Scope::shared);
  rule.until = {kNow.ms + 1};
  EXPECT_FALSE(may(2, PolicyVerb::write, kSharedVolume));
  rule.until = kNow;
  EXPECT_TRUE(may(2, PolicyVerb::write, kSharedVolume));
}

TEST_F(PolicyRules, OneNodesVolumeMayBeOpened) {
  add(Effect::allow, Who::node, kWrite | kRemove, Scope::node).who_node = node(3);
  policy.rules[0].scope_node = node(2);
  EXPECT_TRUE(may(3, PolicyVerb::write, own2));
  EXPECT_FALSE(may(4, PolicyVerb::write, own2));
}

TEST_F(PolicyRules, DeletingMayBeDeniedAlone) {
  add(Effect::deny, Who::member, kRemove, Scope::shared);
  EXPECT_TRUE(may(2, PolicyVerb::write, kSharedVolume));
  EXPECT_FALSE(may(2, PolicyVerb::remove, kSharedVolume));
}

TEST_F(PolicyRules, CommandsAreNamed) {
  add(Effect::allow, Who::admin, bit(PolicyVerb::command), Scope::commands).argument = "reboot";
  EXPECT_TRUE(may(1, PolicyVerb::command, kCommandsVolume, "reboot"));
  EXPECT_FALSE(may(1, PolicyVerb::command, kCommandsVolume, "shell"));
  EXPECT_FALSE(may(2, PolicyVerb::command, kCommandsVolume, "reboot"));
}

class PolicyEntries : public PolicyRules {
 protected:
  Decision judge_one(std::uint8_t who, const codec::Entry& entry) {
    codec::Header header;
    header.author = author;
    header.hlc = Hlc::at(kNow);
    header.volume = volume;
    header.total_bytes = total_bytes;
    header.total_entries = 1;
    return judge({&policy}, actor_of(node(who), guest), header, entry);
  }
  codec::Entry file(std::string type = {}) {
    codec::ObjectEntry out;
    out.attributes.value.emplace().type = std::move(type);
    return out;
  }
  codec::Entry removal(const AuthorTag& covers) {
    codec::Tombstone item;
    item.context = {{covers, 1}};
    return codec::BatchTombstone{{item}};
  }
  AuthorTag author{{1}}, other{{2}};
  VolumeTag volume = kSharedVolume;
  std::uint64_t total_bytes = 0;
};

TEST_F(PolicyEntries, RecordTypesAreCreatedByWhoMay) {
  add(Effect::only, Who::group, kCreate, Scope::shared).group = "field";
  policy.rules[0].argument = "lease";
  EXPECT_TRUE(judge_one(2, file("lease")).allowed);
  EXPECT_FALSE(decide(policy, actor_of(node(4), false), {PolicyVerb::create, kSharedVolume, "lease", kNow}).allowed);
  EXPECT_TRUE(judge_one(4, file("note")).allowed);
  guest = true;
  EXPECT_TRUE(judge_one(2, file("lease")).allowed) << "a guest may make what a rule lets him, and nothing else";
  EXPECT_FALSE(judge_one(2, file("note")).allowed);
  add(Effect::deny, Who::anyone, kCreate, Scope::everywhere).argument = "lease";
  EXPECT_FALSE(judge_one(2, file("lease")).allowed);
}

TEST_F(PolicyEntries, OnesOwnMayAlwaysBeDeleted) {
  add(Effect::deny, Who::anyone, codec::kAllVerbs, Scope::everywhere);
  EXPECT_TRUE(judge_one(2, removal(author)).allowed);
  EXPECT_FALSE(judge_one(2, removal(other)).allowed);
  volume = codec::node_volume(node(3));
  EXPECT_FALSE(judge_one(2, removal(author)).allowed) << "not even nothing in another's volume";
}

TEST_F(PolicyEntries, OverTheQuotaOnlyDeletesCount) {
  PolicyRule& rule = add(Effect::limit, Who::member, 0, Scope::shared);
  rule.max_bytes = 100;
  total_bytes = 100;
  EXPECT_TRUE(judge_one(2, file()).allowed);
  total_bytes = 101;
  EXPECT_FALSE(judge_one(2, file()).allowed);
  EXPECT_TRUE(judge_one(2, file()).over_limit);
  EXPECT_TRUE(judge_one(2, removal(other)).allowed);
  volume = kCommandsVolume;
  EXPECT_TRUE(judge_one(2, file()).allowed);
}

// --- random policies against a second evaluator, written from the words above, rule by rule ---

class Naive {
 public:
  Naive(const Policy& policy, const Actor& who, const Asking& what) : policy_(policy), who_(who), what_(what) {}
  bool allowed() const {
    if (any(Effect::deny, true)) return false;
    if (any(Effect::allow, true) || any(Effect::only, true)) return true;
    if (any(Effect::only, false)) return false;
    if (what_.verb == PolicyVerb::remove || what_.verb == PolicyVerb::create) {
      return Naive(policy_, who_, {PolicyVerb::write, what_.volume, {}, what_.at}).allowed();
    }
    const bool admin = policy_.admins[0].data == who_.node.data;
    switch (what_.verb) {
      case PolicyVerb::command:
        return false;
      case PolicyVerb::admit:
      case PolicyVerb::invite:
        return admin;
      default:
        break;
    }
    if (what_.volume == kNetworkVolume) return admin;
    if (what_.volume == codec::node_volume(who_.node)) return true;
    return !who_.guest && (what_.volume == kSharedVolume || what_.volume == kCommandsVolume);
  }

 private:
  bool any(Effect effect, bool who_counts) const {
    for (const auto& rule : policy_.rules) {
      const bool lasts = rule.until.ms == 0 || what_.at < rule.until;
      const bool verb = ((rule.verbs >> static_cast<unsigned>(what_.verb)) & 1) == 1 &&
                        (rule.argument.empty() || rule.argument == what_.argument);
      if (rule.effect == effect && lasts && verb && at_place(rule) && (!who_counts || is(rule))) return true;
    }
    return false;
  }
  bool at_place(const PolicyRule& rule) const {
    const std::map<Scope, VolumeTag> places{{Scope::shared, kSharedVolume},
                                            {Scope::network, kNetworkVolume},
                                            {Scope::commands, kCommandsVolume},
                                            {Scope::own, codec::node_volume(who_.node)},
                                            {Scope::node, codec::node_volume(rule.scope_node)}};
    return rule.scope == Scope::everywhere || places.at(rule.scope) == what_.volume;
  }
  bool is(const PolicyRule& rule) const {
    std::set<std::string> groups;  // that he is in, by going over all until none is added
    for (std::size_t before = 1; before != groups.size();) {
      before = groups.size();
      for (const auto& group : policy_.groups) {
        bool in = std::count(group.nodes.begin(), group.nodes.end(), who_.node) > 0;
        for (const auto& name : group.groups) in = in || groups.contains(name);
        if (in) groups.insert(group.name);
      }
    }
    return rule.who == Who::anyone || (rule.who == Who::member && !who_.guest) ||
           (rule.who == Who::guest && who_.guest) ||
           (rule.who == Who::admin && policy_.admins[0].data == who_.node.data) ||
           (rule.who == Who::node && rule.who_node == who_.node) ||
           (rule.who == Who::group && groups.contains(rule.group));
  }
  const Policy& policy_;
  const Actor& who_;
  const Asking what_;
};

Policy random_policy(Rng& rng) {
  Policy out;
  out.number = 1;
  out.follows = {Hash{}};
  out.admins = {crypto::PublicKey{node(1).data}};
  out.groups = {{"a", {node(2)}, {"b"}}, {"b", {node(3)}, {"c"}}, {"c", {node(4), node(5)}, {}}};
  for (std::uint64_t i = rng.below(6); i > 0; --i) {
    PolicyRule& rule = out.rules.emplace_back();
    rule.effect = static_cast<Effect>(rng.below(3));
    rule.who = static_cast<Who>(rng.below(6));
    if (rule.who == Who::node) rule.who_node = node(static_cast<std::uint8_t>(1 + rng.below(5)));
    if (rule.who == Who::group) rule.group = std::string(1, static_cast<char>('a' + rng.below(3)));
    rule.verbs = static_cast<std::uint8_t>(1 + rng.below(codec::kAllVerbs));
    if (rng.percent(20)) {
      rule.verbs = rng.percent(50) ? kCreate : bit(PolicyVerb::command);
      rule.argument = rng.percent(50) ? "x" : "y";
    }
    rule.scope = static_cast<Scope>(rng.below(6));
    if (rule.scope == Scope::node) rule.scope_node = node(static_cast<std::uint8_t>(1 + rng.below(5)));
    if (rng.percent(20)) rule.until = {kNow.ms - 1 + static_cast<std::int64_t>(rng.below(3))};
  }
  return out;
}

// How many of all questions both evaluators answer differently.
std::size_t differences(const Policy& asked, const Policy& policy) {
  std::size_t out = 0;
  for (std::uint8_t who = 1; who <= 5; ++who) {
    for (const bool guest : {false, true}) {
      const Actor actor = actor_of(node(who), guest);
      for (unsigned verb = 0; verb < 6; ++verb) {
        for (const VolumeTag& volume :
             {kSharedVolume, kNetworkVolume, kCommandsVolume, codec::node_volume(node(2)), actor.own}) {
          for (const std::string_view argument : {"", "x"}) {
            const Asking what{static_cast<PolicyVerb>(verb), volume, argument, kNow};
            out += decide(asked, actor, what).allowed != Naive(policy, actor, what).allowed() ? 1u : 0u;
          }
        }
      }
    }
  }
  return out;
}

TEST(RandomPolicies, TwoEvaluatorsAgree) {
  Rng rng(20261126);
  std::size_t with_rules = 0;
  for (int round = 0; round < 400; ++round) {
    const Policy policy = random_policy(rng);
    with_rules += policy.rules.empty() ? 0 : 1;
    ASSERT_EQ(differences(policy, policy), 0u) << "round " << round;
    const auto again = codec::decode_policy(codec::encode_policy(policy));
    ASSERT_TRUE(again.ok()) << again.failure().message;
    ASSERT_EQ(*again, policy);
  }
  EXPECT_GT(with_rules, 300u);
}

// Negative control: a judge that forgets one rule differs from the second evaluator in most policies.
TEST(RandomPolicies, AForgottenRuleIsSeen) {
  Rng rng(7);
  std::size_t seen = 0;
  for (int round = 0; round < 100; ++round) {
    const Policy policy = random_policy(rng);
    Policy less = policy;
    if (!less.rules.empty()) less.rules.pop_back();
    seen += differences(less, policy) > 0 ? 1 : 0;
  }
  EXPECT_GT(seen, 30u);
}

TEST(Narrowing, IsSeenInEachVerbVolumeAndQuota) {
  Policy before;
  before.admins = {crypto::PublicKey{node(1).data}};
  const Actor who = actor_of(node(2), false);
  const auto narrower = [&](Effect effect, std::uint8_t verbs, Scope scope, std::uint64_t bytes) {
    Policy after = before;
    PolicyRule& rule = after.rules.emplace_back();
    rule.effect = effect;
    rule.verbs = verbs;
    rule.scope = scope;
    rule.max_bytes = bytes;
    return narrows({&before}, after, who, kNow);
  };
  EXPECT_TRUE(narrower(Effect::deny, kWrite, Scope::shared, codec::kNoLimit));
  EXPECT_TRUE(narrower(Effect::deny, kRemove, Scope::own, codec::kNoLimit));
  EXPECT_TRUE(narrower(Effect::limit, 0, Scope::commands, 5));
  EXPECT_FALSE(narrower(Effect::deny, kWrite, Scope::network, codec::kNoLimit)) << "he never could";
  EXPECT_FALSE(narrower(Effect::allow, codec::kAllVerbs, Scope::everywhere, codec::kNoLimit));
}

}  // namespace
}  // namespace meshfs::fsd
