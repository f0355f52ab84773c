// The words of a command line, sorted into options and the rest.
#pragma once

#include <string>
#include <vector>

#include "schema/vocab/result.h"

namespace meshfs::tools {

struct Arguments {
  std::string command;
  std::vector<std::string> words;  // what is no option, in order
  std::string state;               // --state, else $MESHFS_STATE, else /var/lib/meshfs
  std::string mount;               // --mount, else $MESHFS_MOUNT, else /mesh
  std::string node;                // --node, else this host's name
  bool json = false;
  bool details = false;  // -l
};

// `words` excludes the program's name. Fails with a sentence for an unknown option or one without its value.
Result<Arguments> parse_arguments(const std::vector<std::string>& words);

// The host's name as a node name: lower case, other characters than [a-z0-9-] become '-', at most 32; "node"
// if nothing is left.
std::string node_name_from_host(std::string_view host);

}  // namespace meshfs::tools
