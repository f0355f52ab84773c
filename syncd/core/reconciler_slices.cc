// The part of Reconciler that compares slices: asks for them in a sweep, answers for ours.
#include <algorithm>

#include "syncd/core/reconciler.h"

namespace meshfs::syncd {

std::vector<codec::SketchCell> Reconciler::cells_of(SetId set, const Sweep::Slice& where, std::uint32_t first,
                                                    std::uint32_t number) const {
  std::vector<codec::SketchCell> row(number);
  ours(set).items.for_each(where.lower, where.upper, [&](const ItemSet::Item& item) { add_to(row, first, item.id); });
  return row;
}

// --- for the neighbour

void Reconciler::answer_slice(const NodeId& to, Peer& peer, const codec::WantCells& message, Instant now) {
  Comparison& comparison = peer.sets[index(message.set)];
  // Of two sweeps at once that of the smaller id goes on, as with who begins a round.
  if (comparison.sweep && self_ < to) return;
  comparison.sweep.reset();
  comparison.check_at = std::max(comparison.check_at, now + kFirstPause * 2);
  peer.slice_asked_at = now;
  const ItemSet& items = ours(message.set).items;
  const ItemSet::Sum sum = items.sum(message.lower, message.upper), theirs{message.count, message.fingerprint};
  if (sum.count > kMostWalked || !peer.walks.take(now, static_cast<std::int64_t>(1 + sum.count / kWalkItems))) return;
  codec::Cells out{message.set, 0, sum.count, sum.fingerprint, message.first, {}, message.lower, message.upper};
  if (sum != theirs && theirs.count == 0) {  // no need to compare: they lack all
    queue_push(peer, items.range(message.lower, message.upper, kMaxPushQueue), now);
  } else if (sum != theirs && message.first == 0 && sum.count * 8 <= message.number * std::uint64_t{11}) {
    codec::Range range{message.lower, message.upper, 0, {}, true, {}};
    items.for_each(message.lower, message.upper, [&](const ItemSet::Item& item) { range.ids.push_back(item.id); });
    return (void)mail_.send(to, Priority::control, codec::Reconcile{message.set, 0, false, {std::move(range)}});
  } else if (sum != theirs) {
    out.cells = cells_of(message.set, {message.lower, message.upper}, message.first, message.number);
  }
  mail_.send(to, Priority::control, std::move(out));
}

// --- for us

void Reconciler::start_sweep(const NodeId& who, Peer& peer, SetId set, std::uint64_t differences, Instant now) {
  Comparison& comparison = peer.sets[index(set)];
  comparison.theirs = {};
  comparison.sweep.emplace(differences, ours(set).items.size());
  (void)advance(who, peer, set, now);
}

// Gives up what is not answered, asks as far as there is room for what is found, and ends when all was looked at.
Instant Reconciler::advance(const NodeId& who, Peer& peer, SetId set, Instant now) {
  Comparison& comparison = peer.sets[index(set)];
  Sweep& sweep = *comparison.sweep;
  while (const Sweep::Slice* late = sweep.oldest()) {
    if (now - std::max(late->at, peer.brought_at) < kSlicePatience) break;
    sweep.again(*late);
  }
  const auto room = [&] { return peer.push.size() < kMostFound && ours(set).asked.size() < kMostFound; };
  while (!sweep.failed() && room() && peer.own_walks.take(now, 0)) {
    const Sweep::Slice* slice = sweep.next(now);
    if (slice == nullptr) break;
    ask_slice(who, peer, set, *slice, now);
  }
  if (sweep.failed()) {
    comparison.sweep.reset();
    comparison.by_ranges = true;
    ask_ranges(who, set);
  } else if (sweep.done()) {
    comparison.sweep.reset();
    comparison.check_at = std::max(comparison.check_at, now + kAfterRepair);
  }
  return now + kQuiet;
}

void Reconciler::ask_slice(const NodeId& who, Peer& peer, SetId set, const Sweep::Slice& slice, Instant now) {
  const ItemSet::Sum sum = ours(set).items.sum(slice.lower, slice.upper);
  const auto have = static_cast<std::uint32_t>(slice.cells.size());
  (void)peer.own_walks.take(now,
                            static_cast<std::int64_t>(1 + sum.count / kWalkItems));  // to be walked when it is answered
  mail_.send(who, Priority::control,
             codec::WantCells{set, 0, sum.count, sum.fingerprint, have, slice.asked - have, slice.lower, slice.upper});
}

void Reconciler::on_slice(const NodeId& from, Peer& peer, codec::Cells message, Instant now) {
  std::optional<Sweep>& sweep = peer.sets[index(message.set)].sweep;
  Sweep::Slice* slice = sweep ? sweep->find(message.lower, message.upper) : nullptr;
  if (slice == nullptr || message.first != slice->cells.size()) return;  // a late answer
  const ItemSet::Sum sum{message.count, message.fingerprint};
  if (message.first == 0) slice->of = sum;
  if (message.cells.empty()) {
    sweep->close(*slice, ItemSet::apart(sum, ours(message.set).items.sum(slice->lower, slice->upper)));
  } else if (slice->of != sum || message.cells.size() != slice->asked - message.first) {
    sweep->again(*slice);  // its set changed meanwhile
  } else {
    slice->cells.insert(slice->cells.end(), message.cells.begin(), message.cells.end());
    use_slice(from, peer, message.set, *slice, now);
  }
  (void)advance(from, peer, message.set, now);
}

// Decodes what is here of its cells, asks for more of them, or for less of the set.
void Reconciler::use_slice(const NodeId& who, Peer& peer, SetId set, Sweep::Slice& slice, Instant now) {
  Sweep& sweep = *peer.sets[index(set)].sweep;
  const auto have = static_cast<std::uint32_t>(slice.cells.size());
  std::vector<codec::SketchCell> difference = cells_of(set, slice, 0, have);
  combine(difference, slice.cells);
  if (const auto ids = decode(difference)) {
    // One in some thousand honest slices decodes wrongly, too.
    if (!repair(who, peer, set, *ids, slice, now)) return sweep.narrow(slice, std::nullopt);
    return sweep.close(slice, ids->size());
  }
  const std::optional<std::uint32_t> likely = estimate(difference);
  const std::uint32_t enough = likely ? std::max(*likely * 11 / 8 + 10, have + have / 16 + 8) : UINT32_MAX;
  if (enough > Sweep::kMostCells) return sweep.narrow(slice, likely);
  slice.asked = enough;
  slice.at = now;
  ask_slice(who, peer, set, slice, now);
}

}  // namespace meshfs::syncd
