// The FileTree port over the replica's parts: path operations in terms of objects, places and changes. State thread only.
#pragma once

#include "fsd/core/authoring.h"
#include "fsd/core/file_tree.h"
#include "fsd/core/past.h"
#include "fsd/core/volumes.h"

namespace meshfs::fsd {

class Files : public FileTree {
 public:
  struct Parts {
    Table& index;
    RecordLog& log;
    Namespace& names;
    Objects& objects;
    Needs& needs;
    Authors& authors;
    Members& members;
    const Epochs& epochs;
    Authoring& authoring;
    History& history;
    NetworkTime& time;
    const Moment& moment;
    const Instant& now;
    const AuthorTag& author;
    const codec::Attributes& root;
  };
  // `changed` runs after every local change, with what others would see of it.
  using Changed = std::function<void(const std::vector<Visible>&)>;
  Files(const Parts& parts, Changed changed) : parts_(parts), changed_(std::move(changed)) {}

  NodeKey root() override { return {root_of(kSharedVolume), std::nullopt}; }
  Result<NodeKey> lookup(const NodeKey& directory, std::string_view name) override;
  Result<NodeInfo> info(const NodeKey& node) override;
  Status list(const NodeKey& directory, std::string_view after,
              const std::function<bool(const DirectoryItem&)>& visit) override;
  Result<NodeKey> parent_of(const NodeKey& directory) override;

  Result<NodeKey> make_directory(const NodeKey& directory, std::string_view name,
                                 const codec::Attributes& attributes) override;
  Result<NodeKey> make_symlink(const NodeKey& directory, std::string_view name, std::string_view target,
                               const codec::Attributes& attributes) override;
  Result<NodeKey> make_file(const NodeKey& directory, std::string_view name,
                            const codec::Attributes& attributes) override;
  Status set_attributes(const NodeKey& node, const codec::Attributes& attributes) override;
  Result<std::vector<Stamp>> content_base(const NodeKey& node) override;
  Status write_content(const NodeKey& node, const codec::Content& content, const std::vector<Stamp>& base,
                       std::int64_t mtime_ns) override;
  Status link(const NodeKey& node, const NodeKey& directory, std::string_view name) override;
  Status unlink(const NodeKey& directory, std::string_view name) override;
  Status remove_directory(const NodeKey& directory, std::string_view name) override;
  Result<Renamed> rename(const NodeKey& from_directory, std::string_view from, const NodeKey& to_directory,
                         std::string_view to, RenameMode mode) override;
  Status save_draft(const NodeKey& node, const codec::Content& content, const std::vector<Stamp>& base,
                    std::int64_t mtime_ns) override;
  void sync(std::function<void(Status)> done) override;
  void on_visible(std::function<void(const std::vector<Visible>&)> listener) override {
    listener_ = std::move(listener);
  }
  void tell_visible(const std::vector<Visible>& changes) const {
    if (listener_ && !changes.empty()) listener_(changes);
  }

  // The disk is nearly full: nothing but deletes is taken.
  void refuse_writes(bool refuse) { disk_full_ = refuse; }
  // Publishes what fsync made durable and a crash kept from being published. Once, at start.
  Status publish_drafts();
  // The path of a node from /mesh, for people; empty if it shows nowhere.
  std::string path_of(const ObjectId& object);
  // The same, or where it is going to show once its content is here.
  std::string path_to_be(const ObjectId& object);

  // --- the past; paths are relative to /mesh, versions the first bytes of an entry's hash. Seal first: what is in no
  // commit yet has no version.
  // Chunks whose presence one log may ask for, ~50 ms; the log is cut short rather than late.
  static constexpr std::size_t kMaxLogBlobs = 20'000;
  Result<PastPath> find_past(std::string_view path);
  Result<PathLog> log(std::string_view path, std::size_t limit, const std::optional<Bytes>& after);
  Result<Version> version_of(const PastPath& path, ByteView prefix);
  Result<codec::Content> past_content(std::string_view path, ByteView prefix);
  // The old content becomes the newest version; what was deleted comes back at its old place.
  Status restore(const PastPath& path, const Version& version);
  // One commit: the version that `path` shows, or the given one, stays; the others go, or with `keep_all` become files of
  // their own at the names where they show. `kept` is filled in by who seals.
  Result<Settled> settle_conflict(const PastPath& path, bool keep_all, const std::optional<Version>& version);

 private:
  // A name that exists, with what is needed to change it.
  struct Found {
    NodeKey node;
    codec::Kind kind = codec::Kind::file;
    ObjectRecord record;
    Shown shown;
    codec::Place at;  // as it was asked for; the name may be a virtual one
  };
  Result<Found> find(const NodeKey& directory, std::string_view name);
  // What policy says to this node now. read_only: the default rules; denied: a rule of an epoch.
  Status permitted(const VolumeTag& volume, codec::PolicyVerb verb, std::string_view argument) const;
  void tell_writable(const VolumeTag& volume, NodeInfo& out) const;
  Status may_change(const VolumeTag& volume, std::string_view type = {});
  Status may_remove(const Found& found);
  // Whether `bytes` more may be stamped there. over_quota; no_space where the disk is nearly full.
  Status has_room(const VolumeTag& volume, std::uint64_t bytes);
  Status may_change_object(const ObjectId& object);
  Status may_make(const NodeKey& directory, std::string_view name, std::string_view type = {});
  bool is_directory(const ObjectId& object);
  Result<NodeInfo> directory_info(const NodeKey& node);
  ObjectId free_object(const ObjectId& parent, const FileName& name, codec::Kind kind);
  // The stamps that show in place of a path which is made anew.
  std::vector<Stamp> covered_base(const ObjectId& object);
  std::vector<LinkValue> covered_links(const ObjectId& object);
  // Commits the shown place of a directory that stands at a fallback.
  void settle_place(const ObjectId& object, Change& change);
  Status edit(const ObjectId& object, codec::Kind kind, const Authoring::Edit& edit);
  Status move(const Found& what, const ObjectId& parent, const FileName& name);
  Result<Renamed> replace(const Found& source, const Found& target, const ObjectId& parent, const FileName& name);
  Result<Renamed> copy_sibling(const Found& source, const ObjectId& parent, const FileName& name);
  codec::Place asked_place(const NodeKey& directory, std::string_view name, const Shown& shown);
  Status drop_name(const Found& found);
  Result<Renamed> prefer_sibling(const Found& source);
  Result<Renamed> exchange(const Found& a, const codec::Place& at_a, const Found& b, const codec::Place& at_b);
  std::optional<ObjectId> once_at(const ObjectId& parent, const FileName& name, bool directory);
  // The path of a place as far as it can be told: through directories that show, else where they stood last.
  std::string past_path(const VolumeTag& volume, const codec::Place& place);
  bool has_content(const codec::Content& content, std::size_t& blobs_left);
  Status restore_content(const PastPath& path, const Version& version);
  Status restore_attributes(const PastPath& path, const Version& version);
  Result<Stamp> kept_of(const PastPath& path, const Shown& shown, const std::optional<Version>& version);
  void trust(const codec::Content& content);
  [[nodiscard]] std::int64_t now_ns() const;
  // A change that did not come through the mount ends here: its listener hears of it.
  Status done_elsewhere(Status outcome);
  // Every local change ends here.
  template <class T>
  T done(T result) {
    parts_.names.settle();
    changed_(parts_.objects.take_visible());  // the mount's listener hears nothing: the caller knows what it did
    return result;
  }

  Parts parts_;
  Changed changed_;
  bool disk_full_ = false;
  std::function<void(const std::vector<Visible>&)> listener_;
};

}  // namespace meshfs::fsd
