#include "fsd/fuse/record_names.h"

namespace meshfs::fsd::fuse {
namespace {

// Files below a directory that shows at `path`, until `visit` fails. too_large: more than kMaxMovedNames names.
Status each_file_below(MountState& state, const NodeKey& directory, const std::string& path,
                       const std::function<Status(const NodeKey& node, const std::string& path)>& visit) {
  std::vector<std::pair<NodeKey, std::string>> open{{directory, path}};
  std::size_t seen = 0;
  while (!open.empty()) {
    const auto [at, above] = std::move(open.back());
    open.pop_back();
    std::vector<DirectoryItem> items;
    const Status listed = state.tree.list(at, {}, [&](const DirectoryItem& item) {
      items.push_back(item);
      return ++seen <= kMaxMovedNames;
    });
    if (!listed) return listed;
    if (seen > kMaxMovedNames) return Errc::too_large;
    for (const DirectoryItem& item : items) {
      const std::string name = above + "/" + item.name;
      if (item.kind == codec::Kind::directory) {
        open.emplace_back(item.key, name);
      } else if (item.kind == codec::Kind::file && !item.key.sibling) {
        if (Status good = visit(item.key, name); !good) return good;
      }
    }
  }
  return {};
}

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

Status judge_below(MountState& state, const NodeKey& directory, const std::string& path) {
  if (!state.records->may_hold(path)) return {};
  const Status judged = each_file_below(state, directory, path, [&](const NodeKey& node, const std::string& at) {
    const auto place = state.records->at(at);
    Status good = place ? judge_stored(state, node, *place) : Status();
    return good ? good : Status(error(Errc::invalid, at.substr(path.size() + 1) + ": " + good.failure().message));
  });
  if (judged || judged.code() != Errc::too_large) return judged;
  return error(Errc::invalid, "More than " + std::to_string(kMaxMovedNames) +
                                  " names are too many to judge at once where files have types: move them in parts.");
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
    judged = judge_below(state, node, path);
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
  (void)each_file_below(state, *node, path, [&](const NodeKey& file, const std::string& at) {
    retype_one(state, file, at);
    return Status();
  });
}

}  // namespace meshfs::fsd::fuse
