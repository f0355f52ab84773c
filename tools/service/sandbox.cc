#include "tools/service/sandbox.h"

#include <sys/stat.h>

#include "schema/os/call_filter.h"
#include "schema/os/file_fence.h"
#include "schema/os/sanitized.h"

namespace meshfs::service {

Status confine(const Service& service, const Options& options, const std::optional<os::Account>& account,
               const std::string& own_folder, const ServiceLog& log) {
  if (account && !os::become(*account)) return error(Errc::denied, "it can't become the user " + options.user);
  // Landlock opens only what is there.
  if (service.publishes && !options.dry_run) (void)::mkdir(own_folder.c_str(), 0755);
  if (!options.sandbox) return {};
  if (!os::keep_capabilities(0))
    return error(Errc::denied, "it can't give up root's powers: use --no-sandbox to see why");
  const bool writes = !options.dry_run;
  const int fence =
      os::fence_files({{options.mount.c_str(), false},
                       {service.publishes ? own_folder.c_str() : options.mount.c_str(), service.publishes && writes},
                       {options.run.c_str(), writes},
                       {options.state.c_str(), service.publishes && writes}});
  if (fence == 0 && !os::kSanitized) log.info(os::kNoFence);
  if (const os::Reason why = os::refuse_calls_of_administrators({}); why != nullptr && !os::kSanitized) log.info(why);
  return {};
}

}  // namespace meshfs::service
