#include "tools/mesh/policy_groups.h"

#include <algorithm>

#include "schema/codec/policy.h"
#include "tools/mesh/daemon_link.h"
#include "tools/mesh/text_file.h"
#include "tools/mesh/view.h"

namespace meshfs::tools {
namespace {

// Those of `group` and of the groups in it; the decoder bounds how deep they nest.
void add_members(const std::vector<codec::PolicyGroup>& all, const codec::PolicyGroup& group,
                 std::vector<NodeId>& out) {
  out.insert(out.end(), group.nodes.begin(), group.nodes.end());
  for (const auto& one : all) {
    if (std::ranges::find(group.groups, one.name) != group.groups.end()) add_members(all, one, out);
  }
}

void add_policy(const codec::Policy& policy, const Json& nodes, std::map<std::string, std::vector<std::string>>& out) {
  for (const auto& group : policy.groups) {
    std::vector<NodeId> members;
    add_members(policy.groups, group, members);
    auto& names = out[group.name];
    for (const auto& node : nodes.list) {
      const bool in =
          std::ranges::any_of(members, [&](const NodeId& one) { return one.hex() == node.at("node").text; });
      if (in && !node.at("revoked").truth) names.push_back(node.at("name").text);
    }
  }
}

}  // namespace

bool read_groups(const Arguments& arguments, std::map<std::string, std::vector<std::string>>& groups) {
  auto daemon = DaemonLink::of_mount(arguments, arguments.mount);
  const auto report = daemon ? daemon->ask_json("policy", {}) : Result<Json>(Errc::closed);
  if (!report) return false;
  for (const auto& epoch : report->at("epochs").list) {  // several are current where admins disagree: all of them count
    if (!epoch.at("current").truth) continue;
    const std::string path =
        arguments.mount + "/network/policy/" + std::to_string(epoch.at("number").count()) + "-" + epoch.at("hash").text;
    const auto policy = codec::decode_policy(as_bytes(read_text(path)));
    if (!policy) return false;
    add_policy(*policy, report->at("nodes"), groups);
  }
  return true;
}

}  // namespace meshfs::tools
