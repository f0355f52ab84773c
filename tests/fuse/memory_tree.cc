#include "tests/fuse/memory_tree.h"

#include <ctime>

namespace meshfs::fsd::fuse {

MemoryTree::MemoryTree() : root_{root_of(kSharedVolume), {}} {
  Node node;
  node.info.key = root_;
  node.info.kind = codec::Kind::directory;
  node.info.attributes.mode = 0755;
  node.info.version = next_stamp();
  node.info.attributes.mtime_ns = node.info.version.hlc.wall().ms * 1'000'000;
  nodes_[root_] = std::move(node);
}

Stamp MemoryTree::next_stamp() {
  timespec t;
  ::clock_gettime(CLOCK_REALTIME, &t);
  clock_ = clock_.next({t.tv_sec * 1000 + t.tv_nsec / 1'000'000});
  return {clock_, AuthorTag{{1}}};
}

Result<MemoryTree::Node*> MemoryTree::find(const NodeKey& key) {
  const auto it = nodes_.find(key);
  if (it == nodes_.end()) return Errc::not_found;
  return &it->second;
}

Result<MemoryTree::Node*> MemoryTree::find_directory(const NodeKey& key) {
  Result<Node*> node = find(key);
  if (node && (*node)->info.kind != codec::Kind::directory) return Errc::not_directory;
  return node;
}

Result<NodeKey> MemoryTree::lookup(const NodeKey& directory, std::string_view name) {
  const Result<Node*> node = find_directory(directory);
  if (!node) return node.failure();
  const auto it = (*node)->children.find(std::string(name));
  if (it == (*node)->children.end()) return Errc::not_found;
  return it->second;
}

Result<NodeInfo> MemoryTree::info(const NodeKey& key) {
  const Result<Node*> node = find(key);
  if (!node) return node.failure();
  return (*node)->info;
}

Status MemoryTree::list(const NodeKey& directory, std::string_view after,
                        const std::function<bool(const DirectoryItem&)>& visit) {
  const Result<Node*> node = find_directory(directory);
  if (!node) return node.failure();
  const Names& names = (*node)->children;
  for (auto it = names.upper_bound(std::string(after)); it != names.end(); ++it) {
    if (!visit({it->first, it->second, nodes_.at(it->second).info.kind})) break;
  }
  return {};
}

Result<NodeKey> MemoryTree::parent_of(const NodeKey& directory) {
  const Result<Node*> node = find_directory(directory);
  if (!node) return node.failure();
  return (*node)->names.empty() ? root_ : (*node)->names.front().first;
}

Result<NodeKey> MemoryTree::make(const NodeKey& directory, std::string_view name, codec::Kind kind,
                                 const codec::Attributes& attributes) {
  const Result<FileName> file_name = FileName::from(name);
  if (!file_name) return file_name.failure();
  const Result<Node*> parent = find_directory(directory);
  if (!parent) return parent.failure();
  if ((*parent)->children.contains(std::string(name))) return Errc::exists;
  NodeKey key{{directory.object.volume, codec::object_id(directory.object, *file_name, kind)}, {}};
  while (nodes_.contains(key)) {  // the object of that id lives elsewhere
    key.object.local = codec::object_id(directory.object, *file_name, kind, key.object.local);
  }
  Node node;
  node.info.key = key;
  node.info.kind = kind;
  node.info.attributes = attributes;
  node.info.version = node.info.content_stamp = next_stamp();
  node.info.author = "memory";
  node.info.local_only = kind == codec::Kind::file;
  nodes_[key] = std::move(node);
  place(key, directory, std::string(name));
  return key;
}

void MemoryTree::place(const NodeKey& key, const NodeKey& directory, const std::string& name) {
  Node& node = nodes_.at(key);
  node.names.emplace_back(directory, name);
  node.info.links = static_cast<std::uint32_t>(node.names.size());
  Node& parent = nodes_.at(directory);
  parent.children[name] = key;
  if (node.info.kind == codec::Kind::directory) ++parent.info.directories;
}

void MemoryTree::take_out(const NodeKey& directory, const std::string& name) {
  Node& parent = nodes_.at(directory);
  Node& node = nodes_.at(parent.children.at(name));
  parent.children.erase(name);
  std::erase(node.names, std::pair(directory, name));
  node.info.links = static_cast<std::uint32_t>(node.names.size());
  if (node.info.kind == codec::Kind::directory) --parent.info.directories;
}

void MemoryTree::remove(const NodeKey& directory, const std::string& name) {
  const NodeKey key = nodes_.at(directory).children.at(name);
  take_out(directory, name);
  if (nodes_.at(key).names.empty()) nodes_.erase(key);
}

Result<NodeKey> MemoryTree::make_directory(const NodeKey& directory, std::string_view name,
                                           const codec::Attributes& attributes) {
  return make(directory, name, codec::Kind::directory, attributes);
}

Result<NodeKey> MemoryTree::make_symlink(const NodeKey& directory, std::string_view name, std::string_view target,
                                         const codec::Attributes& attributes) {
  Result<NodeKey> key = make(directory, name, codec::Kind::symlink, attributes);
  if (key) nodes_.at(*key).info.content = copy_of(as_bytes(target));
  return key;
}

Result<NodeKey> MemoryTree::make_file(const NodeKey& directory, std::string_view name,
                                      const codec::Attributes& attributes) {
  return make(directory, name, codec::Kind::file, attributes);
}

Status MemoryTree::set_attributes(const NodeKey& key, const codec::Attributes& attributes) {
  const Result<Node*> node = find(key);
  if (!node) return node.failure();
  ++attribute_changes;
  (*node)->info.attributes = attributes;
  (*node)->info.version = next_stamp();
  return {};
}

Result<std::vector<Stamp>> MemoryTree::content_base(const NodeKey& key) {
  const Result<Node*> node = find(key);
  if (!node) return node.failure();
  return std::vector<Stamp>{(*node)->info.content_stamp};
}

Status MemoryTree::write_content(const NodeKey& key, const codec::Content& content, const std::vector<Stamp>& base,
                                 std::int64_t mtime_ns) {
  if (refuse_content) return *refuse_content;
  const Result<Node*> node = find(key);
  if (!node) return node.failure();
  NodeInfo& info = (*node)->info;
  if (!info.local_only && std::find(base.begin(), base.end(), info.content_stamp) == base.end() &&
      info.content != content) {  // nobody saw it: it stays, beside the new one
    NodeKey sibling{key.object, info.content_stamp};
    Node copy = **node;
    copy.info.key = sibling;
    nodes_[sibling] = copy;
    const auto [parent, name] = copy.names.front();
    nodes_.at(sibling).names.clear();
    place(sibling, parent, name + "~conflict-" + std::to_string(info.content_stamp.hlc.value));
  }
  ++versions;
  info.content = content;
  info.attributes.mtime_ns = mtime_ns;
  info.version = info.content_stamp = next_stamp();
  info.local_only = false;
  return {};
}

Status MemoryTree::save_draft(const NodeKey& key, const codec::Content&, const std::vector<Stamp>&, std::int64_t) {
  ++drafts;
  const Result<Node*> node = find(key);
  return node ? Status() : Status(node.failure());
}

Status MemoryTree::link(const NodeKey& key, const NodeKey& directory, std::string_view name) {
  const Result<Node*> node = find(key);
  if (!node) return node.failure();
  if ((*node)->info.kind == codec::Kind::directory) return Errc::denied;
  if ((*node)->names.size() > codec::kMaxLinks) return Errc::too_large;
  const Result<Node*> parent = find_directory(directory);
  if (!parent) return parent.failure();
  if ((*parent)->children.contains(std::string(name))) return Errc::exists;
  place(key, directory, std::string(name));
  (*node)->info.version = next_stamp();
  return {};
}

Status MemoryTree::unlink(const NodeKey& directory, std::string_view name) {
  const Result<NodeKey> key = lookup(directory, name);
  if (!key) return key.failure();
  if (nodes_.at(*key).info.kind == codec::Kind::directory) return Errc::is_directory;
  remove(directory, std::string(name));
  return {};
}

Status MemoryTree::remove_directory(const NodeKey& directory, std::string_view name) {
  const Result<NodeKey> key = lookup(directory, name);
  if (!key) return key.failure();
  const Node& node = nodes_.at(*key);
  if (node.info.kind != codec::Kind::directory) return Errc::not_directory;
  if (!node.children.empty()) return Errc::not_empty;
  remove(directory, std::string(name));
  return {};
}

Status MemoryTree::may_replace(const Node& moved, const Node& target) const {
  const bool to_directory = target.info.kind == codec::Kind::directory;
  const bool from_directory = moved.info.kind == codec::Kind::directory;
  if (to_directory && !from_directory) return Errc::is_directory;
  if (!to_directory && from_directory) return Errc::not_directory;
  if (!target.children.empty()) return Errc::not_empty;
  return {};
}

bool MemoryTree::is_inside(const NodeKey& directory, const NodeKey& ancestor) const {
  for (NodeKey at = directory; at != root_; at = nodes_.at(at).names.front().first) {
    if (at == ancestor) return true;
  }
  return ancestor == root_;
}

Result<FileTree::Renamed> MemoryTree::rename(const NodeKey& from_directory, std::string_view from,
                                             const NodeKey& to_directory, std::string_view to, RenameMode mode) {
  const Result<FileName> name = FileName::from(to);
  if (!name) return name.failure();
  const Result<NodeKey> source = lookup(from_directory, from);
  if (!source) return source.failure();
  if (Result<Node*> parent = find_directory(to_directory); !parent) return parent.failure();
  if (is_inside(to_directory, *source)) return Errc::invalid;
  const Result<NodeKey> target = lookup(to_directory, to);
  if (!target && target.code() != Errc::not_found) return target.failure();
  if (!target && mode == RenameMode::exchange) return Errc::not_found;
  if (target && mode == RenameMode::no_replace) return Errc::exists;
  Renamed renamed{*source, {}};
  if (target && *target == *source) return renamed;
  Node& moved = nodes_.at(*source);
  if (target && mode == RenameMode::exchange) {
    if (is_inside(from_directory, *target)) return Errc::invalid;
    take_out(from_directory, std::string(from));
    take_out(to_directory, std::string(to));
    place(*source, to_directory, std::string(to));
    place(*target, from_directory, std::string(from));
    return renamed;
  }
  if (target) {
    if (Status s = may_replace(moved, nodes_.at(*target)); !s) return s.failure();
    const bool linked = moved.names.size() > 1 || nodes_.at(*target).names.size() > 1;
    if (!linked && moved.info.kind == codec::Kind::file && nodes_.at(*target).info.kind == codec::Kind::file) {
      NodeInfo& kept = nodes_.at(*target).info;
      kept.content = moved.info.content;
      kept.attributes = moved.info.attributes;
      kept.version = kept.content_stamp = next_stamp();
      remove(from_directory, std::string(from));
      return Renamed{*target, *source};
    }
    renamed.gone = *target;
    remove(to_directory, std::string(to));
  }
  take_out(from_directory, std::string(from));
  place(*source, to_directory, std::string(to));
  moved.info.version = next_stamp();
  return renamed;
}

void MemoryTree::sync(std::function<void(Status)> done) {
  ++syncs;
  done({});
}

void MemoryTree::on_visible(std::function<void(const std::vector<Visible>&)> listener) {
  listener_ = std::move(listener);
}

Result<MemoryTree::Spot> MemoryTree::walk(std::string_view path) {
  Spot spot{root_, root_, {}};
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    spot.directory = spot.node;
    spot.name = path.substr(0, slash);
    path.remove_prefix(std::min(path.size(), slash + 1));
    const Result<NodeKey> next = lookup(spot.directory, spot.name);
    if (!next && !path.empty()) return next.failure();
    spot.node = next ? *next : NodeKey{};
    if (!next) spot.node = spot.directory;  // the last name is missing: told by node == directory
  }
  return spot;
}

