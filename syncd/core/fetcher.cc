#include "syncd/core/fetcher.h"

#include <algorithm>

#include "syncd/core/message_size.h"

namespace meshfs::syncd {

namespace {
// Up to here a blob counts as small: it overtakes bulk that was listed before.
constexpr std::uint64_t kSmallBytes = 8 * 1024;
// The upper bits of an order: 0 small, then bulk by falling number of waiters.
constexpr unsigned kMostWaiters = 15, kClassShift = 58;
constexpr std::uint64_t bulk_order(unsigned waiters) {
  return std::uint64_t{1 + kMostWaiters - std::min(waiters, kMostWaiters)} << kClassShift;
}
}  // namespace

// --- what fsd says

void Fetcher::on_needs(const codec::local::NeedBlobs& needs, const std::optional<NodeId>& source, Instant now) {
  for (const Hash& hash : needs.no_longer) finish(hash);
  std::vector<codec::Blob> here;  // came along with a push already
  std::size_t bytes = 0;
  for (const codec::local::NeedBlobs::Need& need : needs.needs) {
    if (needs_.contains(need.hash) || needs_.size() >= kMaxNeeds) continue;
    add(need, source, now);
    const SharedBlob blob = cache_.any(need.hash);
    if (blob == nullptr || blob->kind != need.kind) continue;
    Need& added = needs_.at(need.hash);
    note_handed_over(need.hash, added, source, now);
    if (bytes > 0 && bytes + blob->data.size() > kPutBytes) hand_over(std::exchange(here, {}), "a push"), bytes = 0;
    bytes += blob->data.size();
    here.push_back(*blob);
  }
  hand_over(std::move(here), "a push");
}

void Fetcher::add(const codec::local::NeedBlobs::Need& wanted, const std::optional<NodeId>& source, Instant now) {
  Need& need = needs_[wanted.hash];
  need.kind = wanted.kind;
  const bool small = wanted.kind == codec::BlobKind::list || (wanted.size_hint > 0 && wanted.size_hint <= kSmallBytes);
  need.bytes = wanted.size_hint == 0 ? kGuessBytes : std::min<std::size_t>(wanted.size_hint, codec::kMaxChunkBytes);
  need.bases = wanted.bases;
  need.offset = wanted.offset;
  need.signature = wanted.signature;
  need.order = (small ? 0 : bulk_order(0)) | next_order_++;
  need.home = source;
  if (source && !peers_.contains(*source)) need.rest = kFirstRestNear;
  make_idle(wanted.hash, need, source, now);
}

void Fetcher::on_waiter(const Hash& hash) {
  const auto it = needs_.find(hash);
  if (it == needs_.end()) return;
  Need& need = it->second;
  ++need.waiters;
  if (need.order >> kClassShift == 0 || !need.idle_at || !need.asked.empty()) return;
  std::map<Order, Hash>& idle = peers_.at(*need.idle_at).idle;
  idle.erase(need.order);
  need.order = bulk_order(need.waiters) | (need.order & ((Order{1} << kClassShift) - 1));
  idle.emplace(need.order, hash);
}

void Fetcher::note_handed_over(const Hash& hash, Need& need, const std::optional<NodeId>& from, Instant now) {
  leave_idle(need);
  if (need.resting_until != kNever) resting_.erase({need.resting_until, need.order});
  need.resting_until = kNever;
  need.handed_over = true;
  need.handed_at = now;
  need.from = from;
  handed_.emplace_back(now, hash);
  handed_bytes_ += need.bytes;
  cache_.pin(hash);
}

void Fetcher::take_back(Need& need) {
  if (std::exchange(need.handed_over, false)) handed_bytes_ -= need.bytes;
}

void Fetcher::hand_over(std::vector<codec::Blob> blobs, const std::string& from) {
  if (blobs.empty()) return;
  store_.send(codec::local::PutBlobs{std::move(blobs), from});
}

std::optional<NodeId> Fetcher::on_stored(const codec::local::BlobsStored& outcome, Instant now) {
  std::optional<NodeId> bringer;
  for (const Hash& hash : outcome.stored) {
    cache_.set_verified(hash);
    const auto it = needs_.find(hash);
    if (it == needs_.end()) continue;
    if (it->second.from) bringer = it->second.from;
    take_back(it->second);
    finish(hash);
  }
  if (handed_bytes_ > kBacklogBytes) {
    budget_ = std::max(kLeastAskedBytes, budget_ - budget_ / 8);
  } else {
    budget_ = std::min(kAskedBytes, budget_ + kGuessBytes * 4);
  }
  for (const Hash& hash : outcome.refused) {
    cache_.drop(hash);
    const auto it = needs_.find(hash);
    if (it == needs_.end() || !it->second.handed_over) continue;
    Need& need = it->second;
    take_back(need);
    forget_bases(need);  // whatever was wrong with a delta can't be wrong again
    if (need.from) {
      ++record(*need.from).faults.refused;
      mail_.blame(*need.from, "content that does not match its hash");
      if (!contains(need.tried, *need.from)) need.tried.push_back(*need.from);
    }
    make_idle(hash, need, std::nullopt, now);
  }
  for (const Hash& hash : outcome.unusable) {
    cache_.drop(hash);
    const auto it = needs_.find(hash);
    if (it == needs_.end() || !it->second.handed_over) continue;
    take_back(it->second);
    forget_bases(it->second);
    if (it->second.from) ++record(*it->second.from).faults.unusable;
    std::erase(it->second.tried, it->second.from.value_or(NodeId{}));
    make_idle(hash, it->second, it->second.from, now);
  }
  return bringer;
}

void Fetcher::finish(const Hash& hash) {
  const auto it = needs_.find(hash);
  if (it == needs_.end()) return;
  Need& need = it->second;
  leave_idle(need);
  if (need.handed_over) cache_.drop(hash);  // nobody needs it any more and nobody has verified it
  take_back(need);
  while (!need.asked.empty()) unask(need.asked.back(), hash, need, true);
  if (need.resting_until != kNever) resting_.erase({need.resting_until, need.order});
  needs_.erase(it);
}

// --- where a need waits

// `first` if it can be asked, else the next neighbour in order that was not tried in this round.
std::optional<NodeId> Fetcher::next_target(const Need& need, const std::optional<NodeId>& first) const {
  const auto possible = [&](const NodeId& who) {
    return peers_.contains(who) && !contains(need.tried, who) && !contains(need.asked, who);
  };
  if (first && possible(*first)) return first;
  const std::vector<NodeId>& all = mail_.neighbours();
  // Begin behind the one tried last, so that needs spread when many neighbours are there.
  const auto begin = need.tried.empty() ? all.begin() : std::upper_bound(all.begin(), all.end(), need.tried.back());
  const auto start = static_cast<std::size_t>(begin - all.begin());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const NodeId& who = all[(start + i) % all.size()];
    if (possible(who)) return who;
  }
  return std::nullopt;
}

