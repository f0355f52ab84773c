#include "fsd/main/fsd_main.h"

#include <csignal>
#include <cstdio>

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
  // First of all: the process has copies of whatever is open, and there must be no thread yet.
  auto herald = fuse::fork_herald();
  if (!herald) log.warning("No inotify events for changes of other nodes: " + herald.failure().message);
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
  auto daemon = Daemon::start(loop, log, *options, herald ? std::move(*herald) : fuse::HeraldProcess());
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
