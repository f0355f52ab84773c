// Fetcher, second half: whom to ask for what now, and when to ask somebody else.
#include <algorithm>

#include "syncd/core/fetcher.h"
#include "syncd/core/message_size.h"

namespace meshfs::syncd {

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
  const auto asked = [&] { return peer.asked.size() - std::min(peer.standing, kStanding); };
  const bool refill = asked() <= most * 3 / 4 && peer.asked_bytes <= bytes * 3 / 4;
  if (refill && peers_.size() > 1) take_over(who, peer, now);
  while (refill && !peer.idle.empty() && asked() < most && peer.asked_bytes < bytes) {
    const auto [order, hash] = *peer.idle.begin();
    peer.idle.erase(peer.idle.begin());
    Need& need = needs_.at(hash);
    need.idle_at.reset();
    if (peer.asked.size() == peer.standing) peer.progress = peer.rate_since = now, peer.rate_bytes = 0;
    if (!contains(need.asked, who)) need.asked.push_back(who);
    if (!contains(need.tried, who)) need.tried.push_back(who);
    const bool taken = need.home && need.home != who && !contains(need.tried, *need.home);
    peer.asked[hash] = {now, false, taken, false};
    if (taken) ++peer.taken;
    peer.asked_order[order] = hash;
    peer.asked_bytes += need.bytes;
    say(hash, need);
  }
  send();
}

// Others wait for its place: it may be asked of somebody else, or rests.
void Fetcher::give_up_on(const NodeId& who, const Hash& hash, Instant now) {
  Need& need = needs_.at(hash);
  if (need.handed_over) return;
  unask(who, hash, need, true);
  if (need.asked.empty() && !need.idle_at) make_idle(hash, need, std::nullopt, now);
}

// The neighbour keeps the want and another is asked as well. With nobody else to ask it is said again, in case the
// neighbour lost it or can serve it by now.
void Fetcher::let_stand(Peer& peer, const Hash& hash, Instant now) {
  Need& need = needs_.at(hash);
  if (need.handed_over) return;
  Asked& asked = peer.asked.at(hash);
  asked.at = now;
  if (!std::exchange(asked.standing, true)) {
    ++peer.standing;
    peer.asked_bytes -= need.bytes;
  }
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
  // Others may want of it at the same time.
  const Duration slow = mail_.time_of(who, peer.asked_bytes * 2);
  const bool stalled = now - peer.progress >= kStall + slow;
  const bool crowded = !peer.idle.empty();
  std::vector<Hash> in_vain;
  std::size_t standing = peer.standing;
  for (const auto& [order, hash] : peer.asked_order) {
    const Asked& asked = peer.asked.at(hash);
    const Duration age = now - asked.at, rest = needs_.at(hash).rest;
    if (age < std::max(kStuck, rest) + slow && !(stalled && age >= rest)) continue;
    in_vain.push_back(hash);
    if (asked.standing) --standing;
  }
  // If others wait for places here all but a few move, and those that stay are of all sorts.
  const std::size_t stay = crowded ? kStanding - std::min(kStanding, standing) : in_vain.size();
  const std::size_t every = stay == 0 ? 0 : (in_vain.size() + stay - 1) / stay;
  for (std::size_t i = 0; i < in_vain.size(); ++i) {
    if (every > 0 && i % every == 0)
      let_stand(peer, in_vain[i], now);
    else
      give_up_on(who, in_vain[i], now);
  }
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
