#include "fsd/os/flusher.h"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace meshfs::fsd {

struct Flusher::Shared {
  Post post;
  std::mutex mutex;  // guards job, outcome, stop
  std::condition_variable changed;
  std::optional<FlushJob> job;
  std::optional<Status> outcome;
  bool stop = false;
  std::function<void(Status)> done;  // state thread only; set while a job is under way
  std::thread thread;
};

Flusher::Flusher(Post post) : shared_(std::make_shared<Shared>()) {
  shared_->post = std::move(post);
  shared_->thread = std::thread([shared = shared_] { work(shared); });
}

Flusher::~Flusher() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stop = true;
  }
  shared_->changed.notify_all();
  shared_->thread.join();
  shared_->done = nullptr;
}

void Flusher::work(const std::shared_ptr<Shared>& shared) {
  for (;;) {
    FlushJob job;
    {
      std::unique_lock lock(shared->mutex);
      shared->changed.wait(lock, [&] { return shared->stop || shared->job; });
      if (!shared->job) return;
      job = std::move(*shared->job);
      shared->job.reset();
    }
    Status outcome = run_flush(job);
    {
      const std::lock_guard lock(shared->mutex);
      shared->outcome = std::move(outcome);
    }
    shared->changed.notify_all();
    shared->post([shared] { deliver(*shared); });
  }
}

// On the state thread. Nothing to do if finish() was first.
void Flusher::deliver(Shared& shared) {
  std::optional<Status> outcome;
  {
    const std::lock_guard lock(shared.mutex);
    outcome = std::exchange(shared.outcome, std::nullopt);
  }
  if (!outcome || !shared.done) return;
  std::exchange(shared.done, nullptr)(*outcome);
}

void Flusher::start(FlushJob job, std::function<void(Status)> done) {
  CHECK(!shared_->done);
  shared_->done = std::move(done);
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->job = std::move(job);
  }
  shared_->changed.notify_all();
}

void Flusher::finish() {
  if (!shared_->done) return;
  {
    std::unique_lock lock(shared_->mutex);
    shared_->changed.wait(lock, [&] { return shared_->outcome.has_value(); });
  }
  deliver(*shared_);
}

}  // namespace meshfs::fsd
