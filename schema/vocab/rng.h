// A seedable random generator (xoshiro256**, Blackman & Vigna 2018), the same on every machine.
// For jitter, sampling and simulations. Never for keys: those come from libsodium (schema/crypto).
#pragma once

#include <cstdint>

namespace meshfs {

class Rng {
 public:
  explicit Rng(std::uint64_t seed);
  std::uint64_t next();
  // Uniform in [0, bound); bound > 0.
  std::uint64_t below(std::uint64_t bound);
  // True with probability percent/100.
  bool percent(unsigned percent) { return below(100) < percent; }

 private:
  std::uint64_t state_[4];
};

}  // namespace meshfs
