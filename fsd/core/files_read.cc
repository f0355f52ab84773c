// Reading the tree: names, what they are, lists.
#include "fsd/core/files.h"
#include "fsd/core/lending.h"

#include "fsd/core/index_keys.h"
#include "fsd/core/links.h"

namespace meshfs::fsd {

namespace {

constexpr ObjectId kNodes{kVirtualNodes, {}};

const TopLevel* top_level(std::string_view name) {
  for (const TopLevel& top : kTopLevel) {
    if (top.name == name) return &top;
  }
  return nullptr;
}

bool is_shared_root(const ObjectId& object) { return object == root_of(kSharedVolume); }

}  // namespace

Status Files::permitted(const VolumeTag& volume, codec::PolicyVerb verb, std::string_view argument) const {
  if (is_virtual(volume)) return error(Errc::read_only, "this directory is made by meshfs itself");
  const KnownMember* me = parts_.members.find(parts_.author);
  if (me == nullptr) return error(Errc::read_only, "this node's member record is not known yet");
  if (parts_.epochs.revoked(me->node)) {
    return error(Errc::denied, "this node was revoked: what it writes counts nowhere; ask an admin for an invite");
  }
  const WallMs at = parts_.moment.network_time;
  const Lending lending(parts_.members, parts_.epochs);
  const Decision decision =
      decide(parts_.epochs.now(), actor_of(me->node, me->role == Role::guest), {verb, volume, argument, at}, &lending);
  if (decision.allowed) return {};
  if (decision.rule != nullptr) return error(Errc::denied, reason_of(decision));
  return error(Errc::read_only, "only its own node, or an admin, may write here");
}

void Files::tell_writable(const VolumeTag& volume, NodeInfo& out) const {
  const Status may = permitted(volume, codec::PolicyVerb::write, {});
  out.writable_volume = may.ok();
  if (!may.ok()) out.unwritable = may.code();
}

Result<NodeKey> Files::lookup(const NodeKey& directory, std::string_view name) {
  if (directory.sibling) return Errc::not_directory;
  if (is_shared_root(directory.object)) {
    if (const TopLevel* top = top_level(name)) return NodeKey{top->root, std::nullopt};
  }
  if (directory.object == kNodes) {
    const auto& folders = parts_.members.folders();
    const auto at = folders.find(std::string(name));
    if (at == folders.end()) return Errc::not_found;
    return NodeKey{root_of(codec::node_volume(at->second)), std::nullopt};
  }
  if (name.size() > FileName::kMaxBytes) return Errc::name_too_long;
  const auto named = parts_.names.lookup(directory.object, name);
  if (!named) return Errc::not_found;
  return named->node;
}

bool Files::is_directory(const ObjectId& object) {
  if (object.is_root()) return true;
  if (object.local == kLostAndFoundId) return !parts_.names.is_empty(object);
  const ObjectRecord record = parts_.objects.load(object);
  if (record.kind != codec::Kind::directory) return false;
  const auto shown = parts_.objects.shown(record);
  return shown && (shown->alive || !parts_.names.is_empty(object));
}

Result<NodeInfo> Files::directory_info(const NodeKey& node) {
  NodeInfo out;
  out.key = node;
  out.kind = codec::Kind::directory;
  out.attributes = parts_.root;
  if (!is_shared_root(node.object)) out.attributes.mode = 0755;  // what is not everybody's is root's here
  if (node.object == root_of(kCommandsVolume)) {  // whoever may tell nodes what to do is in the group mesh
    out.attributes.mode = 02770;
    out.attributes.group = {0, "mesh"};
  }
  tell_writable(node.object.volume, out);
  out.directories = parts_.names.subdirectories(node.object);
  if (is_shared_root(node.object)) out.directories += static_cast<std::uint32_t>(kTopLevel.size());
  if (node.object == kNodes) out.directories = static_cast<std::uint32_t>(parts_.members.folders().size());
  if (node.object.is_root() || node.object.local == kLostAndFoundId) return out;
  const ObjectRecord record = parts_.objects.load(node.object);
  const auto shown = parts_.objects.shown(record);
  if (!shown || (!shown->alive && parts_.names.is_empty(node.object))) return Errc::not_found;
  out.attributes = shown->attributes.value;
  out.author = parts_.members.name_of(shown->attributes.stamp.author);
  out.version = shown->version;
  const Heads heads = record.effective(parts_.moment.network_time);
  if (!heads.empty() && !record.provisional) out.entry = heads.back().entry;
  out.local_only = record.heads.empty();
  return out;
}

Result<NodeInfo> Files::info(const NodeKey& node) {
  if (node.object.is_root() || node.object.local == kLostAndFoundId) return directory_info(node);
  const ObjectRecord record = parts_.objects.load(node.object);
  if (record.heads.empty() && !record.provisional) return Errc::not_found;
  if (record.kind == codec::Kind::directory) return directory_info(node);
  const auto shown = parts_.objects.shown(record);
  if (!shown || !record.displayed) return Errc::not_found;
  NodeInfo out;
  out.key = node;
  out.kind = record.kind;
  out.attributes = record.displayed->attributes.value;
  out.content = record.displayed->content.value;
  out.content_stamp = record.displayed->content.stamp;
  out.content_committed = !record.provisional;
  out.merged = record.merged && !node.sibling;
  if (node.sibling) {
    const auto at = std::find_if(shown->contents.begin(), shown->contents.end(),
                                 [&](const auto& content) { return content.stamp == *node.sibling; });
    if (at == shown->contents.end()) return Errc::not_found;
    out.content = at->value;
    out.content_stamp = at->stamp;
    out.entry = at->origin;
    out.content_committed = true;
  }
  const Heads heads = record.effective(parts_.moment.network_time);
  if (!node.sibling && !heads.empty() && !record.provisional) out.entry = heads.back().entry;
  if (!node.sibling) out.links = static_cast<std::uint32_t>(names_shown(*shown).size());
  out.version = shown->version;
  out.author = parts_.members.name_of(out.content_stamp.author);
  if (const KnownMember* by = parts_.members.find(out.content_stamp.author)) out.author_node = by->node;
  out.local_only = record.heads.empty() || record.held;
  tell_writable(node.object.volume, out);
  return out;
}

Status Files::list(const NodeKey& directory, std::string_view after,
                   const std::function<bool(const DirectoryItem&)>& visit) {
  if (directory.sibling) return Errc::not_directory;
  if (directory.object == kNodes) {
    const auto& folders = parts_.members.folders();
    for (auto at = folders.upper_bound(std::string(after)); at != folders.end(); ++at) {
      const NodeKey key{root_of(codec::node_volume(at->second)), std::nullopt};
      if (!visit({at->first, key, codec::Kind::directory})) break;
    }
    return {};
  }
  if (!is_directory(directory.object)) return Errc::not_found;
  // The names of the top level, woven into the shared volume's own, in byte order.
  std::vector<TopLevel> tops;
  if (is_shared_root(directory.object)) {
    for (const TopLevel& top : kTopLevel) {
      if (top.name > after) tops.push_back(top);
    }
  }
  auto top = tops.begin();
  bool more = true;
  const auto visit_tops = [&](std::optional<std::string_view> before) {
    for (; more && top != tops.end() && (!before || top->name < *before); ++top) {
      more = visit({std::string(top->name), {top->root, std::nullopt}, codec::Kind::directory});
    }
  };
  parts_.names.list(directory.object, after, [&](std::string_view name, const Namespace::Named& named) {
    visit_tops(name);
    // A foreign object of a top-level name stays in the set but can't show: the volume's root has the name.
    if (more && !(is_shared_root(directory.object) && reserved_in_root(name))) {
      more = visit({std::string(name), named.node, named.kind});
    }
    return more;
  });
  visit_tops(std::nullopt);
  return {};
}

Result<NodeKey> Files::parent_of(const NodeKey& directory) {
  const ObjectId& object = directory.object;
  if (object.is_root()) {
    const bool of_node = parts_.members.owner_of(object.volume).has_value();
    return of_node ? NodeKey{kNodes, std::nullopt} : root();
  }
  const auto at = parts_.names.effective(object);
  if (!at) return Errc::not_found;
  return NodeKey{{object.volume, at->at.parent}, std::nullopt};
}

std::string Files::path_of(const ObjectId& object) {
  std::string path;
  ObjectId at = object;
  while (!at.is_root()) {
    const ObjectRecord record = parts_.objects.load(at);
    if (at.local == kLostAndFoundId) {
      path = "/" + std::string(kLostAndFound) + path;
      at.local = {};
      continue;
    }
    const auto names = parts_.objects.names_of(at, record);
    if (names.empty() || path.size() > 4096) return {};
    path = "/" + names.front().second + path;
    at = names.front().first;
  }
  for (const TopLevel& top : kTopLevel) {
    if (top.root == at) return "/" + std::string(top.name) + path;
  }
  if (const auto owner = parts_.members.owner_of(at.volume)) {
    for (const auto& [name, node] : parts_.members.folders()) {
      if (node == *owner) return "/nodes/" + name + path;
    }
  }
  return path;
}

}  // namespace meshfs::fsd
