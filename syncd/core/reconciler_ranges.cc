// The part of Reconciler that compares ranges.
#include "syncd/core/reconciler.h"

namespace meshfs::syncd {

void Reconciler::ask_ranges(const NodeId& who, SetId set) {
  const ItemSet::Sum total = ours(set).items.total();
  codec::Reconcile message{set, 0, true, {}};
  message.ranges.push_back({0, 0, total.count, total.fingerprint, false, {}});
  mail_.send(who, Priority::control, message);
}

void Reconciler::on_reconcile(const NodeId& from, const codec::Reconcile& message, Instant now) {
  const auto it = peers_.find(from);
  if (it == peers_.end() || message.salt_epoch != 0) return;
  Peer& peer = it->second;
  if (!peer.range_answers.take(now)) return;
  std::vector<codec::Range> out;
  std::vector<codec::ItemId> lacking;  // of all ranges: asked for together, not in a message for each
  bool whole = false;
  for (const codec::Range& range : message.ranges) {
    if (range.has_ids) {
      const std::size_t differ = compare_ids(peer, message.set, range, lacking, now);
      std::optional<Sweep>& sweep = peer.sets[index(message.set)].sweep;
      if (Sweep::Slice* slice = sweep ? sweep->find(range.lower, range.upper) : nullptr) {
        sweep->close(*slice, differ);
        (void)advance(from, peer, message.set, now);
      }
      continue;
    }
    const ItemSet::Sum theirs{range.count, range.fingerprint};
    const bool equal = ours(message.set).items.sum(range.lower, range.upper) == theirs;
    if (range.lower == 0 && range.upper == 0) {
      whole = true;
      told(from, peer, message.set, theirs, now);
      if (!message.want_reply) continue;
      // They began a round: ours can wait.
      peer.sets[index(message.set)].check_at = std::max(peer.sets[index(message.set)].check_at, now + kFirstPause * 2);
    }
    if (!equal) answer(from, message.set, range, out, now);
  }
  want(from, message.set, lacking, now);
  if (!message.want_reply) return;
  send_ranges(from, message.set, std::move(out), whole);
}

// Our view of a range in which we differ: our ids if one side has few, else the sums of its sixteenths.
void Reconciler::answer(const NodeId& to, SetId set, const codec::Range& theirs, std::vector<codec::Range>& out,
                        Instant now) {
  const ItemSet& items = ours(set).items;
  const ItemSet::Sum sum = items.sum(theirs.lower, theirs.upper);
  if (theirs.count == 0) {  // no need to compare: they lack all
    queue_push(peers_.at(to), items.range(theirs.lower, theirs.upper, kMaxPushQueue), now);
    return;
  }
  const codec::ItemId width = theirs.upper - theirs.lower;  // mod 2^64; 0: everything
  if (sum.count <= kLeafItems || (width != 0 && width < kSplit)) {
    codec::Range leaf{theirs.lower, theirs.upper, 0, {}, true, {}};
    for (const ItemSet::Item& item : items.range(theirs.lower, theirs.upper, kLeafItems)) leaf.ids.push_back(item.id);
    out.push_back(std::move(leaf));
    return;
  }
  const codec::ItemId step = width == 0 ? (codec::ItemId{1} << 60) : width / kSplit;
  for (std::size_t i = 0; i < kSplit; ++i) {
    const codec::ItemId lower = theirs.lower + step * i;
    const codec::ItemId upper = i + 1 == kSplit ? theirs.upper : lower + step;
    const ItemSet::Sum part = items.sum(lower, upper);
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
  const ItemSet::Sum total = ours(set).items.total();
  message.want_reply = false;
  message.ranges.push_back({0, 0, total.count, total.fingerprint, false, {}});
  mail_.send(to, Priority::control, message);
}

// Gives how many differ; those that we lack are appended.
std::size_t Reconciler::compare_ids(Peer& peer, SetId set, const codec::Range& theirs,
                                    std::vector<codec::ItemId>& lacking, Instant now) {
  const std::vector<ItemSet::Item> mine = ours(set).items.range(theirs.lower, theirs.upper, kMaxPushQueue);
  const std::size_t lacking_before = lacking.size();
  std::vector<ItemSet::Item> extra;
  auto it = mine.begin();
  for (const codec::ItemId id : theirs.ids) {
    for (; it != mine.end() && it->id < id; ++it) extra.push_back(*it);
    if (it != mine.end() && it->id == id)
      ++it;
    else
      lacking.push_back(id);
  }
  extra.insert(extra.end(), it, mine.end());
  queue_push(peer, extra, now);
  return lacking.size() - lacking_before + extra.size();
}

}  // namespace meshfs::syncd
