#include "fsd/fuse/mount_state.h"

#include "fsd/fuse/acl.h"
#include "fsd/fuse/errno_table.h"

namespace meshfs::fsd::fuse {
namespace {

timespec to_timespec(std::int64_t ns) {
  std::int64_t s = ns / 1'000'000'000, rest = ns % 1'000'000'000;
  if (rest < 0) --s, rest += 1'000'000'000;
  return {s, rest};
}

mode_t type_bits(codec::Kind kind) {
  switch (kind) {
    case codec::Kind::directory:
      return S_IFDIR;
    case codec::Kind::symlink:
      return S_IFLNK;
    case codec::Kind::file:
      break;
  }
  return S_IFREG;
}

}  // namespace

MountState::MountState(FileTree& file_tree, ContentIo& content_io, VirtualFiles& virtuals, StagingArea staging,
                       Clock& the_clock, std::function<void(const std::string&)> note)
    : held(file_tree),
      tree(held),
      content(content_io),
      virtual_files(virtuals),
      clock(the_clock),
      area(std::move(staging)),
      inodes(tree.root()),
      open_files(
          tree, content, inodes, area, clock, [this](const Visible& change) { forget_cached(change); }, note),
      announcer(held, inodes, open_files, content, clock,
                {[this](const HeraldOrder& order) { return send_to_herald(order); },
                 [this](const Visible& change) { forget_cached(change); },
                 [this](Instant when) { wake_announcer(when); }, note, [this] { give_up_herald(); }}),
      waiting_reads(content) {}

Result<NodeInfo> MountState::info(Ino ino) {
  if (const Frozen* frozen = inodes.frozen(ino)) {
    if (const OpenFile* file = open_files.find(ino)) return file->info;
    if (!frozen->info) return Errc::not_found;
    return *frozen->info;
  }
  const Inode* inode = inodes.find(ino);
  if (inode == nullptr) return Errc::not_found;
  return tree.info(inode->key);
}

struct stat MountState::stat_of(Ino ino, const NodeInfo& info) {
  const codec::Attributes& a = info.attributes;
  const Instant now = clock.now();
  struct stat st = {};
  st.st_ino = ino;
  st.st_mode = type_bits(info.kind) | a.mode;
  st.st_uid = owners.uid(a.user, now);
  st.st_gid = owners.gid(a.group, now);
  st.st_nlink = info.kind == codec::Kind::directory ? 2 + info.directories : info.links;
  if (const Frozen* frozen = inodes.frozen(ino); frozen != nullptr && frozen->removed) st.st_nlink = 0;
  std::uint64_t size = info.kind == codec::Kind::directory ? 4096 : codec::size_of(info.content);
  const OpenFile* file = info.kind == codec::Kind::file ? open_files.find(ino) : nullptr;
  if (file == nullptr && info.kind == codec::Kind::file)
    size = Unsealing::of(info.attributes, info.content, content).size(info.content);
  std::int64_t mtime = a.mtime_ns;
  std::int64_t ctime = info.version.hlc.wall().ms * 1'000'000;
  if (file != nullptr) {
    size = file->size();
    if (file->dirty()) mtime = file->mtime_ns;
  }
  if (Inode* inode = inodes.find(ino)) {
    if (inode->entries_changed_ns != 0) mtime = std::max(mtime, inode->entries_changed_ns);
    ctime = inode->ctime_ns(info.version);
  }
  st.st_size = static_cast<off_t>(size);
  st.st_blksize = 4096;
  st.st_blocks = info.kind == codec::Kind::symlink ? 0 : static_cast<blkcnt_t>((size + 4095) / 4096 * 8);
  st.st_mtim = st.st_atim = to_timespec(mtime);
  st.st_ctim = to_timespec(ctime);
  return st;
}

fuse_entry_param MountState::entry(const NodeInfo& info, Ino parent) {
  fuse_entry_param e = {};
  e.ino = inodes.reference(info.key, parent);
  e.attr = stat_of(e.ino, info);
  e.attr_timeout = e.entry_timeout = kCacheSeconds;
  return e;
}

Result<fuse_entry_param> MountState::entry(const NodeKey& key, Ino parent) {
  Result<NodeInfo> info = tree.info(key);
  if (!info) return info.failure();
  return entry(*info, parent);
}

Result<NodeKey> MountState::directory(Ino ino) {
  if (is_virtual(ino)) return Errc::read_only;
  const Inode* inode = inodes.find(ino);
  if (inode == nullptr || inodes.frozen(ino) != nullptr) return Errc::not_found;
  return inode->key;
}

codec::Attributes MountState::new_attributes(fuse_req_t request, Ino parent, mode_t mode, codec::Kind kind) {
  const fuse_ctx* caller = fuse_req_ctx(request);
  const Instant now = clock.now();
  codec::Attributes a;
  a.mode = static_cast<std::uint16_t>(mode & 07777);
  a.user = owners.user(caller->uid, now);
  a.mtime_ns = clock.wall_ns();
  const Result<NodeInfo> above = info(parent);
  if (above && (above->attributes.mode & S_ISGID) != 0) {  // BSD group semantics where the directory asks for it
    a.group = above->attributes.group;
    if (kind == codec::Kind::directory) a.mode |= S_ISGID;
  } else {
    a.group = owners.group(caller->gid, now);
  }
  if (!has_acls || kind == codec::Kind::symlink) return a;
  const auto list = above ? acl_of(above->attributes, kDefaultAcl) : std::nullopt;
  if (!list) {
    a.mode = static_cast<std::uint16_t>(a.mode & ~caller->umask);
    return a;
  }
  // The directory's xattrs were within their limit, and there is nothing beside the lists here.
  (void)put_acl(a, kAccessAcl, list->inherited(a.mode));
  if (kind == codec::Kind::directory) (void)put_acl(a, kDefaultAcl, list);
  return a;
}

void MountState::touched(Ino ino) {
  if (Inode* inode = inodes.find(ino)) inode->changed(clock.wall_ns());
}

void MountState::entries_changed(Ino ino) {
  Inode* inode = inodes.find(ino);
  if (inode == nullptr) return;
  inode->entries_changed_ns = clock.wall_ns();
  inode->changed(inode->entries_changed_ns);
}

void MountState::freeze_removed(Ino ino, std::optional<NodeInfo> last) {
  if (last && last->kind == codec::Kind::directory) last->directories = 0;
  inodes.freeze(ino, Frozen{true, std::move(last)});
  touched(ino);
}

void reply(fuse_req_t request, const Status& status) { fuse_reply_err(request, status ? 0 : to_errno(status.code())); }

void reply_failure(fuse_req_t request, const Error& failure) { fuse_reply_err(request, to_errno(failure.code)); }

void reply_entry(fuse_req_t request, const Result<fuse_entry_param>& entry) {
  if (!entry) return reply_failure(request, entry.failure());
  if (fuse_reply_entry(request, &*entry) == -ENOENT) {  // the caller was interrupted: the kernel holds no reference
    MountState::of(request).inodes.forget(entry->ino, 1);
  }
}

Status check_name(Ino parent, const char* name) {
  if (MountState::is_virtual(parent)) return Errc::read_only;
  const Result<FileName> good = FileName::from(name);
  if (!good) return good.failure();
  if (parent == kRootIno && kVirtualDirectory == name) return Errc::busy;
  return {};
}

}  // namespace meshfs::fsd::fuse
