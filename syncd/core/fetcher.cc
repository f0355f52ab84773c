#include "syncd/core/fetcher.h"

#include <algorithm>

#include "syncd/core/message_size.h"

namespace meshfs::syncd {

namespace {
// Up to here a blob counts as small: it overtakes bulk that was listed before.
constexpr std::uint64_t kSmallBytes = 8 * 1024;
constexpr std::uint64_t kBulkOrder = std::uint64_t{1} << 62;

template <class T>
bool contains(const std::vector<T>& list, const T& who) {
  return std::find(list.begin(), list.end(), who) != list.end();
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
  need.order = (small ? 0 : kBulkOrder) + next_order_++;
  need.home = source;
  make_idle(wanted.hash, need, source, now);
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
  peer.asked.erase(was);
  peer.asked_order.erase(need.order);
  peer.asked_bytes -= need.bytes;
  if (cancel) peer.cancel.push_back(hash);
}

// --- neighbours

void Fetcher::on_session(const NodeId& who, Instant now) {
  on_session_end(who, now);
  peers_[who].progress = now;
  // Somebody new: what rests may be there.
  const auto resting = std::exchange(resting_, {});
  for (const auto& [key, hash] : resting) {
    Need& need = needs_.at(hash);
    need.resting_until = kNever;
    need.rest = kFirstRest;
    make_idle(hash, need, who, now);
  }
}

void Fetcher::on_session_end(const NodeId& who, Instant now) {
  const auto it = peers_.find(who);
  if (it == peers_.end()) return;
  const Peer gone = std::move(it->second);
  peers_.erase(it);
  for (const auto& [order, hash] : gone.asked_order) {
    Need& need = needs_.at(hash);
    std::erase(need.asked, who);
    if (need.asked.empty() && !need.handed_over && !need.idle_at && need.resting_until == kNever) {
      make_idle(hash, need, std::nullopt, now);
    }
  }
  for (const auto& [order, hash] : gone.idle) {
    Need& need = needs_.at(hash);
    need.idle_at.reset();
    make_idle(hash, need, std::nullopt, now);
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
    if (const auto peer = peers_.find(from); peer != peers_.end()) note_rate(peer->second, need.bytes, now);
    unask(from, blob.hash, need, false);
    note_handed_over(blob.hash, need, from, now);
    cache_.drop(blob.hash);
    put.push_back(*cache_.put(std::move(blob)));
  }
  hand_over(std::move(put), mail_.name_of(from));
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

// --- asking

void Fetcher::note_rate(Peer& peer, std::size_t bytes, Instant now) {
  peer.progress = now;
  peer.proven_until = now + kProven;
  peer.probe_rest = kFirstProbeRest;
  peer.rate_bytes += bytes;
  const Duration span = now - peer.rate_since;
  if (span < kRateSpan) return;
  const double measured = static_cast<double>(peer.rate_bytes) * 1e9 / static_cast<double>(span.ns);
  peer.rate = peer.rate == 0 ? measured : (peer.rate + measured) / 2;
  peer.rate_since = now;
  peer.rate_bytes = 0;
}

// Likely bytes that may be under way from it.
std::size_t Fetcher::room(const Peer& peer) const {
  const std::size_t shared = budget_ - std::min(budget_, handed_bytes_);  // what fsd has in hand counts for all
  if (peer.rate == 0) return std::min(kLeastAskedBytes, shared);
  const double ahead = peer.rate * static_cast<double>(kAhead.ns) / 1e9;
  return std::min(shared, std::max(kLeastAheadBytes, static_cast<std::size_t>(ahead)));
}

// With room and nothing idle of its own: from the fullest queue, in order, as much as a turn can ask.
void Fetcher::take_over(const NodeId& who, Peer& peer, Instant now) {
  const bool proven = now < peer.proven_until;
  if (!peer.idle.empty() || (!proven && (now < peer.next_probe || peer.taken > 0))) return;
  Peer* fullest = nullptr;
  for (auto& [other, candidate] : peers_) {
    // What it would ask for itself in this turn stays.
    if (other == who || candidate.idle.size() <= kProbes || candidate.asked.empty()) continue;
    if (fullest == nullptr || candidate.idle.size() > fullest->idle.size()) fullest = &candidate;
  }
  if (fullest == nullptr) return;
  std::size_t bytes = peer.asked_bytes, count = 0, looked_at = 0;
  std::vector<std::pair<Order, Hash>> taken;
  for (const auto& [order, hash] : fullest->idle) {
    if (proven ? bytes >= room(peer) : count >= kProbes) break;
    if (count + kProbes >= fullest->idle.size() || ++looked_at > kMostLookedAt) break;
    const Need& need = needs_.at(hash);
    if (contains(need.tried, who) || contains(need.asked, who)) continue;
    bytes += need.bytes;
    ++count;
    taken.emplace_back(order, hash);
  }
  for (const auto& [order, hash] : taken) {
    fullest->idle.erase(order);
    peer.idle.emplace(order, hash);
    needs_.at(hash).idle_at = who;
  }
}

void Fetcher::ask(const NodeId& who, Peer& peer, Instant now) {
  codec::WantBlobs message;
  std::size_t signatures = 0;  // bytes in it
  const auto send = [&] {
    if (!message.wants.empty() || !message.cancel.empty()) mail_.send(who, Priority::control, message);
    message = {};
    signatures = 0;
  };
  const auto say = [&](const Hash& hash, const Need& need) {
    if (message.wants.size() == codec::kMaxWants || signatures + need.signature.size() > kWantBytes) send();
    ++record(who).credit;
    signatures += need.signature.size();
    message.wants.push_back(want_of(who, hash, need));
  };
  for (const Hash& hash : std::exchange(peer.cancel, {})) {
    if (peer.asked.contains(hash)) continue;
    if (message.cancel.size() == codec::kMaxWants) send();
    message.cancel.push_back(hash);
  }
  for (const Hash& hash : std::exchange(peer.again, {})) {
    const auto it = needs_.find(hash);
    if (it == needs_.end() || !peer.asked.contains(hash)) continue;
    say(hash, it->second);
  }
  // Refilled when a quarter is free, so that wants travel in batches.
  // Who brought what was false gets less to do, until it is dropped for good.
  const std::size_t most = std::max<std::size_t>(8, kMaxAsked >> std::min<std::uint64_t>(6, faults_of(who).refused));
  const std::size_t bytes = room(peer);
  const bool refill = peer.asked.size() <= most * 3 / 4 && peer.asked_bytes <= bytes * 3 / 4;
  if (refill && peers_.size() > 1) take_over(who, peer, now);
  while (refill && !peer.idle.empty() && peer.asked.size() < most && peer.asked_bytes < bytes) {
    const auto [order, hash] = *peer.idle.begin();
    peer.idle.erase(peer.idle.begin());
    Need& need = needs_.at(hash);
    need.idle_at.reset();
    if (peer.asked.empty()) peer.progress = peer.rate_since = now, peer.rate_bytes = 0;
    if (!contains(need.asked, who)) need.asked.push_back(who);
    if (!contains(need.tried, who)) need.tried.push_back(who);
    const bool taken = need.home && need.home != who && !contains(need.tried, *need.home);
    peer.asked[hash] = {now, false, taken};
    if (taken) ++peer.taken;
    peer.asked_order[order] = hash;
    peer.asked_bytes += need.bytes;
    say(hash, need);
  }
  send();
}

// A want that brought nothing here. If others wait for places here it gives up its own; else the neighbour keeps it and
// another is asked as well. With nobody else to ask it is said again, in case it can be served by now.
void Fetcher::move_on(const NodeId& who, Peer& peer, const Hash& hash, bool crowded, Instant now) {
  Need& need = needs_.at(hash);
  if (need.handed_over) return;
  if (crowded) {
    unask(who, hash, need, true);
    if (need.asked.empty() && !need.idle_at) make_idle(hash, need, std::nullopt, now);
    return;
  }
  peer.asked.at(hash).at = now;
  if (!need.idle_at && next_target(need, std::nullopt)) {
    make_idle(hash, need, std::nullopt, now);
    return;
  }
  need.tried.clear();
  need.rest = std::min(need.rest * 2, kLongestRest);
  peer.again.push_back(hash);
}

// While a neighbour delivers, what it said to be missing may still be on its way to it, so only very old wants move.
void Fetcher::check_progress(const NodeId& who, Peer& peer, Instant now) {
  if (peer.asked.empty() || now < peer.next_check) return;
  peer.next_check = now + kStall / 4;
  const bool stalled = now - peer.progress >= kStall;
  const bool crowded = !peer.idle.empty();
  std::vector<Hash> move;
  for (const auto& [order, hash] : peer.asked_order) {
    const Duration age = now - peer.asked.at(hash).at;
    if (age >= std::max(kStuck, needs_.at(hash).rest) || (stalled && age >= needs_.at(hash).rest)) move.push_back(hash);
  }
  for (const Hash& hash : move) move_on(who, peer, hash, crowded, now);
  if (!stalled || !crowded) return;
  // What waited behind them would wait in vain here too.
  const auto idle = std::exchange(peer.idle, {});
  for (const auto& [order, hash] : idle) {
    Need& need = needs_.at(hash);
    need.idle_at.reset();
    if (!contains(need.tried, who)) need.tried.push_back(who);
    if (need.asked.empty() || next_target(need, std::nullopt)) make_idle(hash, need, std::nullopt, now);
  }
}

Instant Fetcher::tick(Instant now) {
  while (!handed_.empty()) {
    const auto [at, hash] = handed_.front();
    const auto it = needs_.find(hash);
    const bool stale = it == needs_.end() || !it->second.handed_over || it->second.handed_at != at;
    if (!stale && now - at < kFsdPatience) break;
    handed_.pop_front();
    if (stale) continue;
    take_back(it->second);
    cache_.drop(hash);
    make_idle(hash, it->second, std::nullopt, now);
  }
  if (peers_.empty()) return kNever;  // on_session wakes what rests
  while (!resting_.empty() && now >= resting_.begin()->first.first) {
    const Hash hash = resting_.begin()->second;
    resting_.erase(resting_.begin());
    Need& need = needs_.at(hash);
    need.resting_until = kNever;
    make_idle(hash, need, std::nullopt, now);
  }
  Instant wake = resting_.empty() ? kNever : resting_.begin()->first.first;
  if (!handed_.empty()) wake = std::min(wake, handed_.front().first + kFsdPatience);
  for (auto& [who, peer] : peers_) check_progress(who, peer, now);
  for (auto& [who, peer] : peers_) {
    ask(who, peer, now);
    if (!peer.asked.empty()) wake = std::min(wake, std::max(peer.next_check, now + milliseconds(1)));
  }
  return wake;
}

std::size_t Fetcher::asked_of(const NodeId& who) const {
  const auto it = peers_.find(who);
  return it == peers_.end() ? 0 : it->second.asked.size();
}

std::optional<NodeId> Fetcher::bringer(const Hash& hash) const {
  const auto it = needs_.find(hash);
  return it == needs_.end() ? std::nullopt : it->second.from;
}

}  // namespace meshfs::syncd
