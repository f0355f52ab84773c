// Reads staging files, cuts, hashes and compresses them on threads of its own (blob_makers.h) and hands the blobs to the state thread,
// which puts them into the store. Owned by fsd's main, outlives whoever calls it. ingest() and follow() belong to the state
// thread; batches and outcomes reach it through `post`. One mutex guards the jobs and the credit; nothing else is locked
// while it is held. Must never touch the BlobStore from its own thread.
//
// A job's life: queued (all of the file) or followed (what was written of it so far, again and again) -finish()-> ended
// -> done. Ended jobs go first, in their order; in between, followed ones get slices. A followed job that is given up
// leaves blobs behind that nobody refers to.
#pragma once

#include <functional>
#include <memory>

#include "fsd/core/ports.h"
#include "schema/codec/entry.h"
#include "schema/crypto/seal.h"

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
  // Files followed at a time: each keeps a window of up to ContentWriter::kWideWindowBytes. Others wait for their close.
  static constexpr std::size_t kMaxFollowed = 2;
  static constexpr std::uint64_t kSliceBytes = 4 * 1024 * 1024;  // of a followed file, before ended ones are looked for
  static constexpr std::size_t kReadBytes = 256 * 1024;

  IngestWorker(Post post, BlobStore& blobs);
  ~IngestWorker();  // drops what waits; no `done` runs any more
  // Stores the first `size` bytes of the file; `done` runs on the state thread, never inside this call, once all blobs
  // are put (not yet durable). The descriptor is duplicated; the file must not change meanwhile: a shorter one is io.
  void ingest(int descriptor, std::uint64_t size, Done done);
  // The same of the sealed form of its first `seal->plain_bytes`: sealed on the worker's thread, a chunk at a time.
  void ingest(int descriptor, std::shared_ptr<const crypto::Seal> seal, Done done);

 private:
  struct Shared;
  struct Job;
  class Thread;
  void enqueue(int descriptor, std::shared_ptr<Job> job);
  std::shared_ptr<Shared> shared_;

 public:
  // A file that is stored from its start while it is still being written. State thread only; may outlive the worker.
  class Following {
   public:
    Following(std::shared_ptr<Shared> shared, std::shared_ptr<Job> job);
    ~Following();  // gives it up, unless finish() was called
    Following(const Following&) = delete;
    Following& operator=(const Following&) = delete;
    // The first `size` bytes will not change any more (if they do: give it up).
    void grow(std::uint64_t size);
    // `size` bytes are all of it, and stay as they are until `done`, as with ingest(). Last call.
    void finish(std::uint64_t size, Done done);

   private:
    std::shared_ptr<Shared> shared_;
    std::shared_ptr<Job> job_;
  };
  // Null where there is no place: ingest() it when it is complete.
  std::unique_ptr<Following> follow(int descriptor);
};

}  // namespace meshfs::fsd
