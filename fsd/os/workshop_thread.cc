#include "fsd/os/workshop_thread.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "fsd/store/content_writer.h"

namespace meshfs::fsd {

struct WorkshopThread::Shared {
  Post post;
  std::mutex mutex;  // guards queue, stop
  std::condition_variable changed;
  std::deque<Job> queue;
  bool stop = false;
  bool gone = false;  // state thread only
  std::thread thread;
};

namespace {

class PackingTools final : public Workshop::Tools {
 public:
  codec::Blob pack(codec::Blob plain) override { return maker_.pack(std::move(plain)); }

 private:
  BlobMaker maker_;
};

}  // namespace

WorkshopThread::WorkshopThread(Post post) : shared_(std::make_shared<Shared>()) { shared_->post = std::move(post); }

WorkshopThread::~WorkshopThread() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stop = true;
    shared_->queue.clear();
  }
  shared_->changed.notify_all();
  if (shared_->thread.joinable()) shared_->thread.join();
  shared_->gone = true;
}

void WorkshopThread::run(Job job) {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->queue.push_back(std::move(job));
  }
  shared_->changed.notify_all();
  if (!shared_->thread.joinable()) {
    shared_->thread = std::thread([shared = shared_] { work(shared); });
  }
}

void WorkshopThread::work(const std::shared_ptr<Shared>& shared) {
  PackingTools tools;
  for (;;) {
    Job job;
    {
      std::unique_lock lock(shared->mutex);
      shared->changed.wait(lock, [&] { return shared->stop || !shared->queue.empty(); });
      if (shared->stop) return;
      job = std::move(shared->queue.front());
      shared->queue.pop_front();
    }
    Done done = job(tools);
    job = nullptr;  // its values go before the outcome is told
    shared->post([shared, done = std::move(done)] {
      if (!shared->gone) done();
    });
  }
}

}  // namespace meshfs::fsd
