#include "tools/mesh/targets.h"

#include <algorithm>

#include "schema/vocab/quoting.h"

namespace meshfs::tools {
namespace {

Status add_group(const std::string& name, const KnownNetwork& network, ExpectedNodes& out) {
  const auto group = network.groups.find(name);
  if (group != network.groups.end()) {
    out.names.insert(out.names.end(), group->second.begin(), group->second.end());
    return {};
  }
  if (network.groups_known)
    return error(Errc::not_found, "There is no group " + printable(name) + ": `mesh policy` lists them.");
  out.complete = false;
  return {};
}

Status add_labelled(const std::string& label, const KnownNetwork& network, ExpectedNodes& out) {
  const std::size_t before = out.names.size();
  for (const auto& node : network.nodes) {
    if (std::ranges::find(node.labels, label) != node.labels.end()) out.names.push_back(node.name);
  }
  if (out.names.size() > before) return {};
  return error(Errc::not_found,
               "No node's card says " + printable(label) + ": `grep labels nodes/*/card.json` shows what they say.");
}

}  // namespace

Result<ExpectedNodes> expected_nodes(const std::vector<std::string>& targets, const KnownNetwork& network) {
  ExpectedNodes out;
  for (const auto& target : targets) {
    Status added;
    if (target == "all") {
      for (const auto& node : network.nodes) out.names.push_back(node.name);
    } else if (target.starts_with('@')) {
      added = add_group(target.substr(1), network, out);
    } else if (target.find('=') != std::string::npos) {
      added = add_labelled(target, network, out);
    } else if (std::ranges::any_of(network.nodes, [&](const auto& node) { return node.name == target; })) {
      out.names.push_back(target);
    } else {
      added = error(Errc::not_found, "There is no node " + printable(target) + ": `mesh nodes` lists them.");
    }
    if (!added) return added.failure();
  }
  std::ranges::sort(out.names);
  out.names.erase(std::unique(out.names.begin(), out.names.end()), out.names.end());  // ranges::unique: not in clang 14
  return out;
}

}  // namespace meshfs::tools
