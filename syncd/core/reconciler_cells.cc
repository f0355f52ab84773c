// The part of Reconciler that compares sketches.
#include <algorithm>

#include "syncd/core/reconciler.h"

namespace meshfs::syncd {

// Of sets that are too far apart for the sketch: whoever has hardly any of what the other has names its ids sooner.
bool Reconciler::sweeps(const NodeId& who, const ItemSet::Sum& a, const ItemSet::Sum& b) const {
  const std::uint64_t apart = ItemSet::apart(a, b);
  return (mail_.features(who) & codec::kFeatureSlices) != 0 &&
         (apart <= kMostByCells || std::min(a.count, b.count) >= apart / 2);
}

void Reconciler::ask_cells(const NodeId& who, SetId set, std::uint32_t first, std::uint32_t number) {
  const ItemSet::Sum total = ours(set).items.total();
  mail_.send(who, Priority::control, codec::WantCells{set, 0, total.count, total.fingerprint, first, number});
}

void Reconciler::on_want_cells(const NodeId& from, const codec::WantCells& message, Instant now) {
  const auto it = peers_.find(from);
  if (it == peers_.end() || message.salt_epoch != 0) return;
  Peer& peer = it->second;
  if (message.lower != 0 || message.upper != 0) return answer_slice(from, peer, message, now);
  const ItemSet::Sum total = ours(message.set).items.total(), theirs{message.count, message.fingerprint};
  told(from, peer, message.set, theirs, now);
  if (!peer.cell_answers.take(now)) return;
  if (total != theirs) {
    // They asked first: our own round can wait for what comes of it.
    Comparison& comparison = peer.sets[index(message.set)];
    comparison.check_at = std::max(comparison.check_at, now + kFirstPause * 2);
    // Few ids are said sooner than sketched, and so are those of which one has hardly any.
    const bool far = ItemSet::apart(total, theirs) > kMostByCells && !sweeps(from, total, theirs);
    if (message.first == 0 && (theirs.count == 0 || total.count <= kLeafItems || far)) {
      std::vector<codec::Range> out;
      answer(from, message.set, {0, 0, theirs.count, theirs.fingerprint, false, {}}, out, now);
      return send_ranges(from, message.set, std::move(out), false);
    }
  }
  codec::Cells out{message.set, 0, total.count, total.fingerprint, message.first, {}};
  if (total != theirs) out.cells = ours(message.set).sketch.cells(message.first, message.number);
  mail_.send(from, Priority::control, std::move(out));
}

void Reconciler::on_cells(const NodeId& from, codec::Cells message, Instant now) {
  const auto it = peers_.find(from);
  if (it == peers_.end() || message.salt_epoch != 0) return;
  Peer& peer = it->second;
  if (message.lower != 0 || message.upper != 0) return on_slice(from, peer, std::move(message), now);
  const ItemSet::Sum sum{message.count, message.fingerprint};
  told(from, peer, message.set, sum, now);
  Comparison& comparison = peer.sets[index(message.set)];
  if (comparison.state == Comparison::State::equal || message.cells.empty()) return;
  TheirCells& theirs = comparison.theirs;
  if (message.first == 0) theirs = {sum, {}, now, false};
  // Its set changed meanwhile, or a late answer: the next round begins anew.
  if (theirs.of != sum || message.first != theirs.cells.size()) return;
  theirs.cells.insert(theirs.cells.end(), message.cells.begin(), message.cells.end());
  theirs.at = now;
  use_cells(from, peer, message.set, now);
}

// Decodes what is here of its sketch, or asks for more of it.
void Reconciler::use_cells(const NodeId& who, Peer& peer, SetId set, Instant now) {
  Comparison& comparison = peer.sets[index(set)];
  const ItemSet::Sum total = ours(set).items.total();
  const std::uint64_t apart = ItemSet::apart(total, comparison.theirs.of);
  const auto have = static_cast<std::uint32_t>(comparison.theirs.cells.size());
  std::vector<codec::SketchCell> difference = ours(set).sketch.cells(0, have);
  combine(difference, comparison.theirs.cells);
  if (const auto ids = decode(difference)) {
    const TheirCells theirs = std::exchange(comparison.theirs, {});
    if (repair(who, peer, set, *ids, {0, 0, now, have, theirs.of}, now)) {
      comparison.check_at = std::max(comparison.check_at, now + kAfterRepair);
      return;
    }
    // A beacon proves only that somebody of the network made it.
    if (!theirs.of_beacon) mail_.blame(who, "a sketch of another set than its fingerprint");
    comparison.by_ranges = true;
    return ask_ranges(who, set);
  }
  // As many as the likely number of differences takes (sketch_test.cc); if that can't be told, three times as many as there are.
  const std::optional<std::uint32_t> likely = estimate(difference);
  const std::uint32_t least = have + have / 16 + 8;
  const std::uint32_t enough = likely ? std::clamp(*likely * 11 / 8 + 10, least, std::max(have * 2, least))
                                      : std::min(have * 3, std::max(kTellingCells, have + 1));
  const bool many = likely ? *likely > kMostByCells : have >= kTellingCells;
  if (have >= Sketch::kCells || many || apart > kMostByCells) {
    if (sweeps(who, total, comparison.theirs.of))
      return start_sweep(who, peer, set, std::max(likely ? *likely : 2 * kMostByCells, apart), now);
    comparison.by_ranges = true;
    return ask_ranges(who, set);
  }
  ask_cells(who, set, have, std::min(enough, Sketch::kCells) - have);
}

// What was decoded must lead from our set to theirs, else somebody made it up and nothing of it is used.
bool Reconciler::repair(const NodeId& who, Peer& peer, SetId set, const std::vector<codec::ItemId>& ids,
                        const Sweep::Slice& where, Instant now) {
  std::vector<codec::ItemId> lacking, extra;
  std::vector<ItemSet::Item> items;
  for (const codec::ItemId id : ids) {
    if (const auto number = ours(set).items.find(id)) {
      extra.push_back(id);
      items.push_back({id, *number});
    } else {
      lacking.push_back(id);
    }
  }
  if (ours(set).items.sum_with(where.lower, where.upper, lacking, extra) != where.of) return false;
  std::sort(lacking.begin(), lacking.end());
  want(who, set, lacking, now);
  queue_push(peer, items, now);
  return true;
}

}  // namespace meshfs::syncd
