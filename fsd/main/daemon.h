// fsd as a whole: store, replica, mount and local socket on one loop. Owned by fsd_main; state thread only.
// Order of life: identity -> store (locked) -> replay of the log -> replica -> socket -> mount; down in reverse.
#pragma once

#include <deque>
#include <memory>

#include "fsd/core/sealed_tree.h"
#include "fsd/fuse/mount.h"
#include "fsd/main/answers.h"
#include "fsd/main/keep_answers.h"
#include "fsd/main/live_view.h"
#include "fsd/main/member_answers.h"
#include "fsd/main/options.h"
#include "fsd/main/policy_answers.h"
#include "fsd/main/record_types.h"
#include "fsd/main/store_content.h"
#include "fsd/os/flusher.h"
#include "fsd/os/local_server.h"
#include "fsd/os/workshop_thread.h"
#include "fsd/store/store.h"
#include "schema/os/log.h"

namespace meshfs::fsd {

class Daemon {
 public:
  // How long a stop waits for files that are on their way into the store.
  static constexpr Duration kStopWithin = seconds(20);
  // How often memory that a burst of work needed is given back: 50 us when there is none.
  static constexpr Duration kRestEvery = seconds(10);
  // How often the replica hears what the disk has: a statvfs and a sum over segments, ~20 us.
  static constexpr Duration kLookAtRoomEvery = seconds(1);
  // How often the clock's word is asked for: NTP may get through hours after the start.
  static constexpr Duration kAskClockEvery = seconds(60);

  static Result<std::unique_ptr<Daemon>> start(os::Loop& loop, const os::Log& log, const Options& options,
                                               fuse::HeraldProcess herald, fuse::Mounter mounter);
  ~Daemon();

  // Unmounts, lets what was closed reach the store, and stops the loop.
  void begin_stop();
  // Set when the daemon had to stop by itself: what happened, what to do.
  [[nodiscard]] const Status& outcome() const { return outcome_; }

 private:
  Daemon(os::Loop& loop, const os::Log& log, Options options, codec::Identity identity, fuse::HeraldProcess herald,
         fuse::Mounter mounter);
  Status open_store();
  Status open_replica();
  Status open_socket();
  Status open_mount();
  Status replay();
  void turn();
  void feed(const std::vector<TreeChange>& changes);
  void answer(LocalServer::ConnectionId tool, const codec::local::Ask& question);
  void on_syncd(const codec::local::ToFsd& message);
  bool clock_is_believed();
  void look_at_room(Instant now);
  void apply_keep_rules();
  [[nodiscard]] std::vector<codec::ChunkedContent> open_contents() const;
  [[nodiscard]] std::uint64_t disk_capacity() const;
  void fail(const Error& failure);
  void stop_when_idle(Instant deadline);

  os::Loop& loop_;
  const os::Log& log_;
  Options options_;
  codec::Identity identity_;
  fuse::HeraldProcess herald_;  // until the mount has it
  fuse::Mounter mounter_;       // likewise
  NetworkId network_;
  Status outcome_;
  Flusher flusher_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<WorkshopThread> workshop_;
  std::unique_ptr<Replica> replica_;
  std::unique_ptr<IngestWorker> ingest_;
  std::unique_ptr<StoreContent> content_;
  std::unique_ptr<SealedTree> shown_;  // the tree with private names
  std::unique_ptr<EventFeed> feed_;
  std::unique_ptr<RecordTypes> record_types_;
  // Lines of the feed for changes that do not show yet: bounded by what the mount lets wait.
  struct Untold {
    std::uint64_t mark;
    std::vector<TreeChange> changes;
  };
  std::deque<Untold> untold_;
  std::unique_ptr<LiveView> view_;
  std::unique_ptr<Answers> answers_;
  KeepFile keep_file_;
  std::unique_ptr<KeepAnswers> keep_answers_;
  std::unique_ptr<MemberAnswers> member_answers_;
  std::unique_ptr<PolicyAnswers> policy_answers_;
  std::unique_ptr<LocalServer> server_;
  std::unique_ptr<fuse::Mount> mount_;
  os::Loop::TimerId wake_;
  Instant clock_asked_;
  Instant rested_;
  std::uint64_t cycles_ = 0;  // of the collector, when records were last looked at
  Instant looked_at_room_;
  bool stopping_ = false;
};

}  // namespace meshfs::fsd
