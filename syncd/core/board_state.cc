// The part of Board that says: our state, and when pages change.
#include <algorithm>

#include "syncd/core/board.h"

namespace meshfs::syncd {

namespace {
// Of a page: what stands in front of pieces where there is no head.
constexpr std::size_t kFixedBytes = codec::kPageHeaderBytes + 80;
constexpr std::size_t kCellBytes = 11;
constexpr std::size_t kWantBytes = 64;
}  // namespace

std::uint32_t Board::seen_of_us(const Peer& peer) const {
  for (const codec::Seen& one : peer.head.seen) {
    if (one.node == tag_ && one.version <= *self_.version) return one.version;
  }
  return 0;
}

// Pages come one by one: what its head names and is not here yet was not seen.
std::uint32_t Board::seen_of(const Peer& peer) {
  std::uint32_t seen = peer.head_version;
  for (std::size_t place = 0; place < peer.head.pages.size(); ++place) {
    const std::uint32_t version = peer.head.pages[place];
    const auto it = peer.pages.find(place);
    if (version > 0 && (it == peer.pages.end() || it->second < version)) seen = std::min(seen, version - 1);
  }
  return seen;
}

// It tells soon what it has seen of us.
bool Board::works_with_us(const Peer& peer, Instant now) const {
  if (!peer.outside || peer.gone) return false;
  return peer.served || (!said_.wants.empty() && now - peer.brought_at < kWorking);
}

// Somebody of whom something came, or whose cells did not suffice, does not know yet how far we have seen it; or our own did not.
bool Board::waits_for_word(const codec::PageHead& head) const {
  return std::ranges::any_of(peers_, [&](const auto& one) {
    const Peer& peer = one.second;
    if (!peer.outside || peer.gone) return false;
    const bool lost = std::ranges::find(peer.head.unclear, tag_) != peer.head.unclear.end();
    if (lost && seen_of_us(peer) == *self_.version) return true;
    const auto by_tag = [&](const std::vector<codec::Seen>& seen) {
      const auto it = std::ranges::find(seen, peer.tag, &codec::Seen::node);
      return it == seen.end() ? 0 : it->version;
    };
    const std::uint32_t said = by_tag(said_.seen);
    return by_tag(head.seen) != said && (peer.unclear || said < peer.brought);
  });
}

// Not before those who work with us have seen the last change: a newer one would take its place on the way, and far away nobody
// would ever see any. They say so of pieces alone; for the rest, after the time that seeing usually takes.
Instant Board::may_change_at(Instant now) const {
  Duration wait = pace();
  for (const auto& [id, peer] : peers_) {
    if (!traits_.starves || !works_with_us(peer, now)) continue;
    const std::uint32_t seen = seen_of_us(peer);
    if (seen < placed_version_) return changed_at_ + patience();
    if (seen < *self_.version) wait = std::max(wait, ack_takes_);
  }
  return changed_at_ + wait;
}

Duration Board::patience() const { return std::clamp(ack_takes_ * 3, pace() * 2, pace() * 18); }

// What no neighbour in session brings; of that of which a part came here, the rest.
std::vector<codec::PageWant> Board::wants() const {
  std::vector<codec::PageWant> out;
  const std::size_t most = std::clamp<std::size_t>(traits_.page_bytes / 4 / kWantBytes, 4, codec::kMaxPageWants);
  const auto say_part = [&](const std::optional<Hash>& blob, codec::LetterId id, const Assembly::Partial& partial) {
    codec::PageWant want{blob, id, partial.missing};
    if (want.missing.size() > codec::kMaxExtents) want.missing.resize(codec::kMaxExtents);
    out.push_back(std::move(want));
  };
  for (const auto& [id, partial] : assembly_.partial()) {
    if (partial.blob == 0 && out.size() < most / 2) say_part(std::nullopt, id, partial);
  }
  for (const Hash& hash : parts_.fetcher.unserved(most)) {
    if (out.size() >= most) break;
    const auto part = assembly_.of_blob(codec::number_of(hash));
    if (part) {
      say_part(hash, *part, assembly_.partial().at(*part));
    } else {
      out.push_back({hash, 0, {}});
    }
  }
  return out;
}

void Board::fill_sets(codec::PageHead& head, Instant now) const {
  const bool apart =
      std::ranges::any_of(peers_, [this](const auto& one) { return one.second.outside && !agrees(one.second); });
  if (!apart && now - parts_.reconciler.changed_at() > kTold) return;
  head.sets = parts_.reconciler.summaries();
  // How many differ at most, as far as counts tell.
  std::map<SetId, std::uint64_t> likely;
  for (const auto& [id, peer] : peers_) {
    if (!peer.outside || agrees(peer)) continue;
    for (const codec::SetSummary& ours : head.sets) {
      const auto theirs = std::ranges::find(peer.head.sets, ours.set, &codec::SetSummary::set);
      if (theirs == peer.head.sets.end()) {
        likely[ours.set] = std::max<std::uint64_t>(likely[ours.set], 4);
      } else if (theirs->count != ours.count || theirs->fingerprint != ours.fingerprint) {
        const std::uint64_t apart_by = std::max(theirs->count, ours.count) - std::min(theirs->count, ours.count);
        const auto told = peer.apart.find(ours.set);
        likely[ours.set] = std::max({likely[ours.set], apart_by + 4, told == peer.apart.end() ? 0 : told->second});
      }
    }
  }
  if (likely.empty()) return;
  std::uint64_t all = 0, least = 0;
  for (auto& [set, number] : likely) {
    least += number * 3 / 2;
    all += number = std::max(number * 2, std::uint64_t{8} << doubled_);
  }
  const std::uint64_t room = std::min<std::uint64_t>(traits_.page_bytes * 2 / 3 / kCellBytes, codec::kMaxCells);
  // More than there is room for: part of the ids after another, so small that most parts can be told.
  if (least > room || all > room * 4) {
    const std::uint64_t parts = 2 * (all / room + 1);
    const std::uint64_t width = UINT64_MAX / parts + 1;
    const std::uint64_t part = slice_ % parts;
    head.lower = width * part;
    head.upper = part + 1 == parts ? 0 : width * (part + 1);
  }
  for (codec::SetSummary& ours : head.sets) {
    const auto it = likely.find(ours.set);
    if (it == likely.end()) continue;
    const std::uint64_t number = all > room ? it->second * room / all : it->second;
    ours.cells = parts_.reconciler.cells(ours.set, head.lower, head.upper,
                                         static_cast<std::uint32_t>(std::max<std::uint64_t>(number, 4)));
  }
}

codec::PageHead Board::state(Instant now) const {
  codec::PageHead head;
  head.beacon = self_.beacon(now);
  head.beacon.sets.clear();
  fill_sets(head, now);
  head.addresses = self_.addresses;
  for (const NodeId& near : parts_.mail.neighbours()) {
    if (head.near.size() < codec::kMaxNear / 2) head.near.push_back(codec::tag_of(near));
  }
  const std::size_t most_seen = std::clamp<std::size_t>(traits_.page_bytes / 8 / 10, 8, codec::kMaxSeen);
  for (const auto& [id, peer] : peers_) {
    if (peer.gone || !peer.outside) continue;
    const std::uint32_t seen = seen_of(peer);
    if (seen > 0 && head.seen.size() < most_seen) head.seen.push_back({peer.tag, seen});
    if (peer.unclear && head.unclear.size() < codec::kMaxUnclear) head.unclear.push_back(peer.tag);
  }
  head.wants = wants();
  return head;
}

// An engine that can be asked for the latest pages has them sooner than at its own pace.
Duration Board::pace() const { return traits_.pulls ? transport::Bulletin::kPull : traits_.pace; }

// Somebody waits for what others publish, or for what others have seen.
bool Board::under_way(const codec::PageHead& head, Instant now) const {
  if (!head.wants.empty() || looked_for_more_) return true;
  return std::ranges::any_of(peers_, [&](const auto& one) {
    const Peer& peer = one.second;
    if (works_with_us(peer, now)) return true;
    return peer.outside && !peer.gone && !agrees(peer) && now - peer.head_at < kWorking;
  });
}

// When our pages should change next; kNever if all is said.
Instant Board::due(const codec::PageHead& head, Instant now) {
  const auto regular = [&] {
    if (due_since_ == kNever) due_since_ = now;
    return std::max(due_since_ + kGather, may_change_at(now));
  };
  if (!said_anything_) return std::max(now, changed_at_ + pace());
  if (shelf_.has_urgent_work() && shelf_.has_room(now, patience())) {
    if (now - changed_at_ >= pace()) return now;
    if (!urgent_spent_ && now - changed_at_ >= traits_.hop) return now;
    return changed_at_ + pace();
  }
  if (shelf_.has_work())
    return shelf_.has_room(now, patience()) ? regular() : std::max(regular(), changed_at_ + patience());
  const bool more = std::ranges::any_of(
      peers_, [](const auto& one) { return one.second.outside && !one.second.gone && one.second.has_more; });
  const auto cells = [](const codec::PageHead& one) {
    return std::ranges::any_of(one.sets, [](const codec::SetSummary& set) { return !set.cells.empty(); });
  };
  const bool sets = head.beacon.all != said_.beacon.all || (cells(head) && !cells(said_));
  if (head.wants != said_.wants || head.unclear != said_.unclear || waits_for_word(head)) return regular();
  if (more || looked_for_more_) {
    // A little later, since what is missing may be on other pages; and again and again, with another part of the ids.
    if (differs_since_ == kNever) differs_since_ = now;
    if (sets) return std::max(regular(), differs_since_ + kSettle);
    if (head.lower != said_.lower) return regular();
  } else {
    differs_since_ = kNever;
  }
  const bool links = head.near != said_.near || head.addresses != said_.addresses;
  if (!sets && !links) {
    lazy_at_ = due_since_ = kNever;
    return kNever;
  }
  if (lazy_at_ == kNever) {
    const auto jitter = static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(kLazy.ns)));
    lazy_at_ = now + (links ? kLinked : kLazy) + nanoseconds(jitter);
  }
  return std::max(may_change_at(now), lazy_at_);
}

