#include "fsd/core/compose.h"

#include <algorithm>
#include <map>
#include <set>

namespace meshfs::fsd {

namespace {

// Writes one entry of one author.
class Composer {
 public:
  Composer(const Heads& heads, const Stamp& stamp, WallMs network_time, WallMs floor)
      : stamp_(stamp), floor_(floor), live_(live_heads(heads, network_time)), shown_(show(heads, network_time)) {
    for (const Head& head : heads) {
      if (!is_due(head, network_time)) continue;
      CHECK(head.stamp.hlc < stamp.hlc);
      due_.push_back(&head);
      note_named(head);
    }
  }

  codec::ObjectEntry entry(const ObjectId& object, codec::Kind kind, const Change& change) const;
  codec::Tombstone tombstone(const ObjectId& object, const std::optional<codec::Place>& shown_at) const;
  [[nodiscard]] bool can(codec::Kind kind, const Change* change) const;

 private:
  template <class Register, class Value>
  Register restate(const Stamped<Value>& from) const {
    Register out;
    out.stamp.age = stamp_.hlc.value - from.stamp.hlc.value;
    if (from.stamp.author == stamp_.author) {
      out.value = from.value;
    } else {
      out.stamp.foreign = codec::ForeignStamp{from.stamp.author, from.origin};
    }
    return out;
  }
  // What `head` names is in the sets of those who still have it: it must stay covered by what replaces `head`.
  void note_named(const Head& head) {
    const auto note = [&](const Stamp& stamp, const Hash& origin) {
      if (origin != head.entry) named_.insert(stamp.author);
    };
    if (head.place) note(head.place->stamp, head.place->origin);
    if (head.attributes) note(head.attributes->stamp, head.attributes->origin);
    for (const auto& content : head.contents) note(content.stamp, content.origin);
    for (const auto& link : head.links) note(link.stamp, link.origin);
  }

  // Of what has expired nothing goes on.
  [[nodiscard]] std::vector<Stamped<codec::Content>> surviving() const {
    return shown_ ? surviving_contents(live_) : std::vector<Stamped<codec::Content>>();
  }
  codec::PlaceRegister place(const Change& change) const;
  std::vector<codec::ContentRegister> contents(const Change& change) const;
  std::vector<codec::LinkRegister> links(const Change& change) const;
  codec::Context context() const;
  std::uint64_t latest_expiry(std::uint64_t own_lifetime_ms) const;

