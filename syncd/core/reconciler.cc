#include "syncd/core/reconciler.h"

#include <algorithm>

#include "syncd/core/message_size.h"

namespace meshfs::syncd {

// --- our sets

bool Reconciler::on_items(const codec::local::Items& items, Instant now) {
  bool changed = false;
  const auto note = [&](SetId set, bool really) {
    if (!really) return;
    changed = true;
    ++changes_[index(set)];
    changed_at_[index(set)] = now;
  };
  for (const codec::local::ItemAdded& added : items.added) {
    const codec::ItemId id = item_id(salt_, added.hash);
    asked_[index(added.set)].erase(id);
    note(added.set, sets_[index(added.set)].add(id, added.item));
  }
  for (const codec::local::Items::Removed& removed : items.removed) {
    note(removed.set, sets_[index(removed.set)].remove(item_id(salt_, removed.hash)));
  }
  return changed;
}

std::vector<codec::SetSummary> Reconciler::summaries() const {
  std::vector<codec::SetSummary> out;
  for (const SetId set : kAllSets) {
    const ItemSet::Sum total = sets_[index(set)].total();
    out.push_back({set, total.count, total.fingerprint});
  }
  return out;
}

bool Reconciler::in_sync(const NodeId& who, SetId set) const {
  const auto it = peers_.find(who);
  return it != peers_.end() && it->second.sets[index(set)].state == Comparison::State::equal;
}

// --- when to compare

void Reconciler::on_session(const NodeId& who, std::optional<Instant> beacon_at, Instant now) {
  Peer& peer = peers_[who];
  peer = {};
  peer.summary_at = beacon_at;
  for (Comparison& comparison : peer.sets) {
    comparison.since = now;
    // One side is enough; the other comes in if nothing happens.
    comparison.check_at = self_ < who ? now : now + kFirstPause;
  }
}

void Reconciler::set_state(const NodeId& who, Peer& peer, SetId set, bool equal, Instant now) {
  Comparison& comparison = peer.sets[index(set)];
  const auto state = equal ? Comparison::State::equal : Comparison::State::differs;
  if (comparison.state == state) return;
  const bool first_difference = comparison.state == Comparison::State::equal && !equal;
  comparison.state = state;
  comparison.since = now;
  if (equal) comparison.pause = kFirstPause;
  if (first_difference) comparison.check_at = now + (self_ < who ? kQuiet : kQuiet * 3);
}

void Reconciler::on_summary(const NodeId& who, const std::vector<codec::SetSummary>& theirs, Instant now) {
  const auto it = peers_.find(who);
  if (it == peers_.end()) return;
  it->second.summary_at = now;
  for (const codec::SetSummary& summary : theirs) {
    const ItemSet::Sum ours = sets_[index(summary.set)].total();
    set_state(who, it->second, summary.set, ours.count == summary.count && ours.fingerprint == summary.fingerprint,
              now);
  }
}

void Reconciler::start_round(const NodeId& who, Comparison& comparison, SetId set, Instant now) {
  // Rounds that bring nothing (a neighbour that refuses what we have) become rare.
  if (comparison.changes != changes_[index(set)]) comparison.pause = kFirstPause;
  comparison.changes = changes_[index(set)];
  comparison.last_round = now;
  comparison.check_at = now + comparison.pause;
  comparison.pause = std::min(comparison.pause * 2, kLongestPause);
  const ItemSet::Sum total = sets_[index(set)].total();
  codec::Reconcile message{set, 0, true, {}};
  message.ranges.push_back({0, 0, total.count, total.fingerprint, false, {}});
  mail_.send(who, Priority::control, message);
  ++rounds_;
}

Instant Reconciler::tick(Instant now, bool news_under_way) {
  Instant wake = kNever;
  for (auto& [who, peer] : peers_) {
    const bool hears_beacons = peer.summary_at && now - *peer.summary_at < kBeaconless;
    for (const SetId set : kAllSets) {
      Comparison& comparison = peer.sets[index(set)];
      if (comparison.state == Comparison::State::equal) {
        if (hears_beacons || !(self_ < who)) continue;
        if (comparison.changes != changes_[index(set)]) comparison.silent = kSilentCheck;
        const Duration pause = comparison.changes == changes_[index(set)] ? comparison.silent : kFirstPause * 2;
        const Instant at = std::max(comparison.since, comparison.last_round) + pause;
        if (now >= at) {
          start_round(who, comparison, set, now);
          comparison.silent = std::min(comparison.silent * 8, kRarestCheck);
        }
        wake = std::min(wake, std::max(at, now + pause));
        continue;
      }
      Instant at = comparison.check_at;
      if (comparison.state == Comparison::State::differs) {
        const Instant quiet = changed_at_[index(set)] + kQuiet;
        const Instant calm = news_under_way ? std::max(quiet, now + kQuiet) : quiet;
        at = std::max(at, std::min(calm, comparison.since + kBusyLimit));
      }
      if (now >= at) {
        start_round(who, comparison, set, now);
        at = comparison.check_at;
      }
      wake = std::min(wake, at);
    }
    pump(who, peer);
  }
  return wake;
}

// --- the comparison

void Reconciler::on_reconcile(const NodeId& from, const codec::Reconcile& message, Instant now) {
  const auto it = peers_.find(from);
  if (it == peers_.end() || message.salt_epoch != 0) return;
  Peer& peer = it->second;
  std::vector<codec::Range> out;
  bool whole = false;
  for (const codec::Range& range : message.ranges) {
    if (range.has_ids) {
      compare_ids(from, peer, message.set, range, now);
      continue;
    }
    const ItemSet::Sum ours = sets_[index(message.set)].sum(range.lower, range.upper);
    const bool equal = ours.count == range.count && ours.fingerprint == range.fingerprint;
    if (range.lower == 0 && range.upper == 0) {
      whole = true;
      set_state(from, peer, message.set, equal, now);
      if (!message.want_reply) continue;
      // They began a round: ours can wait.
      peer.sets[index(message.set)].check_at = std::max(peer.sets[index(message.set)].check_at, now + kFirstPause * 2);
    }
    if (!equal) answer(from, message.set, range, out);
  }
  if (!message.want_reply) return;
  send_ranges(from, message.set, std::move(out), whole);
}

// Our view of a range in which we differ: our ids if one side has few, else the sums of its sixteenths.
void Reconciler::answer(const NodeId& to, SetId set, const codec::Range& theirs, std::vector<codec::Range>& out) {
  const ItemSet& ours = sets_[index(set)];
  const ItemSet::Sum sum = ours.sum(theirs.lower, theirs.upper);
  if (theirs.count == 0) {  // no need to compare: they lack all
    queue_push(peers_.at(to), ours.range(theirs.lower, theirs.upper, kMaxPushQueue));
    return;
  }
  const codec::ItemId width = theirs.upper - theirs.lower;  // mod 2^64; 0: everything
  if (sum.count <= kLeafItems || (width != 0 && width < kSplit)) {
    codec::Range leaf{theirs.lower, theirs.upper, 0, {}, true, {}};
    for (const ItemSet::Item& item : ours.range(theirs.lower, theirs.upper, kLeafItems)) leaf.ids.push_back(item.id);
    out.push_back(std::move(leaf));
    return;
  }
  const codec::ItemId step = width == 0 ? (codec::ItemId{1} << 60) : width / kSplit;
  for (std::size_t i = 0; i < kSplit; ++i) {
    const codec::ItemId lower = theirs.lower + step * i;
    const codec::ItemId upper = i + 1 == kSplit ? theirs.upper : lower + step;
    const ItemSet::Sum part = ours.sum(lower, upper);
    out.push_back({lower, upper, part.count, part.fingerprint, false, {}});
  }
}

void Reconciler::send_ranges(const NodeId& to, SetId set, std::vector<codec::Range> ranges, bool reply_to_whole) {
  codec::Reconcile message{set, 0, true, {}};
  std::size_t ids = 0;
  bool sent = false;
  const auto send = [&] {
    mail_.send(to, Priority::control, message);
    message.ranges.clear();
    ids = 0;
    sent = true;
  };
  for (codec::Range& range : ranges) {
    if (message.ranges.size() == codec::kMaxRanges || ids + range.ids.size() > codec::kMaxRangeItems) send();
    ids += range.ids.size();
    message.ranges.push_back(std::move(range));
  }
  if (!message.ranges.empty()) send();
  if (sent || !reply_to_whole) return;
  if (!in_sync(to, set)) return;  // we push what they lack; no answer needed
  const ItemSet::Sum total = sets_[index(set)].total();
  message.want_reply = false;
  message.ranges.push_back({0, 0, total.count, total.fingerprint, false, {}});
  mail_.send(to, Priority::control, message);
}

void Reconciler::compare_ids(const NodeId& from, Peer& peer, SetId set, const codec::Range& theirs, Instant now) {
  const std::vector<ItemSet::Item> ours = sets_[index(set)].range(theirs.lower, theirs.upper, kMaxPushQueue);
  std::vector<codec::ItemId> lacking;
  std::vector<ItemSet::Item> extra;
  auto it = ours.begin();
  for (const codec::ItemId id : theirs.ids) {
    for (; it != ours.end() && it->id < id; ++it) extra.push_back(*it);
    if (it != ours.end() && it->id == id)
      ++it;
    else
      lacking.push_back(id);
  }
  extra.insert(extra.end(), it, ours.end());
  want(from, set, lacking, now);
  queue_push(peer, extra);
}

void Reconciler::want(const NodeId& from, SetId set, const std::vector<codec::ItemId>& ids, Instant now) {
  auto& asked = asked_[index(set)];
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
    if (const auto number = sets_[index(message.set)].find(id)) it->second.push.push_back(*number);
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