void Board::publish(codec::PageHead head, Instant now) {
  const std::uint32_t version = ++*self_.version;
  const std::uint64_t placed_before = shelf_.placed_bytes();
  const bool soon = now - changed_at_ < traits_.pace;
  urgent_spent_ = soon || (urgent_spent_ && now - changed_at_ < traits_.pace * 3);
  head.pages.assign(page_versions_.size(), version);  // as long as they can get
  codec::BulletinPage last{self_.node, version, head, {}};
  const std::size_t head_bytes = codec::kPageHeaderBytes + codec::encode_page(last).size() + 8;
  std::vector<transport::Page> pages;
  for (const std::size_t number : shelf_.arrange(version, kFixedBytes, head_bytes, patience(), now)) {
    codec::BulletinPage page{self_.node, version, std::nullopt, shelf_.pieces_on(number)};
    if (number + 1 == traits_.pages) {  // comes last
      head.pages = page_versions_;
      page.head = head;
    } else {
      page_versions_[number] = page.pieces.empty() ? 0 : version;
    }
    const bool empty = !page.head && page.pieces.empty();
    pages.push_back({number, empty ? Bytes() : codec::seal_page(key_, page)});
  }
  if (shelf_.placed_bytes() != placed_before) placed_version_ = version;
  parts_.links.publish(id_, std::move(pages));
  shelf_.sweep();
  changed_at_ = now;
  said_ = std::move(head);
  said_anything_ = true;
  lazy_at_ = differs_since_ = due_since_ = kNever;
  looked_for_more_ = std::ranges::any_of(
      peers_, [](const auto& one) { return one.second.outside && !one.second.gone && one.second.has_more; });
  if (slice_ != said_slice_) {
    said_slice_ = slice_;
    const bool brought = changes_then_ != parts_.reconciler.changes();
    changes_then_ = parts_.reconciler.changes();
    next_slice_ = std::clamp(brought ? Duration{} : next_slice_ * 2, pace() * 2, kLongestSlice);
    slice_until_ = now + next_slice_;
  }
  const auto any = [this](auto&& condition) {
    return std::ranges::any_of(peers_, [&](const auto& one) { return one.second.outside && condition(one.second); });
  };
  // With as many as there are since then.
  const auto too_few = [&](const Peer& peer) {
    return seen_of_us(peer) >= doubled_since_ && std::ranges::find(peer.head.unclear, tag_) != peer.head.unclear.end();
  };
  if (any(too_few)) {
    doubled_ = std::min(doubled_ + kDoublings, kMostDoubled);
    doubled_since_ = version + 1;
  } else if (!any([this](const Peer& peer) { return !agrees(peer); })) {
    doubled_ = 0;
  }
  ++counts_.changes;
  published_.push_back({version, now});
  if (published_.size() > 16) published_.pop_front();
}

