#include "tools/mesh/policy_report.h"

namespace meshfs::tools {

using codec::PolicyRule;

Result<PolicyReport> ask_about_policy(const Arguments& arguments) {
  auto daemon = DaemonLink::of_mount(arguments, arguments.mount);
  if (!daemon) return daemon.failure();
  auto report = daemon->ask_json("policy", {});
  if (!report) return report.failure();
  PolicyReport out{std::move(*daemon), std::move(*report), {}, {}};
  for (const auto& one : out.report.at("nodes").list) {
    const auto key = from_hex(one.at("node").text);
    const auto node = key ? NodeId::from(*key) : std::nullopt;
    if (!node) continue;
    out.names.add(one.at("name").text, *node);
    if (one.at("self").truth) out.self = node;
  }
  return out;
}

std::string delegation_text(const codec::Delegation& one, const NodeNames& names) {
  PolicyRule rule;
  rule.verbs = one.verbs;
  rule.argument = one.argument;
  rule.until = one.until;
  rule.scope = one.volume == kSharedVolume     ? PolicyRule::Scope::shared
               : one.volume == kCommandsVolume ? PolicyRule::Scope::commands
                                               : PolicyRule::Scope::node;
  for (const auto& [node, name] : names.names) {
    if (codec::node_volume(node) == one.volume) rule.scope_node = node;
  }
  const std::string as_rule = rule_text(rule, names), before = "allow anyone";
  std::string out = names.of(one.issuer) + " lends " + names.of(one.audience) + ":" + as_rule.substr(before.size());
  if (one.depth > 0) out += one.depth == 1 ? ", to be lent on once" : ", to be lent on twice";
  return out;
}

std::optional<codec::Delegation> find_delegation(const Json& report, std::string_view id) {
  for (const auto& one : report.at("lent").list) {
    const auto bytes = one.at("id").text == id ? from_hex(one.at("body").text) : std::nullopt;
    auto delegation = bytes ? codec::decode_delegation(*bytes) : Result<codec::Delegation>(Errc::not_found);
    if (delegation.ok()) return *delegation;
  }
  return std::nullopt;
}

}  // namespace meshfs::tools
