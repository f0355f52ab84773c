// What meshfs-fsd says of policy, as the commands about it ask.
#pragma once

#include "tools/mesh/commands.h"
#include "tools/mesh/daemon_link.h"
#include "tools/mesh/policy_text.h"

namespace meshfs::tools {

struct PolicyReport {
  DaemonLink daemon;
  Json report;  // fsd/main/policy_answers
  NodeNames names;
  std::optional<NodeId> self;
};
Result<PolicyReport> ask_about_policy(const Arguments& arguments);

// What is lent: "roof lends school: write in node roof until 2027-01-01, to be lent on once".
std::string delegation_text(const codec::Delegation& one, const NodeNames& names);
// The one with this id, in hex; nothing: the daemon did not tell of it.
std::optional<codec::Delegation> find_delegation(const Json& report, std::string_view id);

}  // namespace meshfs::tools
