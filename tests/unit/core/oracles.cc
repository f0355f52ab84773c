#include "fsd/core/counters.h"
#include "fsd/core/index_keys.h"
#include "fsd/core/object_record.h"
#include "fsd/core/volumes.h"
#include "tests/unit/core/world.h"

namespace meshfs::sim {

using fsd::NodeKey;
namespace keys = fsd::keys;

namespace {

void for_objects(MemoryTable& index, const std::function<void(const ObjectId&, const fsd::ObjectRecord&)>& visit) {
  const auto prefix = keys::begin(keys::Space::object);
  index.scan(prefix.view(), [&](ByteView key, ByteView row) {
    const auto rest = keys::after(key, prefix.view());
    if (!rest) return false;
    fsd::Unpacker in(*rest);
    ObjectId object;
    object.volume = in.fixed<VolumeTag>();
    object.local = in.fixed<LocalId>();
    const auto record = fsd::unpack_object(object, row);
    CHECK(record.ok());
    visit(object, *record);
    return true;
  });
}

// What a reader may see of it: a content that is not complete shows as the version before, or not at all.
std::optional<fsd::Shown> visible_part(TestNode& node, const fsd::ObjectRecord& record, WallMs time) {
  auto shown = fsd::show(record.effective(time), time);
  if (!shown || shown->kind == codec::Kind::directory) return shown;
  if (!record.displayed) return std::nullopt;
  std::vector<fsd::Stamped<codec::Content>> contents{record.displayed->content};
  for (const auto& content : shown->contents) {
    const auto* chunked = std::get_if<codec::ChunkedContent>(&content.value);
    const bool here = chunked == nullptr || node.store.blobs.has(chunked->root);
    if (here && content.stamp < record.displayed->content.stamp) contents.push_back(content);
  }
  shown->contents = contents;
  return shown;
}

}  // namespace

std::string check_tree(TestNode& node) {
  const WallMs time = node.replica->status().network_time;
  std::map<VolumeTag, std::vector<fsd::Shown>> volumes;
  for_objects(node.store.index, [&](const ObjectId& object, const fsd::ObjectRecord& record) {
    if (const auto shown = visible_part(node, record, time)) volumes[object.volume].push_back(*shown);
  });
  for (const auto& [volume, objects] : volumes) {
    const fsd::Tree expected = fsd::build_tree(objects, fsd::shows_siblings(volume));
    for (const auto& [directory, names] : expected.directories) {
      std::map<std::string, NodeKey> found;
      const NodeKey key{{volume, directory}, std::nullopt};
      const Status listed = node.files().list(key, {}, [&](const fsd::DirectoryItem& item) {
        if (!item.key.object.is_root()) found.emplace(item.name, item.key);
        return true;
      });
      if (!listed.ok()) return "directory " + directory.hex() + " can't be listed";
      if (found == names) {
        const auto info = node.files().info(key);
        std::uint32_t directories = 0;
        for (const auto& [name, item] : names) {
          const auto child = node.files().info(item);
          if (!child.ok()) return "'" + name + "' shows but has no attributes";
          if (child->kind == codec::Kind::directory) ++directories;
        }
        const auto tops = key.object == root_of(kSharedVolume) ? fsd::kTopLevel.size() : 0;
        if (info.ok() && info->directories != directories + tops)
          return "sub-directories of " + directory.hex() + " miscounted";
        continue;
      }
      std::string text = "directory " + directory.hex() + " differs; expected:";
      for (const auto& [name, item] : names) text += " " + name + "=" + item.object.local.hex().substr(0, 6);
      text += "; found:";
      for (const auto& [name, item] : found) text += " " + name + "=" + item.object.local.hex().substr(0, 6);
      return text;
    }
  }
  return {};
}

std::string check_totals(TestNode& node) {
  const auto status = node.replica->status();
  std::map<SetId, std::set<Hash>> live;
  std::uint64_t objects = 0, files = 0, conflicts = 0;
  for_objects(node.store.index, [&](const ObjectId& object, const fsd::ObjectRecord& record) {
    auto& set = live[set_of(object.volume)];
    for (const auto& head : record.heads) set.insert(head.entry);
    for (const Hash& origin : fsd::named_origins(record.heads)) set.insert(origin);
    const auto shown = fsd::show(record.effective(status.network_time), status.network_time);
    objects += shown && shown->alive;
    files += shown && shown->alive && shown->kind == codec::Kind::file;
    conflicts += shown && shown->contents.size() > 1 && !record.merged;
  });
  const auto prefix = keys::begin(keys::Space::header);
  node.store.index.scan(prefix.view(), [&](ByteView key, ByteView row) {
    const auto rest = keys::after(key, prefix.view());
    if (!rest) return false;
    fsd::Unpacker in(row);
    if (in.number() == 0) return true;  // no item
    live[static_cast<SetId>((*rest)[0])].insert(in.fixed<Hash>());
    return true;
  });
  if (objects != status.objects)
    return "objects: counted " + std::to_string(objects) + ", kept " + std::to_string(status.objects);
  if (files != status.files)
    return "files: counted " + std::to_string(files) + ", kept " + std::to_string(status.files);
  if (conflicts != status.conflicts)
    return "conflicts: counted " + std::to_string(conflicts) + ", kept " + std::to_string(status.conflicts);
  std::set<Hash> all;
  for (const auto& summary : status.sets) {
    fsd::SetTotal expected;
    for (const Hash& hash : live[summary.set]) expected.add(hash);
    if (expected.count != summary.count || expected.fingerprint != summary.fingerprint) {
      return "set " + std::to_string(static_cast<int>(summary.set)) + ": counted " + std::to_string(expected.count) +
             " items, kept " + std::to_string(summary.count);
    }
    all.insert(live[summary.set].begin(), live[summary.set].end());
  }
  std::set<Hash> told;
  for (const auto& [hash, number] : node.items) told.insert(hash);
  if (told != all) return "syncd knows " + std::to_string(told.size()) + " items of " + std::to_string(all.size());
  return {};
}

// Hashes of all entries the index knows.
static std::set<Hash> known_entries(MemoryTable& index) {
  std::set<Hash> out;
  const auto prefix = keys::begin(keys::Space::entry);
  index.scan(prefix.view(), [&](ByteView key, ByteView) {
    const auto rest = keys::after(key, prefix.view());
    if (!rest) return false;
    out.insert(*Hash::from(*rest));
    return true;
  });
  return out;
}

std::string check_replay(TestNode& node, Instant now, WallMs wall, bool policy) {
  // What only this process knows (held new files) is rightly gone after a restart: compare two fresh starts instead.
  node.stop();
  node.start(now, wall);
  const auto kept = node.dump();
  const auto status = node.replica->status();
  const auto known = known_entries(node.store.index);
  node.stop();
  node.store.index = MemoryTable();
  node.start(now, wall);
  const auto rebuilt = node.replica->status();
  // Whether an older content shows while a newer one is on its way depends on when each became due.
  if (status.missing_blobs == 0 && node.dump() != kept) return "the tree rebuilt from the log differs";
  for (std::size_t i = 0; i < status.sets.size(); ++i) {
    if (status.sets[i] == rebuilt.sets[i]) continue;
    return "set " + std::to_string(i) + " rebuilt from the log differs: " + std::to_string(rebuilt.sets[i].count) +
           " items instead of " + std::to_string(status.sets[i].count);
  }
  // It may know more: of a commit with one entry that waited for its origin, a restart forgets the waiting one, and nobody
  // sends it again once another superseded it. Live ones are equal: the sets are.
  if (policy) return {};
  const auto again = known_entries(node.store.index);
  std::string lost;
  for (const Hash& entry : known) {
    if (!again.contains(entry)) lost += " " + entry.hex();
  }
  if (!lost.empty()) {
    return "entries lost by the rebuild (pending " + std::to_string(rebuilt.pending) + "):" + lost;
  }
  return {};
}

}  // namespace meshfs::sim
