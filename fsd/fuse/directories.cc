// Handlers of directory listings. A page continues after the last name the kernel took, so entries added or removed
// meanwhile never make another one show twice or not at all.
#include "fsd/core/volumes.h"
#include "fsd/fuse/mount_state.h"

namespace meshfs::fsd::fuse {
namespace {

// Fills one reply. Offset of an entry = where the listing goes on after it: 1 after ".", 2 after "..".
class Page {
 public:
  Page(fuse_req_t request, MountState& state, Ino directory, std::size_t size, bool plus)
      : request_(request), state_(state), directory_(directory), plus_(plus), buffer_(size) {}

  // An entry that gives the kernel nothing but its number: inode 0 takes no reference.
  bool add_unreferenced(const char* name, Ino ino, mode_t type, off_t next) {
    fuse_entry_param e = {};
    e.attr.st_ino = ino;
    e.attr.st_mode = type;
    return put(name, e, next);
  }

  bool add(const DirectoryItem& item, off_t next) {
    fuse_entry_param e = {};
    if (!plus_) {
      e.attr.st_ino = state_.inodes.number_of(item.key);
      e.attr.st_mode = item.kind == codec::Kind::directory ? S_IFDIR
                       : item.kind == codec::Kind::symlink ? S_IFLNK
                                                           : S_IFREG;
      return put(item.name.c_str(), e, next);
    }
    if (fuse_add_direntry_plus(request_, nullptr, 0, item.name.c_str(), nullptr, 0) > buffer_.size() - used_) {
      return false;
    }
    const Result<fuse_entry_param> entry = state_.entry(item.key, directory_);
    if (!entry) return true;  // went while we listed: leave it out
    CHECK(put(item.name.c_str(), *entry, next));
    return true;
  }

  void send() { fuse_reply_buf(request_, buffer_.data(), used_); }

 private:
  bool put(const char* name, const fuse_entry_param& e, off_t next) {
    char* at = buffer_.data() + used_;
    const std::size_t room = buffer_.size() - used_;
    const std::size_t needed = plus_ ? fuse_add_direntry_plus(request_, at, room, name, &e, next)
                                     : fuse_add_direntry(request_, at, room, name, &e.attr, next);
    if (needed > room) return false;
    used_ += needed;
    return true;
  }

