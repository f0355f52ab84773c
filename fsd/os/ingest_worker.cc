#include "fsd/os/ingest_worker.h"

#include <fcntl.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "fsd/os/blob_makers.h"
#include "fsd/store/file.h"
#include "schema/os/fd.h"

namespace meshfs::fsd {

struct IngestWorker::Job {
  os::Fd file;
  std::uint64_t size = 0;
  Done done;
};

struct IngestWorker::Shared {
  Post post;
  std::mutex mutex;  // guards queue, outstanding, failed, stop
  std::condition_variable changed;
  std::deque<Job> queue;
  std::size_t outstanding = 0;
  std::optional<Error> failed;  // the first put of the running job that failed
  bool stop = false;
  BlobStore* blobs = nullptr;  // state thread only; null once the worker is gone
  std::thread thread;

  // Waits for credit, then has the state thread put the batch. Called on the worker's thread.
  Status hand_over(const std::shared_ptr<Shared>& self, std::vector<codec::Blob> batch, std::size_t bytes) {
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return stop || failed || outstanding + bytes <= kMaxOutstandingBytes; });
      if (stop) return error(Errc::closed, "stopping");
      if (failed) return *failed;
      outstanding += bytes;
    }
    post([self, bytes, batch = std::make_shared<std::vector<codec::Blob>>(std::move(batch))] {
      std::optional<Error> failure;
      for (const codec::Blob& blob : *batch) {
        if (self->blobs == nullptr) return;
        if (auto s = self->blobs->put(blob); !s) {
          failure = s.failure();
          break;
        }
      }
      {
        const std::lock_guard lock(self->mutex);
        self->outstanding -= bytes;
        if (failure && !self->failed) self->failed = failure;
      }
      self->changed.notify_all();
    });
    return {};
  }
};

IngestWorker::IngestWorker(Post post, BlobStore& blobs) : shared_(std::make_shared<Shared>()) {
  shared_->post = std::move(post);
  shared_->blobs = &blobs;
  shared_->thread = std::thread([shared = shared_] { work(shared); });
}

IngestWorker::~IngestWorker() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stop = true;
    shared_->queue.clear();
  }
  shared_->changed.notify_all();
  shared_->thread.join();
  shared_->blobs = nullptr;
}

void IngestWorker::ingest(int descriptor, std::uint64_t size, Done done) {
  os::Fd file(::fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
  if (!file) {
    shared_->post([done, failure = disk_error(errno, "keep a staging file open")] { done(failure); });
    return;
  }
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->queue.size() < kMaxQueued) {
      shared_->queue.push_back({std::move(file), size, std::move(done)});
      shared_->changed.notify_all();
      return;
    }
  }
  shared_->post([done] { done(error(Errc::busy, "too many files are being stored at once: try again")); });
}

void IngestWorker::work(const std::shared_ptr<Shared>& shared) {
  BlobMakers makers(std::thread::hardware_concurrency());
  for (;;) {
    Job job;
    {
      std::unique_lock lock(shared->mutex);
      shared->changed.wait(lock, [&] { return shared->stop || !shared->queue.empty(); });
      if (shared->stop) return;
      job = std::move(shared->queue.front());
      shared->queue.pop_front();
      shared->failed.reset();
    }
    Result<codec::Content> content = run(shared, job, makers);
    {
      // Everything handed over is put before the outcome is told, and before the next job can be blamed for it.
      std::unique_lock lock(shared->mutex);
      shared->changed.wait(lock, [&] { return shared->stop || shared->outstanding == 0; });
      if (shared->stop) return;
      if (shared->failed) content = *shared->failed;
    }
    shared->post([shared, done = std::move(job.done), content = std::move(content)]() mutable {
      if (shared->blobs != nullptr) done(std::move(content));
    });
  }
}

Result<codec::Content> IngestWorker::run(const std::shared_ptr<Shared>& shared, const Job& job, BlobMakers& makers) {
  std::vector<codec::Blob> batch;
  std::size_t bytes = 0;
  const auto send = [&]() -> Status {
    if (batch.empty()) return {};
    return shared->hand_over(shared, std::exchange(batch, {}), std::exchange(bytes, 0));
  };
  const auto sink = [&](codec::Blob blob) -> Status {
    bytes += blob.data.size() + sizeof blob;
    batch.push_back(std::move(blob));
    return bytes >= kBatchBytes ? send() : Status{};
  };
  const auto make_all = [&](std::span<const ByteView> chunks, std::span<codec::Blob> blobs) {
    makers.make_all(chunks, blobs);
  };
  ContentWriter writer(makers.own(), sink, make_all, makers.window_bytes());
  for (std::uint64_t at = 0; at < job.size;) {
    const auto space = writer.room(static_cast<std::size_t>(std::min<std::uint64_t>(job.size - at, kReadBytes)));
    const ssize_t got = ::pread(job.file.get(), space.data(), space.size(), static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return disk_error(errno, "read a staging file");
    if (got == 0) return error(Errc::io, "a staging file became shorter while it was being stored");
    if (auto s = writer.filled(static_cast<std::size_t>(got)); !s) return s.failure();
    at += static_cast<std::uint64_t>(got);
  }
  auto content = writer.finish();
  if (!content) return content;
  if (auto s = send(); !s) return s.failure();
  return content;
}

}  // namespace meshfs::fsd