  const Stamp stamp_;
  const WallMs floor_;
  const std::vector<const Head*> live_;
  const std::optional<Shown> shown_;
  std::vector<const Head*> due_;
  std::set<AuthorTag> named_;  // authors of the origins that the due heads name
};

codec::PlaceRegister Composer::place(const Change& change) const {
  if (!change.place) {
    CHECK(shown_.has_value());
    // What a covered directory shows from lives in a tombstone, which can't be named as origin: stamped anew.
    if (!shown_->covered_directory) return restate<codec::PlaceRegister>(shown_->place);
    return {{}, shown_->place.value};
  }
  codec::PlaceValue value{*change.place, std::nullopt};
  if (shown_) {
    const codec::PlaceValue& old = shown_->place.value;
    value.previous = old.now == value.now ? old.previous : std::optional(old.now);
  }
  return {{}, value};
}

std::vector<codec::ContentRegister> Composer::contents(const Change& change) const {
  const auto survivors = surviving();
  std::vector<codec::Content> seen;  // values that go
  for (const auto& content : survivors) {
    const auto has = [&](const std::vector<Stamp>& stamps) {
      return std::find(stamps.begin(), stamps.end(), content.stamp) != stamps.end();
    };
    if ((change.content && has(change.base)) || has(change.drop)) seen.push_back(content.value);
  }
  std::vector<codec::ContentRegister> out;
  if (change.content) out.push_back({{}, *change.content});
  for (const auto& content : survivors) {
    if (std::find(seen.begin(), seen.end(), content.value) != seen.end()) continue;
    out.push_back(restate<codec::ContentRegister>(content));
  }
  return out;
}

// Removed links settle who was later when somebody renames one meanwhile; only the latest are kept, and none where it
// takes the room of one that is there.
static void forget_removed(std::map<LocalId, codec::LinkRegister>& links,
                           const std::vector<Stamped<LinkValue>>& known) {
  std::vector<std::pair<Stamp, LocalId>> removed;
  for (const auto& link : known) {
    const auto at = links.find(link.value.link);
    if (!link.value.place && at->second.stamp.age != 0) removed.emplace_back(link.stamp, link.value.link);
  }
  std::sort(removed.begin(), removed.end());
  for (std::size_t i = 0; i < removed.size(); ++i) {
    if (removed.size() - i <= kMaxRemovedLinks && links.size() <= codec::kMaxLinks) return;
    links.erase(removed[i].second);
  }
}

std::vector<codec::LinkRegister> Composer::links(const Change& change) const {
  std::map<LocalId, codec::LinkRegister> out;
  const bool expired = !shown_ && !surviving_contents(live_).empty();
  const auto known = expired ? std::vector<Stamped<LinkValue>>() : surviving_links(live_);
  const auto is_known = [&](const LocalId& id) {
    const auto at = std::lower_bound(known.begin(), known.end(), id,
                                     [](const auto& link, const LocalId& wanted) { return link.value.link < wanted; });
    return at != known.end() && at->value.link == id;
  };
  for (const auto& link : change.links) out[link.link] = {link.link, {}, link.place};
  // A link that came and went, or became the first name, before anybody saw it: git makes every file that way.
  std::erase_if(out, [&](const auto& link) {
    const bool needless = !link.second.value || (change.place && *link.second.value == *change.place);
    return needless && !is_known(link.first);
  });
  for (const auto& link : known) {
    if (out.contains(link.value.link)) continue;
    codec::LinkRegister restated{link.value.link, {}, std::nullopt};
    restated.stamp.age = stamp_.hlc.value - link.stamp.hlc.value;
    if (link.stamp.author == stamp_.author) {
      restated.value = link.value.place;
    } else {
      restated.stamp.foreign = codec::ForeignStamp{link.stamp.author, link.origin};
    }
    out[link.value.link] = restated;
  }
  forget_removed(out, known);
  std::vector<codec::LinkRegister> sorted;
  for (auto& [id, link] : out) sorted.push_back(std::move(link));
  return sorted;
}

codec::Context Composer::context() const {
  std::map<AuthorTag, Hlc> slots;
  const auto cover = [&](const AuthorTag& author, Hlc hlc) { slots[author] = std::max(slots[author], hlc); };
  for (const Head* head : due_) {
    cover(head->stamp.author, head->stamp.hlc);
    const bool old = head->stamp.hlc.wall() < floor_;
    for (const auto& slot : head->context) {
      if (!old || named_.contains(slot.author)) cover(slot.author, slot.hlc);
    }
  }
  codec::Context out;
  for (const auto& [author, hlc] : slots) {
    CHECK(hlc < stamp_.hlc);
    out.push_back({author, stamp_.hlc.value - hlc.value});
  }
  return out;
}

static WallMs plus(WallMs at, std::uint64_t ms) {
  const auto room = static_cast<std::uint64_t>(kNeverExpiresMs - at.ms);
  return {ms >= room ? kNeverExpiresMs : at.ms + static_cast<std::int64_t>(ms)};
}

// An object that never expires needs none: nothing it covers can outlive it.
std::uint64_t Composer::latest_expiry(std::uint64_t own_lifetime_ms) const {
  if (own_lifetime_ms == 0) return 0;
  WallMs latest;
  for (const Head* head : due_) {
    const WallMs made = head->stamp.hlc.wall();
    WallMs expires{kNeverExpiresMs};
    if (head->tombstone) {
      expires = plus(made, static_cast<std::uint64_t>(kTombstoneKeepMs));
    } else if (head->attributes && head->attributes->value.lifetime_ms != 0) {
      expires = std::max(plus(made, head->attributes->value.lifetime_ms), head->latest_expiry);
    }
    latest = std::max(latest, expires);
  }
  return static_cast<std::uint64_t>(latest.ms);
}

codec::ObjectEntry Composer::entry(const ObjectId& object, codec::Kind kind, const Change& change) const {
  for (const Head* head : due_) CHECK(head->object == object && head->kind == kind);
  codec::ObjectEntry out;
  out.object = object.local;
  out.kind = kind;
  out.place = place(change);
  if (change.attributes) {
    out.attributes.value = *change.attributes;
  } else {
    CHECK(shown_.has_value());
    if (shown_->covered_directory) {
      out.attributes.value = shown_->attributes.value;
    } else {
      out.attributes = restate<codec::AttributesRegister>(shown_->attributes);
    }
  }
  if (kind != codec::Kind::directory) {
    out.contents = contents(change);
    out.links = links(change);
  }
  CHECK(out.contents.empty() == (kind == codec::Kind::directory));
  out.context = context();
  const std::uint64_t lifetime_ms =
      change.attributes ? change.attributes->lifetime_ms : shown_->attributes.value.lifetime_ms;
  out.latest_expiry_ms = latest_expiry(lifetime_ms);
  return out;
}

codec::Tombstone Composer::tombstone(const ObjectId& object, const std::optional<codec::Place>& shown_at) const {
  CHECK(!due_.empty());
  codec::Tombstone out;
  out.object = object.local;
  out.kind = due_.front()->kind;
  out.context = context();
  if (out.kind == codec::Kind::directory && shown_) {
    out.place = shown_at ? *shown_at : shown_->place.value.now;
    out.attributes = shown_->attributes.value;
  }
  return out;
}

}  // namespace

codec::ObjectEntry compose(const ObjectId& object, codec::Kind kind, const Heads& heads, const Change& change,
                           const Stamp& stamp, WallMs network_time, WallMs floor) {
  return Composer(heads, stamp, network_time, floor).entry(object, kind, change);
}

bool Composer::can(codec::Kind kind, const Change* change) const {
  if (change == nullptr) return !due_.empty();
  if (!shown_ && !(change->place && change->attributes)) return false;
  return kind == codec::Kind::directory || !contents(*change).empty();
}

bool can_compose(codec::Kind kind, const Heads& heads, const Change* change, const Stamp& stamp, WallMs network_time) {
  return Composer(heads, stamp, network_time, {}).can(kind, change);
}

codec::Tombstone compose_tombstone(const ObjectId& object, const Heads& heads, const Stamp& stamp, WallMs network_time,
                                   WallMs floor, const std::optional<codec::Place>& shown_at) {
  return Composer(heads, stamp, network_time, floor).tombstone(object, shown_at);
}

}  // namespace meshfs::fsd
