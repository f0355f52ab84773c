// Nodes that walk about and meet for seconds: mends edges of a `mobile` topology when two come into range and cuts them
// when they part. Each walks straight to a place drawn from the seed, rests, and chooses the next (random waypoint).
// Owned by SimMesh; virtual time only. Nobody else may cut or mend the edges it looks after.
#pragma once

#include <memory>
#include <vector>

#include "transport/sim/sim_network.h"

namespace meshfs::sim {

class Wanderers {
 public:
  // Sides of the square are 1. About one neighbour in range at a time among a dozen nodes; a meeting of two who pass
  // each other takes 4 to 8 s.
  static constexpr double kRange = 0.2;
  static constexpr double kSpeed = 0.03;  // per second
  static constexpr Duration kStep = milliseconds(500);
  static constexpr Duration kRest = seconds(5);

  Wanderers(transport::SimNetwork& network, std::uint64_t seed);
  ~Wanderers() { *alive_ = false; }

  void start();
  // All stand together and hear each other, for good.
  void gather();
  [[nodiscard]] std::size_t meetings() const { return meetings_; }

 private:
  struct Walker {
    double x = 0, y = 0, to_x = 0, to_y = 0;
    Instant rests_until{0};
  };
  double somewhere() { return static_cast<double>(rng_.below(1'000'000)) / 1e6; }
  void step();
  void set_edges(bool all);

  transport::SimNetwork& network_;
  Rng rng_;
  std::vector<Walker> walkers_;
  std::vector<bool> in_range_;  // of each pair
  std::size_t meetings_ = 0;
  bool walking_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace meshfs::sim
