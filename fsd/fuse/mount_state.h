// All that the handlers of one mount share. Owned by Mount; state thread only (the notifier has its own thread).
// Handlers are grouped by file: names.cc, files.cc, attributes.cc, directories.cc, xattrs.cc; each adds its
// functions to the table of operations. A handler answers at once, or keeps the request in a continuation.
#pragma once

#include <sys/stat.h>

#include <unordered_set>

#include "fsd/fuse/announcer.h"
#include "fsd/fuse/feed_files.h"
#include "fsd/fuse/fuse_api.h"
#include "fsd/fuse/kernel_offers.h"
#include "fsd/fuse/notifier.h"
#include "fsd/fuse/open_files.h"
#include "fsd/fuse/owners.h"
#include "fsd/fuse/virtual_files.h"
#include "fsd/fuse/waiting_reads.h"
#include "schema/crypto/hash.h"

namespace meshfs::fsd::fuse {

// The kernel may keep names and attributes that long: foreign changes are told at once (Notifier).
inline constexpr double kCacheSeconds = 3600;
inline constexpr Ino kVirtualDirectoryIno = 2;
inline constexpr Ino kFirstVirtualIno = 3;  // + position in VirtualFiles::names()
inline constexpr std::string_view kVirtualDirectory = ".mesh";

// An open directory: where the listing stands. Offsets count entries from the start of this handle's listing.
struct OpenDirectory {
  struct Position {
    off_t offset;
    std::string name;
  };                                   // names after `name` start at `offset`
  std::vector<Position> pages;         // start of each page that was sent: seekdir goes back to them
  std::vector<std::string> last_page;  // its names, first one at last_page_offset: the kernel may take only some
  off_t last_page_offset = 0;
};

struct MountState {
  MountState(FileTree& tree, ContentIo& content, VirtualFiles& virtual_files, StagingArea area, Clock& clock,
             std::function<void(const std::string&)> note);

  HeldTree held;
  FileTree& tree;  // as shown: `held`
  ContentIo& content;
  VirtualFiles& virtual_files;
  Clock& clock;
  StagingArea area;
  InodeTable inodes;
  Notifier notifier;
  OpenFiles open_files;
  Owners owners;
  Records* records = nullptr;
  bool has_acls = false;  // the kernel judges by access control lists
  KernelOffers kernel;
  static constexpr std::size_t kMaxToldStale = 1024;
  std::unordered_set<pid_t> told_stale;  // threads whose last open(2) was answered ESTALE; forgetting one is harmless
  std::function<bool(const HeraldOrder&)> send_to_herald = [](const HeraldOrder&) { return false; };
  std::function<void(Instant)> wake_announcer = [](Instant) {};
  std::function<void()> give_up_herald = [] {};
  Announcer announcer;
  pid_t herald_pid = -1;                                              // whose requests are the announcer's
  fuse_lowlevel_ops ordinary = {};                                    // the handlers of everybody else's
  std::unordered_map<std::uint64_t, OpenDirectory> open_directories;  // by file handle; bounded by RLIMIT_NOFILE
  std::unordered_map<std::uint64_t, std::string> open_virtual_files;  // by file handle
  FeedFiles feed_files;
  WaitingReads waiting_reads;
  std::uint64_t next_handle = 1;

  static MountState& of(fuse_req_t request) { return *static_cast<MountState*>(fuse_req_userdata(request)); }

  // What is known of an inode; staging is not considered. not_found: stale.
  Result<NodeInfo> info(Ino ino);
  struct stat stat_of(Ino ino, const NodeInfo& info);
  // References the node and describes it to the kernel.
  Result<fuse_entry_param> entry(const NodeKey& key, Ino parent);
  fuse_entry_param entry(const NodeInfo& info, Ino parent);
  // The directory that a name operation works in: not_found if it was removed, read_only for .mesh.
  Result<NodeKey> directory(Ino ino);
  codec::Attributes new_attributes(fuse_req_t request, Ino parent, mode_t mode, codec::Kind kind);
  void entries_changed(Ino directory);
  void touched(Ino ino);
  // The node is gone from the tree (unlinked or replaced): its inode, if known, answers from `last`.
  void freeze_removed(Ino ino, std::optional<NodeInfo> last);
  void on_visible(const std::vector<Visible>& changes);
  void part_from_removed(const Visible& change, const Announcer::Known& known);
  // Where nobody watches: the kernel asks again.
  void forget_cached(const Visible& change);
  void content_changed(const Visible& change);

  // Virtual files.
  Result<Ino> virtual_lookup(std::string_view name);
  struct stat virtual_stat(Ino ino);
  Feed* feed(Ino ino);  // null: none
  static bool is_virtual(Ino ino) { return ino > kRootIno && ino < kFirstNodeIno; }
};

void reply(fuse_req_t request, const Status& status);
void reply_failure(fuse_req_t request, const Error& failure);
void reply_entry(fuse_req_t request, const Result<fuse_entry_param>& entry);
// invalid, name_too_long; read_only for names in or of .mesh.
Status check_name(Ino parent, const char* name);

void add_name_operations(fuse_lowlevel_ops& operations);
void add_file_operations(fuse_lowlevel_ops& operations);
void add_range_operations(fuse_lowlevel_ops& operations);
void add_attribute_operations(fuse_lowlevel_ops& operations);
void add_directory_operations(fuse_lowlevel_ops& operations);
void add_xattr_operations(fuse_lowlevel_ops& operations);
// Over all others: requests of the herald are taken out.
void add_herald_operations(fuse_lowlevel_ops& operations, MountState& state);

}  // namespace meshfs::fsd::fuse
