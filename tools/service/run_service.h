// A service's main: return meshfs::service::run_service(definition, argc, argv).
#pragma once

#include "tools/service/service.h"

namespace meshfs::service {

// Command line, sandbox, loop: everything. The exit code.
int run_service(const Service& service, int argc, char** argv);

}  // namespace meshfs::service
