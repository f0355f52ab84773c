// Gives the space of dead blobs back: copies what is live of one sealed chunk segment to the end of the log, then lets the
// segment be unlinked. Owned by Store, state thread only; works in slices that the store calls when it has time.
//
//   idle      nothing is worth it
//   copying   records go over one by one; each index row names the copy at once (the index is committed only behind it)
//   copied    waits until a commit of the index is durable behind the copies; then settle() unlinks
//
// A crash at any point leaves the old segment, or an index that names durable copies only. Bounds: a sealed segment is
// compacted once more than a fifth of it is dead, so in the end the chunks take at most 1.25 x what is live plus the open
// segment; a step takes the live part of one segment, at most 16 MiB, and gives the segment back.
#pragma once

#include "fsd/store/index.h"
#include "fsd/store/segment_log.h"
#include "fsd/store/segment_use.h"

namespace meshfs::fsd {

class ChunkCompactor {
 public:
  // Dead share of a segment from which on its space is worth the copying; when the disk is short, any segment that gives
  // back more than kUrgentDeadBytes.
  static constexpr unsigned kDeadPercent = 20;
  static constexpr std::uint64_t kUrgentDeadBytes = 64 * 1024;
  // One slice: ~0.5 ms of reading, verifying and appending.
  static constexpr std::uint64_t kSliceBytes = 256 * 1024;
  static constexpr std::size_t kSliceRecords = 256;

  struct Figures {
    std::uint64_t segments = 0, copied_bytes = 0, freed_bytes = 0;  // since the start
  };

  ChunkCompactor(SegmentLog& chunks, Index& index, SegmentUse& use, FreeSpace& space)
      : chunks_(chunks), index_(index), use_(use), space_(space) {}

  // Does a bit. True while it wants to be called again; `urgent`: the disk is short.
  bool slice(bool urgent);
  // Whether copies wait for a flush and a commit of the index.
  [[nodiscard]] bool waits_for_commit() const { return state_ == State::copied; }
  // Everything appended so far is durable and the index behind it is committed (or says nothing else than the log would
  // tell a new one): the old segment goes.
  Status settle();
  [[nodiscard]] const Figures& figures() const { return figures_; }

 private:
  enum class State : std::uint8_t { idle, copying, copied };
  bool choose(bool urgent);
  Status copy_one(std::uint32_t offset);

  SegmentLog& chunks_;
  Index& index_;
  SegmentUse& use_;
  FreeSpace& space_;
  State state_ = State::idle;
  std::uint32_t victim_ = 0;
  std::vector<std::uint32_t> offsets_;  // of the victim's records; 4 bytes each, ~1,000 in a full segment
  std::size_t next_ = 0;
  std::set<std::uint32_t> spared_;  // something in them could not be read: they stay as they are until the next start
  Figures figures_;
};

}  // namespace meshfs::fsd
