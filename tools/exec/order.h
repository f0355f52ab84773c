// Who goes first: which nodes a command with order farthestFirst waits for, by what the cards of all nodes say of their neighbours. Pure; any
// thread. A card is its node's own word: what is wrong in one makes somebody wait longer, at most Policy::farthest_wait, or less long.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tools/exec/judge.h"

namespace meshfs::exec {

inline constexpr std::size_t kMaxNodesOrdered = 4'096;  // cards looked at; whoever is beyond goes whenever it likes

// What a node's card says, empty where it says nothing or there is none.
struct CardWords {
  std::string key;
  std::vector<std::string> labels, neighbours;
};
using Cards = std::map<std::string, CardWords>;  // by the name of the node's folder, where only it can write

// Links from the issuer to each node that there is a way to. A link counts when both ends name it, or when one does and the other names none.
std::map<std::string, unsigned> hops_from(const std::string& issuer, const Cards& cards);

// The targets that are farther from the issuer than this node. Those that no way leads to are farther than all others, and wait for nobody.
// None: no link of the issuer is known, so nobody knows.
std::optional<std::vector<std::string>> farther_targets(const Envelope& envelope, const Surroundings& here,
                                                        const Cards& cards);

}  // namespace meshfs::exec
