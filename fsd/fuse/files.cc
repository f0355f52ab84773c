// Handlers of open files: bytes in and out. A file handle number tells what it may do, virtual ones index a table.
#include <fcntl.h>
#include <poll.h>

#include "fsd/fuse/mount_state.h"

namespace meshfs::fsd::fuse {
namespace {

constexpr std::uint64_t kWrites = 1, kAppends = 2;

OpenFiles::Mode mode_of(int flags) {
  const bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC) != 0;
  return {writes, writes && (flags & O_APPEND) != 0};
}

std::uint64_t handle_of(OpenFiles::Mode mode) { return (mode.writes ? kWrites : 0) | (mode.appends ? kAppends : 0); }
OpenFiles::Mode mode_of(const fuse_file_info* fi) { return {(fi->fh & kWrites) != 0, (fi->fh & kAppends) != 0}; }

// With HANDLE_KILLPRIV_V2 the kernel asks no xattr per write, and relies on us to drop these bits. The request's own
// flag is not relayed by libfuse; root, who may keep them, is told by the caller's number.
void drop_privileges(MountState& state, fuse_req_t request, OpenFile& file) {
  codec::Attributes& a = file.info.attributes;
  if ((a.mode & (S_ISUID | S_ISGID)) == 0 || fuse_req_ctx(request)->uid == 0) return;
  const auto keep = static_cast<std::uint16_t>(a.mode & ~(S_ISUID | ((a.mode & S_IXGRP) != 0 ? S_ISGID : 0)));
  if (keep == a.mode) return;
  a.mode = keep;
  if (!state.inodes.frozen(file.ino)) static_cast<void>(state.tree.set_attributes(file.info.key, a).ok());
}

// How the kernel is to read and write through this handle: told in the answer to open and create.
//   direct I/O   handles that only write: the kernel would keep a second copy of all bytes, and ask for an xattr first.
//   keep cache   its pages are of this very version. It cannot be decided by notices alone: they come a little later.
void choose_caching(MountState& state, const OpenFile& file, fuse_file_info* fi) {
  if (state.kernel.direct_io() && (fi->flags & O_ACCMODE) == O_WRONLY) {
    fi->direct_io = 1;
    return;
  }
  Inode* inode = state.inodes.find(file.ino);
  const Stamp version =
      file.info.merged ? Stamp{} : file.info.content_stamp;  // one more version keeps the newest stamp
  fi->keep_cache = inode->pages == version && version != Stamp{} ? 1 : 0;
  inode->pages = version;
}

void open_virtual(fuse_req_t request, fuse_ino_t ino, fuse_file_info* fi) {
  MountState& state = MountState::of(request);
  if ((fi->flags & O_ACCMODE) != O_RDONLY) return reply(request, Errc::read_only);
  const std::vector<std::string> names = state.virtual_files.names();
  if (ino - kFirstVirtualIno >= names.size()) return reply(request, Errc::not_found);
  if (Feed* feed = state.feed(ino)) {
    fi->fh = state.next_handle++;
    fi->direct_io = fi->noflush = 1;
    state.feed_files.open(fi->fh, *feed);
    if (fuse_reply_open(request, fi) == -ENOENT) state.feed_files.close(fi->fh);
    return;
  }
  Result<std::string> text = state.virtual_files.text(names[ino - kFirstVirtualIno]);
  if (!text) return reply_failure(request, text.failure());
  fi->fh = state.next_handle++;
  fi->direct_io = 1;  // its size is not known beforehand
  fi->noflush = 1;
  state.open_virtual_files[fi->fh] = std::move(*text);
  if (fuse_reply_open(request, fi) == -ENOENT) state.open_virtual_files.erase(fi->fh);
}

// Whether the kernel has to look the name up again, as it means something else now: it does so after ESTALE, once. If the
// name moved on meanwhile, the second open(2) gets what that lookup found: it was the newest after the first one began.
bool is_stale(MountState& state, fuse_req_t request, Ino ino, int flags) {
  const pid_t thread = fuse_req_ctx(request)->pid;
  const bool second = state.told_stale.erase(thread) != 0;
  const Frozen* frozen = state.inodes.frozen(ino);
  if (frozen == nullptr || (frozen->removed && state.open_files.find(ino) != nullptr)) return false;
  if (second && !frozen->removed && !mode_of(flags).writes && state.info(ino)) return false;
  if (state.told_stale.size() >= MountState::kMaxToldStale) state.told_stale.clear();
  state.told_stale.insert(thread);
  return true;
}

void open(fuse_req_t request, fuse_ino_t ino, fuse_file_info* fi) {
  MountState& state = MountState::of(request);
  if (MountState::is_virtual(ino)) return open_virtual(request, ino, fi);
  if (is_stale(state, request, ino, fi->flags)) {
    fuse_reply_err(request, ESTALE);
    return;
  }
  const Result<NodeInfo> info = state.info(ino);
  if (!info) return reply_failure(request, info.failure());
  const OpenFiles::Mode mode = mode_of(fi->flags);
  if (mode.writes && !info->writable_volume) return reply(request, info->unwritable);
  const Result<OpenFile*> file = state.open_files.acquire(ino, *info, mode);
  if (!file) return reply_failure(request, file.failure());
  if ((fi->flags & O_TRUNC) != 0) {
    drop_privileges(state, request, **file);
    if (Status s = state.open_files.truncate(**file, 0); !s) {
      state.open_files.release(ino, mode);
      return reply(request, s);
    }
  }
  fi->fh = handle_of(mode);
  fi->noflush = mode.writes ? 0 : 1;
  choose_caching(state, **file, fi);
  if (fuse_reply_open(request, fi) == -ENOENT) state.open_files.release(ino, mode);
}

void create(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode_bits, fuse_file_info* fi) {
  MountState& state = MountState::of(request);
  if (Status good = check_name(parent, name); !good) return reply(request, good);
  const Result<NodeKey> directory = state.directory(parent);
  if (!directory) return reply_failure(request, directory.failure());
  codec::Attributes attributes = state.new_attributes(request, parent, mode_bits, codec::Kind::file);
  if (const auto place = state.records == nullptr ? std::nullopt : state.records->at(*directory, name)) {
    attributes.type = place->type;
    attributes.lifetime_ms = place->lifetime_ms;
  }
  const Result<NodeKey> key = state.tree.make_file(*directory, name, attributes);
  if (!key) return reply_failure(request, key.failure());
  const Result<NodeInfo> info = state.tree.info(*key);
  if (!info) return reply_failure(request, info.failure());
  state.entries_changed(parent);
  fuse_entry_param entry = state.entry(*info, parent);
  OpenFiles::Mode mode = mode_of(fi->flags);
  mode.writes = true;  // even one that only reads publishes the empty file
  const Result<OpenFile*> file = state.open_files.acquire(entry.ino, *info, mode);
  if (!file) {
    state.inodes.forget(entry.ino, 1);
    return reply_failure(request, file.failure());
  }
  state.open_files.make_new(**file);
  state.touched(entry.ino);
  entry.attr = state.stat_of(entry.ino, *info);
  fi->fh = handle_of(mode);
  choose_caching(state, **file, fi);
  if (fuse_reply_create(request, &entry, fi) == -ENOENT) {
    state.open_files.release(entry.ino, mode);
    state.inodes.forget(entry.ino, 1);
  }
}

void read(fuse_req_t request, fuse_ino_t ino, std::size_t size, off_t offset, fuse_file_info* fi) {
  MountState& state = MountState::of(request);
  if (MountState::is_virtual(ino)) {
    if (state.feed_files.has(fi->fh)) {
      const bool waits = (fi->flags & O_NONBLOCK) == 0;
      return state.feed_files.read(request, fi->fh, size, static_cast<std::uint64_t>(offset), waits);
    }
    const auto text = state.open_virtual_files.find(fi->fh);
    if (text == state.open_virtual_files.end()) return reply(request, Errc::not_found);
    const std::size_t from = std::min(static_cast<std::size_t>(offset), text->second.size());
    fuse_reply_buf(request, text->second.data() + from, std::min(size, text->second.size() - from));
    return;
  }
  OpenFile* file = state.open_files.find(ino);
  if (file == nullptr) return reply(request, Errc::not_found);
  const Result<Bytes> bytes = state.open_files.read(*file, static_cast<std::uint64_t>(offset), size);
  if (!bytes && bytes.code() == Errc::unreachable) {
    return state.waiting_reads.wait(request, *file, static_cast<std::uint64_t>(offset), size);
  }
  if (!bytes) return reply_failure(request, bytes.failure());
  fuse_reply_buf(request, reinterpret_cast<const char*>(bytes->data()), bytes->size());
}

void write_now(fuse_req_t request, OpenFile& file, std::uint64_t offset, ByteView bytes) {
  MountState& state = MountState::of(request);
  drop_privileges(state, request, file);
  const Status written = state.open_files.write(file, offset, bytes);
  if (!written) return reply(request, written);
  fuse_reply_write(request, bytes.size());
}

void write(fuse_req_t request, fuse_ino_t ino, const char* data, std::size_t size, off_t offset, fuse_file_info*) {
  MountState& state = MountState::of(request);
  OpenFile* file = state.open_files.find(ino);
  if (file == nullptr) return reply(request, Errc::io);
  const ByteView bytes = as_bytes({data, size});
  const auto at = static_cast<std::uint64_t>(offset);
  if (state.open_files.writable_now(*file)) return write_now(request, *file, at, bytes);
  // Waits for copying or storing: at most one such request per writing thread, as long as a large file takes.
  state.open_files.when_writable(*file, [request, ino, at, kept = copy_of(bytes)](Status ready) {
    OpenFile* now = MountState::of(request).open_files.find(ino);
    if (!ready || now == nullptr) return reply(request, ready ? Status(Errc::io) : ready);
    write_now(request, *now, at, kept);
  });
}

void flush(fuse_req_t request, fuse_ino_t ino, fuse_file_info*) {
  MountState& state = MountState::of(request);
  OpenFile* file = MountState::is_virtual(ino) ? nullptr : state.open_files.find(ino);
  if (file == nullptr) return reply(request, {});
  state.open_files.flush(*file, [request](Status status) { reply(request, status); });
}

void release(fuse_req_t request, fuse_ino_t ino, fuse_file_info* fi) {
  MountState& state = MountState::of(request);
  if (MountState::is_virtual(ino)) {
    state.open_virtual_files.erase(fi->fh);
    state.feed_files.close(fi->fh);
  } else {
    state.open_files.release(ino, mode_of(fi));
  }
  reply(request, {});
}

void fsync(fuse_req_t request, fuse_ino_t ino, int, fuse_file_info*) {
  MountState& state = MountState::of(request);
  const Then done = [request](Status status) { reply(request, status); };
  OpenFile* file = MountState::is_virtual(ino) ? nullptr : state.open_files.find(ino);
  if (file == nullptr) return state.tree.sync(done);
  state.open_files.sync(*file, done);
}

void fsyncdir(fuse_req_t request, fuse_ino_t, int, fuse_file_info*) {
  MountState::of(request).tree.sync([request](Status status) { reply(request, status); });
}

// Files are always ready; only a feed has somebody wait.
void poll(fuse_req_t request, fuse_ino_t ino, fuse_file_info* fi, fuse_pollhandle* handle) {
  MountState& state = MountState::of(request);
  if (MountState::is_virtual(ino) && state.feed_files.has(fi->fh)) {
    fuse_reply_poll(request, state.feed_files.poll(fi->fh, handle));
    return;
  }
  if (handle != nullptr) fuse_pollhandle_destroy(handle);
  fuse_reply_poll(request, POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM);
}

}  // namespace

void add_file_operations(fuse_lowlevel_ops& operations) {
  operations.open = open;
  operations.create = create;
  operations.read = read;
  operations.write = write;
  operations.flush = flush;
  operations.release = release;
  operations.fsync = fsync;
  operations.fsyncdir = fsyncdir;
  operations.poll = poll;
}

}  // namespace meshfs::fsd::fuse
