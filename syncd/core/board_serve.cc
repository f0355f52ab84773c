// The part of Board that finds what others lack and puts it on the shelf.
#include <algorithm>

#include "syncd/core/board.h"

namespace meshfs::syncd {

// A chain of sessions, as the states tell of them, leads to those who need no bulletin.
void Board::find_outside() {
  std::set<codec::NodeTag> linked{tag_};
  for (const NodeId& near : parts_.mail.neighbours()) linked.insert(codec::tag_of(near));
  for (auto& [id, peer] : peers_) peer.outside = true;
  for (bool grew = true; grew;) {
    grew = false;
    for (auto& [id, peer] : peers_) {
      const auto known = [&](codec::NodeTag tag) { return linked.contains(tag); };
      if (!peer.outside || (!known(peer.tag) && !std::ranges::any_of(peer.head.near, known))) continue;
      peer.outside = false;
      linked.insert(peer.tag);
      linked.insert(peer.head.near.begin(), peer.head.near.end());
      grew = true;
    }
  }
}

bool Board::anybody_outside() const {
  return std::ranges::any_of(peers_, [](const auto& one) { return one.second.outside; });
}

bool Board::agrees(const Peer& peer) const { return parts_.reconciler.agrees(peer.head.beacon); }

// How many of those who may come before us, in an order that all draw alike.
std::size_t Board::rank(std::uint64_t what, const std::function<bool(const Peer&)>& may) const {
  const auto lot = [what](codec::NodeTag tag) { return Rng(what ^ (std::uint64_t{tag} << 17)).next(); };
  const std::uint64_t ours = lot(tag_);
  std::size_t before = 0;
  for (const auto& [id, peer] : peers_) before += !peer.gone && may(peer) && lot(peer.tag) < ours ? 1 : 0;
  return before;
}

void Board::compare(Peer& peer) {
  const Reconciler& ours = parts_.reconciler;
  if (peer.compared == ours.changes()) return;
  const bool new_head = peer.compared == UINT64_MAX;
  peer.compared = ours.changes();
  std::set<codec::ItemId> lacked;
  for (const Peer::Lack& before : std::exchange(peer.lacks, {})) {
    if (before.from_head) lacked.insert(before.id);
  }
  peer.has_more = peer.unclear = false;
  if (agrees(peer)) {
    peer.apart.clear();
    return;
  }
  const codec::PageHead& head = peer.head;
  for (const codec::SetSummary& theirs : head.sets) {
    const ItemSet& items = ours.items(theirs.set);
    if (items.total() == ItemSet::Sum{theirs.count, theirs.fingerprint}) continue;
    if (theirs.cells.empty()) {
      peer.has_more = peer.has_more || theirs.count >= items.size();
      continue;
    }
    std::vector<codec::SketchCell> difference =
        ours.cells(theirs.set, head.lower, head.upper, static_cast<std::uint32_t>(theirs.cells.size()));
    combine(difference, theirs.cells);
    // Of all ids, not only those in its range.
    const auto widened = [&](double of_range) {
      const double width = head.lower == head.upper ? 0x1p64 : static_cast<double>(head.upper - head.lower);
      return static_cast<std::uint64_t>(of_range * 0x1p64 / width);
    };
    const auto told = static_cast<std::uint32_t>(theirs.cells.size());
    const std::uint32_t likely = estimate(difference).value_or(told * 2);
    const auto ids = decode(std::move(difference));
    std::uint64_t& apart = peer.apart[theirs.set];
    if (!ids)
      apart = std::max(apart, widened(std::max(likely, told)));
    else if (head.lower == head.upper)
      apart = ids->size();
    if (!ids) {
      peer.unclear = peer.has_more = true;
      continue;
    }
    std::vector<codec::ItemId> there, here;
    for (const codec::ItemId id : *ids) {
      const auto number = items.find(id);
      (number ? here : there).push_back(id);
      if (number) peer.lacks.push_back({id, *number, new_head || lacked.contains(id)});
    }
    // What these do not explain lies outside of the ids that its cells are of.
    const bool all = items.sum_with(0, 0, there, here) == ItemSet::Sum{theirs.count, theirs.fingerprint};
    peer.has_more = peer.has_more || !there.empty() || !all;
  }
}

void Board::put_letter(const codec::Message& message, std::uint64_t blob, Shelf::Kind kind, bool urgent) {
  Bytes bytes = codec::encode_letter(message);
  const codec::LetterId id = codec::letter_id(bytes);
  (void)shelf_.put(id, std::move(bytes), blob, kind, urgent);
}

void Board::serve(Instant now) {
  std::vector<std::uint64_t> items;
  std::vector<Hash> blobs;
  std::uint32_t seen = UINT32_MAX, seen_by_lacking = UINT32_MAX;
  shelf_.begin_asking();
  for (auto& [id, peer] : peers_) {
    compare(peer);
    if (!peer.outside || peer.gone) continue;
    seen = std::min(seen, seen_of_us(peer));
    if (!peer.lacks.empty() || peer.unclear) seen_by_lacking = std::min(seen_by_lacking, seen_of_us(peer));
    serve_items(peer, now, items);
    serve_blobs(peer, now, blobs);
  }
  shelf_.set_seen(Shelf::Kind::news, seen);
  shelf_.set_seen(Shelf::Kind::repair, seen_by_lacking);
  if (!items.empty()) {
    std::ranges::sort(items);
    item_requests_.insert(parts_.next_request);
    parts_.store.send(codec::local::GetItems{parts_.next_request++, std::move(items)});
  }
  if (!blobs.empty()) {
    blob_requests_.insert(parts_.next_request);
    parts_.store.send(codec::local::GetBlobs{parts_.next_request++, std::move(blobs)});
  }
  shelf_.sweep();
}

void Board::serve_items(Peer& peer, Instant now, std::vector<std::uint64_t>& wanted) {
  const Instant changed = parts_.reconciler.changed_at();
  for (const Peer::Lack& item : peer.lacks) {
    if (wanted.size() >= kItemsAtOnce || item_requests_.size() >= 4) break;
    const auto asked = asked_items_.find(item.id);
    if (asked != asked_items_.end() && now < asked->second.next) continue;
    const auto place = rank(item.id, [&](const Peer& other) { return other.id != peer.id && agrees(other); });
    const Instant from = item.from_head ? peer.head_at + kSettle : changed + kStale;
    const Instant at = from + (traits_.pace + seconds(4)) * static_cast<std::int64_t>(place);
    if (now < at) {
      next_look_ = std::min(next_look_, at);
      continue;
    }
    const Duration pause = asked == asked_items_.end() ? std::clamp(patience() * 5, kLeastAskAgain, kAskAgain)
                                                       : std::min(asked->second.pause * 2, kLongestAskAgain);
    if (asked_items_.size() >= kMaxHeard) asked_items_.clear();  // some are asked for once more
    asked_items_[item.id] = {now + pause, pause};
    next_look_ = std::min(next_look_, now + pause);
    wanted.push_back(item.number);
  }
}

void Board::serve_blobs(Peer& peer, Instant now, std::vector<Hash>& wanted) {
  std::map<std::uint64_t, Instant> still;
  std::size_t under_way = 0;
  for (const codec::PageWant& want : peer.head.wants) {
    const std::uint64_t number = want.blob ? codec::number_of(*want.blob) : 0;
    const auto heard = blobs_heard_.find(number);
    const Instant others_until = heard == blobs_heard_.end() ? Instant{0} : heard->second + traits_.pace * 3;
    // Unless another brings it and of ours nothing stood there yet.
    const auto ask = [&](codec::LetterId letter, const Extents& parts) {
      if (now < others_until && !shelf_.placed(letter)) return;
      ++under_way;
      shelf_.ask(letter, parts, seen_of_us(peer));
    };
    const bool here = shelf_.has(want.letter);
    if (here && !want.missing.empty()) ask(want.letter, want.missing);
    if (here || !want.blob) continue;
    const auto before = peer.wanted.find(number);
    const Instant since = before == peer.wanted.end() ? now : before->second;
    still[number] = since;
    if (const auto letter = shelf_.of_blob(number)) {
      ask(*letter, {{0, codec::kMaxLetterBytes}});
      continue;
    }
    if (under_way >= kBlobsEach || wanted.size() >= kMaxLookups || blob_requests_.size() >= 4) continue;
    // Who wants it itself does not have it.
    const auto place = rank(number, [&](const Peer& other) {
      return std::ranges::none_of(other.head.wants, [&](const codec::PageWant& its) { return its.blob == want.blob; });
    });
    Instant at = std::max(since + (traits_.pace + seconds(4)) * static_cast<std::int64_t>(place), others_until);
    if (const auto asked = blobs_asked_.find(number); asked != blobs_asked_.end()) at = std::max(at, asked->second);
    if (now < at) {
      next_look_ = std::min(next_look_, at);
      continue;
    }
    ++under_way;
    if (blobs_asked_.size() >= kMaxHeard) blobs_asked_.clear();
    blobs_asked_[number] = now + traits_.pace * 2;
    wanted.push_back(*want.blob);
  }
  peer.wanted = std::move(still);
  peer.served = under_way > 0;
}

bool Board::on_items_found(const codec::local::ItemsFound& found, Instant now) {
  if (!item_requests_.contains(found.request)) return false;
  item_requests_.erase(item_requests_.begin(), item_requests_.find(found.request));
  // Small ones travel together, up to a page.
  codec::Push push;
  push.repair = true;
  std::size_t bytes = 0;
  const auto put = [&] {
    if (!push.bundles.empty()) put_letter(push, 0, Shelf::Kind::repair, false);
    push.bundles.clear();
    bytes = 0;
  };
  for (const codec::Bundle& bundle : found.bundles) {
    if (bytes > 0 && bytes + bundle.bytes.size() > traits_.page_bytes * 3 / 4) put();
    bytes += bundle.bytes.size();
    push.bundles.push_back(bundle);
  }
  put();
  next_look_ = std::min(next_look_, now + milliseconds(20));
  return true;
}

bool Board::on_blobs_found(const codec::local::BlobsFound& found, Instant now) {
  if (!blob_requests_.contains(found.request)) return false;
  blob_requests_.erase(blob_requests_.begin(), blob_requests_.find(found.request));
  for (const codec::Blob& blob : found.blobs)
    put_letter(codec::Blobs{{blob}}, codec::number_of(blob.hash), Shelf::Kind::asked, false);
  for (const Hash& hash : found.missing) blobs_asked_[codec::number_of(hash)] = now + kAskAgain;
  next_look_ = std::min(next_look_, now + milliseconds(20));
  return true;
}

}  // namespace meshfs::syncd
