#include "fsd/core/network_time.h"

#include <algorithm>

namespace meshfs::fsd {

NetworkTime::NetworkTime(WallMs persisted, Instant now) : base_(persisted), anchor_(now), persisted_at_(now) {}

WallMs NetworkTime::at(Instant now) const { return now <= anchor_ ? base_ : WallMs{base_.ms + to_ms(now - anchor_)}; }

void NetworkTime::move_ahead(WallMs to, Instant now) {
  if (to <= at(now)) return;
  // A clock that only corrects drift is progress: a jump is what a crash would lose noticeably.
  if (to.ms - at(now).ms > to_ms(kPersistJumpEvery)) jumped_ = true;
  base_ = to;
  anchor_ = std::max(anchor_, now);
}

void NetworkTime::own_clock(WallMs confirmed, Instant now) { move_ahead(confirmed, now); }
void NetworkTime::admin_commit(Hlc hlc, Instant now) { move_ahead(hlc.wall(), now); }

bool NetworkTime::neighbour_votes(std::vector<WallMs> votes, Instant now) {
  if (votes.size() > kMaxVotes) votes.resize(kMaxVotes);
  if (votes.size() < kMinVotes) return false;
  std::sort(votes.begin(), votes.end());
  move_ahead(votes[(votes.size() - 1) / 2], now);  // of two middle ones the earlier: time can't be taken back
  return true;
}

void NetworkTime::saw(Hlc hlc, Instant now) {
  if (is_due(hlc, at(now))) latest_ = std::max(latest_, hlc);
}

void NetworkTime::saw_own(Hlc hlc, Instant now) {
  latest_ = std::max(latest_, hlc);
  move_ahead({hlc.wall().ms - kFutureMs}, now);
}

Hlc NetworkTime::issue(Instant now) {
  latest_ = latest_.next(at(now));
  return latest_;
}

std::optional<WallMs> NetworkTime::to_persist(Instant now) {
  const Duration since = now - persisted_at_;
  if (since < (jumped_ ? kPersistJumpEvery : kPersistEvery)) return std::nullopt;
  jumped_ = false;
  persisted_at_ = now;
  return at(now);
}

}  // namespace meshfs::fsd
