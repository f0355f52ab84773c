// Renames: a move is one new place; onto a file it is a new version of that file.
#include "fsd/core/files.h"
#include "fsd/core/links.h"

namespace meshfs::fsd {

Status Files::move(const Found& what, const ObjectId& parent, const FileName& name) {
  return edit(what.node.object, what.kind, [&](Change& change) {
    if (what.kind == codec::Kind::directory)
      change.place = codec::Place{parent.local, name};
    else
      move_name(what.shown, what.at, {parent.local, name}, change);
  });
}

// A conflicting version moved away becomes a file of its own; the original no longer shows it.
Result<Files::Renamed> Files::copy_sibling(const Found& source, const ObjectId& parent, const FileName& name) {
  const auto at = std::find_if(source.shown.contents.begin(), source.shown.contents.end(),
                               [&](const auto& content) { return content.stamp == *source.node.sibling; });
  if (at == source.shown.contents.end()) return Errc::not_found;
  if (Status room = parts_.authoring.make_room(parent.volume, 2); !room.ok()) return room.failure();
  const ObjectId object = free_object(parent, name, source.kind);
  const auto base = covered_base(object);
  const auto links = covered_links(object);
  const Status made = parts_.authoring.change(object, source.kind, [&](Change& change) {
    change.place = codec::Place{parent.local, name};
    change.attributes = source.shown.attributes.value;
    change.content = at->value;
    change.base = base;
    change.links = links;
  });
  if (!made.ok()) return made.failure();
  const Status dropped =
      edit(source.node.object, source.kind, [&](Change& change) { change.drop.push_back(*source.node.sibling); });
  if (!dropped.ok()) return dropped.failure();
  return Renamed{{object, std::nullopt}, source.node};
}

// Onto the file that it conflicts with: of those two it is the one that stays.
Result<Files::Renamed> Files::prefer_sibling(const Found& source) {
  const auto at = std::find_if(source.shown.contents.begin(), source.shown.contents.end(),
                               [&](const auto& content) { return content.stamp == *source.node.sibling; });
  if (at == source.shown.contents.end() || !source.record.displayed) return Errc::not_found;
  const NodeKey kept{source.node.object, std::nullopt};
  const Status written = edit(kept.object, source.kind, [&](Change& change) {
    change.content = at->value;
    change.base.push_back(at->stamp);
    change.base.push_back(source.record.displayed->content.stamp);
  });
  return written.ok() ? Result<Renamed>(Renamed{kept, source.node}) : Result<Renamed>(written.failure());
}

// Onto a file: the target's object gets the source's content and attributes, the source goes, in one commit. Onto
// anything else, or where one has more names: the target's name goes, the source's takes its place.
Result<Files::Renamed> Files::replace(const Found& source, const Found& target, const ObjectId& parent,
                                      const FileName& name) {
  if (source.kind == codec::Kind::directory && target.kind != codec::Kind::directory) return Errc::not_directory;
  if (source.kind != codec::Kind::directory && target.kind == codec::Kind::directory) return Errc::is_directory;
  if (target.kind == codec::Kind::directory && !parts_.names.is_empty(target.node.object)) return Errc::not_empty;
  if (Status room = parts_.authoring.make_room(parent.volume, 2); !room.ok()) return room.failure();
  const bool files = source.kind == codec::Kind::file && target.kind == codec::Kind::file;
  const bool linked = names_shown(source.shown).size() > 1 || names_shown(target.shown).size() > 1;
  if (!files || target.node.sibling || linked) {
    if (Status gone = drop_name(target); !gone.ok()) return gone.failure();
    if (Status moved = move(source, parent, name); !moved.ok()) return moved.failure();
    return Renamed{{source.node.object, std::nullopt}, target.node};
  }
  if (!parts_.authoring.is_held(source.node.object)) {
    if (!source.record.displayed) return Errc::not_found;
    if (codec::size_of(source.record.displayed->content.value) > codec::kMaxInlineBytes && source.record.merged)
      return error(Errc::busy, "its merged versions are in no version of their own yet: write it, then rename");
    const auto base = content_base(target.node);
    if (!base.ok()) return base.failure();
    const Authoring::Edit overwrite = [&](Change& change) {
      change.content = source.record.displayed->content.value;
      change.attributes = source.record.displayed->attributes.value;
      change.base.insert(change.base.end(), base->begin(), base->end());
    };
    const ObjectId& object = target.node.object;
    const Status written = parts_.authoring.is_held(object)
                               ? parts_.authoring.publish_held(object, overwrite)
                               : parts_.authoring.change(object, codec::Kind::file, overwrite);
    if (!written.ok()) return written.failure();
  }
  // A held source has no version yet: its writer's first one will be a version of the target.
  if (Status gone = parts_.authoring.remove(source.node.object, std::nullopt); !gone.ok()) return gone.failure();
  return Renamed{target.node, source.node};
}

Result<Files::Renamed> Files::exchange(const Found& a, const codec::Place& at_a, const Found& b,
                                       const codec::Place& at_b) {
  if (a.node.sibling || b.node.sibling) return error(Errc::invalid, "a conflicting version can't be exchanged");
  const auto takes_in = [&](const Found& outer, const codec::Place& at) {
    return outer.kind == codec::Kind::directory &&
           parts_.names.is_below({outer.node.object.volume, at.parent}, outer.node.object);
  };
  if (takes_in(a, at_b) || takes_in(b, at_a)) return error(Errc::invalid, "one directory is inside the other");
  const ObjectId volume_root = root_of(a.node.object.volume);
  if (Status room = parts_.authoring.make_room(volume_root.volume, 2); !room.ok()) return room.failure();
  if (Status moved = move(a, {volume_root.volume, at_b.parent}, at_b.name); !moved.ok()) return moved.failure();
  if (Status moved = move(b, {volume_root.volume, at_a.parent}, at_a.name); !moved.ok()) return moved.failure();
  return Renamed{a.node, std::nullopt};
}

Result<Files::Renamed> Files::rename(const NodeKey& from_directory, std::string_view from, const NodeKey& to_directory,
                                     std::string_view to, RenameMode mode) {
  const auto source = find(from_directory, from);
  if (!source.ok()) return source.failure();
  if (to_directory.sibling) return Errc::not_directory;
  const ObjectId& parent = to_directory.object;
  if (Status allowed = may_change_object(source->node.object); !allowed.ok()) return allowed.failure();
  if (parent.volume != from_directory.object.volume) {
    return error(Errc::cross_volume, "a rename stays in its volume: copy, then delete");
  }
  const auto name = FileName::from(to);
  if (!name.ok()) return name.failure();
  if (parent.local == kLostAndFoundId) return error(Errc::read_only, "nothing is moved into lost+found");
  if (parent == root_of(kSharedVolume) && reserved_in_root(to)) return Errc::busy;
  if (!is_directory(parent)) return Errc::not_found;
  if (source->kind == codec::Kind::directory && parts_.names.is_below(parent, source->node.object)) {
    return error(Errc::invalid, "a directory can't move into itself");
  }
  const auto target = find(to_directory, to);
  if (!target.ok() && target.code() != Errc::not_found) return target.failure();
  if (mode == RenameMode::exchange) {
    if (!target.ok()) return target.failure();
    if (target->node == source->node) return Renamed{source->node, std::nullopt};
    const auto from_name = FileName::from(from);
    if (!from_name.ok()) return from_name.failure();
    return done(exchange(*source, {from_directory.object.local, *from_name}, *target, {parent.local, *name}));
  }
  if (target.ok()) {
    if (mode == RenameMode::no_replace) return Errc::exists;
    if (target->node == source->node) return Renamed{source->node, std::nullopt};
    if (source->node.sibling && target->node == NodeKey{source->node.object, std::nullopt}) {
      return done(prefer_sibling(*source));
    }
    if (source->node.sibling) {  // the name is freed first, then a file of its own is made there
      if (target->kind == codec::Kind::directory) return Errc::is_directory;
      if (Status gone = drop_name(*target); !gone.ok()) return done(Result<Renamed>(gone.failure()));
      return done(copy_sibling(*source, parent, *name));
    }
    return done(replace(*source, *target, parent, *name));
  }
  if (source->node.sibling) return done(copy_sibling(*source, parent, *name));
  const Status moved = move(*source, parent, *name);
  return done(moved.ok() ? Result<Renamed>(Renamed{source->node, std::nullopt}) : Result<Renamed>(moved.failure()));
}

}  // namespace meshfs::fsd