Status MemoryTree::foreign_write(std::string_view path, std::string_view text) {
  const Result<Spot> spot = walk(path);
  if (!spot) return spot.failure();
  const bool is_new = spot->node == spot->directory;
  const Stamp stamp = next_stamp();
  codec::Attributes attributes;
  attributes.mode = 0644;
  Result<NodeKey> key = is_new ? make_file(spot->directory, spot->name, attributes) : Result<NodeKey>(spot->node);
  if (!key) return key.failure();
  NodeInfo& info = nodes_.at(*key).info;
  const Visible::Before before{info.content, info.content_stamp, info.attributes};
  info.content = copy_of(as_bytes(text));
  info.attributes.mtime_ns = stamp.hlc.wall().ms * 1'000'000;
  info.version = info.content_stamp = {stamp.hlc, AuthorTag{{2}}};
  info.author = "elsewhere";
  info.local_only = false;
  if (is_new)
    listener_({{Visible::What::added, spot->directory, spot->name, *key}});
  else
    tell_all_names(Visible::What::content, *key, std::make_shared<const Visible::Before>(before));
  return {};
}

void MemoryTree::tell_all_names(Visible::What what, const NodeKey& key, std::shared_ptr<const Visible::Before> before) {
  std::vector<Visible> out;
  for (const auto& [directory, name] : nodes_.at(key).names) {
    out.push_back({what, directory, name, key});
    out.back().before = before;
  }
  listener_(out);
}

