// inotify on the folders that can hold a service's files. Only tells what to look at; reads nothing. Owned by the worker; its thread only.
//
// Folders that the kernel gives no watch for (its limit is fs.inotify.max_user_watches) are counted: whole looks must find them.
#pragma once

#include <sys/inotify.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_map>

#include "schema/os/fd.h"

namespace meshfs::service {

struct TreeChanges {
  std::set<std::string> files;        // look at each: it came, changed or went
  std::set<std::string> new_folders;  // look at all below
  std::set<std::string> old_folders;  // all below is gone
  bool lost = false;                  // the kernel dropped events: look at everything
  bool mount_gone = false;
};

class TreeWatch {
 public:
  explicit TreeWatch(std::string mount, std::size_t most);
  [[nodiscard]] int descriptor() const { return inotify_.get(); }

  void add(const std::string& folder);  // "" is the mount; again does nothing
  // What happened since the last call; never waits. Only names for which `matters` are told.
  using Matters = std::function<bool(const std::string& path, bool is_folder)>;
  TreeChanges take(const Matters& matters);

  [[nodiscard]] std::size_t folders() const { return by_number_.size(); }
  [[nodiscard]] std::size_t unwatched() const { return unwatched_; }
  void count_anew() { unwatched_ = 0; }

 private:
  void event(const inotify_event& event, const std::string& name, const Matters& matters, TreeChanges& out);
  void forget_below(const std::string& folder);

  std::string mount_;
  std::size_t most_;
  os::Fd inotify_;
  std::unordered_map<int, std::string> by_number_;
  std::map<std::string, int> by_folder_;
  std::size_t unwatched_ = 0;
};

}  // namespace meshfs::service
