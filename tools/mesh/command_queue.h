// The files of commands and results in a mounted mesh: writes a command, finds it again, reads what nodes say about it, takes it
// back. Shared by `mesh run`, `mesh results` and `mesh rpc`. Blocks; keeps nothing between calls.
#pragma once

#include <string>
#include <vector>

#include "schema/vocab/time.h"
#include "tools/mesh/arguments.h"
#include "tools/mesh/command_file.h"
#include "tools/mesh/command_signing.h"
#include "tools/mesh/result_set.h"
#include "tools/mesh/targets.h"

namespace meshfs::tools {

struct IssuedCommand {
  std::string id;    // its edition, 64 hex digits
  std::string path;  // of its file
  std::string file;  // relative to commands/, "all/20270131T123000-uptime-9f3c0a11.json"
  std::string author;
  CommandFile command;  // of commands_in
};

// Names of nodes and what their cards say; groups by the policy, where this user may ask for it.
Result<KnownNetwork> known_network(const Arguments& arguments, const std::vector<std::string>& targets);

// The network's time if the daemon tells it, else this machine's.
WallMs network_now(const std::string& mount);

// Durable and published when it returns, its signatures before it. unsupported: the daemon tells no id. After a failure nothing is left.
Result<IssuedCommand> issue_command(const std::string& mount, const CommandFile& command,
                                    const std::vector<PersonSignature>& signatures);
Status take_back(const IssuedCommand& command);  // and the signatures beside it

// What has come: each node's nodes/NODE/results/ID.json, without those of `results` that are final. True if there is something new.
bool read_results(const std::string& mount, std::string_view id, ResultSet& results);

// closed: no mesh is there; denied: this user may not see commands, which are for root and the group mesh.
Status may_see_commands(const std::string& mount);

// The newest commands, the last first, at most `limit`.
std::vector<IssuedCommand> commands_in(const std::string& mount, std::size_t limit);
// The id that begins so, of commands or of results whose command is gone. not_found, or invalid if several do.
Result<std::string> full_id(const std::string& mount, std::string_view beginning);
// The command of an id, if its file is still there.
Result<IssuedCommand> command_of(const std::string& mount, std::string_view id);

}  // namespace meshfs::tools
