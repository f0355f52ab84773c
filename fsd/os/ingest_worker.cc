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

// A file's bytes as they are to be stored: sealed ones in order only, since each chunk is sealed once.
class SealedBytes {
 public:
  explicit SealedBytes(std::shared_ptr<const crypto::Seal> seal) : seal_(std::move(seal)), ready_(seal_->header) {}

  // As pread(2), of what comes next.
  ssize_t read(int file, std::span<std::uint8_t> space) {
    if (at_ == ready_.size()) {
      const std::size_t size = seal_->chunk_bytes(chunk_);
      ready_.resize(size + crypto::AeadTag::kSize);
      const auto offset = static_cast<off_t>(chunk_ * crypto::kSealChunkBytes);
      for (std::size_t have = 0; have < size;) {
        const ssize_t got = ::pread(file, ready_.data() + have, size - have, offset + static_cast<off_t>(have));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return got;
        have += static_cast<std::size_t>(got);
      }
      seal_->seal_chunk(chunk_++, ByteView(ready_).first(size), ready_.data());
      at_ = 0;
    }
    const std::size_t some = std::min(space.size(), ready_.size() - at_);
    std::copy_n(ready_.begin() + static_cast<std::ptrdiff_t>(at_), some, space.begin());
    at_ += some;
    return static_cast<ssize_t>(some);
  }

 private:
  std::shared_ptr<const crypto::Seal> seal_;
  Bytes ready_;
  std::size_t at_ = 0;
  std::uint64_t chunk_ = 0;
};

struct IngestWorker::Job {
  os::Fd file;
  std::optional<SealedBytes> sealed;  // used by the worker's thread only
  // Guarded by Shared::mutex.
  std::uint64_t size = 0;  // bytes that stay as they are
  bool ended = false;      // they are all; then `done` is set
  bool given_up = false;
  Done done;
  std::uint64_t at = 0;         // bytes taken in
  std::optional<Error> failed;  // the first failure of it
  // The worker's thread only.
  std::unique_ptr<ContentWriter> writer;
};

struct IngestWorker::Shared {
  Post post;
  std::mutex mutex;  // guards jobs, what they say they guard, followed, outstanding, failed, stop
  std::condition_variable changed;
  std::deque<std::shared_ptr<Job>> jobs;  // in the order in which they came, followed ones in that of their end
  std::size_t followed = 0;               // of them
  std::size_t outstanding = 0;
  std::optional<Error> failed;  // the first put of the running job that failed
  bool stop = false;
  BlobStore* blobs = nullptr;  // state thread only; null once the worker is gone
  std::thread thread;

  // What to do next: an ended job, else a followed one that grew. Under the mutex.
  std::shared_ptr<Job> next() const {
    for (const auto& job : jobs) {
      if (job->ended || job->given_up) return job;
    }
    for (const auto& job : jobs) {
      if (!job->failed && job->at < job->size) return job;
    }
    return nullptr;
  }
  void change(const std::function<void()>& what) {
    {
      const std::lock_guard lock(mutex);
      what();
    }
    changed.notify_all();
  }

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

// What the worker's thread has: everything here runs on it.
class IngestWorker::Thread {
 public:
  explicit Thread(std::shared_ptr<Shared> shared)
      : shared_(std::move(shared)), makers_(std::thread::hardware_concurrency()) {}

  void run() {
    while (const auto job = take()) {
      if (job->failed) {
        finish(*job);
        continue;
      }
      Status status = read(*job, until_);
      if (status && ended_) {
        auto content = job->writer->finish();
        if (content)
          content_ = std::move(*content);
        else
          status = content.failure();
      }
      if (status) status = send();
      settle(*job, status);
      if (ended_) finish(*job);
    }
  }

 private:
  // The next job, up to which byte, and whether that is its end. None: the worker is to stop.
  std::shared_ptr<Job> take() {
    std::unique_lock lock(shared_->mutex);
    std::shared_ptr<Job> job;
    for (;;) {
      shared_->changed.wait(lock, [&] { return shared_->stop || (job = shared_->next()) != nullptr; });
      if (shared_->stop) return nullptr;
      ended_ = job->ended;
      until_ = ended_ ? job->size : std::min(job->size, job->at + kSliceBytes);
      if (!job->given_up) break;
      std::erase(shared_->jobs, job);
    }
    if (ended_) std::erase(shared_->jobs, job);
    return job;
  }

  void start(Job& job) {
    const auto sink = [this](codec::Blob blob) -> Status {
      bytes_ += blob.data.size() + sizeof blob;
      batch_.push_back(std::move(blob));
      return bytes_ >= kBatchBytes ? send() : Status{};
    };
    const auto make_all = [this](std::span<const ByteView> chunks, std::span<codec::Blob> blobs) {
      makers_.make_all(chunks, blobs);
    };
    job.writer = std::make_unique<ContentWriter>(makers_.own(), sink, make_all, makers_.window_bytes());
  }

