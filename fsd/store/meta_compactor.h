// Gives the space of metadata back that nobody needs any more: goes through sealed segments one after the other, and where
// enough is dead copies the rest to the end of the log, then lets the segment be unlinked. What is needed says the core
// (RecordOwner). Owned by Store, state thread only; works in slices that the store calls when it has time.
//
//   idle      nobody said that anything may be dead
//   probing   adds up what of one segment is needed
//   copying   records go over one by one; the core's rows name the copy at once (the index is committed only behind it)
//   copied    waits until a commit of the index is durable behind the copies; then settle() unlinks
//
// A crash at any point leaves the old segment, or an index that names durable copies only; what a new index makes of both
// is the same. Bounds as ChunkCompactor's: a sealed segment of which more than a fifth is dead is written anew.
#pragma once

#include <deque>

#include "fsd/store/segment_log.h"

namespace meshfs::fsd {

class MetaCompactor {
 public:
  static constexpr unsigned kDeadPercent = 20;
  static constexpr std::uint64_t kUrgentDeadBytes = 64 * 1024;  // worth it when the disk is short
  static constexpr std::size_t kSliceRecords = 24;              // ~40 us each: read, decoded, looked up

  struct Figures {
    std::uint64_t segments = 0, copied_bytes = 0, freed_bytes = 0;  // since the start
  };

  MetaCompactor(SegmentLog& meta, FreeSpace& space) : meta_(meta), space_(space) {}

  // Records may have died: every sealed segment is looked at once, unless that is under way.
  void look_at_all(RecordOwner& owner);
  // Does a bit. True while it wants to be called again; `urgent`: the disk is short.
  bool slice(bool urgent);
  [[nodiscard]] bool waits_for_commit() const { return state_ == State::copied; }
  // Everything appended so far is durable and the index behind it is committed: the old segment goes.
  Status settle();
  [[nodiscard]] const Figures& figures() const { return figures_; }

 private:
  enum class State : std::uint8_t { idle, probing, copying, copied };
  bool begin();
  bool judge(bool urgent);
  Status look(std::uint32_t offset);

  SegmentLog& meta_;
  FreeSpace& space_;
  RecordOwner* owner_ = nullptr;
  State state_ = State::idle;
  std::deque<std::uint32_t> due_;
  std::uint32_t victim_ = 0;
  std::vector<std::uint32_t> offsets_;  // of the victim's records; 4 bytes each, ~40,000 in a full segment
  std::size_t next_ = 0;
  std::uint64_t live_ = 0;  // bytes of the victim's records that are needed
  Figures figures_;
};

}  // namespace meshfs::fsd
