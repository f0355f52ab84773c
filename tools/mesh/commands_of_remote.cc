// The commands that tell nodes to do something. On a router they are in the program meshfs-commands.
#include "tools/mesh/command_table.h"
#include "tools/mesh/commands.h"
#include "tools/mesh/kept_elsewhere.h"

namespace meshfs::tools {

static constexpr std::size_t kMostWords = 1000;

static constexpr Command kRemoteCommands[] = {
    {kRunWords.name,
     kRunWords.words,
     kRunWords.summary,
     "TARGET is a node, @GROUP of the policy, LABEL=VALUE of the nodes' cards, all, or several of them with commas. "
     "VERB is one of the target's own catalogue; whether you may use it there, that node decides. What you tell is a "
     "signed file in MOUNT/commands and reaches nodes that are away when they come back, unless it has expired "
     "(after a day, or as --expires says). Each node does it once.\n\n"
     "Shows the nodes while they answer, then what they said, equal outputs once. Without --timeout it ends when all "
     "have ended, or when for 60 s nothing came and nothing runs. Ctrl-C takes back what has not begun anywhere, "
     "waits for what has, and tells where; once more leaves at once. Arguments that begin with - come after --.\n\n"
     "Some verbs want persons' signatures: --sign KEYFILE calls signify, usign or minisign, whichever made the key. "
     "For persons who sit elsewhere --output FILE only writes the text that they sign.\n\n"
     "  mesh run all uptime\n"
     "  mesh run site=school reboot --order farthest-first --reason 'new kernel'\n"
     "  mesh run roof config-set wireless.channel 11 --confirm-within 5m\n"
     "  mesh run roof sysupgrade firmware/roof.bin HASH --sign lisa.sec\n"
     "  mesh run roof cancel 3f9a12bc",
     {"--dry-run", "--order", "--not-before", "--expires", "--confirm-within", "--reason", "--detach", "--timeout",
      "--sign", "--output", "--mount", "--json"},
     2,
     kMostWords,
     run_on_nodes},
    {kResultsWords.name,
     kResultsWords.words,
     kResultsWords.summary,
     "Without ID the last commands: who told whom to do what, and how many answered. ID is the one that `mesh run` "
     "prints, or its first 4 digits or more. Ends as `mesh run` does: 0 all done, 1 one failed or refused, 5 one has "
     "not ended.\n\n"
     "  mesh results 3f9a12bc --json",
     {"--limit", "--mount", "--json"},
     0,
     1,
     show_results},
    {kSshWords.name,
     kSshWords.words,
     kSshWords.summary,
     "Calls ssh with the first address of the node's card that answers, else with the one from which a neighbour is "
     "heard, link-local ones too. The host's key is remembered by the node's key, not by its address. What comes "
     "after -- goes to ssh: its options, then a command.\n\n"
     "  mesh ssh roof -- -L 8080:localhost:80\n"
     "  mesh ssh roof -- mesh rpc",
     {"--mount"},
     1,
     kMostWords,
     open_session},
    {kCardWords.name,
     kCardWords.words,
     kCardWords.summary,
     "Alone it shows what this node's card has to say, with NODE the card of that node; --write puts it to "
     "MOUNT/nodes/NAME/card.json, which meshfs-card does by itself. Addresses, model and system are the "
     "machine's. The settings file says the rest: MESHFS_LABELS (what `mesh run site=school` asks for), "
     "MESHFS_CONTACT, MESHFS_PLACE, MESHFS_SSH_USER and MESHFS_SSH_PORT (else root and 22).\n\n"
     "  mesh card --write",
     {"--write", "--settings", "--mount"},
     0,
     1,
     look_after_card},
    {kRpcWords.name,
     kRpcWords.words,
     kRpcWords.summary,
     "On standard input and output: one request per line, or a batch in a list; one answer per line. The method "
     "`methods` lists what there is: "
     "status, peers, nodes, types, run, results, cancel. A run that waits holds up no other request, 64 may wait; "
     "answers "
     "come in any order. Failures have the codes of the specification, or -32000 less the "
     "exit code of the command line: -32004 is not found. A line has 1 MiB at most, a batch 64 requests.\n\n"
     "  echo '{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"nodes\"}' | ssh roof mesh rpc",
     {"--mount"},
     0,
     0,
     serve_rpc},
};

std::span<const Command> remote_commands() { return kRemoteCommands; }

}  // namespace meshfs::tools
