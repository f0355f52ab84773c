// How much of the past a node keeps: rules of its own, never replicated. What is beyond any of them goes, oldest first.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "schema/vocab/result.h"
#include "schema/vocab/time.h"

namespace meshfs::fsd {

struct Retention {
  std::uint64_t versions = 20;  // superseded contents per file
  std::uint64_t days = 30;      // since something took their place (DESIGN "History")
  std::uint64_t bytes = 0;      // all of them together, as they take disk; 0: a tenth of the disk
  bool operator==(const Retention&) const = default;

  // Versions whose content went are told of (`mesh log`) up to so many times the versions and days: their entries take
  // some 300 bytes each.
  static constexpr std::uint64_t kToldTimes = 10;

  // The least that is kept, full disk or not: who had it open or was shown it may still be reading.
  static constexpr std::int64_t kGraceMs = 60'000;
  static constexpr std::uint64_t kMaxNumber = 1'000'000;  // versions, days
};

// "versions 20\ndays 30\nbytes 0\n": the file in the state folder. invalid if it is anything else.
std::string retention_text(const Retention& rules);
Result<Retention> parse_retention(std::string_view text);

// Ages of superseded contents in growing steps: the collector goes from young to old until the bytes are used up.
class AgeSteps {
 public:
  static constexpr std::size_t kCount = 16;
  // 0: within the grace; then 10 min, 1 h, 6 h, 1 d, 2 d, 4 d ... 1,024 d, beyond.
  static std::size_t step_of(std::int64_t age_ms);
};

}  // namespace meshfs::fsd
