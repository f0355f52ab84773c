// The herald's requests through the mount. Each commits the change that it was sent for, then is granted: the kernel
// makes the event after the answer, so whoever hears of it finds the new state. Everybody else's requests, and whatever
// else the herald's operations make the kernel ask, go to the ordinary handlers.
#include <charconv>

#include "fsd/fuse/mount_state.h"

namespace meshfs::fsd::fuse {
namespace {
namespace heralds {  // the ordinary handlers are their namesakes

using Form = HeraldOrder::Form;
using Waiting = Announcer::Waiting;

constexpr std::uint64_t kHeraldHandle = ~std::uint64_t{0};
constexpr Ino kHiddenIno = kFirstNodeIno - 1;

bool is_herald(fuse_req_t request) {
  const MountState& state = MountState::of(request);
  return state.herald_pid > 0 && fuse_req_ctx(request)->pid == state.herald_pid;
}

// --- lookups

struct stat hidden_directory() {
  struct stat st = {};
  st.st_ino = kHiddenIno;
  st.st_mode = S_IFDIR | 0700;
  st.st_nlink = 2;
  return st;
}

void reply_hidden_directory(fuse_req_t request) {
  fuse_entry_param e = {};
  e.ino = kHiddenIno;
  e.attr = hidden_directory();
  e.attr_timeout = kCacheSeconds;  // the name is nobody else's: always asked for again
  fuse_reply_entry(request, &e);
}

// A directory that the kernel knows, but no longer by name.
void lookup_nameless(fuse_req_t request, std::string_view digits) {
  MountState& state = MountState::of(request);
  Ino ino = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), ino);
  if (state.inodes.find(ino) == nullptr || ino == kRootIno) return reply(request, Errc::not_found);
  const Result<NodeInfo> info = state.info(ino);
  if (!info || info->kind != codec::Kind::directory) return reply(request, Errc::not_found);
  state.inodes.hold(ino);
  fuse_entry_param e = {};
  e.ino = ino;
  e.attr = state.stat_of(ino, *info);
  fuse_reply_entry(request, &e);
}

// What is about to be renamed out of the hidden directory. A new version gets a new number, so that who reads the old
// one goes on with it; it stands for the node from the rename on.
void lookup_arriving(fuse_req_t request, const char* name) {
  MountState& state = MountState::of(request);
  const std::string_view text = name;
  if (text.starts_with('d')) return lookup_nameless(request, text.substr(1));
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  Waiting* waiting = state.announcer.under_way(number);
  if (waiting == nullptr || waiting->form != Form::replace) return reply(request, Errc::not_found);
  const NodeKey& node = waiting->change.node;
  const Result<NodeInfo> info = state.held.real().info(node);
  if (!info) return reply_failure(request, info.failure());
  const bool bound = state.inodes.bound(node).has_value();
  fuse_entry_param e = {};
  if (bound && waiting->change.what != Visible::What::moved) {
    e.ino = waiting->reserved = state.inodes.reserve(node, waiting->known.directory);
    e.attr = state.stat_of(e.ino, *info);
    e.attr_timeout = kCacheSeconds;
  } else {
    e = state.entry(*info, waiting->known.directory);
  }
  e.entry_timeout = 0;  // the same number may be tried again
  fuse_reply_entry(request, &e);
}

// A name that is gone from the tree must be there once more for the kernel to remove.
bool lookup_departing(fuse_req_t request, Ino parent, const char* name) {
  MountState& state = MountState::of(request);
  if (!state.announcer.departs(parent, name)) return false;
  const Inode* directory = state.inodes.find(parent);
  if (directory == nullptr || state.held.lookup(directory->key, name)) return false;
  if (!is_herald(request)) {
    fuse_reply_err(request, ENOENT);  // without a time for which that holds
    return true;
  }
  for (const Form form : {Form::remove_file, Form::remove_directory, Form::move, Form::move_out}) {
    const Waiting* waiting = state.announcer.leaving(form, parent, name);
    if (waiting == nullptr) continue;
    fuse_entry_param e = {};
    const Result<NodeInfo> info = state.held.real().info(waiting->change.node);
    if (info && waiting->change.what == Visible::What::moved) {
      e = state.entry(*info, parent);
    } else {
      e.ino = state.inodes.reserve(waiting->change.node, parent);
      e.attr.st_ino = e.ino;
      e.attr.st_nlink = 1;
      e.attr.st_mode = waiting->change.kind == codec::Kind::directory ? (S_IFDIR | 0700) : (S_IFREG | 0600);
    }
    e.entry_timeout = e.attr_timeout = 0;
    fuse_reply_entry(request, &e);
    return true;
  }
  return false;
}

void lookup(fuse_req_t request, fuse_ino_t parent, const char* name) {
  MountState& state = MountState::of(request);
  if (is_herald(request)) {
    if (parent == kHiddenIno) return lookup_arriving(request, name);
    if (parent == kVirtualDirectoryIno && std::string_view(name) == kHiddenDirectory) {
      return reply_hidden_directory(request);
    }
  }
  if (!state.is_virtual(parent) && lookup_departing(request, parent, name)) return;
  state.ordinary.lookup(request, parent, name);
}

// --- what makes names

// The node that came, shown from now on. not_found if it went again meanwhile.
Result<fuse_entry_param> commit_new(MountState& state, Waiting& waiting) {
  const Result<NodeKey> there = state.held.real().lookup(waiting.change.directory, waiting.change.name);
  if (!there || *there != waiting.change.node) return Errc::not_found;
  state.announcer.commit(waiting);
  Result<fuse_entry_param> entry = state.entry(waiting.change.node, waiting.known.directory);
  if (entry) state.entries_changed(waiting.known.directory);
  return entry;
}

void create(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode, fuse_file_info* fi) {
  MountState& state = MountState::of(request);
  if (!is_herald(request)) {
    const Inode* directory = state.inodes.find(parent);
    if (directory != nullptr && (fi->flags & O_EXCL) == 0 && state.held.hides(directory->key, name)) {
      // It is there, hidden until its event: show it, and make the kernel look again.
      state.held.unhide(directory->key, name, state.held.hider(directory->key, name));
      fuse_reply_err(request, ESTALE);
      return;
    }
    return state.ordinary.create(request, parent, name, mode, fi);
  }
  Waiting* waiting = state.announcer.under_way(Form::make_file, parent, name);
  if (waiting == nullptr) return reply(request, Errc::denied);
  const Result<fuse_entry_param> entry = commit_new(state, *waiting);
  if (!entry) return reply_failure(request, entry.failure());
  fi->fh = kHeraldHandle;
  fi->noflush = 1;
  if (fuse_reply_create(request, &*entry, fi) == -ENOENT) state.inodes.forget(entry->ino, 1);
}

void reply_made(fuse_req_t request, Form form, Ino parent, const char* name) {
  MountState& state = MountState::of(request);
  Waiting* waiting = state.announcer.under_way(form, parent, name);
  if (waiting == nullptr) return reply(request, Errc::denied);
  reply_entry(request, commit_new(state, *waiting));
}

void mkdir(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode) {
  if (!is_herald(request)) return MountState::of(request).ordinary.mkdir(request, parent, name, mode);
  reply_made(request, Form::make_directory, parent, name);
}

void symlink(fuse_req_t request, const char* target, fuse_ino_t parent, const char* name) {
  if (!is_herald(request)) return MountState::of(request).ordinary.symlink(request, target, parent, name);
  reply_made(request, Form::make_symlink, parent, name);
}

// --- what takes names away

void remove(fuse_req_t request, Form form, Ino parent, const char* name) {
  MountState& state = MountState::of(request);
  Waiting* waiting = state.announcer.under_way(form, parent, name);
  if (waiting == nullptr) return reply(request, Errc::denied);
  if (state.held.lookup(waiting->change.directory, name)) return reply(request, Errc::not_found);  // another by now
  state.announcer.commit(*waiting);
  state.entries_changed(parent);
  reply(request, {});
}

void unlink(fuse_req_t request, fuse_ino_t parent, const char* name) {
  if (!is_herald(request)) return MountState::of(request).ordinary.unlink(request, parent, name);
  remove(request, Form::remove_file, parent, name);
}

void rmdir(fuse_req_t request, fuse_ino_t parent, const char* name) {
  if (!is_herald(request)) return MountState::of(request).ordinary.rmdir(request, parent, name);
  remove(request, Form::remove_directory, parent, name);
}

// --- renames

// Out of the hidden directory onto its name.
Status arrive(MountState& state, Waiting& waiting) {
  const NodeKey& node = waiting.change.node;
  const Result<NodeKey> there = state.held.real().lookup(waiting.change.directory, waiting.change.name);
  if (!there || *there != node) return Errc::not_found;
  if (waiting.reserved != 0) {
    if (const std::optional<Ino> old = state.inodes.bound(node); old && *old != waiting.reserved) {
      const OpenFile* file = state.open_files.find(*old);
      if (file != nullptr && file->dirty()) return Errc::busy;  // written here meanwhile: it keeps its name
      state.inodes.freeze(*old, Frozen{false, file == nullptr ? std::optional<NodeInfo>() : file->info});
    }
    state.inodes.rebind(waiting.reserved, node);
  }
  state.announcer.commit(waiting);
  state.entries_changed(waiting.known.directory);
  return {};
}

Status move(MountState& state, Waiting& waiting) {
  const Visible& change = waiting.change;
  const Result<NodeKey> there = state.held.real().lookup(change.directory, change.name);
  if (!there || *there != change.node || state.held.lookup(change.from_directory, change.from_name)) {
    return Errc::not_found;
  }
  state.announcer.commit(waiting);
  if (const std::optional<Ino> ino = state.inodes.bound(change.node)) {
    state.inodes.find(*ino)->parent = waiting.known.directory;
  }
  for (const Ino directory : {waiting.known.from, waiting.known.directory}) {
    if (directory != 0) state.entries_changed(directory);
  }
  return {};
}

void rename(fuse_req_t request, fuse_ino_t from_parent, const char* from, fuse_ino_t to_parent, const char* to,
            unsigned flags) {
  MountState& state = MountState::of(request);
  if (!is_herald(request)) return state.ordinary.rename(request, from_parent, from, to_parent, to, flags);
  const bool arrives = from_parent == kHiddenIno, leaves = to_parent == kHiddenIno;
  Waiting* waiting = arrives  ? state.announcer.under_way(Form::replace, to_parent, to)
                     : leaves ? state.announcer.leaving(Form::move_out, from_parent, from)
                              : state.announcer.under_way(Form::move, to_parent, to);
  if (waiting == nullptr) return reply(request, Errc::denied);
  reply(request, arrives ? arrive(state, *waiting) : move(state, *waiting));
}

// --- contents and attributes

void reply_attributes(fuse_req_t request, Ino ino) {
  MountState& state = MountState::of(request);
  const Result<NodeInfo> info = state.info(ino);
  if (!info) return reply_failure(request, info.failure());
  const struct stat st = state.stat_of(ino, *info);
  fuse_reply_attr(request, &st, kCacheSeconds);
}

void setattr(fuse_req_t request, fuse_ino_t ino, struct stat* wanted, int set, fuse_file_info* fi) {
  MountState& state = MountState::of(request);
  if (!is_herald(request)) return state.ordinary.setattr(request, ino, wanted, set, fi);
  if (fi != nullptr && fi->fh == kHeraldHandle) return reply_attributes(request, ino);  // grown at its OPEN
  Waiting* waiting = state.announcer.under_way(Form::touch, ino);
  if (waiting == nullptr) return reply(request, Errc::denied);
  state.announcer.commit(*waiting);
  reply_attributes(request, ino);
}

void getattr(fuse_req_t request, fuse_ino_t ino, fuse_file_info* fi) {
  if (ino != kHiddenIno) return MountState::of(request).ordinary.getattr(request, ino, fi);
  const struct stat st = hidden_directory();
  fuse_reply_attr(request, &st, kCacheSeconds);
}

// The bytes are there before the kernel hears of the new size: it drops its pages of the file at this open, and who has
// it open reads on.
void open(fuse_req_t request, fuse_ino_t ino, fuse_file_info* fi) {
  MountState& state = MountState::of(request);
  if (!is_herald(request)) return state.ordinary.open(request, ino, fi);
  Waiting* waiting = state.announcer.under_way(Form::grow, ino);
  const Result<NodeInfo> now =
      waiting == nullptr ? Result<NodeInfo>(Errc::denied) : state.held.real().info(waiting->change.node);
  if (!now) return reply_failure(request, now.failure());
  OpenFile* file = state.open_files.find(ino);
  const bool fits = now->content_stamp == waiting->version && (file == nullptr || (!file->dirty() && !file->staging));
  if (!fits) return reply(request, Errc::busy);
  state.announcer.commit(*waiting);
  if (file != nullptr) state.open_files.grew(*file, *now);
  fi->fh = kHeraldHandle;
  fi->noflush = 1;
  fuse_reply_open(request, fi);
}

void flush(fuse_req_t request, fuse_ino_t ino, fuse_file_info* fi) {
  if (fi->fh == kHeraldHandle) return reply(request, {});
  MountState::of(request).ordinary.flush(request, ino, fi);
}

void release(fuse_req_t request, fuse_ino_t ino, fuse_file_info* fi) {
  if (fi->fh == kHeraldHandle) return reply(request, {});
  MountState::of(request).ordinary.release(request, ino, fi);
}

}  // namespace heralds
}  // namespace

void add_herald_operations(fuse_lowlevel_ops& operations, MountState& state) {
  state.ordinary = operations;
  operations.lookup = heralds::lookup;
  operations.create = heralds::create;
  operations.mkdir = heralds::mkdir;
  operations.symlink = heralds::symlink;
  operations.unlink = heralds::unlink;
  operations.rmdir = heralds::rmdir;
  operations.rename = heralds::rename;
  operations.getattr = heralds::getattr;
  operations.setattr = heralds::setattr;
  operations.open = heralds::open;
  operations.flush = heralds::flush;
  operations.release = heralds::release;
}

}  // namespace meshfs::fsd::fuse
