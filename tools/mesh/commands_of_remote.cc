// The commands that tell nodes to do something, or that say who a node is.
#include "tools/mesh/command_table.h"
#include "tools/mesh/commands.h"

namespace meshfs::tools {

std::vector<Command> remote_commands() {
  constexpr std::size_t kMostWords = 1000;
  return {
      {"run",
       "TARGET VERB [ARGUMENT...]",
       "tell nodes to do something, and see what became of it",
       "TARGET is a node, @GROUP of the policy, LABEL=VALUE of the nodes' cards, all, or several of them with commas. "
       "VERB is one of the target's own catalogue; whether you may use it there, that node decides. What you tell is a "
       "signed file in MOUNT/commands and reaches nodes that are away when they come back, unless it has expired "
       "(after a day, or as --expires says). Each node does it once.\n\n"
       "Shows the nodes while they answer, then what they said, equal outputs once. Without --timeout it ends when all "
       "have ended, or when for 60 s nothing came and nothing runs. Ctrl-C takes back what has not begun anywhere, "
       "waits for what has, and tells where; once more leaves at once. Arguments that begin with - come after --.\n\n"
       "  mesh run all uptime\n"
       "  mesh run site=school reboot --order farthest-first --reason 'new kernel'\n"
       "  mesh run roof config-set wireless.channel 11 --confirm-within 5m\n"
       "  mesh run roof cancel 3f9a12bc",
       {"--dry-run", "--order", "--not-before", "--expires", "--confirm-within", "--reason", "--detach", "--timeout",
        "--mount", "--json"},
       2,
       kMostWords,
       run_on_nodes},
      {"results",
       "[ID]",
       "what became of a command",
       "Without ID the last commands: who told whom to do what, and how many answered. ID is the one that `mesh run` "
       "prints, or its first 4 digits or more. Ends as `mesh run` does: 0 all done, 1 one failed or refused, 5 one has "
       "not ended.\n\n"
       "  mesh results 3f9a12bc --json",
       {"--limit", "--mount", "--json"},
       0,
       1,
       show_results},
  };
}

}  // namespace meshfs::tools
