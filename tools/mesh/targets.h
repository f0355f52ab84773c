// Which nodes a command is for, as far as this node knows: whom `mesh run` waits for. The targets decide for themselves.
// Pure: what is known is handed in.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "schema/vocab/result.h"

namespace meshfs::tools {

struct KnownNetwork {
  struct Node {
    std::string name;
    std::vector<std::string> labels;  // "site=school"
  };
  std::vector<Node> nodes;
  std::map<std::string, std::vector<std::string>> groups;  // names of nodes
  bool groups_known = false;                               // false: who asks may not see the policy
};

struct ExpectedNodes {
  std::vector<std::string> names;  // sorted, each once
  bool complete = true;            // false: more may answer than are named here
};

// not_found: a node, group or label that there is nowhere; one sentence.
Result<ExpectedNodes> expected_nodes(const std::vector<std::string>& targets, const KnownNetwork& network);

}  // namespace meshfs::tools
