#include "tools/records/spans.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace meshfs::records {
namespace {

constexpr std::size_t kMaxDigits = 5;
constexpr std::string_view kMomentShape = "0000-00-00T00:00:00Z";  // 0: any digit
constexpr std::int64_t kLastMs = 253'402'300'799'999;              // the end of 9999

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int number_at(std::string_view text, std::size_t at, std::size_t digits) {
  int out = 0;
  for (std::size_t i = at; i < at + digits; ++i) out = out * 10 + (text[i] - '0');
  return out;
}

}  // namespace

std::optional<Duration> parse_span(std::string_view text) {
  if (text.size() < 2 || text.size() > kMaxDigits + 1) return std::nullopt;
  const std::string_view digits = text.substr(0, text.size() - 1);
  if (!std::ranges::all_of(digits, is_digit)) return std::nullopt;
  const std::int64_t count = number_at(digits, 0, digits.size());
  switch (text.back()) {
    case 's':
      return seconds(count);
    case 'm':
      return seconds(count * 60);
    case 'h':
      return seconds(count * 3'600);
    case 'd':
      return seconds(count * 86'400);
    default:
      return std::nullopt;
  }
}

std::optional<WallMs> parse_moment(std::string_view text) {
  if (text.size() != kMomentShape.size()) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (kMomentShape[i] == '0' ? !is_digit(text[i]) : text[i] != kMomentShape[i]) return std::nullopt;
  const std::chrono::year_month_day day{std::chrono::year{number_at(text, 0, 4)},
                                        std::chrono::month{static_cast<unsigned>(number_at(text, 5, 2))},
                                        std::chrono::day{static_cast<unsigned>(number_at(text, 8, 2))}};
  const int hour = number_at(text, 11, 2), minute = number_at(text, 14, 2), second = number_at(text, 17, 2);
  if (!day.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days{day}.time_since_epoch().count();
  return WallMs{(days * 86'400 + hour * 3'600 + minute * 60 + second) * 1'000};
}

std::string moment_text(WallMs when) {
  const std::int64_t whole = std::clamp<std::int64_t>(when.ms, 0, kLastMs) / 1'000;
  const std::chrono::sys_days days{std::chrono::days{whole / 86'400}};
  const std::chrono::year_month_day day{days};
  const int rest = static_cast<int>(whole % 86'400);
  char out[64];
  std::snprintf(out, sizeof out, "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(day.year()),
                static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()), rest / 3'600, rest / 60 % 60,
                rest % 60);
  return out;
}

}  // namespace meshfs::records
