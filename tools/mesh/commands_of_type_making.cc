// The commands that make types and first files of them: not in the router's program.
#include "tools/mesh/command_table.h"
#include "tools/mesh/commands.h"

namespace meshfs::tools {

std::span<const Command> type_making_commands() {
  static constexpr Command kCommands[] = {
      {"new",
       "TYPE",
       "print a file of that type to begin from",
       "JSON with every field and what counts if it is not said goes to standard output, what the fields mean to "
       "standard error; so the comments are on the screen while the file is written.\n\n"
       "  mesh new command >reboot.json",
       {"--mount"},
       1,
       1,
       print_template},
      {"schema",
       "TYPE",
       "print a type as JSON Schema, for editors",
       "Editors that know JSON Schema (2020-12) complete names and underline mistakes by it. It asks for what people "
       "should write, `mesh check` has the last word.",
       {"--mount"},
       1,
       1,
       print_schema},
      {"type",
       "add FILE.capnp",
       "teach the mesh a record type of your own",
       "FILE is a Cap'n Proto schema with one struct that has a path pattern; its comments become the manual. It is "
       "compiled here, by the program capnp, and put into the mesh as network/types/NAME.type, which admins may; every "
       "node checks such files from then on, and rm takes the type away. A type that is here already can only grow: "
       "fields are added, never removed or changed.\n\n"
       "  using Record = import \"/meshfs/record.capnp\";\n\n"
       "  struct Sensor $Record.pattern(\"nodes/*/sensors/*.json\") {\n\n"
       "    celsius @0 :Float32 $Record.needed;  # as measured\n\n"
       "  }",
       {"--name", "--mount", "--json"},
       2,
       2,
       add_type},
  };
  return kCommands;
}

}  // namespace meshfs::tools
