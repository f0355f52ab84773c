// What the mounted mesh says of this node: .mesh/status, .mesh/peers and its own card, its folder of results, and the cards and results of others that it waits for. Owned by main; the loop's
// thread. Remembers how late it must be at least. Trusts the mount: it is this node's own daemon.
#pragma once

#include <optional>
#include <string>

#include "tools/exec/order.h"
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
  // The first of its targets farther from the issuer that has not answered; "": all have. Nothing: nobody knows who is farther.
  std::optional<std::string> farther_awaited(const Envelope& envelope, Instant now);

 private:
  [[nodiscard]] std::string own_folder() const { return mount_ + "/nodes/" + here_.node; }
  void learn(WallMs at, Instant now);
  void read_cards(Instant now);
  [[nodiscard]] bool has_answered(const std::string& node, const std::string& id) const;

  std::string mount_;
  Surroundings here_;
  WallMs at_least_;  // it was so late at at_
  Instant at_;
  bool has_network_time_ = false;
  Cards cards_;  // as of cards_at_; asked for only while a command waits for its turn
  std::optional<Instant> cards_at_;
};

}  // namespace meshfs::exec
