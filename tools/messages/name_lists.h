// The two hidden files in which this program remembers what it put: one line per file. Values; any thread.
//
//   .meshfs-imported   NAME
//   .meshfs-exported   MARK[,MARK] NAME     marks as 16 hex digits
//
// A line that is damaged is left out: its file is then taken for somebody's, and stays.
#pragma once

#include "tools/messages/message_rules.h"

namespace meshfs::messages {

inline constexpr const char* kImportedList = ".meshfs-imported";
inline constexpr const char* kExportedList = ".meshfs-exported";

std::string text_of(const Names& names);
Names names_from(std::string_view text);
std::string text_of(const Exported& exported);
Exported exported_from(std::string_view text);

}  // namespace meshfs::messages
