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
    set.asked.erase(id);
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

void Reconciler::on_session(const NodeId& who, Instant now) {
  Peer& peer = peers_.insert_or_assign(who, Peer(now)).first->second;
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
  if (comparison.state == state) return;
  const bool first_difference = comparison.state == Comparison::State::equal && !equal;
  comparison.state = state;
  comparison.since = now;
  if (equal) comparison.pause = kFirstPause;
  if (equal) comparison.by_ranges = false;
  if (first_difference) comparison.check_at = now + (self_ < who ? kQuiet : kQuiet * 3);
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

Instant Reconciler::tick(Instant now, bool news_under_way) {
  Instant wake = kNever;
  for (auto& [who, peer] : peers_) {
    for (const SetId set : kAllSets) {
      Comparison& comparison = peer.sets[index(set)];
      if (comparison.state == Comparison::State::equal) continue;
      Instant at = comparison.check_at;
      if (comparison.state == Comparison::State::differs) {
        const Instant quiet = ours(set).changed_at + kQuiet;
        const Instant calm = news_under_way ? std::max(quiet, now + kQuiet) : quiet;
        at = std::max(at, std::min(calm, comparison.since + kBusyLimit));
      }
      if (now >= at) {
        start_round(who, peer, set, now);
        at = comparison.check_at;
      }
      wake = std::min(wake, at);
    }
    pump(who, peer);
  }
  return wake;
}

// --- what we lack

void Reconciler::want(const NodeId& from, SetId set, const std::vector<codec::ItemId>& ids, Instant now) {
  auto& asked = ours(set).asked;
  codec::WantItems message{set, 0, {}};
  for (const codec::ItemId id : ids) {
    const auto it = asked.find(id);
    if (it != asked.end() && now - it->second < kAskAgain) continue;    // somebody is about to send it
    if (it == asked.end() && asked.size() >= kMaxAsked) asked.clear();  // forgetting costs duplicates only
    asked[id] = now;
    message.ids.push_back(id);
    if (message.ids.size() < codec::kMaxWants) continue;
    mail_.send(from, Priority::control, message);
    message.ids.clear();
  }
  if (!message.ids.empty()) mail_.send(from, Priority::control, message);
}

// --- sending what they lack

void Reconciler::queue_push(Peer& peer, const std::vector<ItemSet::Item>& items) {
  for (const ItemSet::Item& item : items) {
    if (peer.push.size() >= kMaxPushQueue) return;
    peer.push.push_back(item.number);
  }
}

void Reconciler::on_want_items(const NodeId& from, const codec::WantItems& message) {
  const auto it = peers_.find(from);
  if (it == peers_.end() || message.salt_epoch != 0) return;
  for (const codec::ItemId id : message.ids) {
    if (it->second.push.size() >= kMaxPushQueue) return;
    if (const auto number = ours(message.set).items.find(id)) it->second.push.push_back(*number);
  }
}

bool Reconciler::has_room(const NodeId& who, const Peer& peer) const {
  return !peer.push.empty() && peer.requests < kMaxRequests && mail_.queued(who, Priority::control) < 2 * kBatchBytes;
}

bool Reconciler::hungry() const {
  return std::any_of(peers_.begin(), peers_.end(), [this](const auto& p) { return has_room(p.first, p.second); });
}

void Reconciler::pump(const NodeId& who, Peer& peer) {
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
  codec::Push push;
  std::size_t bytes = 0;
  const auto send = [&] {
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