// With an engine that repeats for ever: all agree for long and know it, so nothing needs to stand there.
bool Board::hushed(const codec::PageHead& head, Instant now) {
  const bool well = !shelf_.has_work() && head.wants.empty() && said_.beacon.all == head.beacon.all &&
                    std::ranges::all_of(peers_, [this](const auto& one) { return agrees(one.second); });
  if (!well || traits_.rests || quiet_since_ == kNever) quiet_since_ = now;
  return now - quiet_since_ >= kHush;
}

Instant Board::tick(Instant now) {
  if (now < next_look_) return next_look_;
  next_look_ = now + seconds(5);
  assembly_.drop_stale(kGoneAfter, now);
  std::erase_if(peers_, [&](const auto& one) { return one.second.gone && now - one.second.heard_at > kRemember; });
  find_outside();
  tick_later(now);
  serve(now);
  if (slice_ == said_slice_ && now >= slice_until_) ++slice_;
  codec::PageHead head = state(now);
  if (hushed(head, now)) {
    if (!said_anything_) return next_look_;
    std::vector<transport::Page> none;
    for (std::size_t number = 0; number < traits_.pages; ++number) none.push_back({number, {}});
    shelf_.clear_pages();
    parts_.links.publish(id_, std::move(none));
    said_anything_ = false;
    std::ranges::fill(page_versions_, 0);
    return next_look_;
  }
  const Instant at = due(head, now);
  if (traits_.pulls && under_way(head, now)) {
    if (now >= pull_at_) {
      parts_.links.pull(id_);
      pull_at_ = now + transport::Bulletin::kPull;
    }
    next_look_ = std::min(next_look_, pull_at_);
  }
  if (slice_until_ > now) next_look_ = std::min(next_look_, slice_until_);
  if (now >= at)
    publish(std::move(head), now);
  else
    next_look_ = std::min(next_look_, at);
  return next_look_;
}

}  // namespace meshfs::syncd
