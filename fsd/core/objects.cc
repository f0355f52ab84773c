#include "fsd/core/objects.h"

#include "fsd/core/index_keys.h"
#include "fsd/core/links.h"
#include "fsd/core/seals.h"
#include "fsd/core/visible_changes.h"
#include "fsd/core/volumes.h"

namespace meshfs::fsd {

using keys::Space;

namespace {

// Entries that must stay in the set for this object: its heads and the origins they name.
std::vector<Hash> live_entries(const ObjectRecord& record) {
  std::vector<Hash> out = named_origins(record.heads);
  for (const Head& head : record.heads) out.push_back(head.entry);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

// With the object in the key, the value can stay empty.
Packer future_key(WallMs due, const ObjectId& object) {
  return std::move(
      keys::begin(Space::future).ordered(static_cast<std::uint64_t>(due.ms)).fixed(object.volume).fixed(object.local));
}

void mark(Table& index, Space space, const ObjectId& object, bool before, bool now) {
  if (before == now) return;
  const Packer key = keys::of(space, object);
  if (now)
    index.put(key.view(), {});
  else
    index.erase(key.view());
}

}  // namespace

ObjectRecord Objects::load(const ObjectId& object) {
  const auto row = index_.get(keys::of(Space::object, object).view());
  if (!row) return {};
  auto record = unpack_object(object, *row);
  if (record.ok()) return std::move(*record);
  damaged_ = true;
  return {};
}

std::optional<Shown> Objects::shown(const ObjectRecord& record) const {
  if (record.heads.empty() && !record.provisional) return std::nullopt;
  return show(record.effective(moment_.network_time), moment_.network_time);
}

void Objects::save(const ObjectId& object, const ObjectRecord& before, ObjectRecord now) {
  if (!now.heads.empty())
    now.kind = now.heads.back().kind;
  else if (now.provisional)
    now.kind = now.provisional->kind;
  const auto shown_before = shown(before);
  const auto shown_now = shown(now);
  update_live(before, now);
  update_contents(object, before, now, shown_now);
  update_names(object, before, now, shown_now);
  update_marks(object, before, now, shown_now);
  const Packer key = keys::of(Space::object, object);
  if (now.heads.empty() && !now.provisional)
    index_.erase(key.view());
  else
    index_.put(key.view(), pack_object(now));
  note_visible(object, before, now, shown_before, shown_now);
  if (saved_) saved_(before, now);
}

void Objects::update_live(const ObjectRecord& before, const ObjectRecord& now) {
  const auto was = live_entries(before);
  const auto is = live_entries(now);
  std::vector<Hash> difference;
  std::set_difference(is.begin(), is.end(), was.begin(), was.end(), std::back_inserter(difference));
  for (const Hash& entry : difference) sets_.hold(entry);
  difference.clear();
  std::set_difference(was.begin(), was.end(), is.begin(), is.end(), std::back_inserter(difference));
  for (const Hash& entry : difference) sets_.release(entry);
}

bool Objects::is_complete(const codec::Content& content) {
  const auto* chunked = std::get_if<codec::ChunkedContent>(&content);
  return chunked == nullptr || needs_.complete(*chunked);
}

bool Objects::can_show(const codec::Content& content) {
  const auto* chunked = std::get_if<codec::ChunkedContent>(&content);
  return chunked == nullptr || needs_.shows(*chunked);
}

// Contents that this object's record relies on: those that are fetched for it, and what it shows meanwhile.
std::vector<codec::ChunkedContent> Objects::used_by(const ObjectRecord& record) {
  std::vector<codec::ChunkedContent> out = record.wanted;
  if (!record.displayed) return out;
  const auto* shown = std::get_if<codec::ChunkedContent>(&record.displayed->content.value);
  if (shown != nullptr && std::find(out.begin(), out.end(), *shown) == out.end()) out.push_back(*shown);
  return out;
}

void Objects::begin_fetching(const ObjectId& object, const ObjectRecord& before, ObjectRecord& now,
                             const std::optional<Shown>& shown) {
  now.wanted.clear();
  const auto used = used_by(before);
  const bool shows_placeholder = before.displayed && !is_complete(before.displayed->content.value);
  const auto begin = [&](const Stamped<codec::Content>& content, const codec::Place& place) {
    const auto* chunked = std::get_if<codec::ChunkedContent>(&content.value);
    if (chunked == nullptr || std::find(now.wanted.begin(), now.wanted.end(), *chunked) != now.wanted.end()) return;
    now.wanted.push_back(*chunked);
    if (std::find(used.begin(), used.end(), *chunked) == used.end()) {
      const bool wants = selection_ == nullptr || now.kind != codec::Kind::file ||
                         selection_->wants(object, place, *chunked, content.stamp);
      if (wants)
        needs_.want(object, *chunked, [&] {
          return shown ? alike(object, before, *shown, *chunked) : std::vector<codec::ChunkedContent>{};
        });
      else
        needs_.leave_out(object, *chunked);
      if (shows_placeholder) needs_.show(chunked->root);
    }
    if (selection_ != nullptr && needs_.complete(*chunked)) {
      selection_->is_here(object, place, *chunked, content.stamp);
    }
  };
  if (shown) {
    for (const auto& content : shown->contents) begin(content, shown->place.value.now);
  }
  // What is not due yet will be: who has it may be gone by then, and those behind us may be ahead of our time.
  for (const Head& head : now.heads) {
    if (is_due(head, moment_.network_time) || !head.place) continue;
    for (const auto& content : head.contents) begin(content, head.place->value.now);
  }
}

void Objects::end_fetching(const ObjectId& object, const ObjectRecord& before, const ObjectRecord& now) {
  const auto used = used_by(now);
  for (const auto& content : used_by(before)) {
    if (std::find(used.begin(), used.end(), content) != used.end()) continue;
    needs_.unwant(object, content);
    if (selection_ != nullptr && needs_.waiting_for(content.root).empty()) selection_->is_gone(content.root);
  }
}

void Objects::update_contents(const ObjectId& object, const ObjectRecord& before, ObjectRecord& now,
                              const std::optional<Shown>& shown) {
  begin_fetching(object, before, now, shown);
  now.displayed.reset();
  choose_displayed(before, now, shown);
  end_fetching(object, before, now);
}

// What all contents together say, where their type has a rule for that. It is computed, never stored but in the object's row and
// never sent: every node that has the contents makes the same of them.
std::optional<Bytes> Objects::merged(const ObjectRecord& before, const Shown& shown) {
  const codec::Attributes& attributes = shown.attributes.value;
  if (!merge_ || shown.contents.size() < 2 || attributes.type.empty() || !seal_mark(attributes).empty()) return {};
  std::vector<const codec::Content*> versions;
  bool all_here = true;
  for (auto content = shown.contents.rbegin(); content != shown.contents.rend(); ++content) {
    versions.push_back(&content->value);
    all_here = all_here && is_complete(content->value);
  }
  if (all_here) return merge_(attributes.type, versions);
  // One was dropped from this disk since: what came of them stays.
  const auto was = before.merged ? this->shown(before) : std::nullopt;
  if (!was || was->contents != shown.contents || !before.displayed) return {};
  const Bytes* bytes = std::get_if<Bytes>(&before.displayed->content.value);
  return bytes == nullptr ? std::nullopt : std::optional(*bytes);
}

void Objects::choose_displayed(const ObjectRecord& before, ObjectRecord& now, const std::optional<Shown>& shown) {
  now.merged = false;
  if (!shown || shown->kind == codec::Kind::directory) return;
  if (auto bytes = merged(before, *shown)) {
    const auto& newest = shown->contents.front();
    now.displayed = Displayed{{newest.stamp, newest.origin, std::move(*bytes)}, shown->attributes};
    now.merged = true;
    return;
  }
  const Stamped<codec::Content>* pick = nullptr;
  for (const auto& content : shown->contents) {
    if (!can_show(content.value)) continue;
    if (pick == nullptr) pick = &content;
    // While the greatest is on its way, what readers see stays if it survives.
    const bool top_is_here = pick == &shown->contents.front();
    if (!top_is_here && before.displayed && before.displayed->content.stamp == content.stamp) pick = &content;
  }
  if (pick != nullptr) {
    now.displayed = Displayed{*pick, shown->attributes};
  } else if (before.displayed) {
    now.displayed = before.displayed;
  }
  // Attributes that came with a content which is not here yet wait with it: its mtime is not the old bytes' mtime.
  const bool waits = now.displayed && now.displayed->content.stamp != shown->contents.front().stamp;
  if (!waits) return;
  const bool with_content = shown->attributes.stamp == shown->contents.front().stamp;
  if (with_content && before.displayed)
    now.displayed->attributes = before.displayed->attributes;
  else if (!with_content)
    now.displayed->attributes = shown->attributes;
}

void Objects::update_names(const ObjectId& object, const ObjectRecord& before, ObjectRecord& now,
                           const std::optional<Shown>& shown) {
  now.wants.clear();
  if (now.kind == codec::Kind::directory || before.kind == codec::Kind::directory) {
    std::optional<Namespace::DirectoryState> state;
    if (shown) state = {shown->place.stamp, shown->place.value, shown->covered_directory};
    names_.change_directory(object, state);
    return;
  }
  if (shown && now.displayed) {
    Shown visible = *shown;
    visible.contents = {now.displayed->content};
    for (const auto& content : shown->contents) {
      if (now.merged) break;
      const bool older = content.stamp < now.displayed->content.stamp;
      if (older && can_show(content.value)) visible.contents.push_back(content);
    }
    for (PlacedWant& want : wants_of(visible, shows_siblings(object.volume))) {
      now.wants.push_back({want.parent, std::move(want.want), now.kind});
    }
  }
  names_.change(object.volume, before.wants, now.wants);
}

void Objects::update_marks(const ObjectId& object, const ObjectRecord& before, ObjectRecord& now,
                           const std::optional<Shown>& shown) {
  now.alive = shown && shown->alive;
  now.conflict = shown && shown->contents.size() > 1 && !now.merged;
  const bool file_before = before.alive && before.kind == codec::Kind::file;
  const bool file_now = now.alive && now.kind == codec::Kind::file;
  counters_.objects += (now.alive ? 1u : 0u) - (before.alive ? std::uint64_t{1} : 0u);
  counters_.files += (file_now ? 1u : 0u) - (file_before ? std::uint64_t{1} : 0u);
  counters_.conflicts += (now.conflict ? 1u : 0u) - (before.conflict ? std::uint64_t{1} : 0u);
  mark(index_, Space::conflict, object, before.conflict || before.merged, now.conflict || now.merged);
  mark(index_, Space::provisional, object, before.provisional.has_value(), now.provisional.has_value());
  const auto look_again = [&](WallMs at) {
    index_.put(future_key(at, object).view(), {});
    next_due_ = std::min(next_due_, at);
  };
  if (shown && !shown->covered_directory && expires_at(*shown).ms != kNeverExpiresMs) look_again(expires_at(*shown));
  for (const Head& head : now.heads) {
    if (is_due(head, moment_.network_time))
      counters_.latest = std::max(counters_.latest, head.stamp.hlc);
    else
      look_again({head.stamp.hlc.wall().ms - kFutureMs});
  }
}

void Objects::refresh(const ObjectId& object) {
  const ObjectRecord before = load(object);
  if (before.heads.empty() && !before.provisional) return;
  ObjectRecord now = before;
  (void)settle(now.heads, moment_.network_time);
  save(object, before, std::move(now));
}

void Objects::merge_anew() {
  std::vector<ObjectId> several;
  const Packer prefix = keys::begin(Space::conflict);
  index_.scan(prefix.view(), [&](ByteView key, ByteView) {
    const auto rest = keys::after(key, prefix.view());
    if (!rest) return false;
    Unpacker in(*rest);
    const auto volume = in.fixed<VolumeTag>();
    several.push_back({volume, in.fixed<LocalId>()});
    return true;
  });
  for (const ObjectId& object : several) refresh(object);
}

std::vector<ObjectId> Objects::release_due() {
  std::vector<ObjectId> out;
  for (;;) {
    std::vector<std::pair<Bytes, ObjectId>> due;
    WallMs next{INT64_MAX};
    const Packer prefix = keys::begin(Space::future);
    index_.scan(prefix.view(), [&](ByteView key, ByteView) {
      const auto rest = keys::after(key, prefix.view());
      if (!rest) return false;
      Unpacker in(*rest);
      const WallMs at{static_cast<std::int64_t>(in.ordered())};
      if (at > moment_.network_time) {
        next = at;
        return false;
      }
      const auto volume = in.fixed<VolumeTag>();
      due.emplace_back(copy_of(key), ObjectId{volume, in.fixed<LocalId>()});
      return due.size() < 1000;  // memory: the rest in the next round
    });
    next_due_ = next;
    if (due.empty()) return out;
    for (const auto& [key, object] : due) {
      index_.erase(key);
      refresh(object);
      out.push_back(object);
    }
  }
}

std::vector<std::pair<ObjectId, std::string>> Objects::names_of(const ObjectId& object, const ObjectRecord& record) {
  std::vector<std::pair<ObjectId, std::string>> out;
  if (record.kind == codec::Kind::directory) {
    if (const auto at = names_.effective(object)) {
      const ObjectId parent{object.volume, at->at.parent};
      if (const auto name = names_.name_of(parent, at->at.name.text(), {object, std::nullopt}))
        out.emplace_back(parent, *name);
    }
    return out;
  }
  for (const Want& want : record.wants) {
    const ObjectId parent{object.volume, want.parent};
    if (const auto name = names_.name_of(parent, want.want.name, want.want.key)) out.emplace_back(parent, *name);
  }
  return out;
}

void Objects::note_visible(const ObjectId& object, const ObjectRecord& before, const ObjectRecord& now,
                           const std::optional<Shown>& shown_before, const std::optional<Shown>& shown_now) {
  if (!shown_before || !shown_now) return;
  bool content = false;
  bool attributes = false;
  if (now.kind == codec::Kind::directory) {
    attributes = shown_before->attributes.value != shown_now->attributes.value;
  } else if (before.displayed && now.displayed) {
    content = before.displayed->content.value != now.displayed->content.value;
    // The number of its names is one of a file's attributes too.
    attributes = before.displayed->attributes.value != now.displayed->attributes.value ||
                 names_shown(*shown_before).size() != names_shown(*shown_now).size();
  }
  if (!content && !attributes) return;
  const auto what = content ? Visible::What::content : Visible::What::attributes;
  const NodeKey node{object, std::nullopt};
  std::shared_ptr<const Visible::Before> before_it;
  if (content) {
    before_it = std::make_shared<const Visible::Before>(Visible::Before{
        before.displayed->content.value, before.displayed->content.stamp, before.displayed->attributes.value});
  }
  // A directory's siblings are none; a file's conflicting contents never change: their names come and go.
  const auto names = names_of(object, now);
  for (const auto& [directory, name] : names) {
    const auto at = names_.lookup(directory, name);
    if (!at || at->node != node) continue;
    Visible& change = changed_.emplace_back(Visible{what, {directory, std::nullopt}, name, node, now.kind});
    change.before = before_it;
  }
}

std::vector<Visible> Objects::take_visible() {
  return visible_changes(names_.take_changes(), std::exchange(changed_, {}));
}

}  // namespace meshfs::fsd
