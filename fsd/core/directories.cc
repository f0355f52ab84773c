// The part of Namespace that knows directories: where each shows by the cycle rule, and which covered ones show.
#include "fsd/core/index_keys.h"
#include "fsd/core/namespace.h"
#include "fsd/core/object_record.h"

namespace meshfs::fsd {

using keys::Space;

static void pack_place(Packer& out, const codec::Place& place) { out.fixed(place.parent).text(place.name.text()); }

static codec::Place unpack_place(Unpacker& in) {
  codec::Place place;
  place.parent = in.fixed<LocalId>();
  if (const auto name = FileName::from(in.text()); name.ok())
    place.name = *name;
  else
    in.fail();
  return place;
}

codec::Place Namespace::DirectoryRow::at(const LocalId& directory) const {
  if (fallback == Fallback::none) return state.place.now;
  if (fallback == Fallback::previous && state.place.previous) return *state.place.previous;
  const auto name = FileName::from(collision_name(state.place.now, directory));
  CHECK(name.ok());
  return {kLostAndFoundId, *name};
}

std::optional<Namespace::DirectoryRow> Namespace::directory_row(const ObjectId& directory) {
  const auto bytes = index_.get(keys::of(Space::directory, directory).view());
  if (!bytes) return std::nullopt;
  Unpacker in(*bytes);
  DirectoryRow row;
  const std::uint8_t flags = in.byte();
  row.state.covered = (flags & 1) != 0;
  row.shows = (flags & 2) != 0;
  row.fallback = static_cast<Fallback>(in.byte() % 3);
  row.state.stamp = unpack_stamp(in);
  row.state.place.now = unpack_place(in);
  if ((flags & 4) != 0) row.state.place.previous = unpack_place(in);
  if (!in.done()) return std::nullopt;
  return row;
}

void Namespace::put_directory(const ObjectId& directory, const DirectoryRow& row) {
  Packer out;
  const bool previous = row.state.place.previous.has_value();
  out.byte(static_cast<std::uint8_t>((row.state.covered ? 1 : 0) | (row.shows ? 2 : 0) | (previous ? 4 : 0)));
  out.byte(static_cast<std::uint8_t>(row.fallback));
  pack_stamp(out, row.state.stamp);
  pack_place(out, row.state.place.now);
  if (previous) pack_place(out, *row.state.place.previous);
  index_.put(keys::of(Space::directory, directory).view(), out.view());
}

Want Namespace::want_of(const ObjectId& directory, const DirectoryRow& row) const {
  const codec::Place place = row.at(directory.local);
  return {place.parent, {place.name.text(), row.state.stamp, {directory, std::nullopt}, false}, codec::Kind::directory};
}

std::optional<EffectivePlace> Namespace::effective(const ObjectId& directory) {
  if (directory.is_root()) return std::nullopt;
  if (directory.local == kLostAndFoundId) {
    return EffectivePlace{{LocalId{}, *FileName::from(kLostAndFound)}, Fallback::none};
  }
  const auto row = directory_row(directory);
  if (!row) return std::nullopt;
  return EffectivePlace{row->at(directory.local), row->fallback};
}

bool Namespace::is_below(const ObjectId& directory, const ObjectId& ancestor) {
  ObjectId at = directory;
  while (at != ancestor) {
    const auto up = effective(at);
    if (!up) return false;
    at.local = up->at.parent;
  }
  return true;
}

void Namespace::change_directory(const ObjectId& directory, const std::optional<DirectoryState>& state) {
  const auto before = directory_row(directory);
  if (before && state && before->state.stamp == state->stamp && before->state.place == state->place &&
      before->state.covered == state->covered) {
    return;
  }
  if (before && before->fallback != Fallback::none) unsettled_.insert(directory.volume);
  if (before && before->shows) {
    DirectoryRow hidden = *before;
    hidden.shows = false;
    put_directory(directory, hidden);
    remove(directory.volume, want_of(directory, *before));
  }
  if (!state) {
    if (before && fallbacks(directory.volume) > 0) unsettled_.insert(directory.volume);
    index_.erase(keys::of(Space::directory, directory).view());
    return;
  }
  DirectoryRow now{*state, before ? before->fallback : Fallback::none, false};
  put_directory(directory, now);
  if (fallbacks(directory.volume) > 0 || closes_cycle(directory, now)) unsettled_.insert(directory.volume);
  now.shows = !state->covered || !is_empty(directory);
  if (!now.shows) return;
  put_directory(directory, now);
  add(directory.volume, want_of(directory, now));
}

void Namespace::reconsider(const ObjectId& directory) {
  if (directory.is_root()) return;
  if (directory.local == kLostAndFoundId) {
    const NameWant want = want_lost_and_found(directory.volume);
    const ObjectId root = root_of(directory.volume);
    const auto names = virtuals(root);
    const bool shows = std::any_of(names.begin(), names.end(), [&](const auto& n) { return n.want.key == want.key; });
    if (const bool should = !is_empty(directory); should != shows) {
      if (should)
        add_virtual(root, want, codec::Kind::directory);
      else
        remove_virtual(root, want);
    }
    return;
  }
  auto row = directory_row(directory);
  if (!row || !row->state.covered) return;
  const bool should = !is_empty(directory);
  if (should == row->shows) return;
  row->shows = should;
  put_directory(directory, *row);
  const Want want = want_of(directory, *row);
  if (should)
    add(directory.volume, want);
  else
    remove(directory.volume, want);
}

// --- the cycle rule ---

std::uint64_t Namespace::fallbacks(const VolumeTag& volume) {
  const auto row = index_.get(keys::of(Space::fallbacks, volume).view());
  return row ? Unpacker(*row).number() : 0;
}

// Walks up from the new parent: without fallbacks every directory is at its place. A cycle that does not hold
// `directory` ends the walk too; it is unsettled already.
bool Namespace::closes_cycle(const ObjectId& directory, const DirectoryRow& row) {
  ObjectId at{directory.volume, row.state.place.now.parent};
  std::set<LocalId> seen;
  while (at.local != directory.local) {
    if (at.is_root() || !seen.insert(at.local).second) return false;
    const auto up = directory_row(at);
    if (!up) return false;
    at.local = up->state.place.now.parent;
  }
  return true;
}

void Namespace::settle() {
  while (!unsettled_.empty()) {
    const VolumeTag volume = *unsettled_.begin();
    unsettled_.erase(unsettled_.begin());
    apply_cycle_rule(volume);
  }
}

void Namespace::apply_cycle_rule(const VolumeTag& volume) {
  std::vector<DirectoryPlace> all;
  const Packer prefix = keys::of(Space::directory, volume);
  std::vector<LocalId> ids;
  index_.scan(prefix.view(), [&](ByteView key, ByteView) {
    const auto local = keys::after(key, prefix.view());
    if (!local) return false;
    if (const auto id = LocalId::from(*local)) ids.push_back(*id);
    return true;
  });
  for (const LocalId& id : ids) {
    if (const auto row = directory_row({volume, id})) all.push_back({id, row->state.stamp, row->state.place});
  }
  std::uint64_t away = 0;
  for (const auto& [id, place] : effective_places(std::move(all))) {
    if (place.fallback != Fallback::none) ++away;
    const ObjectId directory{volume, id};
    auto row = directory_row(directory);
    if (!row || row->fallback == place.fallback) continue;
    const bool showed = row->shows;
    if (showed) {
      const Want old = want_of(directory, *row);
      row->shows = false;
      put_directory(directory, *row);
      remove(volume, old);
    }
    // Removing may have hidden covered directories above, never this one: its own names are below it.
    row->fallback = place.fallback;
    row->shows = !row->state.covered || !is_empty(directory);
    put_directory(directory, *row);
    if (row->shows) add(volume, want_of(directory, *row));
  }
  const Packer key = keys::of(Space::fallbacks, volume);
  if (away == 0)
    index_.erase(key.view());
  else
    index_.put(key.view(), Packer().number(away).view());
}

}  // namespace meshfs::fsd
