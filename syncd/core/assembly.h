// Puts letters together from the pieces that pages of others carry, in any order, each as often as it comes. Owned by Board.
// Bounded: what would go over a limit pushes out the letter that grew least lately; who still wants it asks again.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>

#include "syncd/core/extents.h"

namespace meshfs::syncd {

class Assembly {
 public:
  static constexpr std::size_t kMaxPartial = 128;
  static constexpr std::size_t kMaxBytes = 2 * 1024 * 1024;
  static constexpr std::size_t kMaxDone =
      4096;  // ids of whole ones that are remembered, so that pages told again cost nothing

  struct Partial {
    std::uint64_t blob = 0;
    Bytes bytes;
    Extents missing;
    Instant grew{0};
  };

  // The whole letter, once, when its last piece came and it has the hash that its id says.
  std::optional<Bytes> add(const codec::PagePiece& piece, Instant now);
  // Pieces that brought something, since the start.
  [[nodiscard]] std::uint64_t progress() const { return progress_; }
  [[nodiscard]] bool done(codec::LetterId letter) const { return done_.contains(letter); }
  // Its pieces count again: what was made of it is gone.
  void forget_done() {
    done_.clear();
    order_.clear();
  }
  // What did not grow for so long.
  void drop_stale(Duration after, Instant now);
  [[nodiscard]] const std::map<codec::LetterId, Partial>& partial() const { return partial_; }
  // The one that holds parts of that blob.
  [[nodiscard]] std::optional<codec::LetterId> of_blob(std::uint64_t blob) const;

 private:
  void note_done(codec::LetterId letter);
  void drop(std::map<codec::LetterId, Partial>::iterator it);

  std::map<codec::LetterId, Partial> partial_;
  std::size_t bytes_ = 0;
  std::uint64_t progress_ = 0;
  std::set<codec::LetterId> done_;
  std::deque<codec::LetterId> order_;
};

}  // namespace meshfs::syncd
