// The way through a set slice by slice, where more differs than the cells of the whole set can hold: which ids come next, how wide
// a slice is, which slices were asked for and are not answered yet. Ids are hashes, so the differences lie evenly: what
// the slices so far held tells how wide the next one may be. Only arithmetic: it sends nothing and knows no neighbour.
// Owned by Reconciler, one per neighbour and set while it lasts.
//
// A slice: gap -> open (next) -> done (close), or back to be a gap (again, narrow).
#pragma once

#include <optional>
#include <vector>

#include "syncd/core/item_set.h"

namespace meshfs::syncd {

class Sweep {
 public:
  static constexpr std::uint32_t kExpected = 512;     // differences in a slice: 1.4 cells each, and an answer is 8 kB
  static constexpr std::uint32_t kFirstCells = 704;   // for so many; most decode then, the rest needs a tenth more
  static constexpr std::uint32_t kMostCells = 1280;   // enough for 900; beyond, the slice is made narrower
  static constexpr std::size_t kMostOpen = 4;         // asked for at a time, once it is known how dense differences are
  static constexpr std::uint64_t kMostItems = 65536;  // of ours in a slice: an answer walks over as many, 60 ms
  // A first guess that was wrong by a factor of a million takes seven; who has more, lies or changes too fast.
  static constexpr int kMostFailures = 32;

  struct Slice {
    codec::ItemId lower = 0, upper = 0;  // [lower, upper), upper 0: 2^64
    Instant at{0};                       // of the last question
    std::uint32_t asked = 0;             // cells, with those that are here
    ItemSet::Sum of{};                   // the neighbour's, whose cells these are
    std::vector<codec::SketchCell> cells{};
  };

  // `differences`: at least, as far as is known. `items`: ours.
  Sweep(std::uint64_t differences, std::uint64_t items);

  // The next one to ask for, open from now on; none if enough are open or all are. Valid until the next call.
  Slice* next(Instant now);
  [[nodiscard]] Slice* find(codec::ItemId lower, codec::ItemId upper);
  // It held so many differences.
  void close(const Slice& slice, std::uint64_t differences);
  // It is to be asked for anew: no answer, or its set changed.
  void again(const Slice& slice);
  // Neither its cells nor more of them give anything: about `likely` differ, or nobody can say.
  void narrow(const Slice& slice, std::optional<std::uint32_t> likely);
  // The one that has waited longest, if any is open.
  [[nodiscard]] Slice* oldest();

  [[nodiscard]] bool done() const { return gaps_.empty() && open_.empty(); }
  [[nodiscard]] bool failed() const { return failures_ > kMostFailures; }

 private:
  struct Gap {
    codec::ItemId lower, upper;
  };
  static codec::ItemId width_of(codec::ItemId lower, codec::ItemId upper);
  void remove(const Slice& slice);
  [[nodiscard]] std::uint32_t first_cells(codec::ItemId width) const;
  void widen_to(codec::ItemId per_difference);

  codec::ItemId most_;               // width of kMostItems
  codec::ItemId width_;              // of the next slice
  codec::ItemId seen_ = 0;           // width of all that was closed ...
  std::uint64_t seen_differed_ = 0;  // ... and what differed there
  std::vector<Gap> gaps_;            // the next is the last; at most as many as slices failed, and one
  std::vector<Slice> open_;
  int failures_ = 0;
};

}  // namespace meshfs::syncd
