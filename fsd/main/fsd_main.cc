#include "fsd/main/fsd_main.h"

#include <csignal>
#include <cstdio>

#include "fsd/main/confinement.h"
#include "fsd/main/daemon.h"
#include "schema/crypto/sign.h"
#include "schema/os/idle_memory.h"

namespace meshfs::fsd {

int fsd_main(int argc, char** argv) {
  const os::Log log("meshfs-fsd");
  auto options = parse_options({argv + 1, argv + argc});
  if (!options) {
    log.warning(options.failure().message);
    return 2;
  }
  if (options->help) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  const auto syncd = os::syncd_account(options->syncd_user);
  if (!syncd) {
    log.warning(os::kNoSuchUser);
    return 1;
  }
  options->syncd = *syncd;
  // First of all: these processes have copies of whatever is open, and there must be no thread yet.
  fuse::Mounter mounter;
  if (options->sandbox) mounter = fuse::Mounter::fork(options->mount);
  auto herald = fuse::fork_herald(options->sandbox);
  if (!herald) log.warning("No inotify events for changes of other nodes: " + herald.failure().message);
  if (const char* const reason = options->sandbox ? confine(*options, log) : nullptr) {
    log.warning(reason);
    return 1;
  }
  os::keep_working_memory();
  crypto::start();
  std::signal(SIGPIPE, SIG_IGN);
  os::Loop loop;
  Daemon* running = nullptr;
  bool asked_to_stop = false;
  loop.on_terminate([&] {
    asked_to_stop = true;
    if (running != nullptr) running->begin_stop();
  });
  auto daemon =
      Daemon::start(loop, log, *options, herald ? std::move(*herald) : fuse::HeraldProcess(), std::move(mounter));
  if (!daemon) {
    log.warning(daemon.failure().message);
    return 1;
  }
  running = daemon->get();
  if (asked_to_stop) running->begin_stop();
  loop.run();
  const Status outcome = running->outcome();
  if (!outcome) log.warning(outcome.failure().message);
  return outcome.ok() ? 0 : 1;
}

}  // namespace meshfs::fsd
