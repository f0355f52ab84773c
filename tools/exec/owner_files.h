// The two things that the owner of this node writes: verbs.d/*.toml and commands.toml. Any thread; no state.
#pragma once

#include <string>
#include <vector>

#include "schema/vocab/result.h"
#include "tools/exec/policy.h"
#include "tools/exec/verb.h"

namespace meshfs::exec {

struct OwnerFiles {
  Catalogue catalogue;
  Policy policy;
  std::vector<std::string> faults;  // verbs that are left out, one sentence each
};

// A verb's file that is wrong leaves that verb out; a policy that is wrong, missing or writable by others is a failure: nothing runs.
Result<OwnerFiles> read_owner_files(const std::string& policy, const std::string& verbs);

// Changes when one of them does.
std::string owner_files_stamp(const std::string& policy, const std::string& verbs);

}  // namespace meshfs::exec
