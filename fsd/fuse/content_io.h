// How the mount reads and stores the bytes of files: port to the store (main adapts it). State thread only.
#pragma once

#include <functional>
#include <memory>

#include "fsd/core/seals.h"
#include "schema/codec/entry.h"

namespace meshfs::fsd::fuse {

class ContentIo {
 public:
  virtual ~ContentIo() = default;

  // Bytes [offset, offset + length) of `content`, fewer only at its end. Verified: right bytes, or io (damaged),
  // unreachable (not here yet).
  virtual Result<Bytes> read(const codec::Content& content, std::uint64_t offset, std::size_t length) = 0;

  // read() said unreachable: asks other nodes for these bytes. `ready` runs later on the state thread, never inside the call, once
  // read() may be tried again, or with what stands in the way. Gives a number for cancel_fetch(); 0: there is nobody to ask.
  using Ready = std::function<void(Status)>;
  virtual std::uint64_t fetch(const codec::Content&, std::uint64_t /*offset*/, std::size_t /*length*/, Ready) {
    return 0;
  }
  virtual void cancel_fetch(std::uint64_t) {}
  // Whether all of it is on this node; else the file is a placeholder.
  virtual bool is_here(const codec::Content&) { return true; }

  // Where from `offset` on, which lies inside, the next hole begins (at the end there is one), or the next data (no_data if
  // there is none). A hole is a chunk of zeros; what is too far to look for cheaply is data.
  virtual Result<std::uint64_t> seek(const codec::Content& content, std::uint64_t offset, bool hole) = 0;

  // Whether `now` begins with all bytes of `old` and has more. False if that would be too much to find out.
  virtual bool grew(const codec::Content& old, const codec::Content& now);

  // Called with the outcome later on the state thread, never inside the call: no_space or io if it failed.
  using Stored = std::function<void(Result<codec::Content>)>;

  // Stores bytes too many to ride in an entry (kMaxInlineBytes < size <= kMaxChunkBytes).
  virtual void ingest(Bytes bytes, Stored stored) = 0;
  // Stores the first `size` bytes of a file, read with pread on any thread. The caller keeps `fd` open and its
  // bytes as they are until `stored` is called.
  virtual void ingest(int fd, std::uint64_t size, Stored stored) = 0;

  // Who opens and makes sealed contents; null: nobody, they show as they are.
  virtual Seals* seals() { return nullptr; }
  // As ingest(), of the sealed form of a file of `seal->plain_bytes`.
  virtual void ingest(int fd, std::shared_ptr<const crypto::Seal> seal, Stored stored);

  // A file that is stored from its start while it is still being written. Destroyed without finish(): nothing comes of it.
  class Following {
   public:
    virtual ~Following() = default;
    // The first `size` bytes, never fewer than before, stay as they are from now on.
    virtual void grow(std::uint64_t size) = 0;
    // As ingest(fd, size, stored), but for what was taken in already. Last call.
    virtual void finish(std::uint64_t size, Stored stored) = 0;
  };
  // Null if there is no place for one more: ingest() it when it is complete.
  virtual std::unique_ptr<Following> follow(int /*fd*/) { return nullptr; }
};

}  // namespace meshfs::fsd::fuse
