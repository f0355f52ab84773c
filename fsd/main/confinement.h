// What meshfs-fsd gives up first of all, before it has threads and reads what other nodes sent: root's powers, files that are not
// its own, calls of the system that it never makes. Called by fsd's main. Mounting is the mounter's (fsd/fuse/mounter), acting
// through the mount the herald's; each gives up its own.
#pragma once

#include "fsd/main/options.h"
#include "schema/os/call_filter.h"
#include "schema/os/log.h"

namespace meshfs::fsd {

// Remains: files in the folders of state and socket, also where they are somebody else's (CAP_DAC_OVERRIDE); reading elsewhere, as
// name services do. The group of syncd's user comes in, so that the socket can be given to it. Null, or
// a sentence: it must not go on.
const char* confine(const Options& options, const os::Log& log);

// No program is started, nothing mounted, nobody looked into, no socket opened but local ones and netlink's. For tests;
// confine() has it.
os::Reason refuse_strange_calls();

}  // namespace meshfs::fsd
