// Whom the network's signed policy lets command which verb: rules of `command` that admins signed (mesh policy), in force on this node.
// It counts where commands.toml says who = ["policy"]. Owned by main; the loop's thread; waits for its daemon's answer.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "tools/mesh/daemon_link.h"

namespace meshfs::exec {

class NetworkPolicy {
 public:
  explicit NetworkPolicy(std::string mount) : mount_(std::move(mount)) {}

  // `author_key`: the author's root key, 64 hex digits. Nothing: the daemon does not say. Answers are remembered until forget().
  std::optional<bool> lets(const std::string& author_key, const std::string& verb);
  void forget() { known_.clear(); }

 private:
  std::string mount_;
  std::optional<tools::DaemonLink> daemon_;
  std::map<std::pair<std::string, std::string>, bool> known_;
};

}  // namespace meshfs::exec
