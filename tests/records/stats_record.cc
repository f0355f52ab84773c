#include "tests/records/stats_record.h"

#include <array>
#include <cstdio>

#include "schema/vocab/rng.h"

namespace meshfs::testing {

std::string stats_record(std::uint64_t n) {
  constexpr std::array kPlaces{"roof", "school", "church", "mill", "barn", "tower", "farm", "library", "well", "kiosk"};
  constexpr std::array kChannels{1, 6, 11, 36, 40, 44, 48, 100};
  const std::uint64_t node = n % 60, minute = n / 60;
  Rng fixed(node * 7919 + 1);  // what stays the same for a node
  const auto place = kPlaces[fixed.below(kPlaces.size())];
  const int channel = kChannels[fixed.below(kChannels.size())];
  const std::uint64_t booted = fixed.below(5'000'000), rate = 1000 + fixed.below(400'000);
  const std::uint64_t memory = 9000 + fixed.below(50'000);
  Rng now(n * 104729 + 17);  // what moves
  std::array<char, 400> line;
  const int size = std::snprintf(
      line.data(), line.size(),
      "{\"node\":\"%s-%02u\",\"time\":%llu,\"uptime\":%llu,\"load\":[%.2f,%.2f],\"mem_free_kb\":%llu,\"clients\":%u,"
      "\"rx_bytes\":%llu,\"tx_bytes\":%llu,\"channel\":%d,\"noise\":-%u}\n",
      place, static_cast<unsigned>(node), static_cast<unsigned long long>(1'760'000'000 + 60 * minute + now.below(10)),
      static_cast<unsigned long long>(booted + 60 * minute), static_cast<double>(now.below(150)) / 100,
      static_cast<double>(now.below(90)) / 100, static_cast<unsigned long long>(memory - now.below(4000)),
      static_cast<unsigned>(now.below(24)), static_cast<unsigned long long>(rate * minute + now.below(rate)),
      static_cast<unsigned long long>(rate * minute / 7 + now.below(rate)), channel,
      static_cast<unsigned>(88 + now.below(12)));
  return {line.data(), static_cast<std::size_t>(size)};
}

}  // namespace meshfs::testing
