// Bundles that can't be judged yet: their author is unknown, an entry names origins that have not come, or the
// policy epoch that they name is not in force here yet. Bounded; in
// memory only: what is dropped here, or lost by a restart, reconciliation offers again.
#pragma once

#include <map>
#include <set>

#include "fsd/core/head.h"
#include "fsd/core/ports.h"
#include "schema/codec/wire.h"

namespace meshfs::fsd {

// DESIGN: an entry may come before its policy, author or origin. Enough for a tree of 4,096 entries in the wrong order.
inline constexpr std::size_t kMaxPendingBundles = 4096;
inline constexpr std::size_t kMaxPendingBytes = 4 * 1024 * 1024;

class PendingBundles {
 public:
  struct Waiting {
    codec::Bundle bundle;
    RecordPosition position = 0;      // of its record if some of its entries are in the log, else 0
    std::optional<AuthorTag> author;  // waits for this author's member record
    std::uint32_t epoch = 0;          // waits until an epoch of this number is in force; 0: for none
    std::vector<Hash> origins;        // waits for these entries
    std::vector<ObjectId> objects;    // of its waiting entries: another head may cover them
    std::vector<Hash> holds;          // its waiting entries, which others may name as origins
    std::vector<Hash> unproven;       // entries that nobody has verified yet: only to tell that they wait
    Hash key{};                       // of the bundle; add() makes it
  };
  // One that waits already takes its new place: neighbours offer it again and again. Drops the oldest beyond the limits.
  void add(Waiting waiting);
  // Takes out what waits for any of these, or for something about these objects.
  std::vector<Waiting> take(const std::vector<Hash>& entries, const std::vector<AuthorTag>& authors,
                            const std::vector<ObjectId>& objects);
  // What waits for policy epochs up to this one.
  std::vector<Waiting> take_epochs(std::uint32_t highest);
  // A record lies elsewhere now.
  void relocate(RecordPosition from, RecordPosition to);
  [[nodiscard]] bool names(RecordPosition position) const;
  // The bundle that holds this waiting entry.
  const Waiting* holder_of(const Hash& entry) const;
  // The same, for whoever asks whether it waits: unproven ones too.
  const Waiting* waits_in(const Hash& entry) const;
  [[nodiscard]] const std::map<std::uint64_t, Waiting>& all() const { return waiting_; }

 private:
  void erase(std::uint64_t number);
  std::vector<Waiting> take_numbers(const std::set<std::uint64_t>& numbers);

  std::map<std::uint64_t, Waiting> waiting_;  // by arrival
  std::set<std::pair<Hash, std::uint64_t>> by_origin_;
  std::set<std::pair<AuthorTag, std::uint64_t>> by_author_;
  std::set<std::pair<ObjectId, std::uint64_t>> by_object_;
  std::set<std::pair<std::uint32_t, std::uint64_t>> by_epoch_;
  std::map<Hash, std::uint64_t> holders_;
  std::map<Hash, std::uint64_t> unproven_;
  std::map<Hash, std::uint64_t> by_bundle_;
  std::uint64_t next_ = 1;
  std::size_t bytes_ = 0;
};

}  // namespace meshfs::fsd
