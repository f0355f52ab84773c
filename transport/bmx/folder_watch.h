// Which names in one folder changed (inotify), told in batches: bmx rewrites a hundred files at a time. What it misses (no
// inotify, an overflow) is told as lost, and whoever owns it reads the whole folder. The loop's thread only.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "schema/os/fd.h"
#include "schema/os/loop.h"

namespace meshfs::transport {

class FolderWatch {
 public:
  static constexpr Duration kQuiet = milliseconds(50);     // without events: the batch is whole
  static constexpr Duration kLongest = milliseconds(200);  // and then it is told anyway
  static constexpr std::size_t kMaxNames = 16'384;         // in one batch; more: lost

  // `lost`: anything may have changed. Called from the loop.
  using OnChanged = std::function<void(const std::set<std::string>& names, bool lost)>;

  FolderWatch(os::Loop& loop, OnChanged on_changed);
  ~FolderWatch();
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  // Watches this folder from now on and no other. False: it can't (now); reading it now and then is all there is.
  bool watch(const std::string& folder);
  [[nodiscard]] bool watching() const { return watch_ >= 0; }

 private:
  void read_events();
  void tell();

  os::Loop& loop_;
  OnChanged on_changed_;
  os::Fd inotify_;
  int watch_ = -1;
  std::set<std::string> names_;
  bool lost_ = false;
  Instant first_ = kNever;  // of this batch
  os::Loop::TimerId timer_;
};

}  // namespace meshfs::transport
