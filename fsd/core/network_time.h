// The network's common time as one node knows it, and the stamps it issues. Owned by the replica; pure: Instants and
// wall times are handed in, what to persist is handed out.
//
// Network time = the persisted bound plus monotonic progress. It only moves ahead, and jumps only by a confirmed own
// clock, an admin-signed commit, or the median of at least three clock-bearing neighbours. A node without any of
// these lags, it never runs ahead. Foreign entries never move it: they move only the stamps issued here, and only if
// they are due.
#pragma once

#include <vector>

#include "fsd/core/head.h"

namespace meshfs::fsd {

class NetworkTime {
 public:
  static constexpr std::size_t kMinVotes = 3;   // one liar of three can't move the median past an honest vote
  static constexpr std::size_t kMaxVotes = 64;  // more neighbours than any overlay degree; the rest is ignored
  // Flash wear: 288 records a day of some 50 bytes. Less than kFutureMs, so that what was due stays due after a crash.
  static constexpr Duration kPersistEvery = seconds(5 * 60);
  // A jump ahead is worth persisting at once, but not more often than this.
  static constexpr Duration kPersistJumpEvery = seconds(60);

  // `persisted`: the last value that to_persist() gave before, 0 if none.
  NetworkTime(WallMs persisted, Instant now);

  [[nodiscard]] WallMs at(Instant now) const;

  void own_clock(WallMs confirmed, Instant now);
  void admin_commit(Hlc hlc, Instant now);
  // True if there were enough votes.
  bool neighbour_votes(std::vector<WallMs> votes, Instant now);

  // A verified entry's HLC. Ignored while it is not due: call again when it has become due (settle()).
  void saw(Hlc hlc, Instant now);
  // An HLC this author issued before, from its own log or learned from neighbours. It always counts, and since stamps
  // lead network time by at most kFutureMs it bounds network time from below.
  void saw_own(Hlc hlc, Instant now);
  // A stamp later than all seen and issued, and not earlier than network time. Leads it by at most kFutureMs (plus
  // one millisecond per 65,536 stamps issued inside one).
  Hlc issue(Instant now);
  [[nodiscard]] Hlc latest() const { return latest_; }

  // What to append to the log now, if it is time to; counted as persisted.
  std::optional<WallMs> to_persist(Instant now);
  // When to_persist() gives something at the latest, if nothing jumps.
  [[nodiscard]] Instant next_persist() const { return persisted_at_ + kPersistEvery; }

 private:
  void move_ahead(WallMs to, Instant now);

  WallMs base_;  // network time at anchor_
  Instant anchor_;
  Hlc latest_;           // greatest HLC seen due, or issued
  bool jumped_ = false;  // moved by more than progress since it was persisted
  Instant persisted_at_;
};

}  // namespace meshfs::fsd
