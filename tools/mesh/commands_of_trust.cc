// The commands about who belongs to a network, who may do what, and what proves or hides something.
#include "tools/mesh/command_table.h"
#include "tools/mesh/commands.h"

namespace meshfs::tools {

std::span<const Command> membership_commands() {
  static constexpr Command kCommands[] = {
      {"init",
       "NETWORK",
       "begin a network with this node",
       "Makes the keys of a new network and of this node in STATE/identity, readable by root alone and never "
       "overwritten. NETWORK is a name of 1 to 32 characters of a-z, 0-9 and -.",
       {"--node", "--keep-root", "--state", "--json"},
       1,
       1,
       init_network},
      {"invite",
       "",
       "print the token that lets another node in",
       "Admins invite. One token lets one node in, within 7 days (until it is used, where the node does not know the "
       "time), unless --uses and --expires say otherwise; this node has to be in reach of the new one then, for it "
       "decides. With --approve an admin decides, with --passphrase any admin's node does. Send the token as you would "
       "send a password: whoever has it may join. One that went astray is taken back with --withdraw.",
       {"--expires", "--uses", "--guest", "--approve", "--passphrase", "--qr", "--withdraw", "--state", "--mount",
        "--json"},
       0,
       0,
       print_invite},
      {"join",
       "TOKEN [NAME]",
       "make this node a member",
       "TOKEN is the line that `mesh invite` printed. The node is let in once the node that invited it can be reached, "
       "or as the invite says; until then `mesh status` says what it waits for, and what is written here waits too. A "
       "node whose invite was refused joins again with another one and keeps its keys.",
       {"--node", "--keep-root", "--state", "--mount", "--json"},
       1,
       2,
       join_network},
      {"nodes",
       "[approve NAME]",
       "who belongs to the network, and who waits",
       "Name, role, key, epoch of the key, by whom it was let in and when it was last heard of; and open invites. "
       "approve lets in a node "
       "that waits; NAME may be its key as shown.",
       {"--state", "--mount", "--json"},
       0,
       2,
       look_after_nodes},
      {"rotate",
       "",
       "replace this node's device key",
       "Makes a new device key, signed by the node's root key. What the node wrote stays its own; whoever has a copy "
       "of the old key gets no connection from any node that has heard of the new one. Takes effect when meshfs-fsd "
       "starts "
       "again.",
       {"--root", "--state", "--mount", "--json"},
       0,
       0,
       rotate_key},
      {"dict",
       "[list | train --type TYPE PATH...]",
       "dictionaries that make small records small",
       "Files of up to 300 bytes travel inside the change that made them. With a dictionary of their record type, "
       "trained from real ones, a line of JSON takes a third of its bytes. Dictionaries are files of the network "
       "volume, network/dictionaries/TYPE.zdict: admins write them, every node has them, rm removes one.\n\n"
       "list shows what this node holds. train reads the files PATH and those of that type in the directories PATH, "
       "trains on four of five, says what is gained on the fifth, and puts the dictionary into the mesh.",
       {"--type", "--size", "--output", "--state", "--mount", "--json"},
       0,
       100'000,
       look_after_dictionaries},
  };
  return kCommands;
}

std::span<const Command> policy_commands() {
  static constexpr Command kCommands[] = {
      {"policy",
       "[edit FILE | sign HASH | explain PATH]",
       "who may do what: show it, change it, ask why",
       "A policy is numbered epochs that admins sign; every node judges by them. Alone it prints the one in force, and "
       "what waits for signatures. edit proposes such a text as the next epoch, signed by this node; other admins sign "
       "by its hash's first digits. explain says which rule decides what the node --as may do at PATH. --root FILE "
       "signs with a root key that is kept away from the node (mesh init --keep-root).\n\n"
       "Lines: admins NODE...; threshold N; group NAME NODE... @GROUP...; rules: allow, only or deny; anyone, member, "
       "guest, admin, node NAME or group NAME; verbs with commas, or all; in everywhere, shared, network, commands, "
       "own or node NAME; until DATE. limit WHO bytes SIZE entries N in PLACE. A deny wins; only takes it from all "
       "others.\n\n"
       "  allow group field write,delete in shared until 2027-01-01",
       {"--as", "--verb", "--root", "--state", "--mount", "--json"},
       0,
       2,
       look_after_policy},
      {"admin",
       "add NODE | remove NODE",
       "who signs what rules the network",
       "A new epoch of the policy with that admin more or less.",
       {"--threshold", "--root", "--state", "--mount", "--json"},
       2,
       2,
       change_admins},
      {"revoke",
       "NODE [--since TIME]",
       "a node's key counts no more",
       "What it wrote before stays, or with --since what it wrote before that time; the rest goes everywhere, and what "
       "it had overwritten comes back. For ever: the device joins again with new keys.",
       {"--since", "--root", "--state", "--mount", "--json"},
       1,
       1,
       revoke_node},
      {"delegate",
       "[NODE VERBS in PLACE until DATE]",
       "lend another node what this one may, for a time",
       "NODE may then do what this node may: write, delete, create or command in the place shared, commands, own (this "
       "node's folder) or node NAME, until a date, or for 90m, 2h or 3d. What this node was lent itself it can lend on "
       "if "
       "--depth allowed it; a chain has three at most. A deny of the policy wins over all that is lent. Alone it lists "
       "what is lent in the mesh and whether it counts.\n\n"
       "  mesh delegate school write,delete in own for 3d",
       {"--depth", "--state", "--mount", "--json"},
       0,
       12,
       look_after_delegations},
  };
  return kCommands;
}

std::span<const Command> trust_commands() {
  static constexpr Command kCommands[] = {
      {"seal",
       "PATH --to NODE|GROUP [--to ...]... | --show PATH",
       "only these nodes can read it",
       "The content is encrypted for the devices of these nodes, those of a GROUP of the policy (who is in it today), "
       "and of this one. There it is read and written in "
       "place, as any file; what is written is sealed for the same readers. All other nodes keep and hand on what they "
       "can't read. Of a directory, all below is sealed, the names too, and what is made there later: others see names "
       "of nonsense. Such names have at most 175 bytes.\n\n"
       "Said again, it changes the readers: new ones read it at once; who is left out can't read what is written from "
       "now on, but keeps what it could read before, and goes on reading names. Versions from before it was sealed "
       "stay readable in `mesh log`.\n\n"
       "Others see that there is something, its size, times, owner, attributes, and for whom it is. On a node that "
       "reads it, permissions decide as always. A copy outside of a private directory is an ordinary file; a program "
       "that saves by a new file under the old name leaves that one readable for a moment, unless the directory is "
       "private.\n\n"
       "  mesh seal /mesh/keys --to school --to farm",
       {"--to", "--show", "--mount", "--json"},
       1,
       1,
       seal_path},
  };
  return kCommands;
}

}  // namespace meshfs::tools
