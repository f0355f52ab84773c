// Finds the blobs that nothing needs any more and erases them; compaction gives their bytes back. Needed are: contents of
// every live head, shown or not, and what local changes and drafts hold; what open files still show; and of superseded
// contents what the rules of retention keep. Owned by Replica, state thread only, no clock: a cycle is many slices, each
// bounded by counts to about a millisecond.
//
//   idle -> objects -> drafts -> past (once to see which ages there are, then from young to old) -> bases -> in use -> sweep
//
// Marks are a MarkFilter: a byte per blob, 1 MiB at most, so some garbage survives a cycle and goes in a later one. What
// becomes needed while a cycle runs is held: objects by on_saved(), drafts by hold(), blobs that are put or found by
// BlobGuard. Lists are always walked, never taken for walked because of a mark. A restart forgets the cycle, nothing else.
#pragma once

#include "fsd/core/blob_guard.h"
#include "fsd/core/history.h"
#include "fsd/core/objects.h"
#include "fsd/core/retention.h"

namespace meshfs::fsd {

class Collector {
 public:
  struct Parts {
    Table& index;
    BlobGuard& blobs;
    Objects& objects;
    History& history;
    Needs& needs;
    const Moment& moment;
  };
  explicit Collector(const Parts& parts) : parts_(parts) {}

  // What a slice looks at, at most.
  static constexpr std::size_t kRowsPerSlice = 128, kListsPerSlice = 4, kSweptPerSlice = 512, kErasedPerSlice = 128;
  // Contents held while a cycle runs and not yet walked; more than this end the cycle: it begins anew later.
  static constexpr std::size_t kMaxOpen = 64 * 1024;

  using VisitContent = std::function<void(const codec::Content& content)>;
  using InUse = std::function<void(const VisitContent& visit)>;
  // Who tells which contents are being read, whatever shows.
  void in_use_by(InUse in_use) { in_use_ = std::move(in_use); }

  struct Limits {
    Retention rules;
    std::uint64_t history_bytes = 0;  // of superseded contents
    bool bases = true;                // keep the last superseded content of each file beyond the rules
  };
  void begin(const Limits& limits, std::uint64_t blobs);
  void slice();
  [[nodiscard]] bool running() const { return phase_ != Phase::idle; }

  void on_saved(const ObjectRecord& before, const ObjectRecord& now);
  void hold(const codec::Content& content);
  // Bytes of contents that objects let go of since the last cycle began, and of their entries: there may be so much to collect.
  [[nodiscard]] std::uint64_t retired_bytes() const { return retired_; }

  struct Figures {
    std::uint64_t cycles = 0;  // finished since the start
    // Of the last finished cycle; a blob that several need counts for the first of these.
    std::uint64_t live_bytes = 0, history_bytes = 0, base_bytes = 0, erased_blobs = 0, erased_bytes = 0;
  };
  [[nodiscard]] const Figures& figures() const { return figures_; }

 private:
  enum class Phase : std::uint8_t { idle, objects, drafts, past, bases, in_use, roots, sweep };
  struct Open {  // a blob to mark, and what is below it
    Hash hash;
    bool list = false;
  };
  // Where the walk over one object's versions, newest first, has come to.
  struct Run {
    ObjectId object;
    bool any = false;                // a newer content or a deletion
    std::uint64_t superseded = 0;    // contents that something newer took the place of, so far
    WallMs replaced_at;              // when the newer one came
    std::optional<WallMs> newer_at;  // the version before this one, content or not
    codec::ChunkedContent content;   // of the newer one
  };
  void next(Phase phase);
  void mark(const codec::Content& content);
  void mark_record(const ObjectRecord& record);
  bool walk();
  void scan_objects();
  void scan_drafts();
  void scan_past();
  void look_at(const History::Line& line);
  [[nodiscard]] bool is_beyond(const History::Line& line) const;
  void judge(const codec::ChunkedContent& content);
  void end_pass();
  void sweep();
  void finish();

  Parts parts_;
  InUse in_use_;
  Limits limits_;
  Phase phase_ = Phase::idle;
  MarkFilter marks_;
  std::vector<Open> open_;
  std::vector<Hash> walked_;  // the last lists: copies of one large file are walked once
  Bytes cursor_;
  Hash swept_;
  Run run_;
  std::size_t step_ = 0;   // of age: what this pass over the past marks
  bool counting_ = false;  // the first pass
  std::array<bool, AgeSteps::kCount> any_of_step_{};
  std::uint64_t queued_bytes_ = 0;         // of past contents in open_, shared ones too
  std::uint64_t* marked_bytes_ = nullptr;  // what is marked counts here
  Figures now_, figures_;
  std::uint64_t retired_ = 0, salt_ = 0;
};

}  // namespace meshfs::fsd
