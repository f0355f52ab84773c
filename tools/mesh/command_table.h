// Everything there is to know about the commands, in one place: usage, `mesh help`, the man page and the bash completion are
// all made from it.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "tools/mesh/arguments.h"
#include "tools/mesh/mesh.h"

namespace meshfs::tools {

inline constexpr std::size_t kMaxCommandOptions = 14;

// A constant, and all tables are: code that builds them took 1.8 kB of the router's program.
struct Command {
  std::string_view name;
  std::string_view words;    // what comes after the name, for usage
  std::string_view summary;  // half a line
  std::string_view text;  // for `mesh help NAME` and the man page; empty lines part paragraphs, "  " begins an example
  std::array<const char*, kMaxCommandOptions> options{};  // by their name in kOptions; --color goes with every command
  std::size_t least_words = 0, most_words = 0;
  Exit (*run)(const Arguments&) = nullptr;  // null: `help`, which needs the whole table
  bool elsewhere = false;                   // another program does it, and its words are not looked at here

  [[nodiscard]] bool takes(std::string_view option) const;
  [[nodiscard]] std::span<const char* const> option_names() const;
};

struct CommandGroup {
  std::string_view title;
  std::span<const Command> commands;  // none: usage leaves the group out
};

struct ExitMeaning {
  Exit code;
  std::string_view meaning;
};

using CommandTable = std::span<const CommandGroup>;
CommandTable command_groups();                                                        // all of `mesh`
std::span<const Command> membership_commands(), policy_commands(), trust_commands();  // commands_of_trust.cc
std::span<const Command> type_commands(), remote_commands();  // commands_of_types.cc, commands_of_remote.cc
std::span<const Command> signature_commands();                // commands_of_signatures.cc
std::span<const Command> type_making_commands();              // commands_of_type_making.cc; a router has none
std::span<const ExitMeaning> exit_meanings();

const Command* find_command(CommandTable table, std::string_view name);  // null: there is none
const Option& option_named(std::string_view name);                       // must exist

std::string usage(CommandTable table);  // all commands, one line each
std::string usage_line(const Command& command);
std::string help(const Command& command);  // one command in full

// What `mesh` does with its words; the exit code.
int run_command_line(CommandTable table, int argc, char** argv);

}  // namespace meshfs::tools
