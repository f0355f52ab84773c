// Reads staging files, cuts, hashes and compresses them on threads of its own (blob_makers.h) and hands the blobs to the state thread,
// which puts them into the store. Owned by fsd's main, outlives whoever calls it. ingest() belongs to the state thread;
// batches and outcomes reach it through `post`. One mutex guards the queue and the credit; nothing else is locked while
// it is held. Must never touch the BlobStore from its own thread.
#pragma once

#include <functional>
#include <memory>

#include "fsd/core/ports.h"
#include "schema/codec/entry.h"

namespace meshfs::fsd {

class BlobMakers;

class IngestWorker {
 public:
  using Post = std::function<void(std::function<void()>)>;
  using Done = std::function<void(Result<codec::Content>)>;
  // Bytes of blobs on their way to the state thread; the worker waits beyond. A few batches keep both threads busy.
  static constexpr std::size_t kMaxOutstandingBytes = 1024 * 1024;
  static constexpr std::size_t kBatchBytes = 256 * 1024;
  // Files waiting; beyond, ingest() answers busy. Each holds a descriptor, of which a process has 1,024 by default.
  static constexpr std::size_t kMaxQueued = 256;
  static constexpr std::size_t kReadBytes = 256 * 1024;

  IngestWorker(Post post, BlobStore& blobs);
  ~IngestWorker();  // drops what waits; no `done` runs any more
  // Stores the first `size` bytes of the file; `done` runs on the state thread, never inside this call, once all blobs
  // are put (not yet durable). The descriptor is duplicated; the file must not change meanwhile: a shorter one is io.
  void ingest(int descriptor, std::uint64_t size, Done done);

 private:
  struct Shared;
  struct Job;
  static void work(const std::shared_ptr<Shared>& shared);
  static Result<codec::Content> run(const std::shared_ptr<Shared>& shared, const Job& job, BlobMakers& makers);
  std::shared_ptr<Shared> shared_;
};

}  // namespace meshfs::fsd
