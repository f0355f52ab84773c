// A mesh of real syncd cores with light stand-ins for fsd (light_fsd.h), for what is measured and for what is too large for
// whole nodes. Owned by sim_report or a test; virtual time.
#pragma once

#include "tests/sim/light_fsd.h"
#include "tests/sim/topology.h"

namespace meshfs::sim {

class LightMesh {
 public:
  LightMesh(Topology topology, const transport::EdgeQuality& usual, std::uint64_t seed, bool streams);

  // Everybody starts within kStartSpread. Then until no new session was made for kRest, and `more` on top.
  void start(Duration more);
  void run(Duration span) { network_.run_until(network_.now() + span); }
  // Looks every `step`. False if it did not come true in time.
  bool run_until(const std::function<bool()>& condition, Duration limit, Duration step = milliseconds(1));

  // What was sent since start of the network.
  struct Sent {
    std::uint64_t bytes = 0, frames = 0, transmissions = 0, messages = 0, beacons = 0;
    std::uint64_t data = 0;  // transmissions large enough to carry a record of `data_bytes`
    [[nodiscard]] Sent since(const Sent& before) const;
  };
  [[nodiscard]] Sent sent() const;
  void count_data_from(std::size_t bytes) { data_bytes_ = bytes; }
  [[nodiscard]] std::size_t sessions() const;

  [[nodiscard]] std::size_t size() const { return fsds_.size(); }
  [[nodiscard]] LightFsd& fsd(std::size_t node) { return *fsds_[node]; }
  [[nodiscard]] SimHost& host(std::size_t node) { return *hosts_[node]; }
  [[nodiscard]] const Topology& topology() const { return topology_; }
  [[nodiscard]] transport::SimNetwork& network() { return network_; }

 private:
  static constexpr Duration kStartSpread = milliseconds(200);
  static constexpr Duration kRest = seconds(3);

  Topology topology_;
  transport::SimNetwork network_;
  Rng rng_;
  std::vector<std::unique_ptr<SimHost>> hosts_;
  std::vector<std::unique_ptr<LightFsd>> fsds_;
  std::size_t data_bytes_ = SIZE_MAX;
  std::uint64_t data_ = 0;
};

}  // namespace meshfs::sim
