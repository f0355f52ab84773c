// Handlers that find, make, move and remove names.
#include <linux/fs.h>

#include "fsd/core/volumes.h"
#include "fsd/fuse/mount_state.h"
#include "fsd/fuse/record_names.h"

namespace meshfs::fsd::fuse {
namespace {

void lookup(fuse_req_t request, fuse_ino_t parent, const char* name) {
  MountState& state = MountState::of(request);
  const bool in_virtual = parent == kVirtualDirectoryIno;
  if (in_virtual || (parent == kRootIno && kVirtualDirectory == name)) {
    const Result<Ino> ino = in_virtual ? state.virtual_lookup(name) : Result<Ino>(kVirtualDirectoryIno);
    if (!ino) return reply_failure(request, ino.failure());
    fuse_entry_param e = {};
    e.ino = *ino;
    e.attr = state.virtual_stat(*ino);
    e.entry_timeout = kCacheSeconds;
    fuse_reply_entry(request, &e);
    return;
  }
  if (Status good = check_name(parent, name); !good) return reply(request, good);
  const Result<NodeKey> directory = state.directory(parent);
  if (!directory) return reply_failure(request, directory.failure());
  // Who is let in or renamed comes and goes below nodes/ without a change of the tree that could be told.
  const double lasts = is_virtual(directory->object.volume) ? 0 : kCacheSeconds;
  const Result<NodeKey> key = state.tree.lookup(*directory, name);
  if (key) {
    Result<fuse_entry_param> found = state.entry(*key, parent);
    if (found) found->entry_timeout = lasts;
    return reply_entry(request, std::move(found));
  }
  if (key.code() != Errc::not_found) return reply_failure(request, key.failure());
  fuse_entry_param missing = {};  // inode 0: remembered as missing until a change says otherwise
  missing.entry_timeout = lasts;
  fuse_reply_entry(request, &missing);
}

void forget(fuse_req_t request, fuse_ino_t ino, std::uint64_t count) {
  if (!MountState::is_virtual(ino)) MountState::of(request).inodes.forget(ino, count);
  fuse_reply_none(request);
}

void forget_multi(fuse_req_t request, std::size_t count, fuse_forget_data* all) {
  for (std::size_t i = 0; i < count; ++i) {
    if (!MountState::is_virtual(all[i].ino)) MountState::of(request).inodes.forget(all[i].ino, all[i].nlookup);
  }
  fuse_reply_none(request);
}

void readlink(fuse_req_t request, fuse_ino_t ino) {
  const Result<NodeInfo> info = MountState::of(request).info(ino);
  if (!info) return reply_failure(request, info.failure());
  const Bytes* target = std::get_if<Bytes>(&info->content);
  if (target == nullptr) return reply(request, Errc::io);
  fuse_reply_readlink(request, std::string(as_text(*target)).c_str());
}

// Common to everything that makes a name: `make` gets the directory and the new node's attributes.
template <class Make>
void make_node(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode, codec::Kind kind, Make make) {
  MountState& state = MountState::of(request);
  if (Status good = check_name(parent, name); !good) return reply(request, good);
  const Result<NodeKey> directory = state.directory(parent);
  if (!directory) return reply_failure(request, directory.failure());
  const Result<NodeKey> key = make(state.tree, *directory, state.new_attributes(request, parent, mode, kind));
  if (!key) return reply_failure(request, key.failure());
  state.entries_changed(parent);
  const Result<NodeInfo> info = state.tree.info(*key);
  if (!info) return reply_failure(request, info.failure());
  fuse_entry_param entry = state.entry(*info, parent);
  state.touched(entry.ino);
  entry.attr = state.stat_of(entry.ino, *info);  // ctime is now, not when the batch of changes began
  reply_entry(request, entry);
}

void mkdir(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode) {
  make_node(
      request, parent, name, mode, codec::Kind::directory,
      [&](FileTree& tree, const NodeKey& directory, const auto& a) { return tree.make_directory(directory, name, a); });
}

void symlink(fuse_req_t request, const char* target, fuse_ino_t parent, const char* name) {
  if (std::string_view(target).size() > codec::kMaxSymlinkBytes) return reply(request, Errc::name_too_long);
  make_node(request, parent, name, 0777, codec::Kind::symlink,
            [&](FileTree& tree, const NodeKey& directory, const auto& a) {
              return tree.make_symlink(directory, name, target, a);
            });
}

void mknod(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode, dev_t) {
  if (!S_ISREG(mode)) {  // devices, pipes and sockets mean something on one machine only
    fuse_reply_err(request, EPERM);
    return;
  }
  make_node(request, parent, name, mode, codec::Kind::file,
            [&](FileTree& tree, const NodeKey& directory, const codec::Attributes& a) -> Result<NodeKey> {
              Records* const records = MountState::of(request).records;
              if (records != nullptr && records->at(directory, name)) return Errc::invalid;  // empty is no record
              Result<NodeKey> key = tree.make_file(directory, name, a);
              if (!key) return key;
              Result<std::vector<Stamp>> base = tree.content_base(*key);
              if (!base) return base.failure();
              if (Status s = tree.write_content(*key, Bytes(), *base, a.mtime_ns); !s) return s.failure();
              return key;
            });
}

// What is known of a node that is about to go, if the kernel knows it: open handles outlive the name.
struct Parting {
  std::optional<Ino> ino;
  std::optional<NodeInfo> info;
  bool has_more_names = false;
};

Parting part_from(MountState& state, const NodeKey& key) {
  Parting parting;
  parting.ino = state.inodes.bound(key);
  if (!parting.ino || *parting.ino == kRootIno) return {};
  if (Result<NodeInfo> info = state.tree.info(key)) parting.info = std::move(*info);
  parting.has_more_names = parting.info && parting.info->links > 1;
  return parting;
}

void parted(MountState& state, const Parting& parting) {
  if (!parting.ino) return;
  if (parting.has_more_names) return state.touched(*parting.ino);
  state.freeze_removed(*parting.ino, parting.info);
  if (OpenFile* file = state.open_files.find(*parting.ino)) state.open_files.removed(*file);
}

void remove(fuse_req_t request, fuse_ino_t parent, const char* name, bool is_directory) {
  MountState& state = MountState::of(request);
  if (Status good = check_name(parent, name); !good) return reply(request, good);
  const Result<NodeKey> directory = state.directory(parent);
  if (!directory) return reply_failure(request, directory.failure());
  const Result<NodeKey> key = state.tree.lookup(*directory, name);
  if (!key) return reply_failure(request, key.failure());
  const Parting parting = part_from(state, *key);
  const Status removed =
      is_directory ? state.tree.remove_directory(*directory, name) : state.tree.unlink(*directory, name);
  if (removed) {
    parted(state, parting);
    state.entries_changed(parent);
  }
  reply(request, removed);
}

void unlink(fuse_req_t request, fuse_ino_t parent, const char* name) { remove(request, parent, name, false); }
void rmdir(fuse_req_t request, fuse_ino_t parent, const char* name) { remove(request, parent, name, true); }

void link(fuse_req_t request, fuse_ino_t ino, fuse_ino_t parent, const char* name) {
  MountState& state = MountState::of(request);
  if (MountState::is_virtual(ino)) return reply(request, Errc::cross_volume);
  if (Status good = check_name(parent, name); !good) return reply(request, good);
  const Result<NodeKey> directory = state.directory(parent);
  if (!directory) return reply_failure(request, directory.failure());
  const Inode* inode = state.inodes.find(ino);
  const Frozen* frozen = state.inodes.frozen(ino);
  if (inode == nullptr || (frozen != nullptr && frozen->removed)) return reply(request, Errc::not_found);
  const NodeKey key = inode->key;
  if (Status good = judge_at(state, key, *directory, name); !good) return reply(request, good);
  if (Status linked = state.tree.link(key, *directory, name); !linked) {
    switch (linked.code()) {
      case Errc::denied:
        return void(fuse_reply_err(request, EPERM));
      case Errc::too_large:
        return void(fuse_reply_err(request, EMLINK));
      default:
        return reply(request, linked);
    }
  }
  state.touched(ino);
  state.entries_changed(parent);
  reply_entry(request, state.entry(key, parent));
}

struct RenameRequest {
  Ino from_parent, to_parent;
  std::string from, to;
  RenameMode mode;
};

Status rename_now(MountState& state, const RenameRequest& r, const NodeKey& from_directory, const NodeKey& to_directory,
                  const NodeKey& source) {
  const Result<NodeKey> target = state.tree.lookup(to_directory, r.to);
  const Parting parting =
      target && *target != source && r.mode == RenameMode::replace ? part_from(state, *target) : Parting();
  const std::optional<Ino> ino = state.inodes.bound(source);
  const auto renamed = state.tree.rename(from_directory, r.from, to_directory, r.to, r.mode);
  if (!renamed) return renamed.failure();
  parted(state, parting);
  if (renamed->now != source && ino && state.inodes.bound(renamed->now)) {  // a conflicting version became its file
    state.notifier.entry(r.to_parent, r.to);
  } else if (renamed->now != source && ino) {  // the bytes are the target's object now, under the source's inode
    state.inodes.rebind(*ino, renamed->now);
    if (OpenFile* file = state.open_files.find(*ino)) {
      if (Result<NodeInfo> info = state.tree.info(renamed->now)) state.open_files.look_at(*file, std::move(*info));
      if (Result<std::vector<Stamp>> base = state.tree.content_base(renamed->now)) file->base = std::move(*base);
    }
  }
  if (ino) {
    state.touched(*ino);
    state.inodes.find(*ino)->parent = r.to_parent;
  }
  if (target && r.mode == RenameMode::exchange) {
    if (const std::optional<Ino> other = state.inodes.bound(*target)) {
      state.touched(*other);
      state.inodes.find(*other)->parent = r.from_parent;
    }
  }
  state.entries_changed(r.from_parent);
  state.entries_changed(r.to_parent);
  return {};
}

void rename_settled(fuse_req_t request, const RenameRequest& r) {
  MountState& state = MountState::of(request);
  const Result<NodeKey> from_directory = state.directory(r.from_parent);
  const Result<NodeKey> to_directory = state.directory(r.to_parent);
  if (!from_directory) return reply_failure(request, from_directory.failure());
  if (!to_directory) return reply_failure(request, to_directory.failure());
  const Result<NodeKey> source = state.tree.lookup(*from_directory, r.from);
  if (!source) return reply_failure(request, source.failure());
  Status done = judge_at(state, *source, *to_directory, r.to);
  if (done && r.mode == RenameMode::exchange) {
    if (const Result<NodeKey> other = state.tree.lookup(*to_directory, r.to))
      done = judge_at(state, *other, *from_directory, r.from);
  }
  const std::string was = path_of(state, *from_directory, r.from), is = path_of(state, *to_directory, r.to);
  if (done) done = rename_now(state, r, *from_directory, *to_directory, *source);
  if (done) retype(state, *to_directory, r.to, was);
  if (done && r.mode == RenameMode::exchange) retype(state, *from_directory, r.from, is);
  reply(request, done);
}

// Who saves by a new file under the old name means the same file: what was sealed stays so. True: renamed later.
bool seal_before(fuse_req_t request, const RenameRequest& r) {
  MountState& state = MountState::of(request);
  if (r.mode != RenameMode::replace || state.content.seals() == nullptr) return false;
  const Result<NodeKey> from_directory = state.directory(r.from_parent), to_directory = state.directory(r.to_parent);
  if (!from_directory || !to_directory) return false;
  const Result<NodeKey> source = state.tree.lookup(*from_directory, r.from);
  const Result<NodeKey> target = state.tree.lookup(*to_directory, r.to);
  if (!source || !target || *source == *target) return false;
  const Result<NodeInfo> from = state.tree.info(*source), to = state.tree.info(*target);
  if (!from || !to || from->kind != codec::Kind::file || to->kind != codec::Kind::file) return false;
  const SealTags readers = seal_mark(to->attributes);
  const bool mine = state.content.seals()->own_among(readers);
  const std::optional<Ino> ino = state.inodes.bound(*source);
  if (!mine || !seal_mark(from->attributes).empty() || !ino) return false;
  state.open_files.seal(*ino, *from, readers, [request, r](const Status& sealed) {
    if (!sealed) return reply(request, sealed);
    rename_settled(request, r);
  });
  return true;
}

void rename(fuse_req_t request, fuse_ino_t from_parent, const char* from, fuse_ino_t to_parent, const char* to,
            unsigned flags) {
  MountState& state = MountState::of(request);
  if (Status good = check_name(from_parent, from); !good) return reply(request, good);
  if (Status good = check_name(to_parent, to); !good) return reply(request, good);
  if (flags != 0 && flags != RENAME_NOREPLACE && flags != RENAME_EXCHANGE) return reply(request, Errc::invalid);
  const RenameMode mode = flags == RENAME_NOREPLACE  ? RenameMode::no_replace
                          : flags == RENAME_EXCHANGE ? RenameMode::exchange
                                                     : RenameMode::replace;
  RenameRequest r{from_parent, to_parent, from, to, mode};
  if (seal_before(request, r)) return;
  // A replacing rename publishes the source's bytes as the target's next version: they must be in the tree first,
  // or others would see the target empty for a moment.
  if (mode == RenameMode::replace) {
    const Result<NodeKey> directory = state.directory(from_parent);
    const Result<NodeKey> source = directory ? state.tree.lookup(*directory, from) : directory;
    const std::optional<Ino> ino = source ? state.inodes.bound(*source) : std::nullopt;
    if (OpenFile* file = ino ? state.open_files.find(*ino) : nullptr; file != nullptr && file->dirty()) {
      state.open_files.when_published(*file, [request, r = std::move(r)](Status published) {
        if (!published) return reply(request, published);
        rename_settled(request, r);
      });
      return;
    }
    const Result<NodeInfo> info = ino ? state.tree.info(*source) : Result<NodeInfo>(Errc::not_found);
    if (info && info->merged) {
      state.open_files.settle(*ino, *info, [request, r = std::move(r)](const Status& settled) {
        if (!settled) return reply(request, settled);
        rename_settled(request, r);
      });
      return;
    }
  }
  rename_settled(request, r);
}

}  // namespace

void add_name_operations(fuse_lowlevel_ops& operations) {
  operations.lookup = lookup;
  operations.forget = forget;
  operations.forget_multi = forget_multi;
  operations.readlink = readlink;
  operations.mknod = mknod;
  operations.mkdir = mkdir;
  operations.symlink = symlink;
  operations.unlink = unlink;
  operations.rmdir = rmdir;
  operations.rename = rename;
  operations.link = link;
}

}  // namespace meshfs::fsd::fuse
