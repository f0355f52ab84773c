// What a tar with history looks like; export writes it, import reads it.
//   NAME.history/README           first: tells people what this is, and import that it is one
//   NAME/...                      the tree as it is
//   NAME.history/PATH/VERSION     old versions of NAME/PATH, oldest first, right before NAME/PATH
//   NAME.history/versions.jsonl   last: one line per version: path, version, author, when_ms, size, file
#pragma once

#include <string_view>

namespace meshfs::tools {

inline constexpr std::string_view kHistorySuffix = ".history";
inline constexpr std::string_view kHistoryReadme = "README";
inline constexpr std::string_view kHistoryMark = "meshfs history 1\n";  // how the README begins
inline constexpr std::string_view kHistoryList = "versions.jsonl";

}  // namespace meshfs::tools
