// A policy as text, read by people and by parse(): one statement a line, '#' begins a comment.
//
//   admins alice bob                      root keys that sign what follows, and write /mesh/network
//   threshold 2                           so many of them
//   group field alice carol @crew         nodes, and groups with an @
//   allow group field write,delete in shared until 2027-01-01
//   only admin create lease in shared     nobody else any more
//   deny node bob write in node carol
//   limit member bytes 100M entries 5000 in shared
//
// A rule is: effect (allow, only, deny), who (anyone, member, guest, admin, node NAME, group NAME), verbs (write, delete, create, command,
// invite, admit, with commas, or all; create and command alone may name one type or verb), "in" where (everywhere, shared,
// network, commands, own, node NAME), "until" a date. Nodes are named as under /mesh/nodes, or by their 64 hex digits.
#pragma once

#include <map>

#include "schema/codec/delegation.h"

namespace meshfs::tools {

// What nodes are called here.
struct NodeNames {
  std::map<std::string, NodeId, std::less<>> keys;
  std::map<NodeId, std::string> names;
  void add(const std::string& name, const NodeId& node);
  [[nodiscard]] std::string of(const NodeId& node) const;  // hex if it has none
  [[nodiscard]] Result<NodeId> find(std::string_view name) const;
};

// "2027-01-01", "2027-01-01T12:30", UTC. Nothing else.
Result<WallMs> parse_date(std::string_view text);
std::string date_text(WallMs time);

// Admins, threshold, groups and rules; parse_policy() gives them again.
std::string policy_text(const codec::Policy& policy, const NodeNames& names);
std::string rule_text(const codec::PolicyRule& rule, const NodeNames& names);
// One comment line: how many keys may be lost before no policy can follow this one any more, and what to do about it.
std::string quorum_text(const codec::Policy& policy);
// invalid: the line and what is wrong with it.
Result<codec::Policy> parse_policy(std::string_view text, const NodeNames& names);

// One rule, about nodes only.
Result<codec::PolicyRule> parse_rule(std::string_view line, const NodeNames& names);

// "write", "create lease": verb and argument.
Result<std::pair<codec::PolicyVerb, std::string>> parse_verb(std::string_view verb, std::string_view argument);

}  // namespace meshfs::tools