// Puts a need into the queue of the next neighbour to ask; if all were tried, it rests.
void Fetcher::make_idle(const Hash& hash, Need& need, const std::optional<NodeId>& first, Instant now) {
  leave_idle(need);
  if (const std::optional<NodeId> target = next_target(need, first ? first : need.home)) {
    need.idle_at = target;
    peers_.at(*target).idle.emplace(need.order, hash);
    return;
  }
  need.tried.clear();
  need.resting_until = now + need.rest;
  need.rest = std::min(need.rest * 2, kLongestRest);
  resting_[{need.resting_until, need.order}] = hash;
}

void Fetcher::leave_idle(Need& need) {
  if (!need.idle_at) return;
  if (const auto it = peers_.find(*need.idle_at); it != peers_.end()) it->second.idle.erase(need.order);
  need.idle_at.reset();
}

void Fetcher::unask(const NodeId& who, const Hash& hash, Need& need, bool cancel) {
  std::erase(need.asked, who);
  const auto it = peers_.find(who);
  if (it == peers_.end()) return;
  const auto was = it->second.asked.find(hash);
  if (was == it->second.asked.end()) return;
  Peer& peer = it->second;
  if (was->second.taken) --peer.taken;
  if (was->second.standing) --peer.standing;
  if (!was->second.standing) peer.asked_bytes -= need.bytes;
  peer.asked.erase(was);
  peer.asked_order.erase(need.order);
  if (cancel) peer.cancel.push_back(hash);
}

// --- neighbours

void Fetcher::on_session(const NodeId& who, Instant now) {
  const Peer before = std::exchange(peers_[who], Peer{});
  peers_[who].progress = now;
  requeue(who, before, who, now);
  wake_resting(who, now);  // somebody new: what rests may be there
  ask_for_standing(who, now);
}

// And what others were asked for in vain, and may wait for themselves.
void Fetcher::ask_for_standing(const NodeId& who, Instant now) {
  for (const auto& [other, peer] : peers_) {
    for (const auto& [order, hash] : peer.asked_order) {
      Need& need = needs_.at(hash);
      if (other == who || !peer.asked.at(hash).standing || need.handed_over || need.idle_at) continue;
      if (next_target(need, who) == who) make_idle(hash, need, who, now);
    }
  }
}

void Fetcher::wake_resting(const NodeId& first, Instant now) {
  const auto resting = std::exchange(resting_, {});
  for (const auto& [key, hash] : resting) {
    Need& need = needs_.at(hash);
    need.resting_until = kNever;
    need.rest = kFirstRest;
    make_idle(hash, need, first, now);
  }
}

