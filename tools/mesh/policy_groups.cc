#include "tools/mesh/policy_groups.h"

#include <sys/xattr.h>

#include <array>

#include "schema/os/folder.h"
#include "tools/mesh/view.h"

namespace meshfs::tools {
namespace {

// A node's folder is written by that node alone, so who signed it has that name.
std::string key_of_node(const std::string& folder) {
  std::array<char, 128> key{};
  const ssize_t got = getxattr(folder.c_str(), "user.mesh.author_key", key.data(), key.size());
  return got <= 0 ? std::string() : std::string(key.data(), static_cast<std::size_t>(got));
}

bool holds(const Json& keys, const std::string& key) {
  for (const auto& one : keys.list)
    if (one.text == key) return true;
  return false;
}

}  // namespace

bool read_groups(const Arguments& arguments, std::map<std::string, std::vector<std::string>>& groups) {
  const auto status = read_view(arguments.mount, "status");
  if (!status || status->json.at("groups").kind != Json::Kind::object) return false;
  const auto& known = status->json.at("groups").members;
  for (const auto& [group, keys] : known) groups[group];
  for (const auto& name : os::names_in(arguments.mount + "/nodes").names) {
    const std::string key = key_of_node(arguments.mount + "/nodes/" + name);
    if (key.empty() || holds(status->json.at("revoked"), key)) continue;
    for (const auto& [group, keys] : known)
      if (holds(keys, key)) groups[group].push_back(name);
  }
  return true;
}

}  // namespace meshfs::tools
