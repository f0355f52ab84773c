// Names of files that come and go: hard links and unlink.
#include "fsd/core/files.h"
#include "fsd/core/links.h"

namespace meshfs::fsd {

// Where an object stands under this name: the place register's words, or a link's.
codec::Place Files::asked_place(const NodeKey& directory, std::string_view name, const Shown& shown) {
  if (!shown.links.empty()) {
    for (const NamePlace& one : names_shown(shown)) {
      if (one.at.parent != directory.object.local) continue;
      if (parts_.names.name_of(directory.object, one.at.name.text(), {shown.object, std::nullopt}) == name) {
        return one.at;
      }
    }
  }
  return shown.place.value.now;
}

// Many long names fill an entry before their number does.
static bool has_room_for_link(const Shown& shown, std::string_view name) {
  constexpr std::size_t kRegister = 80, kForTheRest = 48 * 1024;
  std::size_t bytes = kForTheRest + kRegister + name.size();
  for (const auto& link : shown.links) bytes += kRegister + link.value.place->name.text().size();
  return shown.links.size() < codec::kMaxLinks && bytes <= kMaxBatchBytes;
}

Status Files::link(const NodeKey& node, const NodeKey& directory, std::string_view name) {
  if (node.object.volume != directory.object.volume) {
    return error(Errc::cross_volume, "a file's names stay in one volume: copy it");
  }
  if (node.sibling) return error(Errc::denied, "a conflicting version has one name only: copy it");
  const ObjectRecord record = parts_.objects.load(node.object);
  const auto shown = parts_.objects.shown(record);
  if (!shown || !shown->alive) return Errc::not_found;
  if (Status allowed = may_make(directory, name, shown->attributes.value.type); !allowed.ok()) return allowed;
  if (record.kind == codec::Kind::directory) return error(Errc::denied, "a directory has one name only");
  if (!record.displayed) return Errc::not_found;
  if (!has_room_for_link(*shown, name))
    return error(Errc::too_large, "a file has no more than 1,024 names beside its first");
  const codec::Place at{directory.object.local, *FileName::from(name)};
  return done(edit(node.object, record.kind, [&](Change& change) { add_name(*shown, at, change); }));
}

// Removes one name: a conflict sibling, one of several names, the shown one of several contents (the next takes its
// name), or the object itself.
Status Files::drop_name(const Found& found) {
  const ObjectId& object = found.node.object;
  std::vector<Stamp> drop;
  if (found.node.sibling) {
    drop = {*found.node.sibling};
  } else {
    Change others;
    if (remove_name(found.shown, found.at, others)) {
      return edit(object, found.kind, [&](Change& change) { (void)remove_name(found.shown, found.at, change); });
    }
    if (found.record.conflict && found.record.displayed) drop = {found.record.displayed->content.stamp};
  }
  if (drop.empty()) return parts_.authoring.remove(object, std::nullopt);
  return edit(object, found.kind,
              [&](Change& change) { change.drop.insert(change.drop.end(), drop.begin(), drop.end()); });
}

Status Files::unlink(const NodeKey& directory, std::string_view name) {
  const auto found = find(directory, name);
  if (!found.ok()) return found.failure();
  if (found->kind == codec::Kind::directory) return Errc::is_directory;
  if (Status allowed = may_remove(*found); !allowed.ok()) return allowed;
  return done(drop_name(*found));
}

}  // namespace meshfs::fsd
