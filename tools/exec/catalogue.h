// The catalogue of verbs: the files *.toml of verbs.d as values. Pure; any thread. A file that is wrong in any way is refused whole.
// tools/exec/README.md has the format.
#pragma once

#include <string_view>

#include "schema/vocab/result.h"
#include "tools/exec/verb.h"

namespace meshfs::exec {

// The verb of one file. bad_bytes: file, where and what is wrong, in one sentence.
Result<Verb> parse_verb(const std::string& file, std::string_view text);

// These two work without a catalogue and can't be installed.
inline constexpr std::string_view kCancel = "cancel", kConfirm = "confirm";

}  // namespace meshfs::exec
