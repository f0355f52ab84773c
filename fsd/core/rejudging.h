// When policy epochs come in force, what was accepted before may not count any more: a fence refuses it, or a rival forbids it.
// Looks through the history row by row, some a turn, and folds each object anew that such an author wrote to. Owned by Replica;
// state thread only.
//
// How far it is stands in the index, so that a restart goes on; what it finds depends on the epochs in force only, so it may
// begin again at any time. New entries are judged by the new epochs from the first turn on.
#pragma once

#include <set>

#include "fsd/core/apply.h"
#include "fsd/core/epochs.h"

namespace meshfs::fsd {

class Rejudging {
 public:
  // A turn: up to 3.6 ms on a desktop, some 30 on a router.
  static constexpr std::size_t kRows = 512;
  static constexpr std::size_t kFolds = 64;

  struct Parts {
    Table& index;
    Sets& sets;
    History& history;
    Applier& applier;
    Objects& objects;
    Members& members;
    const Epochs& epochs;
    const Moment& moment;
  };
  explicit Rejudging(const Parts& parts);

  // From the first row on, for what `change` may concern, beside what is still to be looked at.
  void begin(const Epochs::Change& change);
  void begin_all() { begin({true, {}, {}}); }
  // The same for what any member can bring about: at most once a minute, and never from the first row on while it runs.
  static constexpr Duration kPause = seconds(60);
  void begin_later(const std::set<AuthorTag>& authors);
  void begin_waiting(Instant now);
  // When that is; kNever: nothing waits.
  [[nodiscard]] Instant due() const { return waiting_.empty() ? kNever : not_before_; }
  [[nodiscard]] bool running() const { return running_; }
  // One turn. The objects that changed.
  std::vector<ObjectId> step();
  // At its end: whether files of the network volume changed, so that other statements of membership stand. Once.
  bool take_restated() { return !running_ && std::exchange(restated_, false); }

 private:
  void save();
  void judge_headers();
  bool concerns(const ObjectId& object);

  Parts parts_;
  bool running_ = false;
  bool all_ = false;  // authors
  bool restated_ = false;
  std::set<AuthorTag> authors_;  // unless all
  Bytes cursor_;
  std::set<AuthorTag> waiting_;
  Instant not_before_;
};

}  // namespace meshfs::fsd
