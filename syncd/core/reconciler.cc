#include "syncd/core/reconciler.h"

#include <algorithm>

#include "syncd/core/message_size.h"

namespace meshfs::syncd {

// --- our sets

bool Reconciler::on_items(const codec::local::Items& items, Instant now) {
  std::array<bool, kSets> changed{};
  for (const codec::local::ItemAdded& added : items.added) {
    const codec::ItemId id = item_id(salt_, added.hash);
    Ours& set = ours(added.set);
    arrived(set, id, now);
    if (!set.items.add(id, added.item)) continue;
    set.sketch.toggle(id);
    changed[index(added.set)] = true;
  }
  for (const codec::local::Items::Removed& removed : items.removed) {
    const codec::ItemId id = item_id(salt_, removed.hash);
    if (!ours(removed.set).items.remove(id)) continue;
    ours(removed.set).sketch.toggle(id);
    changed[index(removed.set)] = true;
  }
  for (const SetId set : kAllSets) {
    if (!changed[index(set)]) continue;
    ++ours(set).changes;
    ours(set).changed_at = now;
    // Perhaps we are now where a neighbour is.
    const ItemSet::Sum total = ours(set).items.total();
    for (auto& [who, peer] : peers_) {
      const Comparison& comparison = peer.sets[index(set)];
      if (comparison.state == Comparison::State::differs && comparison.known == total)
        set_state(who, peer, set, true, now);
    }
  }
  return std::find(changed.begin(), changed.end(), true) != changed.end();
}

void Reconciler::arrived(Ours& set, codec::ItemId id, Instant now) {
  const auto asked = set.asked.find(id);
  if (asked == set.asked.end()) return;
  if (const auto peer = peers_.find(asked->second.who); peer != peers_.end()) {
    if (peer->second.outstanding > 0) --peer->second.outstanding;
    peer->second.progress_at = now;
  }
  set.asked.erase(asked);
}

std::vector<codec::SetSummary> Reconciler::summaries() const {
  std::vector<codec::SetSummary> out;
  for (const SetId set : kAllSets) {
    const ItemSet::Sum total = ours(set).items.total();
    out.push_back({set, total.count, total.fingerprint, {}});
  }
  return out;
}

void Reconciler::fill(codec::Beacon& beacon, Instant now) const {
  beacon.sets = summaries();
  beacon.all = codec::fingerprint_of(beacon.sets);
  std::erase_if(beacon.sets, [&](const codec::SetSummary& summary) {
    const Ours& set = ours(summary.set);
    const Instant last = std::max(set.changed_at, set.differed_at);
    return set.changes == 0 || now - last > kTold;
  });
  const auto told = static_cast<std::uint32_t>(beacon.sets.size());
  for (codec::SetSummary& summary : beacon.sets) {
    const auto room = static_cast<std::uint32_t>(codec::kMaxBeaconCells) / told;
    summary.cells = ours(summary.set).sketch.cells(0, std::min(kBeaconCells, room));
  }
}

std::vector<codec::SketchCell> Reconciler::cells(SetId set, codec::ItemId lower, codec::ItemId upper,
                                                 std::uint32_t number) const {
  if (lower != 0 || upper != 0) return cells_of(set, {lower, upper}, 0, number);
  std::vector<codec::SketchCell> row = ours(set).sketch.cells(0, number);
  row.resize(number);  // an empty set has none yet
  return row;
}

std::uint64_t Reconciler::changes() const {
  std::uint64_t out = 0;
  for (const Ours& set : sets_) out += set.changes;
  return out;
}

Instant Reconciler::changed_at() const {
  Instant out{-seconds(3600).ns};
  for (const Ours& set : sets_) {
    if (set.changes > 0) out = std::max(out, set.changed_at);
  }
  return out;
}

bool Reconciler::agrees(const codec::Beacon& beacon) const {
  if (!beacon.all.is_zero()) return beacon.all == codec::fingerprint_of(summaries());
  return std::all_of(beacon.sets.begin(), beacon.sets.end(), [&](const codec::SetSummary& theirs) {
    return ours(theirs.set).items.total() == ItemSet::Sum{theirs.count, theirs.fingerprint};
  });
}

bool Reconciler::in_sync(const NodeId& who, SetId set) const {
  const auto it = peers_.find(who);
  return it != peers_.end() && it->second.sets[index(set)].state == Comparison::State::equal;
}

// --- when to compare

// What was asked of it went with the session, or with the one before: whoever answers it has forgotten it, too.
void Reconciler::on_session_end(const NodeId& who) {
  peers_.erase(who);
  for (Ours& set : sets_) std::erase_if(set.asked, [&](const auto& asked) { return asked.second.who == who; });
}

void Reconciler::on_session(const NodeId& who, Instant now) {
  on_session_end(who);
  Peer& peer = peers_.emplace(who, now).first->second;
  for (Comparison& comparison : peer.sets) {
    comparison.since = now;
    // One side is enough; the other comes in if nothing happens.
    comparison.check_at = self_ < who ? now : now + kFirstPause;
  }
}

void Reconciler::set_state(const NodeId& who, Peer& peer, SetId set, bool equal, Instant now) {
  Comparison& comparison = peer.sets[index(set)];
  const auto state = equal ? Comparison::State::equal : Comparison::State::differs;
  if (!equal) ours(set).differed_at = now;
  if (equal) comparison.theirs = {};
  if (equal) comparison.sweep.reset();
  if (comparison.state == state) return;
  const bool first_difference = comparison.state == Comparison::State::equal && !equal;
  comparison.state = state;
  comparison.since = now;
  if (equal) comparison.pause = kFirstPause;
  if (equal) comparison.by_ranges = false;
  if (!first_difference) return;
  comparison.check_at = now + (self_ < who ? kQuiet : kQuiet * 3);
  if (peers_.size() > kFewNeighbours) comparison.check_at = comparison.check_at + kTurn * self_.data.back();
}

void Reconciler::told(const NodeId& who, Peer& peer, SetId set, const ItemSet::Sum& theirs, Instant now) {
  peer.sets[index(set)].known = theirs;
  set_state(who, peer, set, ours(set).items.total() == theirs, now);
}

void Reconciler::on_beacon(const NodeId& who, const codec::Beacon& beacon, Instant now) {
  const auto it = peers_.find(who);
  if (it == peers_.end() || beacon.salt_epoch != 0) return;
  Peer& peer = it->second;
  const bool all_equal = !beacon.all.is_zero() && agrees(beacon);
  bool listed_differs = false;
  for (const SetId set : kAllSets) {
    const auto listed =
        std::find_if(beacon.sets.begin(), beacon.sets.end(), [&](const auto& s) { return s.set == set; });
    if (all_equal) {
      told(who, peer, set, ours(set).items.total(), now);
    } else if (listed != beacon.sets.end()) {
      const ItemSet::Sum theirs{listed->count, listed->fingerprint};
      told(who, peer, set, theirs, now);
      TheirCells& cells = peer.sets[index(set)].theirs;
      if (theirs == ours(set).items.total()) continue;
      listed_differs = true;
      if (cells.of == theirs && now - cells.at < kFreshCells && cells.cells.size() > listed->cells.size()) continue;
      cells = {theirs, listed->cells, now, true};
    }
  }
  if (all_equal || listed_differs || beacon.all.is_zero()) return;
  // It is in a set of which it does not tell. A question for each finds it.
  for (const SetId set : kAllSets) {
    const bool listed =
        std::any_of(beacon.sets.begin(), beacon.sets.end(), [&](const auto& s) { return s.set == set; });
    if (!listed) set_state(who, peer, set, false, now);
  }
}

void Reconciler::start_round(const NodeId& who, Peer& peer, SetId set, Instant now) {
  Comparison& comparison = peer.sets[index(set)];
  // Rounds that bring nothing (a neighbour that refuses what we have) become rare.
  if (comparison.changes != ours(set).changes) comparison.pause = kFirstPause;
  comparison.changes = ours(set).changes;
  comparison.check_at = now + comparison.pause;
  comparison.pause = std::min(comparison.pause * 2, kLongestPause);
  ++rounds_;
  if (comparison.by_ranges || (mail_.features(who) & codec::kFeatureCells) == 0) return ask_ranges(who, set);
  if (!comparison.theirs.cells.empty() && now - comparison.theirs.at < kFreshCells)
    return use_cells(who, peer, set, now);
  comparison.theirs = {};
  ask_cells(who, set, 0, kFirstCells);
}

// A comparison would find what is under way between us, and have it sent twice.
bool Reconciler::on_its_way(const NodeId& who, const Peer& peer, SetId set, Instant now) const {
  if (!peer.push.empty() || peer.requests > 0 || mail_.queued(who, Priority::control) > 0) return true;
  if (peer.outstanding > 0 && now - peer.progress_at < kAskAgain) return true;
  const Comparison& comparison = peer.sets[index(set)];
  return now - peer.brought_at < kBringing && now - comparison.since < kLongBringing;
}

void Reconciler::on_brought(const NodeId& who, Instant now) {
  if (const auto it = peers_.find(who); it != peers_.end()) it->second.brought_at = now;
}

Instant Reconciler::tick(Instant now, bool news_under_way) {
  Instant wake = kNever;
  for (auto& [who, peer] : peers_) {
    for (const SetId set : kAllSets) {
      Comparison& comparison = peer.sets[index(set)];
      if (comparison.state == Comparison::State::equal) continue;
      if (comparison.sweep) wake = std::min(wake, advance(who, peer, set, now));
      if (comparison.sweep) continue;
      Instant at = comparison.check_at;
      if (comparison.state == Comparison::State::differs) {
        const Instant quiet = ours(set).changed_at + kQuiet;
        const Instant calm = news_under_way ? std::max(quiet, now + kQuiet) : quiet;
        at = std::max(at, std::min(calm, comparison.since + kBusyLimit));
      }
      if (now >= at) {
        if (comparison.state == Comparison::State::differs && on_its_way(who, peer, set, now))
          comparison.check_at = now + kQuiet;
        else
          start_round(who, peer, set, now);
        at = comparison.check_at;
      }
      wake = std::min(wake, at);
    }
    if (!peer.push.empty() || peer.requests > 0 || mail_.queued(who, Priority::control) > 0) peer.busy_at = now;
    pump(who, peer, now);
    if (!peer.push.empty() && !gathered(peer, now)) {
      wake = std::min(wake, (searching(peer, now) ? now : peer.queued_at) + kGather);
    }
    if (now - peer.busy_at >= kAskAgain)
      peer.pushed.clear();  // what did not arrive by now is sent again when asked for
  }
  return wake;
}

// --- what we lack

void Reconciler::want(const NodeId& from, SetId set, const std::vector<codec::ItemId>& ids, Instant now) {
  auto& asked = ours(set).asked;
  Peer& peer = peers_.at(from);
  codec::WantItems message{set, 0, {}};
  const auto send = [&] {
    if (!message.ids.empty()) mail_.send(from, Priority::control, message);
    message.ids.clear();
  };
  for (const codec::ItemId id : ids) {
    if (const auto it = asked.find(id); it != asked.end()) {
      const auto other = peers_.find(it->second.who);
      const Instant last = other == peers_.end() ? it->second.at : std::max(it->second.at, other->second.progress_at);
      if (now - last < kAskAgain) continue;  // somebody is about to send it
      if (other != peers_.end() && other->second.outstanding > 0) --other->second.outstanding;
    } else if (asked.size() >= kMaxAsked) {
      asked.clear();  // forgetting costs duplicates only
    }
    asked[id] = {from, now};
    if (++peer.outstanding == 1) peer.progress_at = now;
    message.ids.push_back(static_cast<std::uint32_t>(id >> 32));
    if (message.ids.size() == codec::kMaxWants) send();
  }
  send();
}

// --- sending what they lack

void Reconciler::queue_push(Peer& peer, const std::vector<ItemSet::Item>& items, Instant now) {
  if (peer.push.empty()) peer.first_queued_at = now;
  if (!items.empty()) peer.queued_at = now;
  for (const ItemSet::Item& item : items) {
    if (peer.push.size() >= kMaxPushQueue) return;
    if (peer.pushed.size() >= kMaxPushQueue) peer.pushed.clear();
    if (peer.pushed.insert(item.number).second) peer.push.push_back(item.number);
  }
}

void Reconciler::on_want_items(const NodeId& from, const codec::WantItems& message, Instant now) {
  const auto it = peers_.find(from);
  if (it == peers_.end() || message.salt_epoch != 0) return;
  for (const std::uint32_t half : message.ids) {
    const codec::ItemId lower = codec::ItemId{half} << 32;
    queue_push(it->second, ours(message.set).items.range(lower, lower + (codec::ItemId{1} << 32), kMostOfHalf), now);
  }
}

bool Reconciler::has_room(const NodeId& who, const Peer& peer) const {
  return !peer.push.empty() && peer.requests < kMaxRequests && mail_.queued(who, Priority::control) < 2 * kBatchBytes;
}

bool Reconciler::searching(const Peer& peer, Instant now) {
  return (peer.slice_asked_at && now - *peer.slice_asked_at < kSearching) ||
         std::any_of(peer.sets.begin(), peer.sets.end(), [](const Comparison& c) { return c.sweep.has_value(); });
}

bool Reconciler::gathered(const Peer& peer, Instant now) {
  const bool wait = peer.push.size() < kMostFound && now - peer.first_queued_at < kLongestSearch;
  if (wait && searching(peer, now)) return false;
  return now - peer.queued_at >= kGather || now - peer.first_queued_at >= kLongestGather;
}

bool Reconciler::hungry(Instant now) const {
  return std::any_of(peers_.begin(), peers_.end(),
                     [&](const auto& p) { return has_room(p.first, p.second) && gathered(p.second, now); });
}

void Reconciler::pump(const NodeId& who, Peer& peer, Instant now) {
  if (!has_room(who, peer) || !gathered(peer, now)) return;
  std::sort(peer.push.begin(), peer.push.end());
  while (has_room(who, peer)) {
    codec::local::GetItems get{next_request_++, {}, dictionaries_.of(who)};
    while (!peer.push.empty() && get.items.size() < kItemsPerRequest) {
      get.items.push_back(peer.push.front());
      peer.push.pop_front();
    }
    requests_.add(get.request, who);
    ++peer.requests;
    store_.send(std::move(get));
  }
}

void Reconciler::on_items_found(codec::local::ItemsFound& found) {
  const auto request = requests_.on_answer(found.request);
  if (!request) return;
  const NodeId who = request->who;
  const auto peer = peers_.find(who);
  if (peer == peers_.end()) return;
  if (request->first && peer->second.requests > 0) --peer->second.requests;
  peer->second.push.insert(peer->second.push.end(), found.left.begin(), found.left.end());
  codec::Push push;
  std::size_t bytes = 0;
  const auto send = [&] {
    push.repair = true;
    if (!push.bundles.empty()) mail_.send(who, Priority::control, push);
    push = {};
    bytes = 0;
  };
  for (codec::Bundle& bundle : found.bundles) {
    if (bytes + size_in_message(bundle) > kBatchBytes || push.bundles.size() == codec::kMaxWants) send();
    bytes += size_in_message(bundle);
    push.bundles.push_back(std::move(bundle));
  }
  send();
}

}  // namespace meshfs::syncd
