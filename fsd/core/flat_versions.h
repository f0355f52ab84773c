// Contents as their chunks in file order: what patches are made against and applied to. Built from the hash lists once and kept
// for the next list of the same file. Owned by the replica; state thread. Disposable: the blob store has it all.
#pragma once

#include <list>
#include <memory>

#include "fsd/core/ports.h"
#include "fsd/delta/base_version.h"

namespace meshfs::fsd {

class FlatVersions {
 public:
  // Up to here a content is flattened whole (its chunks are at least 8 KiB: kMaxBaseItems of them); of a larger one the
  // part around the place asked for, whose bounds are multiples of kStep. Some 20 ms of reading lists at most.
  static constexpr std::uint64_t kWholeBytes = kMaxBaseItems * codec::kMinChunkBytes;
  static constexpr std::uint64_t kStep = kWholeBytes / 4;
  // Kept, the least recently used goes first: two whole ones of the largest size (6 MB), or a few usual files.
  static constexpr std::size_t kMaxKeptItems = 2 * kMaxBaseItems;
  static constexpr std::size_t kMaxKept = 8;

  explicit FlatVersions(BlobStore& blobs) : blobs_(blobs) {}
  using Version = std::shared_ptr<const BaseVersion>;
  // The content's part around byte `near`; nothing if a list of it is not here.
  Version get(const Hash& root, std::uint64_t near);
  // not_found if any of it is not here, or damaged.
  Result<Bytes> read(const BaseVersion& base, std::uint64_t offset, std::size_t length);

 private:
  struct Kept {
    Hash root;
    std::uint64_t from;
    Version version;
  };
  [[nodiscard]] Version build(const Hash& root, std::uint64_t from, std::uint64_t to);

  BlobStore& blobs_;
  std::list<Kept> kept_;  // most recent first
};

}  // namespace meshfs::fsd
