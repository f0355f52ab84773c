#include "fsd/core/retention.h"

#include <charconv>

namespace meshfs::fsd {

std::string retention_text(const Retention& rules) {
  return "versions " + std::to_string(rules.versions) + "\ndays " + std::to_string(rules.days) + "\nbytes " +
         std::to_string(rules.bytes) + "\n";
}

Result<Retention> parse_retention(std::string_view text) {
  Retention out;
  std::string_view rest = text;
  const auto take = [&](std::string_view name, std::uint64_t& value) {
    if (!rest.starts_with(name)) return false;
    rest.remove_prefix(name.size());
    const auto [end, wrong] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    if (wrong != std::errc() || end == rest.data() + rest.size() || *end != '\n') return false;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()) + 1);
    return true;
  };
  const bool whole = take("versions ", out.versions) && take("days ", out.days) && take("bytes ", out.bytes);
  if (!whole || !rest.empty() || out.versions > Retention::kMaxNumber || out.days > Retention::kMaxNumber) {
    return error(Errc::invalid, "The rules of retention are three lines: versions N, days N, bytes N.");
  }
  return out;
}

std::size_t AgeSteps::step_of(std::int64_t age_ms) {
  constexpr std::int64_t kHourMs = 3'600'000;
  constexpr std::int64_t kDayMs = 24 * kHourMs;
  constexpr std::array<std::int64_t, 4> kFirst{Retention::kGraceMs, 600'000, kHourMs, 6 * kHourMs};
  std::size_t step = 0;
  for (const std::int64_t end : kFirst) {
    if (age_ms < end) return step;
    ++step;
  }
  for (std::int64_t end = kDayMs; step + 1 < kCount; end *= 2, ++step) {
    if (age_ms < end) return step;
  }
  return kCount - 1;
}

}  // namespace meshfs::fsd
