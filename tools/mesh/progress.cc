#include "tools/mesh/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "schema/os/loop.h"
#include "tools/mesh/screen.h"

namespace meshfs::tools {
namespace {

constexpr std::size_t kBarCells = 20;

std::size_t terminal_columns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string amount(std::int64_t count, Progress::Unit unit) {
  return unit == Progress::Unit::bytes ? bytes_text(count) : std::to_string(count);
}

std::string minutes(std::int64_t s) {
  const std::string seconds = std::to_string(s % 60);
  return std::to_string(s / 60) + ":" + (seconds.size() < 2 ? "0" : "") + seconds;
}

}  // namespace

std::string progress_line(const std::string& what, std::int64_t done, std::int64_t total, Duration elapsed,
                          Progress::Unit unit, std::size_t columns) {
  std::string out = what + "  ";
  if (total > 0) {
    const double share = std::clamp(static_cast<double>(done) / static_cast<double>(total), 0.0, 1.0);
    const auto full = static_cast<std::size_t>(share * static_cast<double>(kBarCells));
    out += "[" + std::string(full, '#') + std::string(kBarCells - full, '.') + "]  " + amount(done, unit) + " of " +
           amount(total, unit);
  } else {
    out += amount(done, unit);
  }
  const std::int64_t ms = to_ms(elapsed);
  if (ms > 0 && done > 0) {
    const double per_s = static_cast<double>(done) * 1000 / static_cast<double>(ms);
    out += "  " + amount(static_cast<std::int64_t>(per_s), unit) + "/s";
    if (total > done)
      out += "  " + minutes(static_cast<std::int64_t>(static_cast<double>(total - done) / per_s)) + " left";
  }
  if (out.size() >= columns) out.resize(columns > 0 ? columns - 1 : 0);
  return out;
}

Progress::Progress(std::string what, std::int64_t total, Unit unit)
    : what_(std::move(what)),
      total_(total),
      unit_(unit),
      wanted_(isatty(STDERR_FILENO) == 1),
      began_(os::Loop::now()),
      drawn_(began_) {}

Progress::~Progress() { finish(); }

void Progress::finish() {
  if (shown_) std::fputs("\r\x1b[K", stderr);
  shown_ = false;
  wanted_ = false;
}

void Progress::reach(std::int64_t done) {
  done_ = done;
  if (!wanted_) return;
  const Instant now = os::Loop::now();
  if (now - began_ < kQuietFirst || now - drawn_ < kRedraw) return;
  drawn_ = now;
  shown_ = true;
  std::fprintf(stderr, "\r\x1b[K%s",
               progress_line(what_, done_, total_, now - began_, unit_, terminal_columns()).c_str());
  std::fflush(stderr);
}

}  // namespace meshfs::tools