  // Takes in what the file has up to `until`.
  Status read(Job& job, std::uint64_t until) {
    if (!job.writer) start(job);
    std::uint64_t at = job.at;
    while (at < until) {
      const auto space = job.writer->room(static_cast<std::size_t>(std::min<std::uint64_t>(until - at, kReadBytes)));
      const ssize_t got = job.sealed ? job.sealed->read(job.file.get(), space)
                                     : ::pread(job.file.get(), space.data(), space.size(), static_cast<off_t>(at));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return disk_error(errno, "read a staging file");
      if (got == 0) return error(Errc::io, "a staging file became shorter while it was being stored");
      if (auto s = job.writer->filled(static_cast<std::size_t>(got)); !s) return s.failure();
      at += static_cast<std::uint64_t>(got);
    }
    shared_->change([&] { job.at = at; });
    return {};
  }

  Status send() {
    if (batch_.empty()) return {};
    return shared_->hand_over(shared_, std::exchange(batch_, {}), std::exchange(bytes_, 0));
  }

  // Everything handed over is put before the outcome is told, and before the next job can be blamed for it.
  void settle(Job& job, const Status& status) {
    batch_.clear();
    bytes_ = 0;
    std::unique_lock lock(shared_->mutex);
    shared_->changed.wait(lock, [&] { return shared_->stop || shared_->outstanding == 0; });
    const auto put = std::exchange(shared_->failed, std::nullopt);
    if (put) job.failed = put;
    if (!status && !job.failed) job.failed = status.failure();
    if (job.failed) job.writer.reset();
  }

  void finish(Job& job) {
    Result<codec::Content> content = std::move(content_);
    if (job.failed) content = *job.failed;
    shared_->post([shared = shared_, done = std::move(job.done), content = std::move(content)]() mutable {
      if (shared->blobs != nullptr) done(std::move(content));
    });
    job.writer.reset();
  }

  std::shared_ptr<Shared> shared_;
  BlobMakers makers_;
  std::vector<codec::Blob> batch_;
  std::size_t bytes_ = 0;
  std::uint64_t until_ = 0;
  bool ended_ = false;
  codec::Content content_;
};

IngestWorker::IngestWorker(Post post, BlobStore& blobs) : shared_(std::make_shared<Shared>()) {
  shared_->post = std::move(post);
  shared_->blobs = &blobs;
  shared_->thread = std::thread([shared = shared_] { Thread(shared).run(); });
}

IngestWorker::~IngestWorker() {
  shared_->change([&] {
    shared_->stop = true;
    shared_->jobs.clear();
  });
  shared_->thread.join();
  shared_->blobs = nullptr;
}

void IngestWorker::ingest(int descriptor, std::uint64_t size, Done done) {
  auto job = std::make_shared<Job>();
  job->size = size;
  job->done = std::move(done);
  enqueue(descriptor, std::move(job));
}

void IngestWorker::ingest(int descriptor, std::shared_ptr<const crypto::Seal> seal, Done done) {
  auto job = std::make_shared<Job>();
  job->size = crypto::sealed_bytes(seal->plain_bytes, seal->readers.size());
  job->sealed.emplace(std::move(seal));
  job->done = std::move(done);
  enqueue(descriptor, std::move(job));
}

void IngestWorker::enqueue(int descriptor, std::shared_ptr<Job> job) {
  const Done done = job->done;
  job->file = os::Fd(::fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
  if (!job->file) {
    shared_->post([done, failure = disk_error(errno, "keep a staging file open")] { done(failure); });
    return;
  }
  job->ended = true;
  bool taken = false;
  shared_->change([&] {
    taken = shared_->jobs.size() < kMaxQueued;
    if (taken) shared_->jobs.push_back(std::move(job));
  });
  if (taken) return;
  shared_->post([done] { done(error(Errc::busy, "too many files are being stored at once: try again")); });
}

std::unique_ptr<IngestWorker::Following> IngestWorker::follow(int descriptor) {
  auto job = std::make_shared<Job>();
  job->file = os::Fd(::fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
  if (!job->file) return nullptr;
  bool taken = false;
  shared_->change([&] {
    taken = shared_->followed < kMaxFollowed && !shared_->stop;
    if (!taken) return;
    ++shared_->followed;
    shared_->jobs.push_back(job);
  });
  return taken ? std::make_unique<Following>(shared_, std::move(job)) : nullptr;
}

IngestWorker::Following::Following(std::shared_ptr<Shared> shared, std::shared_ptr<Job> job)
    : shared_(std::move(shared)), job_(std::move(job)) {}

IngestWorker::Following::~Following() {
  shared_->change([&] {
    --shared_->followed;
    if (!job_->ended) job_->given_up = true;
  });
}

void IngestWorker::Following::grow(std::uint64_t size) {
  shared_->change([&] { job_->size = size; });
}

void IngestWorker::Following::finish(std::uint64_t size, Done done) {
  shared_->change([&] {
    CHECK(!job_->ended && size >= job_->at);
    job_->size = size;
    job_->ended = true;
    job_->done = std::move(done);
    std::erase(shared_->jobs, job_);
    shared_->jobs.push_back(job_);
  });
}

}  // namespace meshfs::fsd
