// The process that a service manager knows: waits for the mesh, forks the worker, runs its hooks, gathers its inputs, and starts it again when
// the mount is another one or the worker crashed. Parses nothing that others wrote but the mount's status, so it stays the user who started
// it. Owned by main; one thread, plain poll.
//
//   waiting --(mount there)--> working --(mount changed | crashed)--> waiting         a signal ends both
#pragma once

#include <optional>

#include "schema/os/privileges.h"
#include "tools/service/hook_line.h"
#include "tools/service/input_feed.h"
#include "tools/service/mount_state.h"
#include "tools/service/options.h"
#include "tools/service/pacing.h"
#include "tools/service/patterns.h"
#include "tools/service/service_log.h"

namespace meshfs::service {

class Keeper {
 public:
  Keeper(const Service& service, const Options& options, const Patterns& patterns, ServiceLog& log,
         const std::optional<os::Account>& account);
  int run();  // the service's exit code

 private:
  static constexpr Duration kFirstWait = milliseconds(250), kLongestWait = seconds(5);  // a look at one file
  static constexpr Duration kFirstRestart = seconds(1), kLongestRestart = seconds(300);
  static constexpr Duration kSteady = seconds(60);  // a worker that lasted so long did not fail at once

  [[nodiscard]] bool single() const { return options_.once || options_.dry_run; }
  Status make_folders() const;
  void report_waiting(const std::string& why) const;
  bool pause(Duration wait);  // false: a signal came
  int work(const MountState& mount);
  int in_worker(const MountState& mount, const os::Fd& hooks, const os::Fd& inputs, const InputFeed& feed);
  void serve(const os::Fd& hooks, const os::Fd& inputs, InputFeed& feed, pid_t worker);
  void answer(const os::Fd& hooks, int number);

  const Service& service_;
  const Options& options_;
  const Patterns& patterns_;
  ServiceLog& log_;
  std::optional<os::Account> account_;
  os::Fd signals_;
  bool stopping_ = false;
};

}  // namespace meshfs::service
