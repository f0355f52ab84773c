// Handlers of attributes and of the whole file system's figures.
#include <sys/statvfs.h>

#include "fsd/fuse/acl.h"
#include "fsd/fuse/mount_state.h"

namespace meshfs::fsd::fuse {
namespace {

void getattr(fuse_req_t request, fuse_ino_t ino, fuse_file_info*) {
  MountState& state = MountState::of(request);
  if (MountState::is_virtual(ino)) {
    const struct stat st = state.virtual_stat(ino);
    fuse_reply_attr(request, &st, 0);
    return;
  }
  const Result<NodeInfo> info = state.info(ino);
  if (!info) {
    fuse_reply_err(request, ESTALE);
    return;
  }
  const struct stat st = state.stat_of(ino, *info);
  fuse_reply_attr(request, &st, kCacheSeconds);
}

std::int64_t to_ns(const timespec& t) { return t.tv_sec * 1'000'000'000 + t.tv_nsec; }

struct AttributeRequest {
  struct stat wanted;
  int set;
};

codec::Attributes with_changes(MountState& state, const NodeInfo& info, const AttributeRequest& r) {
  const Instant now = state.clock.now();
  codec::Attributes a = info.attributes;
  if ((r.set & (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)) != 0 && info.kind == codec::Kind::file) {
    // chown takes set-user-id and, where it means execution, set-group-id away from everybody, root too.
    a.mode = static_cast<std::uint16_t>(a.mode & ~(S_ISUID | ((a.mode & S_IXGRP) != 0 ? S_ISGID : 0)));
  }
  if ((r.set & FUSE_SET_ATTR_UID) != 0) a.user = state.owners.user(r.wanted.st_uid, now);
  if ((r.set & FUSE_SET_ATTR_GID) != 0) a.group = state.owners.group(r.wanted.st_gid, now);
  if ((r.set & FUSE_SET_ATTR_MODE) != 0) {
    a.mode = static_cast<std::uint16_t>(r.wanted.st_mode & 07777);
    if (auto list = acl_of(a, kAccessAcl)) {
      list->chmod(a.mode);
      (void)put_acl(a, kAccessAcl, list);  // as long as before
    }
  }
  if ((r.set & FUSE_SET_ATTR_MTIME_NOW) != 0)
    a.mtime_ns = state.clock.wall_ns();
  else if ((r.set & FUSE_SET_ATTR_MTIME) != 0)
    a.mtime_ns = to_ns(r.wanted.st_mtim);
  return a;
}

// Everything but the size. Of a file that is being written, mtime goes with its next version.
Status change(MountState& state, Ino ino, const AttributeRequest& r) {
  Result<NodeInfo> info = state.info(ino);
  if (!info) return info.failure();
  codec::Attributes a = with_changes(state, *info, r);
  OpenFile* file = info->kind == codec::Kind::file ? state.open_files.find(ino) : nullptr;
  const bool sets_mtime = (r.set & (FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_MTIME_NOW)) != 0;
  if (file != nullptr && file->dirty() && sets_mtime) {
    file->mtime_ns = a.mtime_ns;
    a.mtime_ns = info->attributes.mtime_ns;
  }
  Frozen* frozen = state.inodes.frozen(ino);
  if (a != info->attributes && (frozen == nullptr || !frozen->removed)) {
    if (Status s = state.tree.set_attributes(info->key, a); !s) return s;
  }
  if (file != nullptr) file->info.attributes = a;
  if (frozen != nullptr && frozen->info) frozen->info->attributes = a;
  if (Inode* inode = state.inodes.find(ino)) {
    inode->changed(state.clock.wall_ns());
    if (sets_mtime) inode->entries_changed_ns = 0, inode->listed_ns = -1;
  }
  return {};
}

void finish(fuse_req_t request, Ino ino, const AttributeRequest& r) {
  MountState& state = MountState::of(request);
  const Status changed = change(state, ino, r);
  if (!changed) return reply(request, changed);
  getattr(request, ino, nullptr);
}

constexpr OpenFiles::Mode kWriting{true, false};

// truncate(2) of a file that is not open here counts as opening, cutting and closing it.
void resize(fuse_req_t request, Ino ino, const AttributeRequest& r) {
  MountState& state = MountState::of(request);
  const Result<NodeInfo> info = state.info(ino);
  if (!info) return reply_failure(request, info.failure());
  if (info->kind != codec::Kind::file) return reply(request, Errc::invalid);
  if (!info->writable_volume) return reply(request, info->unwritable);
  const Result<OpenFile*> file = state.open_files.acquire(ino, *info, kWriting);
  if (!file) return reply_failure(request, file.failure());
  const auto size = static_cast<std::uint64_t>(r.wanted.st_size);
  const auto cut = [request, ino, r, size](Status ready) {
    MountState& now = MountState::of(request);
    OpenFile* open = now.open_files.find(ino);
    Status done = ready && open != nullptr ? now.open_files.truncate(*open, size) : ready;
    if (done && fuse_req_ctx(request)->uid != 0 && open != nullptr &&
        (open->info.attributes.mode & (S_ISUID | S_ISGID)) != 0) {
      AttributeRequest drop{r.wanted, FUSE_SET_ATTR_MODE};
      const std::uint16_t mode = open->info.attributes.mode;
      drop.wanted.st_mode = mode & ~static_cast<mode_t>(S_ISUID | ((mode & S_IXGRP) != 0 ? S_ISGID : 0));
      done = change(now, ino, drop);
    }
    if (done)
      finish(request, ino, r);
    else
      reply(request, done);
    now.open_files.release(ino, kWriting);
  };
  if (size == 0) return cut({});
  state.open_files.when_writable(**file, cut);
}

void setattr(fuse_req_t request, fuse_ino_t ino, struct stat* wanted, int set, fuse_file_info*) {
  if (MountState::is_virtual(ino)) return reply(request, Errc::read_only);
  const AttributeRequest r{*wanted, set};
  if ((set & FUSE_SET_ATTR_SIZE) != 0) return resize(request, ino, r);
  finish(request, ino, r);
}

void statfs(fuse_req_t request, fuse_ino_t) {
  struct statvfs figures = {};
  if (::fstatvfs(MountState::of(request).area.directory(), &figures) != 0) return reply(request, Errc::io);
  figures.f_namemax = FileName::kMaxBytes;
  fuse_reply_statfs(request, &figures);
}

}  // namespace

void add_attribute_operations(fuse_lowlevel_ops& operations) {
  operations.getattr = getattr;
  operations.setattr = setattr;
  operations.statfs = statfs;
}

}  // namespace meshfs::fsd::fuse
