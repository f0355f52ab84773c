// The process that watches, decides and writes, in its sandbox; one for each time that the mesh is mounted. Owned by the keeper's fork; one
// thread, one loop.
//
//   scanned --(change of the mesh or of an input, settled | wake_at | retry)--> decided --> applied --> hooks run       each failure: again later, old output stays
//   any --(mount gone or another one)--> ends with kMountChanged: the sandbox was made for the old one
#pragma once

#include "schema/os/loop.h"
#include "tools/service/input_feed.h"
#include "tools/service/mount_state.h"
#include "tools/service/options.h"
#include "tools/service/output.h"
#include "tools/service/report.h"
#include "tools/service/tree_scan.h"
#include "tools/service/tree_watch.h"

namespace meshfs::service {

inline constexpr int kDone = 0, kFailed = 1, kWrongUsage = 2, kNoMesh = 3;  // exit codes of a service
inline constexpr int kMountChanged = 75;                                    // of its worker, for the keeper

class Worker {
 public:
  static constexpr Duration kLook = seconds(5);                 // is the mount still the same?
  static constexpr Duration kWhole = seconds(300);              // all is compared: links, missed events
  static constexpr Duration kWholeBlind = seconds(30);          // where folders are not watched
  static constexpr Duration kShortestWake = milliseconds(100);  // a decision that asks for less would never rest
  static constexpr std::int64_t kLongestWakeMs = 7 * 86'400'000;

  struct Lines {
    const os::Fd &hooks, &inputs;  // to the keeper
  };
  Worker(const Service& service, const Options& options, const Patterns& patterns, ServiceLog& log, const Lines& lines,
         MountState mount);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void learn(const NewInput& input);

  int run();   // until a signal, the keeper's end or the mount's
  int once();  // one decision

 private:
  void take_events();
  void scan_whole(Instant now);
  void changed(bool it_did, Instant now);
  void turn();
  bool look(Instant now);
  void decide(Instant now);
  void run_hooks(Instant now);
  void failed(const char* subject, const std::string& sentence);
  void write_report();
  void arm();
  [[nodiscard]] WallMs network_time(Instant now) const;

  const Service& service_;
  const Options& options_;
  ServiceLog& log_;
  Lines lines_;
  os::Loop loop_;
  MountState mount_;
  Instant mount_read_;
  TreeScan scan_;
  TreeWatch watch_;
  Output output_;
  Report report_;
  Settling settling_;
  BackOff retries_{seconds(1), seconds(300)}, hook_retries_{seconds(1), seconds(300)};
  Instant wake_ = kNever, retry_ = kNever, hooks_at_ = kNever, next_look_, next_whole_;
  os::Loop::TimerId timer_;
  std::vector<std::string> said_;  // by the last decision
  int exit_code_ = kDone;
};

}  // namespace meshfs::service
