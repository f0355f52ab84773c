// The service's files as they are on disk, read into a Collection: all of them, or one that changed. What did not change since it was read
// is not read again. Owned by the worker; its thread only. Never follows links, never writes.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <unordered_map>

#include "tools/service/collection.h"
#include "tools/service/patterns.h"
#include "tools/service/service_log.h"

namespace meshfs::service {

class TreeScan {
 public:
  static constexpr std::size_t kMaxFolders = 8'192;         // watched; the rest is seen by whole looks only
  static constexpr std::size_t kMaxNamesInFolder = 16'384;  // a folder's further names are left out

  TreeScan(std::string mount, const Patterns& patterns, const Limits& limits, ServiceLog& log)
      : mount_(std::move(mount)), patterns_(patterns), files_(limits), log_(log), limits_(limits) {}

  // Called for each folder before it is read, so that nothing falls between reading and watching. "" is the mount.
  using OnFolder = std::function<void(const std::string& folder)>;

  // Each tells whether the collection changed.
  bool whole(const OnFolder& on_folder);
  bool below(const std::string& folder, const OnFolder& on_folder);
  bool one(const std::string& path);
  bool gone_below(const std::string& folder) { return files_.remove_below(folder); }

  [[nodiscard]] const Collection& collection() const { return files_; }
  Collection& told() { return files_; }  // for what is not of the tree
  [[nodiscard]] bool is_seen(const std::string& path) const { return patterns_.matches(path); }
  [[nodiscard]] bool is_watchable(const std::string& folder) const { return patterns_.may_lead_to(folder); }

 private:
  struct Signature {  // of the file whose bytes are kept
    std::uint64_t inode = 0;
    std::int64_t size = 0, modified_ns = 0, changed_ns = 0;
    bool operator==(const Signature&) const = default;
  };
  bool walk(const std::string& folder, const OnFolder& on_folder, std::set<std::string>* seen);
  [[nodiscard]] std::string absolute(const std::string& path) const {
    return path.empty() ? mount_ : mount_ + '/' + path;
  }

  std::string mount_;
  const Patterns& patterns_;
  Collection files_;
  ServiceLog& log_;
  Limits limits_;
  std::unordered_map<std::string, Signature> signatures_;  // of what is in files_, or was
};

}  // namespace meshfs::service
