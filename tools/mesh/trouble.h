// What is wrong with this node and what to do about it, found in .mesh/status, .mesh/peers and the machine. `mesh status` shows
// what is wrong, `mesh doctor` every check. Judges only; prints nothing.
#pragma once

#include <string>
#include <vector>

#include "tools/mesh/json.h"

namespace meshfs::tools {

enum class Verdict : std::uint8_t { good, unknown, warning, bad };

struct Finding {
  Verdict verdict = Verdict::good;
  std::string subject;  // one or two words
  std::string what;     // how it is
  std::string repair;   // what to do; empty if good
};

// What the live view tells.
std::vector<Finding> judge_view(const Json& status, const Json& peers, const std::string& mount);

// The neighbours of .mesh/peers, counted.
struct Neighbours {
  std::int64_t known = 0, in_sync = 0, silent = 0;
  std::int64_t by_engine = 0, engine_behind = 0;  // nodes that engines of the mesh show, and those of them that differ
  std::string refusal;                            // why one of them does not let this node in; empty if none does so
};
bool in_sync(const Json& peer);  // in every set of volumes
Neighbours count_neighbours(const Json& peers);
std::string loss_text(const Json& peer);  // of the packets sent to it, "3.2 %"; "-" if none were counted

// The disk under a store's folder.
Finding judge_disk(std::int64_t free_bytes, std::int64_t total_bytes, bool read_only, const std::string& folder);

}  // namespace meshfs::tools
