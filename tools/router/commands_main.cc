// The router's second program: called `mesh-exec` it runs signed commands, called `meshfs-card` it keeps the node's card, by any other
// name it is `mesh` with what the first program leaves to this one (tools/mesh/kept_elsewhere.h). Holds nothing itself.
#include <string_view>

#include "tools/card/card_main.h"
#include "tools/exec/exec_main.h"
#include "tools/mesh/command_table.h"

int main(int argc, char** argv) {
  using namespace meshfs;
  const std::string_view path = argc > 0 ? argv[0] : "", name = path.substr(path.rfind('/') + 1);
  if (name == "mesh-exec") return exec::exec_main(argc, argv);
  if (name == "meshfs-card") return card::card_main(argc, argv);
  if (argc > 1 && argv[1] == std::string_view("mesh-exec")) return exec::exec_main(argc - 1, argv + 1);
  if (argc > 1 && argv[1] == std::string_view("meshfs-card")) return card::card_main(argc - 1, argv + 1);
  static constexpr tools::Command kHelp[] = {{"help", "[COMMAND]", "this list, or one command in full", "", {}, 0, 1}};
  const tools::CommandGroup table[] = {{"Orders to nodes", tools::remote_commands()},
                                       {"Signatures of persons", tools::signature_commands()},
                                       {"Words", kHelp}};
  return tools::run_command_line(table, argc, argv);
}
