// The file of this node's rules of what it keeps, <state>/keep: read at the start and within seconds after somebody edited it,
// written by `mesh keep` and `mesh pin`. Owned by Daemon; state thread only.
#pragma once

#include "fsd/core/keep_rules.h"

namespace meshfs::fsd {

class KeepFile {
 public:
  explicit KeepFile(std::string path) : path_(std::move(path)) {}

  // Reads it if it is another one than last time. Lines that make no sense are left out, see complaints(). True if something changed.
  bool look();
  // Writes it durably and takes it on. no_space, io: nothing changed then.
  Status save(const KeepRules& rules);
  [[nodiscard]] const KeepRules& rules() const { return rules_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  // One sentence per wrong line.
  [[nodiscard]] const std::vector<std::string>& complaints() const { return complaints_; }

 private:
  std::string path_;
  KeepRules rules_;
  std::vector<std::string> complaints_;
  std::int64_t changed_ns_ = -1, size_ = -1, inode_ = -1;
};

}  // namespace meshfs::fsd