Status MemoryTree::foreign_link(std::string_view path, std::string_view name) {
  const Result<Spot> spot = walk(path);
  if (!spot) return spot.failure();
  if (Status linked = link(spot->node, spot->directory, name); !linked) return linked;
  listener_({{Visible::What::added, spot->directory, std::string(name), spot->node}});
  tell_all_names(Visible::What::attributes, spot->node);
  return {};
}

Status MemoryTree::foreign_remove(std::string_view path) {
  const Result<Spot> spot = walk(path);
  if (!spot) return spot.failure();
  if (spot->node == spot->directory) return Errc::not_found;
  remove(spot->directory, spot->name);
  listener_({{Visible::What::removed, spot->directory, spot->name, spot->node}});
  if (nodes_.contains(spot->node)) tell_all_names(Visible::What::attributes, spot->node);
  return {};
}

Status MemoryTree::foreign_chmod(std::string_view path, std::uint16_t mode) {
  const Result<Spot> spot = walk(path);
  if (!spot) return spot.failure();
  if (spot->node == spot->directory) return Errc::not_found;
  NodeInfo& info = nodes_.at(spot->node).info;
  info.attributes.mode = mode;
  info.version = next_stamp();
  tell_all_names(Visible::What::attributes, spot->node);
  return {};
}

}  // namespace meshfs::fsd::fuse
