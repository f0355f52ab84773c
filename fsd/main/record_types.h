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
  // A file was refused: its path and why.
  using Refused = std::function<void(const std::string& path, const std::string& why)>;
  using Note = std::function<void(const std::string& sentence)>;
  RecordTypes(Replica& replica, FileTree& tree, fuse::ContentIo& content, Refused refused, Note note);

  void load();
  void on_change(const std::vector<TreeChange>& changes);

  std::optional<fuse::RecordPlace> at(const NodeKey& node) override;
  std::optional<fuse::RecordPlace> at(const NodeKey& directory, std::string_view name) override;
  std::optional<fuse::RecordPlace> named(std::string_view type) override;
  Status check(const std::string& type, std::string_view text) override;
  [[nodiscard]] std::uint64_t edition() const override { return edition_; }
  void refused(const NodeKey& node, const std::string& why) override;

 private:
  [[nodiscard]] std::optional<fuse::RecordPlace> place_of(std::string path) const;
  void load_one(const std::string& file);
  Result<NodeKey> folder();

  Replica& replica_;
  FileTree& tree_;
  fuse::ContentIo& content_;
  Refused refused_;
  Note note_;
  typed::Catalogue catalogue_;
  std::uint64_t edition_ = 1;
};

}  // namespace meshfs::fsd
