// The flush thread: runs the store's FlushJobs, one at a time. Owned by fsd's main, outlives the Store.
// start() and finish() belong to the state thread; outcomes reach it through `post`. One mutex guards the job and its
// outcome; nothing else is locked while it is held.
#pragma once

#include "fsd/store/flush.h"

namespace meshfs::fsd {

class Flusher final : public FlushPort {
 public:
  using Post = std::function<void(std::function<void()>)>;
  explicit Flusher(Post post);
  ~Flusher() override;  // waits for the job under way; its `done` does not run any more
  void start(FlushJob job, std::function<void(Status)> done) override;
  void finish() override;

 private:
  struct Shared;
  static void work(const std::shared_ptr<Shared>& shared);
  static void deliver(Shared& shared);
  std::shared_ptr<Shared> shared_;  // also held by what was posted: that may run after this is gone
};

}  // namespace meshfs::fsd
