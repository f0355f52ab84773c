// The text of a command: what `mesh run` writes into commands/, by schema/records/command.capnp. Pure: no clock, file or dice.
// Never decides who may do what; the target does.
#pragma once

#include <string>
#include <vector>

#include "schema/vocab/result.h"
#include "schema/vocab/time.h"
#include "tools/mesh/json.h"

namespace meshfs::tools {

struct CommandFile {
  std::string verb;
  std::vector<std::string> arguments, targets;
  std::string not_before, expires_after, confirm_within;  // "" is the default
  std::string cancels, confirms;                          // ids, with the verbs `cancel` and `confirm`
  std::string reason;
  std::string once;  // tells two apart that read alike otherwise
  bool dry_run = false, farthest_first = false;
};

inline constexpr std::size_t kMaxCommandBytes = 16384;  // the quota of the record type
inline constexpr std::size_t kMaxTargets = 64;

// As the record type wants it: words are UTF-8, the verb is a name, spans are like 5m. invalid: one sentence.
Status check_command(const CommandFile& command);
std::string command_text(const CommandFile& command);
// What of a file can be read; empty where it says nothing.
CommandFile read_command(const Json& json);

// "roof" or "roof,school" or "@backbone" or "site=school" or "all", one target each.
Result<std::vector<std::string>> split_targets(std::string_view word);
// The directory below commands/: of one node its name, else "all".
std::string command_directory(const std::vector<std::string>& targets);
// "20270131T123000-uptime-9f3c.json": sorts by time, never the same twice.
std::string command_file_name(WallMs when, std::string_view verb, std::uint32_t random);

// A time of the record type, in UTC: from 2027-01-31T12:30, with or without seconds and Z, or 90m, 2h, 3d from `now`.
Result<std::string> command_moment(std::string_view text, WallMs now);
std::string moment_text(WallMs when);  // the same form, whole seconds
// Digits and one of s, m, h, d; 0 for what is no span.
std::int64_t span_ms(std::string_view text);

bool is_command_id(std::string_view text);  // 64 hex digits, lower case

}  // namespace meshfs::tools
