// The commands about typed files.
#include "tools/mesh/command_table.h"
#include "tools/mesh/commands.h"

namespace meshfs::tools {

static std::vector<Command> all_of_them() {
  std::vector<Command> out{
      {"types",
       "[NAME]",
       "which files must be what: the record types",
       "Files at certain places are records: JSON text that every node checks when it is closed, and refuses if it is "
       "wrong. Alone it lists the types that are built in and those of this mesh, with NAME it prints that type's "
       "manual, from the comments of its schema.",
       {"--mount", "--json"},
       0,
       1,
       show_types},
      {"check",
       "FILE...",
       "is it a good record",
       "Says line and field of what is wrong, as a node would when the file is closed in the mesh. What a file is "
       "follows from its place in the mesh, or from --type, anywhere. Fields that the type doesn't know are no fault, "
       "since they may be a newer version's, but you are warned. Ends with 0 only if all files are good.\n\n"
       "  mesh check --type command reboot.json",
       {"--type", "--mount", "--json"},
       1,
       100'000,
       check_files},
  };
  for (const auto& command : type_making_commands()) out.push_back(command);
  return out;
}

std::span<const Command> type_commands() {
  static const std::vector<Command> kCommands = all_of_them();
  return kCommands;
}

}  // namespace meshfs::tools
