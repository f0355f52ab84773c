#include "fsd/core/head.h"

#include <algorithm>
#include <map>

namespace meshfs::fsd {

bool covers(const Head& f, const Stamp& stamp) {
  const auto at =
      std::lower_bound(f.context.begin(), f.context.end(), stamp.author,
                       [](const CoveredSlot& slot, const AuthorTag& author) { return slot.author < author; });
  return at != f.context.end() && at->author == stamp.author && at->hlc >= stamp.hlc;
}

bool supersedes(const Head& f, const Head& e) { return f.entry != e.entry && !e.certified && covers(f, e.stamp); }

bool is_due(Hlc hlc, WallMs network_time) { return hlc.wall().ms <= network_time.ms + kFutureMs; }
bool is_due(const Head& head, WallMs network_time) { return is_due(head.stamp.hlc, network_time); }

static bool before(const Head& a, const Head& b) { return a.stamp != b.stamp ? a.stamp < b.stamp : a.entry < b.entry; }

// Newest first: what could supersede an entry is judged before it, since slots are less than their entry's HLC.
std::vector<const Head*> live_heads(const Heads& heads, WallMs network_time) {
  std::vector<const Head*> live;
  for (auto head = heads.rbegin(); head != heads.rend(); ++head) {
    if (!is_due(*head, network_time)) continue;
    const bool gone = std::any_of(live.begin(), live.end(), [&](const Head* f) { return supersedes(*f, *head); });
    if (!gone) live.push_back(&*head);
  }
  std::reverse(live.begin(), live.end());
  return live;
}

bool is_superseded(const Heads& heads, const Stamp& stamp, WallMs network_time) {
  const auto live = live_heads(heads, network_time);
  return std::any_of(live.begin(), live.end(), [&](const Head* f) { return covers(*f, stamp); });
}

std::vector<Hash> settle(Heads& heads, WallMs network_time) {
  const auto live = live_heads(heads, network_time);
  Heads kept;
  std::vector<Hash> gone;
  std::size_t next_live = 0;
  for (const Head& head : heads) {
    const bool lives = next_live < live.size() && live[next_live] == &head;
    if (lives) ++next_live;
    if (lives || !is_due(head, network_time)) {
      kept.push_back(head);
    } else {
      gone.push_back(head.entry);
    }
  }
  if (!gone.empty()) heads = std::move(kept);
  return gone;
}

std::vector<Hash> add_head(Heads& heads, Head head, WallMs network_time) {
  const bool known = std::any_of(heads.begin(), heads.end(), [&](const Head& h) { return h.entry == head.entry; });
  if (!known) {
    CHECK(heads.empty() || heads.front().object == head.object);
    const auto at = std::lower_bound(heads.begin(), heads.end(), head, before);
    heads.insert(at, std::move(head));
  }
  return settle(heads, network_time);
}

std::vector<Hash> named_origins(const Heads& heads) {
  std::vector<Hash> out;
  for (const Head& head : heads) {
    if (head.tombstone) continue;
    if (head.place) out.push_back(head.place->origin);
    if (head.attributes) out.push_back(head.attributes->origin);
    for (const auto& content : head.contents) out.push_back(content.origin);
    for (const auto& link : head.links) out.push_back(link.origin);
    std::erase(out, head.entry);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

namespace {

// The register to show: the greater stamp. One stamp stated by several entries of its author: the smaller hash, so
// that all nodes name the same origin.
template <class Value>
bool better(const Stamped<Value>& a, const Stamped<Value>& b) {
  return a.stamp != b.stamp ? a.stamp > b.stamp : a.origin < b.origin;
}

template <class Value>
const Stamped<Value>* greatest(const std::vector<const Head*>& live, bool tombstones,
                               std::optional<Stamped<Value>> Head::*which) {
  const Stamped<Value>* best = nullptr;
  for (const Head* head : live) {
    const auto& candidate = head->*which;
    if (head->tombstone != tombstones || !candidate) continue;
    if (best == nullptr || better(*candidate, *best)) best = &*candidate;
  }
  return best;
}

bool lists_content(const Head& head, const Stamp& stamp) {
  return std::any_of(head.contents.begin(), head.contents.end(), [&](const auto& c) { return c.stamp == stamp; });
}
bool lists_link(const Head& head, const LocalId& link) {
  const auto at = std::lower_bound(head.links.begin(), head.links.end(), link,
                                   [](const auto& l, const LocalId& id) { return l.value.link < id; });
  return at != head.links.end() && at->value.link == link;
}

// A covered directory takes both from one tombstone, the greatest that tells them: never a place from one delete
// and attributes from another.
const Head* greatest_telling_tombstone(const std::vector<const Head*>& live) {
  for (auto head = live.rbegin(); head != live.rend(); ++head) {
    if ((*head)->tombstone && (*head)->place && (*head)->attributes) return *head;
  }
  return nullptr;
}

}  // namespace

std::vector<Stamped<codec::Content>> surviving_contents(const std::vector<const Head*>& live) {
  std::map<Stamp, Stamped<codec::Content>> found;
  for (const Head* head : live) {
    for (const auto& content : head->contents) {
      const bool own = head->certified && content.origin == head->entry;
      const bool dropped = !own && std::any_of(live.begin(), live.end(), [&](const Head* f) {
        return covers(*f, content.stamp) && !lists_content(*f, content.stamp);
      });
      if (dropped) continue;
      const auto [at, fresh] = found.try_emplace(content.stamp, content);
      if (!fresh && better(content, at->second)) at->second = content;
    }
  }
  std::vector<Stamped<codec::Content>> out;
  for (auto at = found.rbegin(); at != found.rend(); ++at) out.push_back(at->second);
  return out;
}

std::vector<Stamped<LinkValue>> surviving_links(const std::vector<const Head*>& live) {
  std::map<LocalId, Stamped<LinkValue>> found;
  for (const Head* head : live) {
    for (const auto& link : head->links) {
      const bool dropped = std::any_of(live.begin(), live.end(), [&](const Head* f) {
        return covers(*f, link.stamp) && !lists_link(*f, link.value.link);
      });
      if (dropped) continue;
      const auto [at, fresh] = found.try_emplace(link.value.link, link);
      if (!fresh && better(link, at->second)) at->second = link;
    }
  }
  std::vector<Stamped<LinkValue>> out;
  for (const auto& [id, link] : found) out.push_back(link);
  return out;
}

static std::vector<Stamped<codec::Content>> distinct_in_value(const std::vector<Stamped<codec::Content>>& contents) {
  std::vector<Stamped<codec::Content>> out;
  for (const auto& content : contents) {
    const bool again = std::any_of(out.begin(), out.end(), [&](const auto& c) { return c.value == content.value; });
    if (!again) out.push_back(content);
  }
  return out;
}

std::optional<Shown> show(const Heads& heads, WallMs network_time) {
  const auto live = live_heads(heads, network_time);
  if (live.empty()) return std::nullopt;

  Shown out;
  out.object = live.front()->object;
  out.kind = live.front()->kind;
  out.version = live.back()->stamp;
  const auto* place = greatest(live, false, &Head::place);
  const auto* attributes = greatest(live, false, &Head::attributes);

  if (out.kind == codec::Kind::directory) {
    out.alive = place != nullptr && attributes != nullptr;
    if (!out.alive) {
      const Head* told = greatest_telling_tombstone(live);
      if (told == nullptr) return std::nullopt;
      out.covered_directory = true;
      place = &*told->place;
      attributes = &*told->attributes;
    }
  } else {
    out.contents = distinct_in_value(surviving_contents(live));
    out.alive = !out.contents.empty() && place != nullptr && attributes != nullptr;
    if (!out.alive) return std::nullopt;
    for (auto& link : surviving_links(live)) {
      if (link.value.place) out.links.push_back(std::move(link));
    }
  }
  out.place = *place;
  out.attributes = *attributes;
  if (out.covered_directory || expires_at(out) > network_time) return out;
  if (out.kind != codec::Kind::directory) return std::nullopt;
  out.alive = false;
  out.covered_directory = true;
  return out;
}

WallMs expires_at(const Shown& shown) {
  const std::uint64_t lifetime_ms = shown.attributes.value.lifetime_ms;
  const WallMs from = shown.version.hlc.wall();
  if (lifetime_ms == 0 || lifetime_ms >= static_cast<std::uint64_t>(kNeverExpiresMs - from.ms))
    return {kNeverExpiresMs};
  return {from.ms + static_cast<std::int64_t>(lifetime_ms)};
}

}  // namespace meshfs::fsd
