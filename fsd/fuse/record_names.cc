#include "fsd/fuse/record_names.h"

namespace meshfs::fsd::fuse {
namespace {

// What is stored of it; what is being written is judged when it is published.
Status judge_stored(MountState& state, const NodeKey& node, const RecordPlace& place) {
  const Result<NodeInfo> info = state.tree.info(node);
  if (!info || info->kind != codec::Kind::file) return {};
  const Unsealing unsealing = Unsealing::of(info->attributes, info->content, state.content);
  const std::uint64_t size = unsealing.size(info->content);
  if (size > place.most_bytes) return too_long(place, size);
  const Result<Bytes> bytes = read_shown(state.content, info->content, unsealing, 0, static_cast<std::size_t>(size));
  return bytes ? state.records->check(place.type, as_text(*bytes)) : Status();
}

void retype_one(MountState& state, const NodeKey& node, const std::string& path) {
  const Result<NodeInfo> info = state.tree.info(node);
  if (!info) return;
  codec::Attributes a = info->attributes;
  const auto before = a.type.empty() ? std::nullopt : state.records->named(a.type);
  const auto now = state.records->at(path);
  if ((now ? now->type : std::string()) == a.type || (!now && !before)) return;
  if (before && a.lifetime_ms == before->lifetime_ms) a.lifetime_ms = 0;
  if (now && a.lifetime_ms == 0) a.lifetime_ms = now->lifetime_ms;
  a.type = now ? now->type : std::string();
  if (!state.tree.set_attributes(node, a)) return;  // the file is there, of no type
  const std::optional<Ino> ino = state.inodes.bound(node);
  if (OpenFile* file = ino ? state.open_files.find(*ino) : nullptr) file->info.attributes = a;
}

enum class Task : std::uint8_t { judge, retype };

// All files below a directory that shows at `path`, of whose names `left` may be looked at.
Status each_below(MountState& state, const NodeKey& directory, const std::string& path, Task task, std::size_t& left) {
  std::vector<DirectoryItem> items;
  (void)state.tree.list(directory, {}, [&](const DirectoryItem& item) {
    items.push_back(item);
    return items.size() <= left;
  });
  if (items.size() > left) {
    return error(Errc::too_large, "More than " + std::to_string(kMaxMovedNames) +
                                      " names are too many to judge at once: move them in parts.");
  }
  left -= items.size();
  for (const DirectoryItem& item : items) {
    const std::string at = path + "/" + item.name;
    if (item.kind == codec::Kind::directory) {
      if (Status good = each_below(state, item.key, at, task, left); !good) return good;
    } else if (item.kind == codec::Kind::file && !item.key.sibling) {
      if (task == Task::retype) retype_one(state, item.key, at);
      const auto place = task == Task::judge ? state.records->at(at) : std::nullopt;
      const Status good = place ? judge_stored(state, item.key, *place) : Status();
      if (!good) return error(Errc::invalid, at + ": " + good.failure().message);
    }
  }
  return {};
}

}  // namespace

std::string path_of(MountState& state, const NodeKey& directory, std::string_view name) {
  return state.records == nullptr ? std::string() : state.records->path_of(directory, name);
}

Status judge_at(MountState& state, const NodeKey& node, const NodeKey& directory, std::string_view name) {
  const std::string path = path_of(state, directory, name);
  const Result<NodeInfo> info = path.empty() ? Result<NodeInfo>(Errc::not_found) : state.tree.info(node);
  if (!info) return {};
  Status judged;
  if (info->kind == codec::Kind::directory) {
    std::size_t left = kMaxMovedNames;
    if (state.records->may_hold(path)) judged = each_below(state, node, path, Task::judge, left);
  } else if (const auto place = state.records->at(path); place && info->kind == codec::Kind::file) {
    const std::optional<Ino> ino = state.inodes.bound(node);
    const Result<OpenFile*> file = ino ? state.open_files.acquire(*ino, *info, {}) : Result<OpenFile*>(Errc::not_found);
    if (!file) return judge_stored(state, node, *place);
    judged = state.open_files.judge(**file, place);
    state.open_files.release(*ino, {});
  }
  if (judged) return judged;
  state.records->refused(node, Records::Refusal::name, judged.failure().message);
  return info->kind == codec::Kind::directory ? Status(error(Errc::cross_volume, judged.failure().message)) : judged;
}

void retype(MountState& state, const NodeKey& directory, std::string_view name, const std::string& was) {
  const std::string path = path_of(state, directory, name);
  const Result<NodeKey> node = path.empty() ? Result<NodeKey>(Errc::not_found) : state.tree.lookup(directory, name);
  const Result<NodeInfo> info = node ? state.tree.info(*node) : Result<NodeInfo>(node.failure());
  if (!info) return;
  if (info->kind == codec::Kind::file) return retype_one(state, *node, path);
  if (info->kind != codec::Kind::directory) return;
  if (!state.records->may_hold(path) && !state.records->may_hold(was)) return;
  std::size_t left = kMaxMovedNames;
  (void)each_below(state, *node, path, Task::retype, left);
}

}  // namespace meshfs::fsd::fuse
