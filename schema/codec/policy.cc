#include "schema/codec/policy.h"

#include <algorithm>

#include "schema/codec/entry.h"
#include "schema/codec/format.h"
#include "schema/policy.capnp.h"

namespace meshfs::codec {

constexpr std::string_view kDomain = "meshfs policy 1";
constexpr std::size_t kMaxFenceItems = kMaxPolicyBytes / EntryPrefix::kSize;

using Effect = PolicyRule::Effect;
using Who = PolicyRule::Who;
using Scope = PolicyRule::Scope;

template <class T>
static bool ascending(const std::vector<T>& values) {
  return std::adjacent_find(values.begin(), values.end(), [](const T& a, const T& b) { return !(a < b); }) ==
         values.end();
}

template <class Fixed>
static Status read_sorted(capnp::Data::Reader data, std::size_t max_count, std::vector<Fixed>& out) {
  if (Status s = read_joined(data, max_count, out); !s) return s;
  return ascending(out) ? Status() : malformed("a list is not sorted, or names something twice");
}

static void write(format::PolicyGroup::Builder to, const PolicyGroup& from) {
  to.setName(data_of(from.name));
  set_unless_empty(joined(from.nodes), [&](auto data) { to.setNodes(data); });
  std::string groups;
  for (const auto& name : from.groups) groups += (groups.empty() ? "" : " ") + name;
  set_unless_empty(as_bytes(groups), [&](auto data) { to.setGroups(data); });
}

static Status read(format::PolicyGroup::Reader from, PolicyGroup& to) {
  to.name = text_of(from.getName());
  if (!valid_node_name(to.name)) return malformed("a group's name is 1 to 32 characters of a-z, 0-9 and '-'");
  if (Status s = read_sorted(from.getNodes(), kMaxGroupNodes, to.nodes); !s) return s;
  std::string_view rest = text_of(from.getGroups());
  while (!rest.empty()) {
    const auto space = rest.find(' ');
    to.groups.emplace_back(rest.substr(0, space));
    rest = space == rest.npos ? "" : rest.substr(space + 1);
  }
  if (to.groups.size() > kMaxGroups) return over_limit("a group holds more groups than there can be");
  return ascending(to.groups) ? Status() : malformed("a group's groups are not sorted");
}

static void write(format::PolicyRule::Builder to, const PolicyRule& from) {
  to.setEffect(static_cast<std::uint8_t>(from.effect));
  to.setWho(static_cast<std::uint8_t>(from.who));
  if (from.who == Who::node) to.setName(data_of(from.who_node.view()));
  if (from.who == Who::group) to.setName(data_of(from.group));
  to.setVerbs(from.verbs);
  set_unless_empty(as_bytes(from.argument), [&](auto data) { to.setArgument(data); });
  to.setScope(static_cast<std::uint8_t>(from.scope));
  if (from.scope == Scope::node) to.setNode(data_of(from.scope_node.view()));
  to.setUntilMs(from.until.ms);
  to.setMaxBytes(from.max_bytes);
  to.setMaxEntries(from.max_entries);
}

static Status check_rule(const PolicyRule& rule) {
  const bool limit = rule.effect == Effect::limit;
  if (rule.verbs > kAllVerbs || (rule.verbs == 0) != limit)
    return malformed("a rule without verbs, or with unknown ones");
  const bool limited = rule.max_bytes != kNoLimit || rule.max_entries != kNoLimit;
  if (limited != limit) return malformed("a limit without a number, or a number without a limit");
  const bool takes_argument = rule.verbs == bit(PolicyVerb::create) || rule.verbs == bit(PolicyVerb::command);
  if (!rule.argument.empty() && !takes_argument) return malformed("only create or command alone take an argument");
  return rule.until.ms < 0 ? malformed("a rule that ended before 1970") : Status();
}

static Status read(format::PolicyRule::Reader from, PolicyRule& to) {
  if (Status s = read_enum(from.getEffect(), Effect::limit, to.effect); !s) return s;
  if (Status s = read_enum(from.getWho(), Who::group, to.who); !s) return s;
  if (to.who == Who::node) {
    if (Status s = read_fixed(from.getName(), to.who_node); !s) return s;
  } else if (to.who == Who::group) {
    to.group = text_of(from.getName());
  }
  to.verbs = from.getVerbs();
  if (Status s = read_text(from.getArgument(), kMaxRuleArgument, to.argument); !s) return s;
  if (Status s = read_enum(from.getScope(), Scope::node, to.scope); !s) return s;
  if (to.scope == Scope::node) {
    if (Status s = read_fixed(from.getNode(), to.scope_node); !s) return s;
  }
  to.until.ms = from.getUntilMs();
  to.max_bytes = from.getMaxBytes();
  to.max_entries = from.getMaxEntries();
  return check_rule(to);
}

static void write(format::PolicyFence::Builder to, const PolicyFence& from) {
  to.setAuthor(word_of(from.author, 0));
  set_unless_empty(joined(from.accepted), [&](auto data) { to.setAccepted(data); });
}

static Status read(format::PolicyFence::Reader from, PolicyFence& to) {
  to.author = from_words<AuthorTag>(from.getAuthor());
  return read_sorted(from.getAccepted(), kMaxFenceItems, to.accepted);
}

static void write(format::Policy::Builder to, const Policy& from) {
  to.setNumber(from.number);
  to.setThreshold(from.threshold);
  to.setFollows(data_of(joined(from.follows)));
  to.setAdmins(data_of(joined(from.admins)));
  if (!from.groups.empty()) write_list(to.initGroups(list_size(from.groups.size())), from.groups);
  if (!from.rules.empty()) write_list(to.initRules(list_size(from.rules.size())), from.rules);
  set_unless_empty(joined(from.revoked), [&](auto data) { to.setRevoked(data); });
  if (!from.fences.empty()) write_list(to.initFences(list_size(from.fences.size())), from.fences);
}

static const PolicyGroup* find_group(const Policy& policy, std::string_view name) {
  for (const auto& group : policy.groups) {
    if (group.name == name) return &group;
  }
  return nullptr;
}

// Whether every group below it exists and ends within `depth` more.
static Status check_depth(const Policy& policy, const PolicyGroup& group, std::size_t depth) {
  if (depth == 0) return malformed("groups are nested more than 4 deep, or in themselves");
  for (const auto& name : group.groups) {
    const auto* below = find_group(policy, name);
    if (below == nullptr) return malformed("a group holds one that is not there");
    if (Status s = check_depth(policy, *below, depth - 1); !s) return s;
  }
  return {};
}

static Status check(const Policy& policy) {
  if (policy.number == 0) return malformed("a policy epoch of number 0");
  if (policy.follows.empty()) return malformed("a policy epoch that follows none");
  if (policy.admins.empty()) return malformed("a policy without admins");
  if (policy.threshold < 1 || policy.threshold > policy.admins.size()) {
    return malformed("a threshold that can't be reached");
  }
  for (std::size_t i = 0; i < policy.groups.size(); ++i) {
    if (i > 0 && policy.groups[i - 1].name >= policy.groups[i].name) return malformed("groups are not sorted by name");
    // A thousand paths through four levels are cheap; a hundred thousand would not be.
    if (policy.groups[i].groups.size() > kMaxFollowed) return over_limit("a group holds more than eight groups");
    if (Status s = check_depth(policy, policy.groups[i], kMaxGroupDepth); !s) return s;
  }
  for (const auto& rule : policy.rules) {
    if (rule.who == Who::group && find_group(policy, rule.group) == nullptr) {
      return malformed("a rule names a group that is not there");
    }
  }
  for (std::size_t i = 1; i < policy.fences.size(); ++i) {
    if (!(policy.fences[i - 1].author < policy.fences[i].author)) return malformed("fences are not sorted by author");
  }
  return {};
}

static Status read(format::Policy::Reader from, Policy& to) {
  to.number = from.getNumber();
  to.threshold = from.getThreshold();
  if (Status s = read_sorted(from.getFollows(), kMaxFollowed, to.follows); !s) return s;
  if (Status s = read_sorted(from.getAdmins(), kMaxPolicyAdmins, to.admins); !s) return s;
  if (Status s = read_list(from.getGroups(), kMaxGroups, to.groups); !s) return s;
  if (Status s = read_list(from.getRules(), kMaxRules, to.rules); !s) return s;
  if (Status s = read_sorted(from.getRevoked(), kMaxRevoked, to.revoked); !s) return s;
  if (Status s = read_list(from.getFences(), kMaxFences, to.fences); !s) return s;
  return check(to);
}

static void write(format::PolicySignature::Builder to, const PolicySignature& from) {
  to.setNumber(from.number);
  to.setBody(data_of(from.body.view()));
  to.setAdmin(data_of(from.admin.view()));
  to.setSignature(data_of(from.signature.view()));
}

static Status read(format::PolicySignature::Reader from, PolicySignature& to) {
  to.number = from.getNumber();
  if (Status s = read_fixed(from.getBody(), to.body); !s) return s;
  if (Status s = read_fixed(from.getAdmin(), to.admin); !s) return s;
  return read_fixed(from.getSignature(), to.signature);
}

Policy genesis_policy(const Genesis& genesis) {
  Policy out;
  out.threshold = genesis.threshold;
  out.admins = genesis.admins;
  std::sort(out.admins.begin(), out.admins.end());
  return out;
}

Bytes encode_policy(const Policy& policy) { return encode_packed<format::Policy>(policy); }
Result<Policy> decode_policy(ByteView bytes) {
  return decode_packed_strict<format::Policy, Policy>(bytes, limits_for(kMaxPolicyBytes));
}
Bytes encode_policy_signature(const PolicySignature& signature) {
  return encode_packed<format::PolicySignature>(signature);
}
Result<PolicySignature> decode_policy_signature(ByteView bytes) {
  return decode_packed_strict<format::PolicySignature, PolicySignature>(bytes, limits_for(kMaxInlineBytes));
}

PolicySignature sign_policy(const NetworkId& network, std::uint32_t number, const Hash& body,
                            const crypto::SigningKey& admin) {
  return {number, body, admin.public_key(), admin.sign(kDomain, {network.view(), fixed(number), body.view()})};
}

bool verify_policy_signature(const NetworkId& network, const PolicySignature& s) {
  return crypto::verify(s.admin, kDomain, {network.view(), fixed(s.number), s.body.view()}, s.signature);
}

std::string policy_file_name(std::uint32_t number, const Hash& body) {
  return std::to_string(number) + "-" + body.hex();
}

std::string signature_file_name(const PolicySignature& signature) {
  return policy_file_name(signature.number, signature.body) + "." + signature.admin.hex().substr(0, 16);
}

}  // namespace meshfs::codec
