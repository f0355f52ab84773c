// The tree as a node shows it that reads private directories: their names, and the targets of links in them, plain; what is made
// in them sealed for the directory's readers. Over the real tree, below the mount. What is not private goes straight through.
// Owned by fsd's main; state thread only.
//
// Names are looked up by sealing them again. One that nobody sealed (another node's mistake) shows as it is; virtual names keep
// their ending behind '~'. What comes from elsewhere by rename or link must be sealed for the same readers, else cross_volume:
// then `mv` copies, and the copy is sealed.
#pragma once

#include <map>

#include "fsd/core/file_tree.h"
#include "fsd/core/seals.h"

namespace meshfs::fsd {

class SealedTree final : public FileTree {
 public:
  // Directories of which is remembered whether they are private; 100 bytes each. When it is full all are looked at anew.
  static constexpr std::size_t kMaxKnown = 4096;

  SealedTree(FileTree& real, Seals& seals) : real_(real), seals_(seals) {}

  // The path that the real tree has, for one that is shown here.
  std::string real_path(std::string_view path);

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
  Result<std::vector<Stamp>> content_base(const NodeKey& node) override { return real_.content_base(node); }
  Status write_content(const NodeKey& node, const codec::Content& content, const std::vector<Stamp>& base,
                       std::int64_t mtime_ns) override {
    return real_.write_content(node, content, base, mtime_ns);
  }
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
  void on_visible(std::function<void(const std::vector<Visible>&)> listener) override;

 private:
  struct Private {
    SealTags readers;                   // empty: not private
    std::optional<crypto::SivKey> key;  // none: private to others, or damaged
  };
  const Private& of(const NodeKey& directory);
  void forget(const NodeKey& node);
  // As it stands in the real tree; for a name that is not there, as it would.
  Result<std::string> real_name(const NodeKey& directory, std::string_view name);
  std::string shown_name(const Private& directory, const std::string& real);
  void rename_all(const NodeKey& directory, const Private& before, std::vector<Visible>& out);
  // A new name in `directory`, and what it takes to make something there. denied: private to others.
  Result<std::string> new_name(const NodeKey& directory, std::string_view name);
  // cross_volume unless `node` may stand in `directory` as it is.
  Status may_come(const NodeKey& node, const NodeKey& directory);

  FileTree& real_;
  Seals& seals_;
  std::map<NodeKey, Private> known_;
};

}  // namespace meshfs::fsd
