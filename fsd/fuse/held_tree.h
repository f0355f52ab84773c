// The tree as the mount shows it: the real one, but for what arrived and waits for its event. A new name stays hidden and
// a changed file shows its old version until the herald's operation makes the event, so that an event is never late for
// what it tells. Owned by the mount; state thread only. What is not held goes straight through.
//
// A local change that meets something held ends the holding: it sees, and works on, what is there. The event follows.
#pragma once

#include <map>

#include "fsd/core/file_tree.h"

namespace meshfs::fsd::fuse {

class HeldTree final : public FileTree {
 public:
  explicit HeldTree(FileTree& real) : real_(real) {}
  FileTree& real() { return real_; }

  // `owner` is a number of the caller's; releasing needs the same, so that a later holder is left alone.
  void hide(const NodeKey& directory, const std::string& name, std::uint64_t owner);
  void unhide(const NodeKey& directory, const std::string& name, std::uint64_t owner);
  bool hides(const NodeKey& directory, std::string_view name) const;
  void keep_version(const NodeKey& node, std::shared_ptr<const Visible::Before> before, std::uint64_t owner);
  void show_version(const NodeKey& node, std::uint64_t owner);
  const Visible::Before* kept_version(const NodeKey& node) const;
  // Who holds this name, or this node's version; 0: nobody.
  std::uint64_t hider(const NodeKey& directory, std::string_view name) const;
  std::uint64_t keeper(const NodeKey& node) const;
  std::size_t size() const { return hidden_.size() + kept_.size(); }
  void each_kept(const std::function<void(const codec::Content& content)>& visit) const {
    for (const auto& [node, kept] : kept_) visit(kept.before->content);
  }

  NodeKey root() override { return real_.root(); }
  Result<NodeKey> lookup(const NodeKey& directory, std::string_view name) override;
  Result<NodeInfo> info(const NodeKey& node) override;
  Status list(const NodeKey& directory, std::string_view after,
              const std::function<bool(const DirectoryItem&)>& visit) override;
  Result<NodeKey> parent_of(const NodeKey& directory) override { return real_.parent_of(directory); }
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
                    std::int64_t mtime_ns) override {
    return real_.save_draft(node, content, base, mtime_ns);
  }
  void sync(std::function<void(Status)> done) override { real_.sync(std::move(done)); }
  void on_visible(std::function<void(const std::vector<Visible>&)> listener) override {
    real_.on_visible(std::move(listener));
  }

 private:
  // A local change of this name, or of the node there, is about to happen.
  void meet(const NodeKey& directory, std::string_view name);

  struct Kept {
    std::shared_ptr<const Visible::Before> before;
    std::uint64_t owner;
  };
  FileTree& real_;
  std::map<NodeKey, std::map<std::string, std::uint64_t, std::less<>>> hidden_;  // names, by directory
  std::map<NodeKey, Kept> kept_;
};

}  // namespace meshfs::fsd::fuse
