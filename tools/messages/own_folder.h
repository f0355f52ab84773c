// This node's folder in the mounted tree, nodes/<node>/, and the folders of messages and records in it. Asked anew each time: a mount comes and goes.
// No state; any thread.
#pragma once

#include "schema/vocab/result.h"
#include "tools/messages/message_rules.h"

namespace meshfs::messages {

// DIR/nodes/<node>. The name is that of `.mesh/status`, which also shows that something is mounted, unless one is given.
Result<std::string> own_folder(const std::string& mount, const std::string& node);

// <own>/<name>, made if it is not there.
Result<std::string> folder_in(const std::string& own, const char* name);

// Writes and removes what is to be shown there. errno.
int show(const std::string& folder, const NodeSteps& steps);

}  // namespace meshfs::messages
