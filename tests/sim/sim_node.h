// One whole node in the simulation: the real core of fsd on a store in memory beside the real core of syncd, which talk
// over a simulated socket. Crashes lose what was not flushed. Owned by SimMesh.
#pragma once

#include "fsd/core/replica.h"
#include "tests/sim/memory_ports.h"
#include "tests/sim/sim_host.h"

namespace meshfs::sim {

// A node's clock beside the true time; `confirmed`: it says itself that this is right (NTP, RTC).
struct WallClock {
  std::int64_t off_ms = 0;
  bool confirmed = true;
};

class SimNode {
 public:
  static constexpr Duration kFlushTakes = milliseconds(2);  // one fdatasync, shared by all who wait
  static constexpr WallMs kWallStart{1'760'000'000'000};

  // `neighbour`: as syncd's neighbours know it.
  SimNode(transport::SimNetwork& network, transport::SimNetwork::Node number, codec::Identity identity,
          codec::Identity neighbour, SimHost::Options options);

  void set_clock(const WallClock& clock) { clock_ = clock; }  // before start()
  void start();
  void crash();  // power cut
  [[nodiscard]] bool running() const { return replica_ != nullptr; }

  // As the mount would; false if the namespace refused. Bytes over 300 go into a blob.
  bool write(const std::string& path, const std::string& text);
  // Of any size; its blobs are in the store.
  bool write_content(const std::string& path, const codec::Content& content);
  bool make_directory(const std::string& name);
  bool unlink(const std::string& path);
  void sync(std::function<void(Status)> done);
  // What a path shows: the text of a file, if it is here.
  std::optional<std::string> text_of(const std::string& path);
  // Every path with kind, mode and content; equal trees have equal dumps.
  std::map<std::string, std::string> dump();
  std::vector<std::string> list(const std::string& directory);

  // Call after whatever was done to the replica by hand.
  void after_change();

  [[nodiscard]] SimHost& host() { return host_; }
  [[nodiscard]] fsd::Replica& replica() { return *replica_; }
  [[nodiscard]] MemoryStore& store() { return store_; }

  bool admitted = true;            // told so at its first start; set it before
  std::vector<std::string> notes;  // what it wrote into its log

  // --- negative controls: bugs on demand
  unsigned swallow_offers_percent = 0;  // offered bundles that it forgets and calls known
  void tell_phantom_item();             // syncd hears of an item that nobody can have
  // What passes between fsd and syncd, to be changed as a liar would.
  std::function<void(codec::local::ToFsd&)> bend_in;
  std::function<void(codec::local::ToSyncd&)> bend_out;
  void keep_private_file(const std::string& name) { (void)make_private(name); }

 private:
  void tick();
  [[nodiscard]] codec::local::Welcome neighbour_welcome() const;
  void hear(const codec::local::ToFsd& message);
  bool make_private(const std::string& name);
  Result<std::pair<fsd::NodeKey, std::string>> parent_of(const std::string& path);
  std::string text_of(const fsd::NodeInfo& info);
  [[nodiscard]] WallMs wall() const { return {kWallStart.ms + clock_.off_ms + to_ms(network_.now() - Instant{})}; }

  transport::SimNetwork& network_;
  codec::Identity identity_;
  codec::Identity neighbour_;
  WallClock clock_;
  SimHost host_;
  MemoryStore store_;
  std::unique_ptr<fsd::Replica> replica_;
  std::uint64_t life_ = 0, wake_ = 0;
  Instant wake_at_ = kNever;
  bool tick_due_ = false, flush_due_ = false;
  Rng chance_{1};
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);

 public:
  ~SimNode() { *alive_ = false; }
};

}  // namespace meshfs::sim
