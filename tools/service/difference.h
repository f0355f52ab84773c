// What --dry-run shows of one file: lines that would go and come. Pure.
#pragma once

#include <string>
#include <string_view>

namespace meshfs::service {

inline constexpr std::size_t kMaxShownLines = 40;  // of each side; a count stands for the rest

// Lines "-old" and "+new" between what both begin and end with; empty if nothing changes.
std::string line_difference(std::string_view before, std::string_view after);

}  // namespace meshfs::service
