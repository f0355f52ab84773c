#include "tools/service/tree_watch.h"

#include <unistd.h>

#include <array>
#include <cstring>

namespace meshfs::service {
namespace {

// A file counts when it was closed, moved here, moved away or removed; IN_CREATE is for folders: of a file it would show half.
constexpr std::uint32_t kEvents =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE | IN_ONLYDIR | IN_DONT_FOLLOW;
constexpr std::uint32_t kEventsOfMount = kEvents | IN_DELETE_SELF | IN_MOVE_SELF;

}  // namespace

TreeWatch::TreeWatch(std::string mount, std::size_t most)
    : mount_(std::move(mount)), most_(most), inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {}

void TreeWatch::add(const std::string& folder) {
  if (by_folder_.contains(folder)) return;
  const std::string path = folder.empty() ? mount_ + "/." : mount_ + '/' + folder;  // the mount may be named by a link
  const int number = by_folder_.size() < most_
                         ? ::inotify_add_watch(inotify_.get(), path.c_str(), folder.empty() ? kEventsOfMount : kEvents)
                         : -1;
  if (number < 0) {
    ++unwatched_;
    return;
  }
  if (const auto other = by_number_.find(number); other != by_number_.end()) by_folder_.erase(other->second);
  by_number_[number] = folder;
  by_folder_[folder] = number;
}

void TreeWatch::forget_below(const std::string& folder) {
  const auto forget = [&](std::map<std::string, int>::iterator at) {
    by_number_.erase(at->second);
    (void)::inotify_rm_watch(inotify_.get(), at->second);
    return by_folder_.erase(at);
  };
  if (const auto at = by_folder_.find(folder); at != by_folder_.end()) forget(at);
  const std::string prefix = folder + '/';
  for (auto at = by_folder_.lower_bound(prefix); at != by_folder_.end() && at->first.starts_with(prefix);)
    at = forget(at);
}

void TreeWatch::event(const inotify_event& event, const std::string& name, const Matters& matters, TreeChanges& out) {
  if ((event.mask & IN_Q_OVERFLOW) != 0) {
    out.lost = true;
    return;
  }
  const auto watched = by_number_.find(event.wd);
  if (watched == by_number_.end()) return;  // of a folder that was forgotten
  const std::string folder = watched->second;
  if ((event.mask & (IN_UNMOUNT | IN_DELETE_SELF | IN_MOVE_SELF)) != 0 && folder.empty()) out.mount_gone = true;
  if ((event.mask & IN_IGNORED) != 0) {
    by_folder_.erase(folder);
    by_number_.erase(watched);
  }
  if (name.empty()) return;
  const std::string path = folder.empty() ? name : folder + '/' + name;
  const bool is_folder = (event.mask & IN_ISDIR) != 0;
  if (!matters(path, is_folder)) return;
  const bool comes = (event.mask & (IN_CREATE | IN_MOVED_TO)) != 0;
  if (!is_folder) {
    if ((event.mask & IN_CREATE) == 0) out.files.insert(path);
    return;
  }
  forget_below(path);  // a watch goes along with a folder that moves
  (comes ? out.new_folders : out.old_folders).insert(path);
}

TreeChanges TreeWatch::take(const Matters& matters) {
  TreeChanges out;
  alignas(inotify_event) std::array<char, 16 * 1024> buffer;
  while (true) {
    const ssize_t size = ::read(inotify_.get(), buffer.data(), buffer.size());
    if (size <= 0) return out;
    for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
      inotify_event head;
      std::memcpy(&head, buffer.data() + at, sizeof head);
      const char* const name = buffer.data() + at + sizeof head;
      event(head, std::string(name, ::strnlen(name, head.len)), matters, out);
      at += sizeof head + head.len;
    }
  }
}

}  // namespace meshfs::service
