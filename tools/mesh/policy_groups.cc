#include "tools/mesh/policy_groups.h"

#include "tools/mesh/view.h"

namespace meshfs::tools {

static bool holds(const Json& keys, const std::string& key) {
  for (const auto& one : keys.list)
    if (one.text == key) return true;
  return false;
}

bool read_groups(const Arguments& arguments, std::map<std::string, std::vector<std::string>>& groups) {
  const auto status = read_view(arguments.mount, "status");
  if (!status || status->json.at("node_keys").kind != Json::Kind::object) return false;
  for (const auto& [group, keys] : status->json.at("groups").members) {
    auto& names = groups[group];
    for (const auto& [name, key] : status->json.at("node_keys").members)
      if (holds(keys, key.text) && !holds(status->json.at("revoked"), key.text)) names.push_back(name);
  }
  return true;
}

}  // namespace meshfs::tools