void Fetcher::on_session_end(const NodeId& who, Instant now) {
  const auto it = peers_.find(who);
  if (it == peers_.end()) return;
  const Peer gone = std::move(it->second);
  peers_.erase(it);
  requeue(who, gone, std::nullopt, now);
}

// What was asked in a session that is over or replaced. That session failed, not the neighbour: it may be asked again.
void Fetcher::requeue(const NodeId& who, const Peer& before, const std::optional<NodeId>& first, Instant now) {
  for (const auto& [order, hash] : before.asked_order) {
    Need& need = needs_.at(hash);
    std::erase(need.asked, who);
    std::erase(need.tried, who);
    if (need.asked.empty() && !need.handed_over && !need.idle_at && need.resting_until == kNever) {
      make_idle(hash, need, first, now);
    }
  }
  for (const auto& [order, hash] : before.idle) {
    Need& need = needs_.at(hash);
    need.idle_at.reset();
    make_idle(hash, need, first, now);
  }
}

void Fetcher::on_missing(const NodeId& from, const codec::Missing& missing, Instant now) {
  const auto at = peers_.find(from);
  if (at == peers_.end()) return;
  Peer& peer = at->second;
  bool in_vain = false;
  for (const Hash& hash : missing.hashes) {
    const auto it = peer.asked.find(hash);
    if (it == peer.asked.end()) continue;
    it->second.missing = true;
    if (!it->second.taken) continue;
    in_vain = true;
    Need& need = needs_.at(hash);
    unask(from, hash, need, true);
    if (need.asked.empty() && !need.handed_over && !need.idle_at) make_idle(hash, need, std::nullopt, now);
  }
  if (!in_vain) return;
  peer.proven_until = now;
  peer.next_probe = now + peer.probe_rest;
  peer.probe_rest = std::min(peer.probe_rest * 2, kLongestProbeRest);
}

void Fetcher::on_blobs(const NodeId& from, std::vector<codec::Blob> blobs, Instant now) {
  std::vector<codec::Blob> put;
  bool came_late = false;
  Record& known = record(from);
  for (codec::Blob& blob : blobs) {
    if (known.credit == 0) {
      ++known.faults.unrequested;
      mail_.blame(from, "blobs that nobody asked it for");
      continue;
    }
    --known.credit;
    const auto it = needs_.find(blob.hash);
    if (it == needs_.end() || it->second.handed_over) {  // not needed, or another was faster
      unneeded_bytes_ += blob.data.size();
      continue;
    }
    Need& need = it->second;
    if (!may_bring(from, need, blob)) {
      unask(from, blob.hash, need, false);
      if (need.asked.empty() && !need.idle_at && need.resting_until == kNever) make_idle(blob.hash, need, from, now);
      continue;
    }
    if (const auto peer = peers_.find(from); peer != peers_.end()) {
      const auto asked = peer->second.asked.find(blob.hash);
      came_late = came_late || (asked != peer->second.asked.end() && asked->second.standing);
      note_rate(peer->second, need.bytes, now);
    }
    unask(from, blob.hash, need, false);
    note_handed_over(blob.hash, need, from, now);
    cache_.drop(blob.hash);
    put.push_back(*cache_.put(std::move(blob)));
  }
  hand_over(std::move(put), mail_.name_of(from));
  if (came_late) wake_resting(from, now);
}

void Fetcher::on_came_along(const NodeId& from, const std::vector<Hash>& hashes, Instant now) {
  std::vector<codec::Blob> put;
  for (const Hash& hash : hashes) {
    const auto it = needs_.find(hash);
    const SharedBlob blob = cache_.any(hash);
    if (it == needs_.end() || it->second.handed_over || blob == nullptr || blob->kind != it->second.kind) continue;
    Need& need = it->second;
    unask(from, hash, need, false);
    note_handed_over(hash, need, from, now);
    put.push_back(*blob);
  }
  hand_over(std::move(put), mail_.name_of(from));
}

std::vector<Hash> Fetcher::unserved(std::size_t most) const {
  std::vector<std::pair<Order, Hash>> found;
  for (const auto& [key, hash] : resting_) found.emplace_back(key.second, hash);
  for (const auto& [who, peer] : peers_) {
    for (const auto& [order, hash] : peer.asked_order) {
      if (peer.asked.at(hash).standing && !needs_.at(hash).idle_at) found.emplace_back(order, hash);
    }
  }
  const auto middle = found.begin() + static_cast<std::ptrdiff_t>(std::min(most, found.size()));
  std::partial_sort(found.begin(), middle, found.end());
  std::vector<Hash> out;
  for (auto it = found.begin(); it != middle; ++it) {
    if (out.empty() || out.back() != it->second) out.push_back(it->second);
  }
  return out;
}

}  // namespace meshfs::syncd
