// On a router some commands are in a second program, meshfs-commands, that not every router needs: `mesh` names them with the rest
// and becomes that program when one is called, as git does. The full `mesh` keeps all inside and has none.
#pragma once

#include <string_view>

namespace meshfs::tools {

inline constexpr const char* kElsewhereProgram = "meshfs-commands";
inline constexpr const char* kElsewhereFolder =
    "/usr/libexec/meshfs";  // looked for there, if it is not beside this program

// What both programs say of a command that one of them names and the other does.
struct CommandWords {
  std::string_view name, words, summary;
};
inline constexpr CommandWords kRunWords{"run", "TARGET VERB [ARGUMENT...]",
                                        "tell nodes to do something, and see what became of it"};
inline constexpr CommandWords kResultsWords{"results", "[ID]", "what became of a command"};
inline constexpr CommandWords kSshWords{"ssh", "NODE [-- ARGUMENT...]", "a session on a node"};
inline constexpr CommandWords kCardWords{"card", "[NODE | --write]", "who a node is: addresses, labels, contact"};
inline constexpr CommandWords kVerifyWords{"verify", "FILE --key KEY", "did the owner of this key sign the file"};
inline constexpr CommandWords kRpcWords{"rpc", "", "all this for programs, as JSON-RPC 2.0"};

}  // namespace meshfs::tools
