// Ways back: an old version becomes the newest, a conflict is settled. Asked for over the local socket, so the mount is
// told like of a foreign change.
#include "fsd/core/files.h"

namespace meshfs::fsd {

namespace {

Error gone_parent(const std::string& path) {
  return error(Errc::not_found, "The directory of '/" + path + "' is gone too: restore or make that first.");
}

}  // namespace

Status Files::done_elsewhere(Status outcome) {
  parts_.names.settle();
  const auto visible = parts_.objects.take_visible();
  changed_(visible);
  tell_visible(visible);
  return outcome;
}

void Files::trust(const codec::Content& content) {
  if (const auto* chunked = std::get_if<codec::ChunkedContent>(&content)) parts_.needs.trust(*chunked);
}

std::int64_t Files::now_ns() const { return parts_.time.at(parts_.now).ms * 1'000'000; }

Status Files::restore(const PastPath& path, const Version& version) {
  if (version.deleted) return error(Errc::invalid, "That version is the deletion itself: name an older one.");
  const std::string_view type = version.attributes ? std::string_view(version.attributes->type) : std::string_view();
  if (Status allowed = may_change(path.object.volume, type); !allowed.ok()) return allowed;
  if (parts_.authoring.is_held(path.object)) {
    return error(Errc::busy, "'/" + path.path + "' is being written: close it first.");
  }
  const bool directory = version.kind == codec::Kind::directory;
  if (!directory) {
    std::size_t any = kMaxLogBlobs;
    if (!version.content || !has_content(version.content->value, any)) {
      return error(Errc::unreachable,
                   "The content of that version is not on this node: restore it on one that has it.");
    }
  }
  const auto shown = parts_.objects.shown(parts_.objects.load(path.object));
  if (shown && shown->alive) return directory ? restore_attributes(path, version) : restore_content(path, version);
  if (!version.place || !version.attributes) {
    return error(Errc::unreachable, "Where that version stood is not known on this node: restore it on another one.");
  }
  const ObjectId parent{path.object.volume, version.place->parent};
  if (!is_directory(parent)) return gone_parent(path.path);
  if (parent == root_of(kSharedVolume) && reserved_in_root(version.place->name.text())) return Errc::exists;
  if (parts_.names.lookup(parent, version.place->name.text())) {
    return error(Errc::exists, "Something else stands at '" + past_path(path.object.volume, *version.place) +
                                   "' now: move it away first.");
  }
  if (!directory) trust(version.content->value);
  return done_elsewhere(parts_.authoring.change(path.object, version.kind, [&](Change& change) {
    change.place = *version.place;
    change.attributes = *version.attributes;
    if (directory) return;
    change.attributes->mtime_ns = now_ns();
    change.content = version.content->value;
  }));
}

Status Files::restore_attributes(const PastPath& path, const Version& version) {
  if (!version.attributes) return error(Errc::unreachable, "What that version was is not known on this node.");
  return done_elsewhere(
      edit(path.object, version.kind, [&](Change& change) { change.attributes = *version.attributes; }));
}

Status Files::restore_content(const PastPath& path, const Version& version) {
  const ObjectRecord record = parts_.objects.load(path.object);
  const auto shown = parts_.objects.shown(record);
  trust(version.content->value);
  // The version that people see under that name is replaced; others beside it stay, as with any write.
  const bool sibling = path.shown && path.shown->sibling;
  const auto base = content_base({path.object, sibling ? path.shown->sibling : std::nullopt});
  return done_elsewhere(parts_.authoring.change(path.object, version.kind, [&](Change& change) {
    change.content = version.content->value;
    if (base.ok()) change.base = *base;
    change.attributes = shown->attributes.value;
    change.attributes->mtime_ns = now_ns();
  }));
}

Result<Stamp> Files::kept_of(const PastPath& path, const Shown& shown, const std::optional<Version>& version) {
  if (version) {
    for (const auto& content : shown.contents) {
      if (content.origin == version->entry) return content.stamp;
    }
    for (const auto& content : shown.contents) {
      if (version->content && content.stamp == version->content->stamp) return content.stamp;
    }
    return error(Errc::not_found, "That version of '/" + path.path + "' is not among the conflicting ones.");
  }
  if (path.shown && path.shown->sibling) return *path.shown->sibling;
  const ObjectRecord record = parts_.objects.load(path.object);
  return record.displayed ? record.displayed->content.stamp : shown.contents.front().stamp;
}

Result<Settled> Files::settle_conflict(const PastPath& path, bool keep_all, const std::optional<Version>& version) {
  const ObjectRecord record = parts_.objects.load(path.object);
  const auto shown = parts_.objects.shown(record);
  if (!shown || shown->contents.size() < 2 || record.merged) {
    return error(Errc::invalid, "'/" + path.path + "' has no conflicting versions: there is nothing to settle.");
  }
  if (Status allowed = may_change_object(path.object); !allowed.ok()) return allowed.failure();
  const auto keep = kept_of(path, *shown, version);
  if (!keep.ok()) return keep.failure();
  const codec::Place& place = shown->place.value.now;
  const ObjectId parent{path.object.volume, place.parent};
  if (Status room = parts_.authoring.make_room(path.object.volume, shown->contents.size()); !room.ok()) {
    return room.failure();
  }
  Settled out;
  std::vector<Stamp> drop;
  for (const auto& content : shown->contents) {
    if (content.stamp == *keep) continue;
    drop.push_back(content.stamp);
    if (!keep_all) continue;
    // It stays under the very name at which it shows.
    const auto name = FileName::from(conflict_name(place, content.stamp));
    if (!name.ok()) return name.failure();
    Found source{{path.object, content.stamp}, record.kind, record, *shown, place};
    if (const auto copied = copy_sibling(source, parent, *name); !copied.ok()) {
      return done_elsewhere(copied.failure()).failure();
    }
  }
  out.dropped = drop.size();
  if (!keep_all) {
    const Status dropped = edit(path.object, record.kind, [&](Change& change) {
      change.drop.insert(change.drop.end(), drop.begin(), drop.end());
    });
    if (!dropped.ok()) return done_elsewhere(dropped).failure();
  }
  (void)done_elsewhere({});
  return out;
}

}  // namespace meshfs::fsd
