// What meshfs-syncd gives up once everything is open: its user, root's powers, files, and every call of the system that it
// does not make. Called by syncd's main with one thread, once.
//
// What remains to be opened comes by calls that are allowed: sockets for interfaces and neighbours, fsd's socket. Names of
// peers are looked up by a process forked before (transport/tcp/host_lookup), which reads files and nothing else.
#pragma once

#include "schema/os/call_filter.h"
#include "schema/os/log.h"
#include "syncd/os/options.h"

namespace meshfs::syncd {

inline constexpr int kEndedBySandbox = 3;  // exit code

// The process stands in the folder of fsd's socket afterwards, and that folder is all it finds (chroot) where it may do so; `socket`
// is the path that leads to it from there. Null, or a sentence: it must not go on.
const char* confine(const Options& options, std::string& socket, const os::Log& log);

// For the process that looks names up: sockets and reading. False: it can't become that user, and must not go on.
bool confine_lookups(const std::string& user);

// For the process that speaks with an engine of the mesh (transport/engine): it stays who it is, since files of the engine may be this
// user's, without the powers of root.
bool confine_engine(const std::string& user);

// The calls that syncd may make, for tests: no more is applied than this.
os::Reason allow_only_what_syncd_needs();

}  // namespace meshfs::syncd