  fuse_req_t request_;
  MountState& state_;
  Ino directory_;
  bool plus_;
  std::vector<char> buffer_;
  std::size_t used_ = 0;
};

constexpr std::uint64_t kForgottenBeforeListing = 512;  // about as many as one page of a listing brings
constexpr off_t kFirstEntry = 2;                        // "." and ".." come before

// The name after which the listing goes on at `offset`.
struct Start {
  std::string after;
  off_t skip = 0;
};

Start start_of(const OpenDirectory& open, off_t offset) {
  if (offset <= kFirstEntry) return {};
  const off_t in_page = offset - open.last_page_offset;
  if (in_page >= 0 && static_cast<std::size_t>(in_page) <= open.last_page.size() && open.last_page_offset != 0) {
    if (in_page > 0) return {open.last_page[static_cast<std::size_t>(in_page) - 1], 0};
  }
  Start best{{}, offset - kFirstEntry};
  for (const OpenDirectory::Position& page : open.pages) {  // seekdir: from the nearest page start, counting
    if (page.offset > offset) break;
    best = {page.name, offset - page.offset};
  }
  return best;
}

void list(fuse_req_t request, Ino ino, std::size_t size, off_t offset, fuse_file_info* fi, bool plus) {
  MountState& state = MountState::of(request);
  const auto handle = state.open_directories.find(fi->fh);
  if (handle == state.open_directories.end()) return reply(request, Errc::invalid);
  OpenDirectory& open = handle->second;
  Page page(request, state, ino, size, plus);
  const Result<NodeKey> directory = state.directory(ino);
  if (!directory) {  // removed while open: empty, as everywhere
    page.send();
    return;
  }
  Ino above = kRootIno;
  if (const Result<NodeKey> parent = ino == kRootIno ? directory : state.tree.parent_of(*directory)) {
    above = state.inodes.number_of(*parent);
  }
  if (offset < 1 && !page.add_unreferenced(".", ino, S_IFDIR, 1)) return page.send();
  if (offset < 2 && !page.add_unreferenced("..", above, S_IFDIR, 2)) return page.send();
  Start start = start_of(open, offset);
  off_t next = std::max(offset, kFirstEntry);
  if (next == kFirstEntry) open.pages.clear();
  if (open.pages.empty() || open.pages.back().offset < next) open.pages.push_back({next, start.after});
  open.last_page.clear();
  open.last_page_offset = next;
  const Status listed = state.tree.list(*directory, start.after, [&](const DirectoryItem& item) {
    if (start.skip > 0) {
      --start.skip;
      return true;
    }
    if (!page.add(item, next + 1)) return false;
    ++next;
    open.last_page.push_back(item.name);
    return true;
  });
  if (!listed) return reply(request, listed);
  page.send();
}

void list_virtual(fuse_req_t request, std::size_t size, off_t offset, bool plus) {
  MountState& state = MountState::of(request);
  const std::vector<std::string> names = state.virtual_files.names();
  Page page(request, state, kVirtualDirectoryIno, size, plus);
  for (auto at = static_cast<std::size_t>(offset); at < names.size() + 2; ++at) {
    const Ino ino = at == 0 ? kVirtualDirectoryIno : at == 1 ? kRootIno : kFirstVirtualIno + at - 2;
    const char* name = at == 0 ? "." : at == 1 ? ".." : names[at - 2].c_str();
    if (!page.add_unreferenced(name, ino, at < 2 ? S_IFDIR : S_IFREG, static_cast<off_t>(at) + 1)) break;
  }
  page.send();
}

void opendir(fuse_req_t request, fuse_ino_t ino, fuse_file_info* fi) {
  MountState& state = MountState::of(request);
  fi->fh = state.next_handle++;
  if (!MountState::is_virtual(ino)) {
    state.open_directories[fi->fh];
    const Result<NodeKey> directory = state.directory(ino);
    fi->cache_readdir = directory && is_virtual(directory->object.volume) ? 0 : 1;  // as in lookup()
    // Without keep_cache the kernel drops the listing at each opendir. As with files, notices alone would come too late.
    if (Inode* inode = fi->cache_readdir == 0 ? nullptr : state.inodes.find(ino)) {
      // A listing without inodes is worth little: ls -l would look up each name, where a new one brings them along.
      const bool has_inodes = state.inodes.forgotten() - inode->listed_forgotten < kForgottenBeforeListing;
      fi->keep_cache = has_inodes && inode->listed_ns == inode->entries_changed_ns ? 1 : 0;
      if (fi->keep_cache == 0) inode->listed_forgotten = state.inodes.forgotten();
      inode->listed_ns = inode->entries_changed_ns;
    }
  }
  if (fuse_reply_open(request, fi) == -ENOENT) state.open_directories.erase(fi->fh);
}

void readdir(fuse_req_t request, fuse_ino_t ino, std::size_t size, off_t offset, fuse_file_info* fi) {
  if (MountState::is_virtual(ino)) return list_virtual(request, size, offset, false);
  list(request, ino, size, offset, fi, false);
}

void readdirplus(fuse_req_t request, fuse_ino_t ino, std::size_t size, off_t offset, fuse_file_info* fi) {
  if (MountState::is_virtual(ino)) return list_virtual(request, size, offset, true);
  list(request, ino, size, offset, fi, true);
}

void releasedir(fuse_req_t request, fuse_ino_t, fuse_file_info* fi) {
  MountState::of(request).open_directories.erase(fi->fh);
  reply(request, {});
}

}  // namespace

void add_directory_operations(fuse_lowlevel_ops& operations) {
  operations.opendir = opendir;
  operations.readdir = readdir;
  operations.readdirplus = readdirplus;
  operations.releasedir = releasedir;
}

Result<Ino> MountState::virtual_lookup(std::string_view name) {
  const std::vector<std::string> names = virtual_files.names();
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return kFirstVirtualIno + i;
  }
  return Errc::not_found;
}

Feed* MountState::feed(Ino ino) {
  if (ino < kFirstVirtualIno) return nullptr;
  const std::vector<std::string> names = virtual_files.names();
  return ino - kFirstVirtualIno < names.size() ? virtual_files.feed(names[ino - kFirstVirtualIno]) : nullptr;
}

struct stat MountState::virtual_stat(Ino ino) {
  struct stat st = {};
  st.st_ino = ino;
  st.st_mode = ino == kVirtualDirectoryIno ? (S_IFDIR | 0555) : (S_IFREG | 0444);
  st.st_nlink = ino == kVirtualDirectoryIno ? 2 : 1;
  st.st_blksize = 4096;
  if (Feed* growing = feed(ino)) st.st_size = static_cast<off_t>(growing->end());
  const std::int64_t now = clock.wall_ns();  // made when it is read
  st.st_mtim = st.st_ctim = st.st_atim = {now / 1'000'000'000, now % 1'000'000'000};
  return st;
}

}  // namespace meshfs::fsd::fuse
