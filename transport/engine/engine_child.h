// The life of the forked process: a loop with the adapter, until the other end of the socket is closed.
#pragma once

#include "schema/os/fd.h"
#include "schema/os/log.h"
#include "transport/engine/engine_config.h"

namespace meshfs::transport {

void run_engine(os::Fd socket, const EngineConfig& config, const os::Log& log);

}  // namespace meshfs::transport
