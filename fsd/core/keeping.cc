#include "fsd/core/keeping.h"

#include "fsd/core/index_keys.h"

namespace meshfs::fsd {

using keys::Space;
using Class = Kept::Class;
using Minute = Kept::Minute;

namespace {

Minute minute_of(WallMs time) { return static_cast<Minute>(std::max<std::int64_t>(0, time.ms) / 60'000); }

// Of which rules the rows of Kept are.
Packer rules_key() { return std::move(keys::begin(Space::kept_total).byte(1)); }

}  // namespace

void Keeping::set(const KeepRules& rules, std::uint64_t capacity) {
  capacity_ = capacity;
  rules_ = rules;
  const Hash now = crypto::hash_of(as_bytes(rules.text()));
  const auto before = parts_.index.get(rules_key().view());
  const Hash known = before ? Hash::from(*before).value_or(Hash{}) : crypto::hash_of(as_bytes(KeepRules().text()));
  if (now == known) {
    if (budget()) pass_soon();  // what waited for room did so in memory
    return;
  }
  parts_.index.put(rules_key().view(), now.view());
  begin_pass();
}

Status Keeping::can_hold(std::uint64_t size) const {
  const auto limit = budget();
  if (limit && size > *limit) {
    return error(Errc::too_large, "it is larger than this node's whole budget: see `mesh keep`");
  }
  if (size > capacity_) return error(Errc::no_space, "it is larger than what this node's disk can hold");
  return {};
}

bool Keeping::can_pass_on(std::uint64_t size) const {
  const auto limit = budget();
  return can_hold(size).ok() && (!limit || parts_.counters.fetching_bytes + size <= *limit);
}

// Pinned content finds room by what goes for it; the rest waits until there is some.
bool Keeping::fits(std::uint64_t size) const {
  const auto limit = budget();
  return !limit || kept_.bytes() + parts_.counters.fetching_bytes + size <= *limit;
}

Class Keeping::judge(const ObjectId& object, const codec::Place& place, std::uint64_t size) {
  if (object.volume == kNetworkVolume || object.volume == kCommandsVolume || object.volume == parts_.own) {
    return Class::pinned;
  }
  std::string path;
  if (!rules_.patterns.empty() || !rules_.pins.empty()) {
    const ObjectId parent{object.volume, place.parent};
    path = parts_.files.path_of(parent);
    if (path.empty() && !parent.is_root()) {  // its directory has not come yet
      pass_soon();
      return Class::spare;
    }
    path += "/" + place.name.text();
    path.erase(0, 1);
  }
  const auto verdict = rules_.judge(path, size);
  if (verdict == KeepRules::Verdict::pinned) return Class::pinned;
  return verdict == KeepRules::Verdict::kept ? Class::chosen : Class::spare;
}

bool Keeping::is_pinned(const ObjectId& object) {
  const auto shown = parts_.objects.shown(parts_.objects.load(object));
  return shown && judge(object, shown->place.value.now, 0) == Class::pinned;
}

bool Keeping::wants(const ObjectId& object, const codec::Place& place, const codec::ChunkedContent& content,
                    const Stamp& written) {
  if (!can_hold(content.size)) return false;
  if (!active() || parts_.needs.complete(content)) return true;
  const Class worth = judge(object, place, content.size);
  if (worth == Class::spare) return false;
  if (!pass_ && fits(content.size)) return true;
  wish(worth, minute_of(written.hlc.wall()), content);
  return false;
}

void Keeping::is_here(const ObjectId& object, const codec::Place& place, const codec::ChunkedContent& content,
                      const Stamp& written) {
  if (!active()) return;
  kept_.add(content, judge(object, place, content.size), minute_of(written.hlc.wall()));
}

void Keeping::is_gone(const Hash& root) {
  if (!active()) return;
  kept_.remove(root);
  if (std::exchange(unmet_, false)) pass_soon();
}

void Keeping::moved() {
  if (!rules_.patterns.empty() || !rules_.pins.empty()) pass_soon();
}

void Keeping::used(const Hash& root) {
  if (active()) kept_.use(root, minute_of(parts_.moment.network_time));
}

void Keeping::wish(Class worth, Minute used, const codec::ChunkedContent& content) {
  wishes_.emplace(Wish{worth, used, content.root}, content.size);
  if (wishes_.size() <= kMaxWishes) return;
  wishes_.erase(std::prev(wishes_.end()));
  unmet_ = true;
}

std::optional<Keeping::Room> Keeping::wanted_room() const {
  const auto limit = budget();
  if (!limit || pass_) return std::nullopt;
  const std::uint64_t taken = kept_.bytes() + parts_.counters.fetching_bytes;
  if (taken > *limit) return Room{taken - *limit, UINT64_MAX};
  if (wishes_.empty()) return std::nullopt;
  const auto& [first, size] = *wishes_.begin();
  if (taken + size <= *limit) return std::nullopt;
  return Room{taken + size - *limit, first.worth == Class::pinned ? UINT64_MAX : first.used};
}

void Keeping::no_room() {
  const auto limit = budget();
  if (wishes_.empty() || !limit || kept_.bytes() + parts_.counters.fetching_bytes > *limit) return;
  wishes_.erase(wishes_.begin());
  unmet_ = true;
}

Instant Keeping::tick() {
  if (pass_due_ <= parts_.now && !pass_) begin_pass();
  if (pass_) {
    go_on();
    if (pass_) return parts_.now;
  }
  for (std::size_t i = 0; i < kMaxStarts && !wishes_.empty(); ++i) {
    const auto first = wishes_.begin();
    const codec::ChunkedContent content{first->second, first->first.root};
    const bool waits = parts_.needs.rests(content.root);
    if (waits && !fits(content.size)) break;
    wishes_.erase(first);
    if (waits) start(content);
  }
  return pass_due_;
}

void Keeping::start(const codec::ChunkedContent& content) {
  for (const ObjectId& object : parts_.needs.start(content, false)) parts_.objects.refresh(object);
}

void Keeping::begin_pass() {
  if (active())
    kept_.begin_pass();
  else
    kept_.clear();
  wishes_.clear();
  unmet_ = false;
  pass_ = true;
  pass_due_ = kNever;
  cursor_ = copy_of(keys::begin(Space::object).view());
}

void Keeping::go_on() {
  std::vector<ObjectId> objects;
  const Packer prefix = keys::begin(Space::object);
  pass_ = false;
  parts_.index.scan(cursor_, [&](ByteView key, ByteView) {
    const auto rest = keys::after(key, prefix.view());
    if (!rest) return false;
    if (objects.size() == kPassSlice) {
      cursor_ = copy_of(key);
      pass_ = true;
      return false;
    }
    Unpacker in(*rest);
    const auto volume = in.fixed<VolumeTag>();
    objects.push_back({volume, in.fixed<LocalId>()});
    return true;
  });
  for (const ObjectId& object : objects) judge_anew(object);
}

bool Keeping::others_want(const Hash& root, const ObjectId& but, std::uint64_t size) {
  for (const ObjectId& object : parts_.needs.waiting_for(root)) {
    if (object == but) continue;
    const auto shown = parts_.objects.shown(parts_.objects.load(object));
    if (shown && judge(object, shown->place.value.now, size) != Class::spare) return true;
  }
  return false;
}

void Keeping::judge_anew(const ObjectId& object) {
  const ObjectRecord record = parts_.objects.load(object);
  const auto shown = parts_.objects.shown(record);
  if (!shown || record.kind != codec::Kind::file) return;
  for (const auto& one : shown->contents) {
    const auto* content = std::get_if<codec::ChunkedContent>(&one.value);
    if (content == nullptr) continue;
    const codec::Place& place = shown->place.value.now;
    if (parts_.needs.complete(*content)) {
      is_here(object, place, *content, one.stamp);
      continue;
    }
    const Class worth = active() ? judge(object, place, content->size) : Class::chosen;
    if (worth == Class::spare || !can_hold(content->size)) {
      if (parts_.needs.rests(content->root) || others_want(content->root, object, content->size)) continue;
      parts_.needs.rest(*content);
      parts_.objects.refresh(object);  // shows as a placeholder
    } else if (parts_.needs.rests(content->root) &&
               (worth == Class::pinned || !parts_.needs.left_by_hand(content->root))) {
      if (budget())
        wish(worth, minute_of(one.stamp.hlc.wall()), *content);
      else
        start(*content);
    }
  }
}

}  // namespace meshfs::fsd
