#include "fsd/os/blob_makers.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace meshfs::fsd {

struct BlobMakers::Shared {
  std::mutex mutex;  // guards all but next
  std::condition_variable changed;
  std::span<const ByteView> chunks;  // empty: nothing to do
  std::span<codec::Blob> blobs;
  std::size_t working = 0;  // threads that may still touch the job
  bool stop = false;
  std::atomic<std::size_t> next = 0;  // the first chunk that nobody took
  std::vector<std::thread> threads;

  void take_until_none_is_left(BlobMaker& maker, std::span<const ByteView> from, std::span<codec::Blob> to) {
    for (;;) {
      const std::size_t first = next.fetch_add(kTakenAtOnce);
      if (first >= from.size()) return;
      const std::size_t end = std::min(first + kTakenAtOnce, from.size());
      maker.make_all(from.subspan(first, end - first), to.subspan(first, end - first));
    }
  }

  void work() {
    BlobMaker maker;
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [&] { return stop || !chunks.empty(); });
      if (stop) return;
      ++working;
      const auto from = chunks;
      const auto to = blobs;
      lock.unlock();
      take_until_none_is_left(maker, from, to);
      lock.lock();
      --working;
      chunks = {};  // all are taken: nobody else need look
      changed.notify_all();
    }
  }
};

BlobMakers::BlobMakers(unsigned processors)
    : more_(std::min(processors == 0 ? 0 : processors - 1, kMaxMore)), shared_(std::make_unique<Shared>()) {}

BlobMakers::~BlobMakers() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stop = true;
  }
  shared_->changed.notify_all();
  for (std::thread& thread : shared_->threads) thread.join();
}

void BlobMakers::make_all(std::span<const ByteView> chunks, std::span<codec::Blob> blobs) {
  const bool alone = more_ == 0 || chunks.size() <= 2 * kTakenAtOnce;
  if (!alone) {
    while (shared_->threads.size() < more_) shared_->threads.emplace_back([this] { shared_->work(); });
    {
      const std::lock_guard lock(shared_->mutex);
      shared_->next = 0;
      shared_->chunks = chunks;
      shared_->blobs = blobs;
    }
    shared_->changed.notify_all();
    shared_->take_until_none_is_left(own_, chunks, blobs);
    std::unique_lock lock(shared_->mutex);
    shared_->chunks = {};
    shared_->changed.wait(lock, [&] { return shared_->working == 0; });
    return;
  }
  own_.make_all(chunks, blobs);
}

}  // namespace meshfs::fsd
