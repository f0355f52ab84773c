// Time that moves when told. Core code gets an Instant handed in; it never asks a clock.
#pragma once

#include <compare>
#include <cstdint>

namespace meshfs {

// A span, in nanoseconds.
struct Duration {
  std::int64_t ns = 0;
  auto operator<=>(const Duration&) const = default;
  friend constexpr Duration operator+(Duration a, Duration b) { return {a.ns + b.ns}; }
  friend constexpr Duration operator-(Duration a, Duration b) { return {a.ns - b.ns}; }
  friend constexpr Duration operator*(Duration a, std::int64_t k) { return {a.ns * k}; }
  friend constexpr Duration operator/(Duration a, std::int64_t k) { return {a.ns / k}; }
};
constexpr Duration nanoseconds(std::int64_t n) { return {n}; }
constexpr Duration microseconds(std::int64_t n) { return {n * 1'000}; }
constexpr Duration milliseconds(std::int64_t n) { return {n * 1'000'000}; }
constexpr Duration seconds(std::int64_t n) { return {n * 1'000'000'000}; }
constexpr std::int64_t to_ms(Duration d) { return d.ns / 1'000'000; }

// A point on this machine's monotonic clock, in nanoseconds. Means nothing on another node.
struct Instant {
  std::int64_t ns = 0;
  auto operator<=>(const Instant&) const = default;
  friend constexpr Instant operator+(Instant a, Duration b) { return {a.ns + b.ns}; }
  friend constexpr Duration operator-(Instant a, Instant b) { return {a.ns - b.ns}; }
};
inline constexpr Instant kNever{INT64_MAX};

// Milliseconds since 1970 UTC, on the network's common (hybrid) time line.
struct WallMs {
  std::int64_t ms = 0;
  auto operator<=>(const WallMs&) const = default;
};

// Hybrid logical clock (Kulkarni et al. 2014): 48 bits of milliseconds, 16 bits of counter, in one integer.
struct Hlc {
  std::uint64_t value = 0;
  auto operator<=>(const Hlc&) const = default;
  [[nodiscard]] constexpr WallMs wall() const { return {static_cast<std::int64_t>(value >> 16)}; }
  static constexpr Hlc at(WallMs t) { return {static_cast<std::uint64_t>(t.ms < 0 ? 0 : t.ms) << 16}; }
  // The smallest Hlc after both this one and `now`.
  [[nodiscard]] constexpr Hlc next(WallMs now) const {
    const Hlc clock = at(now);
    return clock.value > value ? clock : Hlc{value + 1};
  }
};

}  // namespace meshfs
