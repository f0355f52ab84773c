// A set whose members count for a while after they went, so that what comes and goes is said once: pure, told the time. What it must
// remember is text, one line each.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "schema/vocab/time.h"

namespace meshfs::card {

class Lingering {
 public:
  Lingering(Duration stay, std::size_t most) : stay_(stay), most_(most) {}

  // Of the last one's memory, lines "NAME MS": 0, it was there; else when it was seen gone. Others are skipped.
  void recall(std::string_view memory);
  // From a card of before: what is not there any more counts as gone since now.
  void adopt(const std::vector<std::string>& names, WallMs now);
  // Those that are there now, and those that went less than `stay` ago, no more than `most`: who went first is left out first.
  void see(const std::vector<std::string>& present, WallMs now);

  [[nodiscard]] std::vector<std::string> names() const;  // sorted
  [[nodiscard]] std::string memory() const;
  [[nodiscard]] WallMs next() const;  // when the next one's time is over; kForEver: none

  static constexpr WallMs kForEver{INT64_MAX};

 private:
  Duration stay_;
  std::size_t most_;
  std::map<std::string, std::int64_t> gone_ms_;  // 0: it is there
};

}  // namespace meshfs::card
