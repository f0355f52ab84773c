#include "tests/sim/faults.h"

namespace meshfs::sim {

Faults Faults::draw(Rng& rng) {
  Faults out;
  static constexpr std::uint32_t kLosses[]{0, 0, 50'000, 100'000, 200'000, 300'000, kMostLossPpm};
  out.loss_ppm = kLosses[rng.below(std::size(kLosses))];
  if (rng.percent(50)) out.duplicate_ppm = 20'000;
  if (rng.percent(50)) out.reorder_ppm = 30'000;
  if (rng.percent(50)) out.jitter = milliseconds(20);
  out.asymmetric = rng.percent(50);
  out.streams = rng.percent(50);
  if (rng.percent(50)) out.partitions = 1;
  if (rng.percent(50)) out.crashes = 1 + rng.below(4);
  if (rng.percent(50)) out.absences = 1 + rng.below(2);
  if (rng.percent(50)) out.deaf = 1 + rng.below(3);
  out.odd_clocks = rng.percent(50);
  if (rng.percent(50)) out.liar = static_cast<Liar::Kind>(rng.below(Liar::kKinds));
  // Of three votes for a time one may be wrong: not a liar's too.
  out.wrong_clock = rng.percent(60) && !out.liar;
  return out;
}

transport::EdgeQuality Faults::quality() const {
  return {.delay = milliseconds(2),
          .jitter = jitter,
          .loss_ppm = loss_ppm,
          .duplicate_ppm = duplicate_ppm,
          .reorder_ppm = reorder_ppm};
}

std::string Faults::words() const {
  std::string out = std::to_string(loss_ppm / 10'000) + " % lost";
  if (asymmetric) out += " (asymmetric)";
  if (duplicate_ppm > 0) out += ", duplicates";
  if (reorder_ppm > 0) out += ", reordering";
  if (jitter > milliseconds(1)) out += ", jitter";
  if (streams) out += ", streams";
  const std::pair<std::size_t, const char*> counts[]{
      {partitions, " partitions"}, {crashes, " crashes"}, {absences, " absences"}, {deaf, " deaf edges"}};
  for (const auto& [count, what] : counts) {
    if (count > 0) out += ", " + std::to_string(count) + what;
  }
  if (odd_clocks) out += ", odd clocks";
  if (wrong_clock) out += ", a wrong clock";
  if (liar) out += std::string(", a liar (") + Liar::name_of(*liar) + ")";
  return out;
}

WallClock draw_wrong_clock(Rng& rng) {
  const std::int64_t off_ms = kYearMs + static_cast<std::int64_t>(rng.below((Faults::kMostYearsOff - 1) * kYearMs));
  return {rng.percent(50) ? off_ms : -off_ms, true};
}

WallClock draw_clock(Rng& rng, std::size_t node) {
  const std::uint64_t kind = rng.below(3);
  constexpr std::int64_t kMostMs = Faults::kMostYearsOff * kYearMs;
  const std::int64_t far_ms = static_cast<std::int64_t>(rng.below(2 * kMostMs)) - kMostMs;
  const std::int64_t some_ms = static_cast<std::int64_t>(rng.below(20'000)) - 10'000;
  if (node == 0 || kind == 0) return {some_ms, true};
  if (kind == 1) return {far_ms, false};
  return {-SimNode::kWallStart.ms, false};
}

}  // namespace meshfs::sim
