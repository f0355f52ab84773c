// The commands of this program `mesh`; commands_of_*.cc have more of them.
#include "tools/mesh/command_table.h"
#include "tools/mesh/commands.h"

namespace meshfs::tools {
namespace {

std::span<const Command> overview() {
  static constexpr Command kCommands[] = {
      {"status",
       "",
       "is everything in sync, and what to do if not",
       "One screen: the verdict, what is wrong and how to repair it, then network, node, neighbours, backlog, disk and "
       "conflicts. With --json what .mesh/status holds.",
       {"--mount", "--json"},
       0,
       0,
       show_status},
      {"peers",
       "",
       "the neighbours and their links",
       "With --json what .mesh/peers holds.",
       {"--mount", "--json"},
       0,
       0,
       show_peers},
      {"link",
       "[add|remove ENGINE[:PLACE]]",
       "engines of the mesh that carry what no direct link does",
       "Where nothing but a mesh engine joins two nodes, its messages carry files too: those of BMX7's and BMX6's sms "
       "plugins, and "
       "ALFRED's records. ENGINE is bmx7, bmx6 or alfred; PLACE is its runtime directory (/var/run/bmx7) or its socket "
       "(/var/run/alfred.sock), where it is another one. Wherever there is a direct link too, that is used and the "
       "engine has rest. "
       "Writes the settings file; without words shows what is in it. `mesh peers` shows how they are.\n\n"
       "  mesh link add bmx7\n"
       "  mesh link add alfred:/run/alfred.sock",
       {"--settings"},
       0,
       2,
       look_after_links},
      {"retention",
       "[--versions N] [--days D] [--bytes SIZE]",
       "how much of the past this node keeps",
       "Shows the rules and what the old versions take, or sets them. They are this node's own and hold across "
       "restarts; "
       "other nodes have theirs. What is beyond any of the three goes, the oldest first, whether a later version or a "
       "deletion took its place; the log then says `gone`, and beyond ten times as many versions or days nothing. "
       "Without rules of your own: 20 versions, 30 days, a tenth of "
       "the disk, so that a router's flash is never filled by its past.\n\n"
       "The last old version of each file stays beyond the rules while there is room: changes travel as differences to "
       "it. "
       "When the disk gets full, it goes first, then the past from its oldest end, until there is room again.\n\n"
       "  mesh retention --versions 5 --days 7 --bytes 200M",
       {"--versions", "--days", "--bytes", "--state", "--mount", "--json"},
       0,
       0,
       retention},
      {"doctor",
       "",
       "check this node and say how to repair it",
       "Checks keys, mount, daemons, their versions, disk, clock, interfaces, neighbours, kernel limits and conflicts. "
       "Each "
       "check gets a verdict; what is wrong gets a sentence that says what to do. Run it as root to see everything.",
       {"--mount", "--state", "--json"},
       0,
       0,
       run_doctor},
  };
  return kCommands;
}

std::span<const Command> files() {
  static constexpr Command kCommands[] = {
      {"ls",
       "[PATH]",
       "files, with author, version and state by -l",
       "",
       {"-l", "--mount", "--json"},
       0,
       1,
       list_files},
      {"log",
       "PATH",
       "the versions of a file, newest first",
       "Who changed what, when. Works for deleted files too. `*` marks the version that shows under the name, `!` the "
       "others "
       "of a conflict.",
       {"--limit", "--state", "--mount", "--json"},
       1,
       1,
       show_log},
      {"cat",
       "PATH --version V",
       "print an old version of a file",
       "",
       {"--version", "--state", "--mount"},
       1,
       1,
       print_version_of_file},
      {"restore",
       "PATH --version V",
       "make an old version the newest again",
       "On every node. Nothing is lost: the version that showed until now stays in the log. A deleted file comes back.",
       {"--version", "--state", "--mount", "--json"},
       1,
       1,
       restore_version},
      {"diff",
       "PATH [--version A [--version B]]",
       "what changed between versions",
       "Without --version the last change: the version before and the one that shows. With one, that version and the "
       "one "
       "that shows; with two, these two. Runs diff -u, or what $MESH_DIFF says, with two files. Ends with 0 if they "
       "are the "
       "same, 1 if they differ.",
       {"--version", "--state", "--mount", "--json"},
       1,
       1,
       show_difference},
      {"du",
       "[PATH]",
       "how much each author wrote",
       "Counts what stands in the tree now, not old versions.",
       {"--mount", "--json"},
       0,
       1,
       show_usage_by_author},
  };
  return kCommands;
}

std::span<const Command> settling() {
  static constexpr Command kCommands[] = {
      {"conflicts",
       "[keep PATH | both PATH | merge PATH]",
       "list conflicts, settle one",
       "Two nodes wrote one file without knowing of each other: both versions are kept, one shows under the name, the "
       "other "
       "beside it as NAME~conflict-AUTHOR-TIME. Settling it here settles it on every node.\n\n"
       "keep PATH keeps this one (the file itself or one of those beside it) and drops the others; they stay in `mesh "
       "log`. "
       "both PATH gives each of the others a real name of its own. merge PATH opens one file with both versions in "
       "$EDITOR, or calls --tool with the file to write and one file per version; what you save is the new version.",
       {"--tool", "--version", "--state", "--mount", "--json"},
       0,
       2,
       settle_conflicts},
      {"export",
       "FILE.tar [PATH]",
       "a tar of the tree with its history",
       "Any tar unpacks it: the tree as it stands now in NAME/, old versions in NAME.history/PATH/ and what is known "
       "about them in "
       "NAME.history/versions.jsonl. Modes, owners, times, extended attributes and access lists come along (tar x "
       "--xattrs). "
       "FILE.tar may be - for standard output. Versions whose bytes are not on this node are left out with a warning; "
       "deleted files are not in it.",
       {"--state", "--mount", "--json"},
       1,
       2,
       export_tree},
      {"import",
       "FILE.tar [PATH]",
       "take such a tar in",
       "Writes the tree into the directory PATH (else the mesh's top), old versions first, so that they are in `mesh "
       "log` "
       "again, written by this node now: nobody can sign for their first authors. Files that exist are overwritten, "
       "and stay in "
       "the log. FILE.tar may be - for standard input. A tar without history is taken as well.",
       {"--state", "--mount", "--json"},
       1,
       2,
       import_tree},
  };
  return kCommands;
}

std::span<const Command> keeping() {
  static constexpr Command kCommands[] = {
      {"keep",
       "",
       "what this node keeps the content of",
       "Every node knows every file. Of what its rules leave out it has no content: such a file is a placeholder, "
       "which shows its "
       "size and is fetched from other nodes when somebody opens it. What was fetched so stays until its room is "
       "needed.\n\n"
       "Without options: the rules and what they cost. With options: changes them, on this node alone. Patterns given "
       "replace all "
       "patterns there were; a PATTERN with a '/' is a path from the mesh's top, else a name anywhere; it covers what "
       "lies below; "
       "'*' stops at '/', '**' does not. Rules stand in STATE/keep and may be edited there.\n\n"
       "Over the budget the least recently used content goes, what the rules leave out first, but never the last copy "
       "in reach, "
       "nothing pinned, and nothing of this node's own folder.\n\n"
       "  A router with 8 MB of flash, for notes and the schedules:\n\n"
       "  mesh keep --budget 4M --max-file 512K --only 'notes/**' --only '*.schedule'",
       {"--budget", "--max-file", "--only", "--not", "--everything", "--mount", "--json"},
       0,
       0,
       keep_content},
      {"pin",
       "PATH...",
       "keep the content of these, whatever the rules say",
       "Of a directory: of all that is or comes below it. Never dropped for room.",
       {"--state", "--mount", "--json"},
       1,
       1000,
       pin_content},
      {"unpin", "PATH...", "let the rules decide again", "", {"--state", "--mount", "--json"}, 1, 1000, unpin_content},
      {"drop",
       "PATH",
       "give the room of its content back now",
       "The file stays, as a placeholder: its content comes back when somebody opens it, or when it is written anew. "
       "Other nodes keep "
       "theirs. Content that no other node in reach has stays, unless you --force it.",
       {"--force", "--state", "--mount", "--json"},
       1,
       1,
       drop_content},
  };
  return kCommands;
}

std::span<const Command> across() {
  static constexpr Command kCommands[] = {
      {"watch",
       "[PATH]",
       "changes as they happen, from here and from other nodes",
       "One line per change until you stop it. PATH limits it to a file or everything below a directory.",
       {"--since", "--timeout", "--mount", "--json"},
       0,
       1,
       watch_changes},
      {"wait",
       "PATH",
       "until other nodes hold this version",
       "Ends when so many nodes hold the version that shows here now.",
       {"--nodes", "--timeout", "--state", "--mount", "--json"},
       1,
       1,
       wait_for_nodes},
      {"why",
       "PATH --on NODE",
       "why a node has it, lacks it or hides it",
       "Asks that node across the mesh, however many hops away.",
       {"--on", "--timeout", "--state", "--mount", "--json"},
       1,
       1,
       explain_why},
      {"help", "[COMMAND]", "this list, or one command in full", "", {}, 0, 1, nullptr},
  };
  return kCommands;
}

}  // namespace

CommandTable command_groups() {
  static const CommandGroup kGroups[] = {{"A network and its nodes", membership_commands()},
                                         {"Who may do what", policy_commands()},
                                         {"How things are", overview()},
                                         {"Files and their versions", files()},
                                         {"Typed files", type_commands()},
                                         {"Conflicts and copies", settling()},
                                         {"What lies on this node", keeping()},
                                         {"Other nodes", across()},
                                         {"Orders to nodes", remote_commands()},
                                         {"Signatures of persons", signature_commands()},
                                         {"Private files", trust_commands()}};
  return kGroups;
}

int mesh_main(int argc, char** argv) { return run_command_line(command_groups(), argc, argv); }

}  // namespace meshfs::tools
