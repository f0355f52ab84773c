#include "fsd/core/policy.h"

#include <algorithm>

namespace meshfs::fsd {

using codec::PolicyRule;
using codec::PolicyVerb;

bool in_group(const codec::Policy& epoch, std::string_view name, const NodeId& node) {
  for (const auto& group : epoch.groups) {
    if (group.name != name) continue;
    if (std::binary_search(group.nodes.begin(), group.nodes.end(), node)) return true;
    return std::any_of(group.groups.begin(), group.groups.end(),
                       [&](const std::string& below) { return in_group(epoch, below, node); });
  }
  return false;
}

namespace {

bool fits_who(const codec::Policy& epoch, const PolicyRule& rule, const Actor& who) {
  switch (rule.who) {
    case PolicyRule::Who::anyone:
      return true;
    case PolicyRule::Who::member:
      return !who.guest;
    case PolicyRule::Who::guest:
      return who.guest;
    case PolicyRule::Who::admin:
      return is_admin_in(epoch, who.node);
    case PolicyRule::Who::node:
      return rule.who_node == who.node;
    case PolicyRule::Who::group:
      return in_group(epoch, rule.group, who.node);
  }
  return false;
}

bool fits_where(const PolicyRule& rule, const Actor& who, const VolumeTag& volume) {
  switch (rule.scope) {
    case PolicyRule::Scope::everywhere:
      return true;
    case PolicyRule::Scope::shared:
      return volume == kSharedVolume;
    case PolicyRule::Scope::network:
      return volume == kNetworkVolume;
    case PolicyRule::Scope::commands:
      return volume == kCommandsVolume;
    case PolicyRule::Scope::own:
      return volume == who.own;
    case PolicyRule::Scope::node:
      return volume == codec::node_volume(rule.scope_node);
  }
  return false;
}

bool over(const PolicyRule& rule, WallMs at) { return rule.until.ms != 0 && at >= rule.until; }

bool fits_what(const PolicyRule& rule, const Asking& what) {
  return (rule.verbs & bit(what.verb)) != 0 && (rule.argument.empty() || rule.argument == what.argument);
}

bool by_default(const codec::Policy& epoch, const Actor& who, const Asking& what) {
  if (what.verb == PolicyVerb::command) return false;
  if (what.verb == PolicyVerb::invite || what.verb == PolicyVerb::admit || what.volume == kNetworkVolume)
    return is_admin_in(epoch, who.node);
  if (what.volume == kSharedVolume || what.volume == kCommandsVolume) return !who.guest;
  return what.volume == who.own;
}

// Covers nothing but what its own author wrote.
bool deletes_own(const codec::Tombstone& item, const AuthorTag& author) {
  return std::all_of(item.context.begin(), item.context.end(), [&](const auto& slot) { return slot.author == author; });
}

// A node's volume is its own: nobody leaves even empty deletes there.
bool is_common(const VolumeTag& volume) {
  return volume == kSharedVolume || volume == kCommandsVolume || volume == kNetworkVolume;
}

void lower(Limit& limit, const codec::Policy& epoch, const Actor& who, const VolumeTag& volume, WallMs at) {
  for (const PolicyRule& rule : epoch.rules) {
    if (rule.effect != PolicyRule::Effect::limit || over(rule, at)) continue;
    if (!fits_where(rule, who, volume) || !fits_who(epoch, rule, who)) continue;
    limit.bytes = std::min(limit.bytes, rule.max_bytes);
    limit.entries = std::min(limit.entries, rule.max_entries);
  }
}

Decision judge_in(const codec::Policy& epoch, const Actor& who, const codec::Header& header, const codec::Entry& entry,
                  const Lenders* lenders) {
  const WallMs at = header.hlc.wall();
  if (const auto* batch = std::get_if<codec::BatchTombstone>(&entry)) {
    const bool only_own =
        is_common(header.volume) && std::all_of(batch->items.begin(), batch->items.end(),
                                                [&](const auto& item) { return deletes_own(item, header.author); });
    if (only_own) return {true, false, nullptr, &epoch, false, nullptr};
    return decide(epoch, who, {PolicyVerb::remove, header.volume, {}, at, nullptr}, lenders);
  }
  const auto& state = std::get<codec::ObjectEntry>(entry);
  Decision out = decide(epoch, who, {PolicyVerb::write, header.volume, {}, at, nullptr}, lenders);
  if (!out.denied && state.attributes.value && !state.attributes.value->type.empty()) {
    const std::string& type = state.attributes.value->type;
    const Decision create = decide(epoch, who, {PolicyVerb::create, header.volume, type, at, nullptr}, lenders);
    const bool named = create.rule != nullptr || create.lent != nullptr;
    if (!create.allowed || (named && !out.allowed)) out = create;
  }
  if (!out.allowed) return out;
  Limit limit;
  lower(limit, epoch, who, header.volume, at);
  if (header.total_bytes <= limit.bytes && header.total_entries <= limit.entries) return out;
  return {false, true, nullptr, &epoch, true, nullptr};
}

}  // namespace

bool has_group(const codec::Policy& epoch, std::string_view name) {
  return std::any_of(epoch.groups.begin(), epoch.groups.end(), [&](const auto& group) { return group.name == name; });
}

bool is_admin_in(const codec::Policy& epoch, const NodeId& node) {
  return std::any_of(epoch.admins.begin(), epoch.admins.end(), [&](const auto& key) { return key.data == node.data; });
}

namespace {

// By the epoch's own rules and the defaults.
Decision decide_alone(const codec::Policy& epoch, const Actor& who, const Asking& what, const Lenders* lenders) {
  Decision out{false, false, nullptr, &epoch, false, nullptr};
  const PolicyRule* only = nullptr;
  for (const PolicyRule& rule : epoch.rules) {
    if (rule.effect == PolicyRule::Effect::limit || over(rule, what.at)) continue;
    if (!fits_what(rule, what) || !fits_where(rule, who, what.volume)) continue;
    if (rule.effect == PolicyRule::Effect::only) only = &rule;
    if (!fits_who(epoch, rule, who)) continue;
    if (rule.effect == PolicyRule::Effect::deny) return {false, true, &rule, &epoch, false, nullptr};
    if (!out.allowed) out = {true, false, &rule, &epoch, false, nullptr};
  }
  if (out.allowed) return out;
  if (only != nullptr) return {false, false, only, &epoch, false, nullptr};
  if (what.verb == PolicyVerb::remove || what.verb == PolicyVerb::create) {
    Decision as_write = decide(epoch, who, {PolicyVerb::write, what.volume, {}, what.at, &what}, lenders);
    // What may be created anyway is no rule about creating.
    if (what.verb == PolicyVerb::create && as_write.allowed) as_write.rule = nullptr;
    return as_write;
  }
  out.allowed = by_default(epoch, who, what);
  return out;
}

}  // namespace

Decision decide(const codec::Policy& epoch, const Actor& who, const Asking& what, const Lenders* lenders) {
  Decision out = decide_alone(epoch, who, what, lenders);
  if (out.allowed || out.denied || lenders == nullptr) return out;
  out.lent = lenders->lend(epoch, who, what);
  out.allowed = out.lent != nullptr;
  return out;
}

Decision decide(const Effective& epochs, const Actor& who, const Asking& what, const Lenders* lenders) {
  Decision out;
  for (const codec::Policy* epoch : epochs) {
    out = decide(*epoch, who, what, lenders);
    if (!out.allowed) return out;
  }
  return out;
}

Decision judge(const Effective& epochs, const Actor& who, const codec::Header& header, const codec::Entry& entry,
               const Lenders* lenders) {
  Decision out;
  for (const codec::Policy* epoch : epochs) {
    out = judge_in(*epoch, who, header, entry, lenders);
    if (!out.allowed) return out;
  }
  return out;
}

Limit limit_of(const Effective& epochs, const Actor& who, const VolumeTag& volume, WallMs at) {
  Limit out;
  for (const codec::Policy* epoch : epochs) lower(out, *epoch, who, volume, at);
  return out;
}

std::string reason_of(const Decision& decision) {
  const std::string epoch = decision.epoch == nullptr ? "" : std::to_string(decision.epoch->number);
  if (decision.over_limit) return "its author is over his quota in policy epoch " + epoch;
  if (decision.rule == nullptr) return "a node's volume is written by that node only, the network's by admins";
  if (decision.rule->effect == PolicyRule::Effect::limit)
    return "its author is over his quota in policy epoch " + epoch;
  const auto& rules = decision.epoch->rules;
  return "rule " + std::to_string(decision.rule - rules.data() + 1) + " of policy epoch " + epoch + " forbids it";
}

}  // namespace meshfs::fsd
