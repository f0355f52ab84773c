// Local inode numbers <-> nodes of the tree, for what the kernel holds or we keep for it. State thread only.
// A number is a hash of the node, so it survives forgetting and restarts; only if another inode has it (the node
// was removed and made again while open, or replaced by a rename) the next free one is taken.
// About 130 bytes per inode the kernel knows, nothing for the others.
//   bound   the node's number: lookups of the node give it
//   frozen  a number that open handles still use, though the node was removed or shows a newer remote version:
//           it answers from what was known last; lookups of the node give another number
#pragma once

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include "fsd/core/file_tree.h"

namespace meshfs::fsd::fuse {

using Ino = std::uint64_t;
inline constexpr Ino kRootIno = 1;
inline constexpr Ino kFirstNodeIno = 1 << 16;  // below: the root and the virtual files

struct Inode {
  NodeKey key;
  std::uint64_t lookups = 0;            // references of the kernel and of open files
  Ino parent = 0;                       // where it was looked up last; 0: nowhere yet
  std::int64_t changed_ns = 0;          // last change through this mount (ctime); 0: none
  std::int64_t entries_changed_ns = 0;  // directories: when an entry was last added or removed; 0: unknown
  std::uint64_t listed_forgotten = 0;   // and InodeTable::forgotten() then
  std::int64_t listed_ns = -1;  // directories: entries_changed_ns of the listing that the kernel may have cached
  Stamp pages;  // files: the version whose bytes the kernel may have cached, with what was written since
  // ctime is when it was changed here, as long as the version in the tree came from that: publishing moves no time.
  bool awaits_version = false;  // the next one that is looked at came from it
  Hlc changed_version;

  void changed(std::int64_t now_ns) { changed_ns = now_ns, awaits_version = true; }
  std::int64_t ctime_ns(const Stamp& version) {
    if (std::exchange(awaits_version, false)) changed_version = version.hlc;
    const std::int64_t stamped_ns = version.hlc.wall().ms * 1'000'000;
    return changed_ns != 0 && changed_version == version.hlc ? changed_ns : std::max(stamped_ns, changed_ns);
  }
};

struct Frozen {
  bool removed = false;          // else: only superseded, writes through its handles still go to the node
  std::optional<NodeInfo> info;  // none: nobody had it open, so nobody needs it
};

class InodeTable {
 public:
  explicit InodeTable(const NodeKey& root);

  Inode* find(Ino ino);
  Frozen* frozen(Ino ino);
  // The node's bound number, if it has one now.
  std::optional<Ino> bound(const NodeKey& key) const;
  // The bound number, or the one that it would get: for d_ino in listings.
  Ino number_of(const NodeKey& key) const;
  // Bound number with one more reference; `parent` is remembered.
  Ino reference(const NodeKey& key, Ino parent);
  void hold(Ino ino);
  // A number of its own with one reference, that will stand for `key` after rebind(); lookups do not find it until then.
  Ino reserve(const NodeKey& key, Ino parent);
  // Drops `count` references; the last one forgets the inode.
  void forget(Ino ino, std::uint64_t count);

  void freeze(Ino ino, Frozen state);
  // From now on `ino` stands for `key`, which has no bound number (freeze it first).
  void rebind(Ino ino, const NodeKey& key);

  std::size_t size() const { return inodes_.size(); }
  std::uint64_t forgotten() const { return forgotten_; }  // inodes so far

 private:
  // When forgotten nodes were last changed here: the kernel forgets under memory pressure, their times must not go back.
  // Full, it starts anew.
  static constexpr std::size_t kMaxTimes = 1024;
  struct Times {
    std::int64_t changed_ns, entries_changed_ns;
    bool awaits_version;
    Hlc changed_version;
  };
  void keep_times(const Inode& inode);
  void unbind(Ino ino, const NodeKey& key);
  std::unordered_map<Ino, Inode> inodes_;
  std::unordered_map<Ino, Frozen> frozen_;
  // Nodes bound to another number than their hash. Few: see above.
  struct KeyHash {
    std::size_t operator()(const NodeKey& key) const;
  };
  std::unordered_map<NodeKey, Ino, KeyHash> elsewhere_;
  std::unordered_map<NodeKey, Times, KeyHash> times_;
  NodeKey root_;
  std::uint64_t forgotten_ = 0;
};

}  // namespace meshfs::fsd::fuse
