// The whole /mesh as the mount and the tools see it: names, attributes, contents, and changes to them.
// Port between the FUSE side (fsd/fuse) and the core; called on the state thread only. A change is visible to
// the next call at once; it is committed with its neighbours in time and is durable after sync().
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fsd/core/tree.h"

namespace meshfs::fsd {

struct NodeInfo {
  NodeKey key;
  codec::Kind kind = codec::Kind::file;
  codec::Attributes attributes;
  codec::Content content;  // files and symlinks
  Stamp content_stamp;
  Stamp version;       // greatest head: when it last changed at all (ctime)
  Hash entry;          // of the greatest head, of a sibling's content; zero while a change of it is in no commit yet
  std::string author;  // node name of who stamped the content (or, for directories, the attributes)
  NodeId author_node;  // its root key; zero: not known
  bool content_committed = false;     // else its stamp may still change
  bool merged = false;                // made of several versions by the rule of its type; its stamp is the newest one's
  std::uint32_t directories = 0;      // sub-directories, for st_nlink
  std::uint32_t links = 1;            // names of a file or symlink
  bool local_only = false;            // not published yet (open since it was created)
  Errc unwritable = Errc::read_only;  // what a writer is told where writable_volume is false: denied if a rule says so
  bool writable_volume = true;        // false: another node's volume, /mesh/network for non-admins, virtual directories
};

struct DirectoryItem {
  std::string name;
  NodeKey key;
  codec::Kind kind = codec::Kind::file;
};

// What a change was, for kernel caches and events. From `apply` of foreign commits, never for local calls. In an order
// in which they can be performed one by one: a directory comes before what is in it and goes after it.
struct Visible {
  enum class What : std::uint8_t { added, removed, moved, content, attributes };
  What what = What::added;
  NodeKey directory = {};  // the parent (moved: the new one); for content and attributes too
  std::string name = {};
  NodeKey node = {};
  codec::Kind kind = codec::Kind::file;
  NodeKey from_directory = {};  // moved: where it was
  std::string from_name = {};
  struct Before {
    codec::Content content;
    Stamp content_stamp;
    codec::Attributes attributes;
  };
  std::shared_ptr<const Before> before = {};  // content: what showed until now; none: not known
};

enum class RenameMode : std::uint8_t { replace, no_replace, exchange };

class FileTree {
 public:
  virtual ~FileTree() = default;

  virtual NodeKey root() = 0;  // /mesh
  virtual Result<NodeKey> lookup(const NodeKey& directory, std::string_view name) = 0;
  virtual Result<NodeInfo> info(const NodeKey& node) = 0;
  // Names > after in byte order, until visit returns false. Neither "." nor "..".
  virtual Status list(const NodeKey& directory, std::string_view after,
                      const std::function<bool(const DirectoryItem&)>& visit) = 0;
  virtual Result<NodeKey> parent_of(const NodeKey& directory) = 0;

  virtual Result<NodeKey> make_directory(const NodeKey& directory, std::string_view name,
                                         const codec::Attributes& attributes) = 0;
  virtual Result<NodeKey> make_symlink(const NodeKey& directory, std::string_view name, std::string_view target,
                                       const codec::Attributes& attributes) = 0;
  // A new empty file that only this node sees until write_content() or publish() is called for it.
  virtual Result<NodeKey> make_file(const NodeKey& directory, std::string_view name,
                                    const codec::Attributes& attributes) = 0;
  virtual Status set_attributes(const NodeKey& node, const codec::Attributes& attributes) = 0;
  // The stamps a handle opened now shows; pass them to write_content.
  virtual Result<std::vector<Stamp>> content_base(const NodeKey& node) = 0;
  // New content (its blobs are in the store already). Publishes; a new file becomes visible to others.
  // not_found if the object was removed meanwhile and `node` is no longer in the tree.
  virtual Status write_content(const NodeKey& node, const codec::Content& content, const std::vector<Stamp>& base,
                               std::int64_t mtime_ns) = 0;
  // One more name for a file or symlink. denied for directories and conflicting versions, too_large at the limit.
  virtual Status link(const NodeKey& node, const NodeKey& directory, std::string_view name) = 0;
  // The last name takes the object with it.
  virtual Status unlink(const NodeKey& directory, std::string_view name) = 0;
  virtual Status remove_directory(const NodeKey& directory, std::string_view name) = 0;
  // replace onto an existing file: the target's object gets the source's content and attributes, the source is
  // tombstoned, in one commit; `now` is the node that has the moved bytes (differs from the source then). If one of the
  // two has several names, only the names change. Between two names of one file nothing happens.
  struct Renamed {
    NodeKey now;
    std::optional<NodeKey> gone;
  };
  virtual Result<Renamed> rename(const NodeKey& from_directory, std::string_view from, const NodeKey& to_directory,
                                 std::string_view to, RenameMode mode) = 0;

  // Makes content durable here without publishing it (fsync within 5 s of the last version).
  virtual Status save_draft(const NodeKey& node, const codec::Content& content, const std::vector<Stamp>& base,
                            std::int64_t mtime_ns) = 0;
  // Runs `done` once everything changed so far is on disk.
  virtual void sync(std::function<void(Status)> done) = 0;

  // Called with foreign changes as they become visible.
  virtual void on_visible(std::function<void(const std::vector<Visible>&)> listener) = 0;
};

}  // namespace meshfs::fsd
