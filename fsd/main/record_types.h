// The types of files on this node: those built in and those that admins put into /mesh/network/types. Owned by Daemon, asked by the mount;
// state thread.
#pragma once

#include <functional>

#include "fsd/core/changes.h"
#include "fsd/core/replica.h"
#include "fsd/fuse/content_io.h"
#include "fsd/fuse/records.h"
#include "schema/typed/catalogue.h"

namespace meshfs::fsd {

class RecordTypes final : public fuse::Records {
 public:
  // A file was refused: its path, what was refused and why.
  using Refused = std::function<void(const std::string& path, Refusal what, const std::string& why)>;
  using Note = std::function<void(const std::string& sentence)>;
  // `kept`: a folder of this node for what was refused and would be lost.
  RecordTypes(Replica& replica, FileTree& tree, fuse::ContentIo& content, std::string kept, Refused refused, Note note);

  // Tells the replica how to merge; then load() once it has started.
  void load();
  void on_change(const std::vector<TreeChange>& changes);

  std::optional<fuse::RecordPlace> at(const NodeKey& node) override;
  std::optional<fuse::RecordPlace> at(const std::string& path) override;
  std::string path_of(const NodeKey& directory, std::string_view name) override;
  bool may_hold(const std::string& path) override;
  std::optional<fuse::RecordPlace> named(std::string_view type) override;
  Status check(const std::string& type, std::string_view text) override;
  [[nodiscard]] std::uint64_t edition() const override { return edition_; }
  void refused(const NodeKey& node, Refusal what, const std::string& why) override;
  void keep(const NodeKey& node, const Bytes& bytes) override;

 private:
  void load_one(const std::string& file);
  std::optional<Bytes> merge(std::string_view type, const std::vector<const codec::Content*>& versions);
  Result<NodeKey> folder();

  Replica& replica_;
  FileTree& tree_;
  fuse::ContentIo& content_;
  std::string kept_;
  Refused refused_;
  Note note_;
  typed::Catalogue catalogue_;
  std::uint64_t edition_ = 1;
};

}  // namespace meshfs::fsd
