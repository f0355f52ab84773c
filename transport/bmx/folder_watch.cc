#include "transport/bmx/folder_watch.h"

#include <sys/inotify.h>

#include <algorithm>
#include <cstring>

namespace meshfs::transport {

FolderWatch::FolderWatch(os::Loop& loop, OnChanged on_changed)
    : loop_(loop), on_changed_(std::move(on_changed)), inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (inotify_) loop_.watch(inotify_.get(), os::Loop::kReadable, [this](unsigned) { read_events(); });
}

FolderWatch::~FolderWatch() {
  loop_.cancel(timer_);
  if (inotify_) loop_.unwatch(inotify_.get());
}

bool FolderWatch::watch(const std::string& folder) {
  if (watch_ >= 0) ::inotify_rm_watch(inotify_.get(), watch_);
  // Not MODIFY: the file is told when whoever writes it closes it.
  constexpr std::uint32_t kEvents =
      IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
  watch_ = inotify_ ? ::inotify_add_watch(inotify_.get(), folder.c_str(), kEvents) : -1;
  return watching();
}

void FolderWatch::read_events() {
  const auto buffer = loop_.io_buffer();
  const ssize_t got = ::read(inotify_.get(), buffer.data(), buffer.size());
  for (std::size_t at = 0; got > 0 && at < static_cast<std::size_t>(got);) {
    inotify_event event;
    std::memcpy(&event, buffer.data() + at, sizeof event);
    const char* const name = reinterpret_cast<const char*>(buffer.data() + at + sizeof event);
    at += sizeof event + event.len;
    if ((event.mask & IN_Q_OVERFLOW) != 0) {
      lost_ = true;
    } else if (event.wd != watch_) {
      continue;  // of a folder that was watched before
    } else if ((event.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)) != 0) {
      watch_ = -1;
      lost_ = true;
    } else if (event.len > 0 && names_.size() < kMaxNames) {
      names_.insert(name);
    } else if (event.len > 0) {
      lost_ = true;
    }
  }
  if (!lost_ && names_.empty()) return;
  const Instant now = os::Loop::now();
  if (first_ == kNever) first_ = now;
  loop_.cancel(timer_);
  timer_ = loop_.at(std::min(now + kQuiet, first_ + kLongest), [this] { tell(); });
}

void FolderWatch::tell() {
  first_ = kNever;
  const std::set<std::string> names = std::exchange(names_, {});
  on_changed_(names, std::exchange(lost_, false));
}

}  // namespace meshfs::transport
