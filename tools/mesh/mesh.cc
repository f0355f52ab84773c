#include "tools/mesh/mesh.h"

#include <array>
#include <cstdio>

#include "schema/crypto/sign.h"
#include "tools/mesh/commands.h"

namespace meshfs::tools {
namespace {

struct Command {
  std::string_view name;
  Exit (*run)(const Arguments&);
};

constexpr std::array kCommands{
    Command{"init", init_network},  Command{"invite", print_invite}, Command{"join", join_network},
    Command{"status", show_status}, Command{"peers", show_peers},    Command{"ls", list_files},
};

constexpr const char* kUsage =
    R"(usage: mesh COMMAND [OPTIONS]
  init NETWORK [--node NAME] [--state DIR]   begin a network with this node
  invite [--state DIR]                       print the token that lets another node in (keep it secret)
  join TOKEN [--node NAME] [--state DIR]     make this node a member
  status [--json] [--mount DIR]              is everything in sync?
  peers [--json] [--mount DIR]               the neighbours and their links
  ls [-l] [--json] [PATH]                    files with author, version and state
Defaults: --state $MESHFS_STATE or /var/lib/meshfs, --mount $MESHFS_MOUNT or /mesh, --node this host's name.
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no mesh is mounted there.
)";

Exit run(const std::vector<std::string>& words) {
  for (const auto& word : words) {
    if (word != "--help" && word != "-h") continue;
    std::fputs(kUsage, stdout);
    return Exit::ok;
  }
  const auto arguments = parse_arguments(words);
  if (!arguments) return complain(Exit::usage, arguments.failure().message + " `mesh --help` lists all.");
  for (const auto& command : kCommands) {
    if (command.name == arguments->command) return command.run(*arguments);
  }
  if (arguments->command.empty()) {
    std::fputs(kUsage, stderr);
    return Exit::usage;
  }
  return complain(Exit::usage, "There is no command " + arguments->command + ". `mesh --help` lists all.");
}

}  // namespace

Exit complain(Exit code, const std::string& sentence) {
  std::fprintf(stderr, "mesh: %s\n", sentence.c_str());
  return code;
}

int mesh_main(int argc, char** argv) {
  crypto::start();
  Exit code = run(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
  if (std::fflush(stdout) != 0)
    code = complain(Exit::failed, "Can't write the result: is the disk full or the pipe closed?");
  return static_cast<int>(code);
}

}  // namespace meshfs::tools
