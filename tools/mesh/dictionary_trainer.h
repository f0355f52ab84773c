// Makes a dictionary from samples and says what it gains on others. Left out of the router's program.
#pragma once

#include <string>
#include <vector>

#include "schema/vocab/result.h"

namespace meshfs::tools {

// Fewer teach it names and numbers by heart instead of what they have in common.
inline constexpr std::size_t kLeastSamples = 50;

struct TrainedDictionary {
  std::string bytes;
  std::size_t samples = 0;  // it was trained on
  std::size_t held_out =
      0;  // others, on which these were measured, in bytes together: as they are, by zstd, by zstd with it
  std::size_t plain = 0, alone = 0, with = 0;
};

// Trains on four of five samples. invalid: too few of them for this size, one sentence; unsupported: not in this program.
Result<TrainedDictionary> train_dictionary(const std::vector<std::string>& samples, std::size_t size);

}  // namespace meshfs::tools
