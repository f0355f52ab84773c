// A bar with rate and time left for whatever takes longer than a second. On standard error, only if that is a terminal;
// gone without a trace when the work ends.
#pragma once

#include <cstdint>
#include <string>

#include "schema/vocab/time.h"

namespace meshfs::tools {

class Progress {
 public:
  enum class Unit : std::uint8_t { bytes, things };
  // `total` 0: unknown, then count and rate are shown.
  Progress(std::string what, std::int64_t total, Unit unit);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void set_total(std::int64_t total) { total_ = total; }
  void reach(std::int64_t done);
  void add(std::int64_t more) { reach(done_ + more); }
  void finish();  // takes the bar away; before anything else is printed

 private:
  static constexpr Duration kQuietFirst = seconds(1);
  static constexpr Duration kRedraw = milliseconds(100);

  std::string what_;
  std::int64_t total_, done_ = 0;
  Unit unit_;
  bool wanted_, shown_ = false;
  Instant began_, drawn_;
};

// One line of at most `columns`: what, bar, done of total, rate, time left.
std::string progress_line(const std::string& what, std::int64_t done, std::int64_t total, Duration elapsed,
                          Progress::Unit unit, std::size_t columns);

}  // namespace meshfs::tools
