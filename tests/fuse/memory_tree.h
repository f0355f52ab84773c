// A FileTree in memory: the simplest thing that keeps the port's promises, for tests of the mount and as a
// reference for the real one. Foreign changes are made by the foreign_* calls, which tell the listener.
#pragma once

#include <map>

#include "fsd/core/file_tree.h"

namespace meshfs::fsd::fuse {

class MemoryTree final : public FileTree {
 public:
  MemoryTree();

  NodeKey root() override { return root_; }
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
  void on_visible(std::function<void(const std::vector<Visible>&)> listener) override;

  // What another node does, by path from the root. A file is made if it is not there.
  Status foreign_write(std::string_view path, std::string_view text);
  Status foreign_remove(std::string_view path);
  Status foreign_chmod(std::string_view path, std::uint16_t mode);
  Status foreign_link(std::string_view path, std::string_view name);

  // Counters for tests.
  std::size_t versions = 0, drafts = 0, attribute_changes = 0, syncs = 0;
  std::optional<Error> refuse_content;  // write_content answers this

 private:
  struct Node {
    NodeInfo info;
    std::vector<std::pair<NodeKey, std::string>> names;  // where it stands; directories and siblings once
    std::map<std::string, NodeKey> children;
  };
  using Names = std::map<std::string, NodeKey>;
  struct Spot {
    NodeKey directory, node;
    std::string name;
  };

  Result<Node*> find(const NodeKey& key);
  Result<Node*> find_directory(const NodeKey& key);
  Result<NodeKey> make(const NodeKey& directory, std::string_view name, codec::Kind kind,
                       const codec::Attributes& attributes);
  void remove(const NodeKey& directory, const std::string& name);  // a name, and the node with its last one
  void take_out(const NodeKey& directory, const std::string& name);
  void place(const NodeKey& key, const NodeKey& directory, const std::string& name);
  Status may_replace(const Node& moved, const Node& target) const;
  bool is_inside(const NodeKey& directory, const NodeKey& ancestor) const;
  Stamp next_stamp();
  Result<Spot> walk(std::string_view path);
  void tell_all_names(Visible::What what, const NodeKey& key, std::shared_ptr<const Visible::Before> before = {});

  NodeKey root_;
  std::map<NodeKey, Node> nodes_;
  std::function<void(const std::vector<Visible>&)> listener_ = [](const std::vector<Visible>&) {};
  Hlc clock_;
};

}  // namespace meshfs::fsd::fuse
