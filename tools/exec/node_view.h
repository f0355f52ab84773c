// What the mounted mesh says of this node: .mesh/status, .mesh/peers and its own card, and its folder of results. Owned by main; the loop's
// thread. Remembers how late it must be at least. Trusts the mount: it is this node's own daemon.
#pragma once

#include <optional>
#include <string>

#include "tools/exec/judge.h"
#include "tools/records/records.h"

namespace meshfs::exec {

class NodeView {
 public:
  // `latest`: the journal's.
  NodeView(std::string mount, WallMs latest, Instant now) : mount_(std::move(mount)), at_least_(latest), at_(now) {}

  // False: nothing is mounted, or its daemon does not answer. Then only times of here() are of now, and it is not reconciled.
  bool look(Instant now);
  [[nodiscard]] const Surroundings& here() const { return here_; }
  // Time only.
  const Surroundings& at(Instant now);
  [[nodiscard]] bool has_network_time() const { return has_network_time_; }

  // So that commands can be copied there: commands/NODE and commands/all, unless they are there.
  void make_places() const;
  Status show(const records::CommandResult& result, WallMs until);
  [[nodiscard]] std::optional<records::CommandResult> shown(const std::string& id) const;
  [[nodiscard]] std::optional<bool> farther_answered(const std::string& issuer_key, const std::string& id) const;

 private:
  [[nodiscard]] std::string own_folder() const { return mount_ + "/nodes/" + here_.node; }
  void learn(WallMs at, Instant now);

  std::string mount_;
  Surroundings here_;
  WallMs at_least_;  // it was so late at at_
  Instant at_;
  bool has_network_time_ = false;
  std::map<std::string, std::map<std::string, unsigned>> hops_;  // issuer's key: hops of nodes from it
};

}  // namespace meshfs::exec
