// What the worker gives up before it looks at anything that others wrote: its user, root's capabilities, all folders but its own and the
// mesh, programs and sockets. Called once, with one thread; nothing comes back.
#pragma once

#include <optional>

#include "schema/os/privileges.h"
#include "tools/service/options.h"
#include "tools/service/service_log.h"

namespace meshfs::service {

// denied: it could not become that user. What this kernel lacks is said in the log and done without.
Status confine(const Service& service, const Options& options, const std::optional<os::Account>& account,
               const std::string& own_folder, const ServiceLog& log);

}  // namespace meshfs::service
