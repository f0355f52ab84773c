// What stands in /mesh/.mesh: status, peers, conflicts and pending of this node, as JSON, made at each open.
// Owned by Daemon; state thread only.
#pragma once

#include "fsd/core/replica.h"
#include "fsd/fuse/virtual_files.h"

namespace meshfs::fsd {

class LiveView final : public fuse::VirtualFiles {
 public:
  struct Network {
    std::string name;
    NodeId node;
    std::string node_name;
    std::string socket;  // where tools ask: whoever finds the mount finds the daemon
    std::string store;   // its folder
    std::string mount;
    WallMs started;
  };
  LiveView(const Replica& replica, Network network) : replica_(replica), network_(std::move(network)) {}

  // The last report of syncd; "" when it is gone.
  void set_peers(std::string json) { peers_ = std::move(json); }

  std::vector<std::string> names() override { return {"status", "peers", "conflicts", "pending", "transfers"}; }
  Result<std::string> text(std::string_view name) override;

 private:
  [[nodiscard]] std::string status() const;
  [[nodiscard]] std::string store_figures() const;
  [[nodiscard]] std::string why_read_only(bool flagged) const;
  [[nodiscard]] std::string conflicts() const;
  [[nodiscard]] std::string pending() const;
  [[nodiscard]] std::string transfers() const;

  const Replica& replica_;
  Network network_;
  std::string peers_;
};

}  // namespace meshfs::fsd
