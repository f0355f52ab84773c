// What the owner of this node installed: a verb, its typed parameters and how it is run. Plain values; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "schema/vocab/time.h"

namespace meshfs::exec {

inline constexpr std::size_t kMaxArgumentBytes = 4'096;  // of one argument, whatever its type says
inline constexpr std::size_t kDefaultTextBytes = 256;
inline constexpr Duration kDefaultTimeout = seconds(60);
inline constexpr Duration kMaxTimeout = seconds(3'600);
inline constexpr std::uint64_t kDefaultMemory = 256ULL << 20;
inline constexpr std::uint64_t kMaxOutput = 64ULL << 20;  // what puts out more is ended
inline constexpr std::size_t kMaxVerbs = 256;
inline constexpr std::size_t kMaxParameters = 32;
inline constexpr std::size_t kMaxWords = 128;  // of a command line's template

struct Parameter {
  enum class Type : std::uint8_t { text, integer, host, address, interface, path, mesh_path, choice, truth, hash };
  std::string name;
  Type type = Type::text;
  std::optional<std::string> preset;  // what counts if the command does not say it
  bool optional = false;
  bool rest = false;  // the last one takes all that follow
  std::size_t most_bytes = kDefaultTextBytes;
  std::string pattern;  // text: POSIX extended, of the whole; "": any
  bool dash = false;    // text: may begin with '-'
  bool lines = false;   // text: may have line ends and tabs
  std::int64_t least = 0, most = INT32_MAX;
  std::string root;  // path: the folder below which it lies
  std::vector<std::string> choices;
  std::string flag;  // truth: the word that stands for true; false leaves the word out
  std::string of;    // hash: the path parameter whose file has this hash
};

struct Verb {
  std::string name;
  std::string description;
  std::vector<std::string> argv;      // "{name}" is a placeholder; the program itself has none
  std::vector<Parameter> parameters;  // in the order of the command's arguments
  std::string user = "root";
  Duration timeout = kDefaultTimeout;
  std::uint64_t memory_bytes = kDefaultMemory;
  std::uint64_t output_bytes = kMaxOutput;
  std::map<std::string, std::string> environment;
  std::vector<std::string> undo;      // none: it can't be undone
  Duration confirm = seconds(600);    // with `undo`: how long it waits for confirmation
  bool only_issuer_confirms = false;  // else reaching the network confirms too
  bool leaves = false;                // what it started may live on when it has ended: a service
  bool disruptive = false;            // `*` of a policy does not mean it
  unsigned signatures = 0;            // so many persons must have signed the command
};

// By name. What the owner of the node allows to exist here at all.
using Catalogue = std::map<std::string, Verb, std::less<>>;

// Where things are on this node.
struct Places {
  std::string mount = "/mesh";
  std::string staging = "/run/meshfs-exec";  // files with a hash are copied here before a program sees them
};

// What a program is run with. The runner looks at `files` itself, just before it starts the program.
struct Job {
  struct File {
    std::string path;
    std::string root;  // below which no part of it may be a symbolic link
    std::string hash;  // "": any content; else it is copied to `copy` and only that is used
    std::string copy;
    bool operator==(const File&) const = default;
  };
  std::string id;
  std::vector<std::string> argv;
  std::vector<File> files;
  std::string user;
  Duration timeout;
  std::uint64_t memory_bytes = 0;
  std::uint64_t output_bytes = 0;
  std::map<std::string, std::string> environment;
  bool leaves = false;
  bool operator==(const Job&) const = default;
};

}  // namespace meshfs::exec
