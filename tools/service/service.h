// What a service is: plain values and one pure function. The runner (run_service.h) reads the mesh, calls decide() and does what it
// returns; a test or the simulator calls decide() with a view of its own. Nothing here knows a clock, a file or a process.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/vocab/result.h"
#include "schema/vocab/time.h"

namespace meshfs::service {

// One file of the mesh. What the mount does not tell of it (a plain folder tells nothing) is empty or 0.
struct File {
  std::string bytes;
  std::string author;      // name of the node that wrote this version
  std::string author_key;  // its root key, 64 hex digits: what a name claims, a key proves
  std::string version;
  std::int64_t when_ms = 0;  // network time of writing
  bool operator==(const File&) const = default;
};

// Something of this machine that decide() needs beside files of the mesh: settings, addresses, leases, `.mesh/peers`. The keeper gathers it,
// outside the sandbox, so `gather` only fetches bytes; what they say is found out in `distil` and decide(), inside.
struct Here {
  std::string mount, node;  // where the mesh is, and what this node is called in it
  std::string settings;     // the owner's file
};
struct Input {
  std::string name;  // [a-z][a-z0-9-]*: its key in View::local
  // Takes milliseconds, never waits. None: can't be had now, the last bytes stay. More than kMaxInputBytes are none.
  std::function<std::optional<std::string>(const Here& here)> gather;
  Duration every = seconds(10);
  // What decide() sees of it, where that is less; only a change of this counts as one. Pure. Empty: all of it.
  std::function<std::string(std::string_view bytes)> distil;
};

// All that decide() may look at. Authors are members, not friends: bytes are whatever they liked to write.
struct View {
  std::string node, key;              // this one, and its root key
  std::map<std::string, File> files;  // by path below the mount, of the service's patterns
  std::size_t left_out = 0;           // files that Limits kept out
  std::map<std::string, std::string>
      local;           // what Service::inputs gathered, by name; one that could never be had is not there
  std::string memory;  // what the last decision wanted to remember. Empty at first, and after each start
};

// What should be so from now on. It is the whole of it: what an earlier decision rendered or published and this one does not is removed.
struct Actions {
  std::map<std::string, std::string> renders;    // name below the service's run folder -> text
  std::map<std::string, std::string> publishes;  // path below this node's own folder in the mesh -> text
  std::vector<std::string> reload;               // names of the service's hooks, run in this order if a render changed
  std::optional<WallMs> wake_at;                 // decide again then, whatever changes
  std::vector<std::string> says;  // lines for the log; one that the last decision said too is not repeated
  std::map<std::string, std::int64_t> counters;  // metrics: [a-z][a-z0-9_]*
  std::string memory;                            // what the next decision sees as View::memory
};

// Pure: equal views and times give equal actions. `now` is network time. A failure leaves everything as it is and is shown in the
// status; a single bad file should be skipped and said, since whoever may write it could stop the service otherwise.
using Decide = std::function<Result<Actions>(const View& view, WallMs now)>;

// A program that is run when outputs changed, as the user who started the service. Its words are fixed here: nothing that came from the
// mesh becomes a word of a command.
struct Hook {
  std::string name;
  std::vector<std::string> argv;  // argv[0] is an absolute path; no shell
};

// What one service keeps of the mesh in memory; the rest is left out, said in the log and counted.
struct Limits {
  std::size_t files = 4'096;  // four records of each of 1,000 nodes
  std::size_t bytes_per_file = 64 * 1024;
  std::size_t bytes = 8 * 1024 * 1024;  // in all: an eighth of the smallest router's memory
  std::size_t share = 4;  // a node's folder holds at most a quarter of files and bytes: it cannot crowd out others
};

struct Service {
  std::string name;                   // [a-z][a-z0-9-]*, at most 32: its folders, metrics, log lines
  std::string about;                  // one sentence for --help
  std::vector<std::string> patterns;  // `*` any name, `**` any number of folders: "nodes/*/stats/*.json", "alerts/**"
  std::vector<Input> inputs;          // patterns may be none where there are inputs
  Decide decide;
  bool publishes = false;   // else the sandbox keeps it from writing into the mesh
  std::vector<Hook> hooks;  // what Actions::reload names
  std::vector<std::string>
      check;  // argv; gets the folder with all new renders as its last word, and refuses them by failing
  Limits limits;
  Duration settle = milliseconds(200);  // this long without a change, then decide
};

inline constexpr Duration kLongestSettle = seconds(2);  // though changes go on: decide

// invalid: a definition that cannot work, one sentence.
Status check_service(const Service& service);
// The same for what decide() returned: names, sizes, hooks. One that breaks a limit counts as a failed decision.
Status check_actions(const Service& service, const Actions& actions);

// A path that stays below the folder it is put in, one line, no name with a dot in front: those are the runner's.
bool is_output_path(std::string_view path);

inline constexpr std::size_t kMaxOutputs = 4'096;                // renders, and as many published files
inline constexpr std::size_t kMaxOutputBytes = 8 * 1024 * 1024;  // of both
inline constexpr std::size_t kMaxOutputDepth = 8;
inline constexpr std::size_t kMaxLines = 32;  // of says
inline constexpr std::size_t kMaxInputs = 32;
inline constexpr std::size_t kMaxInputBytes =
    128 * 1024;  // of one: .mesh/peers of 500 neighbours, and one message on a socket
inline constexpr std::size_t kMaxMemoryBytes = 256 * 1024;
inline constexpr std::size_t kMaxCounters = 256;  // also the most hooks

}  // namespace meshfs::service
