// Times as people write them into records. Values and pure functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "schema/vocab/time.h"

namespace meshfs::records {

// "90m": up to five digits and one of s, m, h, d. Nothing for anything else.
std::optional<Duration> parse_span(std::string_view text);

// "2025-01-31T12:00:00Z", a day that exists. Nothing for anything else.
std::optional<WallMs> parse_moment(std::string_view text);

// As parse_moment() reads it; parts of a second are cut off. From 1970 to 9999.
std::string moment_text(WallMs when);

}  // namespace meshfs::records
