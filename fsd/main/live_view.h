// What stands in /mesh/.mesh: status, peers, conflicts and pending of this node, as JSON, made at each open; and
// events, which grows.
// Owned by Daemon; state thread only.
#pragma once

#include "fsd/core/replica.h"
#include "fsd/fuse/mount.h"
#include "fsd/main/event_feed.h"
#include "fsd/store/store.h"

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

  // Figures of the mount for `status`, asked for at each open; and the feed.
  void show(std::function<fuse::Mount::Figures()> figures) { figures_ = std::move(figures); }
  void show(EventFeed& events) { events_ = &events; }
  void show(std::function<Store::Usage()> usage) { usage_ = std::move(usage); }

  std::vector<std::string> names() override {
    return {"status", "peers", "conflicts", "pending", "transfers", "events"};
  }
  fuse::Feed* feed(std::string_view name) override { return name == "events" ? events_ : nullptr; }
  Result<std::string> text(std::string_view name) override;

 private:
  [[nodiscard]] std::string status() const;
  [[nodiscard]] std::string store_figures() const;
  [[nodiscard]] std::string content_figures() const;
  [[nodiscard]] std::string keeps() const;
  [[nodiscard]] std::string commanders() const;
  [[nodiscard]] std::string why_read_only(bool flagged) const;
  [[nodiscard]] std::string conflicts() const;
  [[nodiscard]] std::string pending() const;
  [[nodiscard]] std::string transfers() const;

  const Replica& replica_;
  Network network_;
  std::string peers_;
  std::function<fuse::Mount::Figures()> figures_ = [] { return fuse::Mount::Figures(); };
  std::function<Store::Usage()> usage_ = [] { return Store::Usage(); };
  EventFeed* events_ = nullptr;
};

}  // namespace meshfs::fsd
