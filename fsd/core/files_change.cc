// Making and writing; names come and go in files_link.cc and files_rename.cc.
#include "fsd/core/draft_record.h"
#include "fsd/core/files.h"
#include "fsd/core/index_keys.h"

namespace meshfs::fsd {

Status Files::may_change(const VolumeTag& volume, std::string_view type) {
  if (Status may = permitted(volume, codec::PolicyVerb::write, {}); !may.ok()) {
    const bool created = !type.empty() && permitted(volume, codec::PolicyVerb::create, type).ok();
    if (!created) return may;
  } else if (!type.empty()) {
    if (may = permitted(volume, codec::PolicyVerb::create, type); !may.ok()) return may;
  }
  if (parts_.authors.state(parts_.author).equivocated) {
    return error(Errc::denied,
                 "two stores sign with this node's key (a copied or restored store): join again with a new key");
  }
  if (parts_.members.rotated_away(parts_.author))
    return error(Errc::read_only, "this node's key was replaced by a later one (mesh rotate)");
  return has_room(volume, 0);
}

Status Files::has_room(const VolumeTag& volume, std::uint64_t bytes) {
  if (disk_full_) return error(Errc::no_space, "the disk is nearly full: make room on it; deleting files still works");
  if (parts_.epochs.highest() == 0) return {};
  const KnownMember* me = parts_.members.find(parts_.author);
  if (me == nullptr) return {};
  const Actor who = actor_of(me->node, me->role == Role::guest);
  const Limit limit = limit_of(parts_.epochs.now(), who, volume, parts_.moment.network_time);
  const Authors::Totals so_far = parts_.authoring.totals(volume);
  if (so_far.entries < limit.entries && so_far.bytes + bytes <= limit.bytes) return {};
  return error(Errc::over_quota, "this node has used up what policy lets it write here: an admin may raise the limit");
}

// What only this node ever wrote it may always delete.
Status Files::may_remove(const Found& found) {
  const VolumeTag& volume = found.node.object.volume;
  const Status may = permitted(volume, codec::PolicyVerb::remove, {});
  if (may.ok() || may.code() != Errc::denied || parts_.epochs.revoked(parts_.members.find(parts_.author)->node))
    return may;
  const bool own = std::all_of(found.record.heads.begin(), found.record.heads.end(), [&](const Head& head) {
    return head.stamp.author == parts_.author &&
           std::all_of(head.context.begin(), head.context.end(),
                       [&](const CoveredSlot& slot) { return slot.author == parts_.author; });
  });
  return own ? Status() : may;
}

// Every entry states the type again, so it is judged as making one.
Status Files::may_change_object(const ObjectId& object) {
  // Without rules and loans no type matters: no look at the object for it.
  if (parts_.epochs.highest() == 0 && parts_.members.delegations().all().empty()) return may_change(object.volume);
  const auto shown = parts_.objects.shown(parts_.objects.load(object));
  return may_change(object.volume, shown ? std::string_view(shown->attributes.value.type) : std::string_view());
}

Status Files::may_make(const NodeKey& directory, std::string_view name, std::string_view type) {
  if (directory.sibling) return Errc::not_directory;
  if (Status allowed = may_change(directory.object.volume, type); !allowed.ok()) return allowed;
  if (const auto valid = FileName::from(name); !valid.ok()) return valid.failure();
  if (directory.object.local == kLostAndFoundId) return error(Errc::read_only, "nothing is made in lost+found");
  if (directory.object == root_of(kSharedVolume) && reserved_in_root(name)) return Errc::exists;
  if (!is_directory(directory.object)) return Errc::not_found;
  if (parts_.names.lookup(directory.object, name)) return Errc::exists;
  return {};
}

Result<Files::Found> Files::find(const NodeKey& directory, std::string_view name) {
  const auto node = lookup(directory, name);
  if (!node.ok()) return node.failure();
  if (node->object.is_root() || node->object.local == kLostAndFoundId) {
    return error(Errc::busy, "the root of a volume can't be moved or removed");
  }
  Found out{*node, codec::Kind::file, parts_.objects.load(node->object), {}, {}};
  const auto shown = parts_.objects.shown(out.record);
  if (!shown) return Errc::not_found;
  out.kind = out.record.kind;
  out.shown = *shown;
  out.at = asked_place(directory, name, *shown);
  return out;
}

// The id of this path's object; where that object lives elsewhere, one derived from it.
ObjectId Files::free_object(const ObjectId& parent, const FileName& name, codec::Kind kind) {
  LocalId g{};
  for (;;) {
    const ObjectId object{parent.volume, codec::object_id(parent, name, kind, g)};
    const ObjectRecord record = parts_.objects.load(object);
    const auto shown = parts_.objects.shown(record);
    const bool lives = shown && (shown->alive || !parts_.names.is_empty(object));
    // One that waits for its content at this very place is the same file: ours joins it as another version.
    const bool here = lives && shown->place.value.now == codec::Place{parent.local, name};
    if (!lives || here) return object;
    g = object.local;
  }
}

std::vector<Stamp> Files::covered_base(const ObjectId& object) {
  std::vector<Stamp> out;
  const ObjectRecord record = parts_.objects.load(object);
  // Deleted in the open batch: the delete and the new file become one entry, which replaces what the delete saw.
  const auto sealed = show(record.heads, parts_.moment.network_time);
  const bool removed_now = record.provisional && record.provisional->tombstone;
  if (!sealed || !removed_now) return out;
  for (const auto& content : sealed->contents) out.push_back(content.stamp);
  return out;
}

// A delete in the open batch and the new file become one entry: the names that the delete took stay away.
std::vector<LinkValue> Files::covered_links(const ObjectId& object) {
  std::vector<LinkValue> out;
  const ObjectRecord record = parts_.objects.load(object);
  const auto sealed = show(record.heads, parts_.moment.network_time);
  const bool removed_now = record.provisional && record.provisional->tombstone;
  if (!sealed || !removed_now) return out;
  for (const auto& link : sealed->links) out.push_back({link.value.link, std::nullopt});
  return out;
}

Result<NodeKey> Files::make_directory(const NodeKey& directory, std::string_view name,
                                      const codec::Attributes& attributes) {
  if (Status allowed = may_make(directory, name); !allowed.ok()) return allowed.failure();
  const FileName file_name = *FileName::from(name);
  const ObjectId object = free_object(directory.object, file_name, codec::Kind::directory);
  const Status made = parts_.authoring.change(object, codec::Kind::directory, [&](Change& change) {
    change.place = codec::Place{directory.object.local, file_name};
    change.attributes = attributes;
  });
  return done(made.ok() ? Result<NodeKey>(NodeKey{object, std::nullopt}) : Result<NodeKey>(made.failure()));
}

Result<NodeKey> Files::make_symlink(const NodeKey& directory, std::string_view name, std::string_view target,
                                    const codec::Attributes& attributes) {
  if (Status allowed = may_make(directory, name); !allowed.ok()) return allowed.failure();
  if (target.empty()) return Errc::not_found;
  if (target.size() > codec::kMaxSymlinkBytes) return Errc::name_too_long;
  const FileName file_name = *FileName::from(name);
  const ObjectId object = free_object(directory.object, file_name, codec::Kind::symlink);
  const auto base = covered_base(object);
  const auto links = covered_links(object);
  const Status made = parts_.authoring.change(object, codec::Kind::symlink, [&](Change& change) {
    change.place = codec::Place{directory.object.local, file_name};
    change.attributes = attributes;
    change.content = copy_of(as_bytes(target));
    change.base = base;
    change.links = links;
  });
  return done(made.ok() ? Result<NodeKey>(NodeKey{object, std::nullopt}) : Result<NodeKey>(made.failure()));
}

Result<NodeKey> Files::make_file(const NodeKey& directory, std::string_view name, const codec::Attributes& attributes) {
  if (Status allowed = may_make(directory, name, attributes.type); !allowed.ok()) return allowed.failure();
  const FileName file_name = *FileName::from(name);
  const ObjectId object = free_object(directory.object, file_name, codec::Kind::file);
  const auto base = covered_base(object);
  const auto links = covered_links(object);
  const Status made = parts_.authoring.hold(object, [&](Change& change) {
    change.place = codec::Place{directory.object.local, file_name};
    change.attributes = attributes;
    change.content = Bytes{};
    change.base = base;
    change.links = links;
  });
  return done(made.ok() ? Result<NodeKey>(NodeKey{object, std::nullopt}) : Result<NodeKey>(made.failure()));
}

void Files::settle_place(const ObjectId& object, Change& change) {
  if (change.place) return;
  const auto at = parts_.names.effective(object);
  if (at && at->fallback == Fallback::previous) change.place = at->at;
}

Status Files::edit(const ObjectId& object, codec::Kind kind, const Authoring::Edit& change_it) {
  if (parts_.authoring.is_held(object)) return parts_.authoring.hold(object, change_it);
  return parts_.authoring.change(object, kind, [&](Change& change) {
    change_it(change);
    if (kind == codec::Kind::directory) settle_place(object, change);
  });
}

Status Files::set_attributes(const NodeKey& node, const codec::Attributes& attributes) {
  if (node.object.is_root() || node.object.local == kLostAndFoundId) {
    return error(Errc::denied, "the root of a volume has fixed attributes");
  }
  if (Status allowed = may_change(node.object.volume, attributes.type); !allowed.ok()) return allowed;
  const ObjectRecord record = parts_.objects.load(node.object);
  const auto shown = parts_.objects.shown(record);
  if (!shown) return Errc::not_found;
  if (shown->attributes.value == attributes) return {};
  return done(edit(node.object, record.kind, [&](Change& change) { change.attributes = attributes; }));
}

Result<std::vector<Stamp>> Files::content_base(const NodeKey& node) {
  const ObjectRecord record = parts_.objects.load(node.object);
  if (!record.displayed) return Errc::not_found;
  if (node.sibling) return std::vector<Stamp>{*node.sibling};
  if (record.merged) {  // who saw them merged saw them all
    std::vector<Stamp> all;
    if (const auto shown = parts_.objects.shown(record)) {
      for (const auto& content : shown->contents) all.push_back(content.stamp);
    }
    return all;
  }
  return std::vector<Stamp>{record.displayed->content.stamp};  // others of equal value go with it: see compose()
}

Status Files::write_content(const NodeKey& node, const codec::Content& content, const std::vector<Stamp>& base,
                            std::int64_t mtime_ns) {
  if (Status allowed = may_change_object(node.object); !allowed.ok()) return allowed;
  const ObjectRecord record = parts_.objects.load(node.object);
  const auto shown = parts_.objects.shown(record);
  if (!shown || !shown->alive || record.kind != codec::Kind::file) return Errc::not_found;
  if (Status room = has_room(node.object.volume, codec::size_of(content)); !room.ok()) return room;
  if (const auto* chunked = std::get_if<codec::ChunkedContent>(&content)) parts_.needs.trust(*chunked);
  codec::Attributes attributes = shown->attributes.value;
  attributes.mtime_ns = mtime_ns;
  const Authoring::Edit write = [&](Change& change) {
    change.content = content;
    change.base.insert(change.base.end(), base.begin(), base.end());
    std::sort(change.base.begin(), change.base.end());
    change.base.erase(std::unique(change.base.begin(), change.base.end()), change.base.end());
    change.attributes = attributes;
  };
  const bool held = parts_.authoring.is_held(node.object);
  return done(held ? parts_.authoring.publish_held(node.object, write)
                   : parts_.authoring.change(node.object, codec::Kind::file, write));
}

Status Files::remove_directory(const NodeKey& directory, std::string_view name) {
  const auto found = find(directory, name);
  if (!found.ok()) return found.failure();
  if (found->kind != codec::Kind::directory) return Errc::not_directory;
  if (Status allowed = may_remove(*found); !allowed.ok()) return allowed;
  if (!parts_.names.is_empty(found->node.object)) return Errc::not_empty;
  const auto at = parts_.names.effective(found->node.object);
  const bool away = at && at->fallback == Fallback::previous;
  return done(parts_.authoring.remove(found->node.object, away ? std::optional(at->at) : std::nullopt));
}

// --- durability ---

void Files::sync(std::function<void(Status)> when_done) {
  const Status sealed = parts_.authoring.seal();
  parts_.names.settle();
  parts_.log.when_durable(
      [sealed, when_done = std::move(when_done)](const Status& flushed) { when_done(sealed.ok() ? flushed : sealed); });
}

Status Files::save_draft(const NodeKey& node, const codec::Content& content, const std::vector<Stamp>& base,
                         std::int64_t mtime_ns) {
  if (Status allowed = may_change_object(node.object); !allowed.ok()) return allowed;
  const ObjectRecord record = parts_.objects.load(node.object);
  const auto shown = parts_.objects.shown(record);
  if (!shown || record.kind != codec::Kind::file) return Errc::not_found;
  parts_.time.saw(parts_.objects.latest_due(), parts_.now);
  DraftRecord draft;
  draft.object = node.object;
  draft.stamp = {parts_.time.issue(parts_.now), parts_.author};
  draft.place = shown->place.value.now;
  draft.attributes = shown->attributes.value;
  draft.attributes.mtime_ns = mtime_ns;
  draft.content = content;
  draft.base = base;
  const Bytes payload = pack_draft(draft);
  const auto position = parts_.log.append(RecordType::draft, payload);
  if (!position.ok()) return position.failure();
  parts_.index.put(keys::of(keys::Space::draft, node.object).view(), payload);
  parts_.objects.name(content);
  return {};
}

Status Files::publish_drafts() {
  Status published;
  for (const DraftRecord& draft : drafts_in(parts_.index)) {
    parts_.index.erase(keys::of(keys::Space::draft, draft.object).view());
    const auto* chunked = std::get_if<codec::ChunkedContent>(&draft.content);
    if (chunked != nullptr && !parts_.needs.here(*chunked)) continue;  // the crash came before it was durable
    if (chunked != nullptr) parts_.needs.trust(*chunked);
    const auto shown = parts_.objects.shown(parts_.objects.load(draft.object));
    published = parts_.authoring.change(draft.object, codec::Kind::file, [&](Change& change) {
      change.content = draft.content;
      change.base = draft.base;
      change.attributes = draft.attributes;
      if (!shown) change.place = draft.place;
    });
    if (!published.ok()) return published;
  }
  return done(published);
}

}  // namespace meshfs::fsd
