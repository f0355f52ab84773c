#include "fsd/main/confinement.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "schema/os/call_filter.h"
#include "schema/os/file_fence.h"
#include "schema/os/privileges.h"

namespace meshfs::fsd {

const char* confine(const Options& options, const os::Log& log) {
  static_cast<void>(::setgroups(1, &options.syncd.group) +
                    1);  // root in some containers may not: the socket stays root's
  if (!os::keep_capabilities(os::capabilities({CAP_DAC_OVERRIDE}))) return "cannot give up capabilities";
  const std::size_t name = options.socket.rfind('/') + 1;
  const std::string sockets = name == 0 ? "." : options.socket.substr(0, name);
  // The folders below by themselves too: people put a store on another disk and a link in its place.
  const std::string store = options.state + "/store", staging = options.state + "/staging";
  if (os::fence_files({{"/", false},
                       {options.state.c_str(), true},
                       {store.c_str(), true},
                       {staging.c_str(), true},
                       {sockets.c_str(), true}}) == 0) {
    log.info(os::kNoFence);
  }
  if (const os::Reason reason = refuse_strange_calls()) log.warning(reason);
  return nullptr;
}

os::Reason refuse_strange_calls() {
  // Name services ask their daemons over local sockets; some list the interfaces first.
  static constexpr os::CallRule kSockets[] = {{SYS_socket, 0, ~0U, AF_UNIX}, {SYS_socket, 0, ~0U, AF_NETLINK}};
  return os::refuse_calls_of_administrators(kSockets);
}

}  // namespace meshfs::fsd
