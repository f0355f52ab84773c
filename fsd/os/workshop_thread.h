// The real Workshop: one thread that makes and applies deltas, started with the first job. Owned by fsd's main, outlives who gives
// it jobs. run() belongs to the state thread; outcomes reach it through `post`. One mutex guards the queue. Who gives
// jobs bounds them (DeltaServer, DeltaIntake: two each).
#pragma once

#include <memory>

#include "fsd/core/ports.h"

namespace meshfs::fsd {

class WorkshopThread final : public Workshop {
 public:
  using Post = std::function<void(std::function<void()>)>;
  explicit WorkshopThread(Post post);
  ~WorkshopThread() override;  // waits for the job at work, drops the others; no outcome runs any more
  void run(Job job) override;

 private:
  struct Shared;
  static void work(const std::shared_ptr<Shared>& shared);
  std::shared_ptr<Shared> shared_;
};

}  // namespace meshfs::fsd
