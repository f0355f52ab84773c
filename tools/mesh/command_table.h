// Everything there is to know about the commands, in one place: usage, `mesh help`, the man page and the bash completion are
// all made from it.
#pragma once

#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "tools/mesh/arguments.h"
#include "tools/mesh/mesh.h"

namespace meshfs::tools {

struct Command {
  std::string_view name;
  std::string_view words;    // what comes after the name, for usage
  std::string_view summary;  // half a line
  std::string_view text;  // for `mesh help NAME` and the man page; empty lines part paragraphs, "  " begins an example
  std::vector<std::string_view> options;  // by their name in kOptions; --color goes with every command
  std::size_t least_words = 0, most_words = 0;
  Exit (*run)(const Arguments&) = nullptr;  // null: `help`, which needs the whole table
  bool elsewhere = false;                   // another program does it, and its words are not looked at here

  [[nodiscard]] bool takes(std::string_view option) const;
};

struct CommandGroup {
  std::string_view title;
  std::vector<Command> commands;
};

struct ExitMeaning {
  Exit code;
  std::string_view meaning;
};

using CommandTable = std::vector<CommandGroup>;
const CommandTable& command_groups();                                             // all of `mesh`
std::vector<Command> membership_commands(), policy_commands(), trust_commands();  // commands_of_trust.cc
std::vector<Command> type_commands(), remote_commands();  // commands_of_types.cc, commands_of_remote.cc
std::vector<Command> type_making_commands();              // commands_of_type_making.cc; a router has none
std::span<const ExitMeaning> exit_meanings();

const Command* find_command(const CommandTable& table, std::string_view name);  // null: there is none
const Option& option_named(std::string_view name);                              // must exist

std::string usage(const CommandTable& table);  // all commands, one line each
std::string usage_line(const Command& command);
std::string help(const Command& command);  // one command in full

// What `mesh` does with its words; the exit code.
int run_command_line(const CommandTable& table, int argc, char** argv);

}  // namespace meshfs::tools
