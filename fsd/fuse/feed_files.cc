#include "fsd/fuse/feed_files.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace meshfs::fsd::fuse {

FeedFiles::~FeedFiles() {
  for (auto& [number, handle] : handles_) {
    if (handle.poll != nullptr) fuse_pollhandle_destroy(handle.poll);
  }
}

void FeedFiles::open(std::uint64_t handle, Feed& feed) { handles_[handle].feed = &feed; }

void FeedFiles::close(std::uint64_t number) {
  const auto at = handles_.find(number);
  if (at == handles_.end()) return;
  if (at->second.poll != nullptr) fuse_pollhandle_destroy(at->second.poll);
  handles_.erase(at);
}

bool FeedFiles::answer(fuse_req_t request, Handle& handle, std::size_t size, bool resumes) {
  const Feed::Piece piece = handle.feed->read(handle.cursor, size, resumes);
  if (piece.bytes.empty()) return false;
  // A line longer than what was asked for goes on with the next read, unless it is one that stands nowhere.
  const std::size_t length = std::min(size, piece.bytes.size());
  handle.offset += length;
  handle.cursor = piece.next;
  fuse_reply_buf(request, piece.bytes.data(), length);
  return true;
}

void FeedFiles::read(fuse_req_t request, std::uint64_t number, std::size_t size, std::uint64_t offset, bool waits) {
  const auto at = handles_.find(number);
  if (at == handles_.end() || size == 0) {
    fuse_reply_buf(request, nullptr, 0);
    return;
  }
  Handle& handle = at->second;
  const bool resumes = std::exchange(handle.is_new, false) || offset != handle.offset;
  if (resumes) handle.offset = handle.cursor = offset;
  if (answer(request, handle, size, resumes)) return;
  if (ended_) {
    fuse_reply_buf(request, nullptr, 0);
  } else if (!waits || waiting_.size() >= kMaxWaiting) {
    fuse_reply_err(request, EAGAIN);
  } else {
    waiting_.push_back({request, number, size});
    fuse_req_interrupt_func(request, interrupted, this);
  }
}

void FeedFiles::interrupted(fuse_req_t request, void* self) {
  auto& waiting = static_cast<FeedFiles*>(self)->waiting_;
  const auto at = std::find_if(waiting.begin(), waiting.end(), [&](const Waiting& w) { return w.request == request; });
  if (at == waiting.end()) return;
  waiting.erase(at);
  fuse_reply_err(request, EINTR);
}

unsigned FeedFiles::poll(std::uint64_t number, fuse_pollhandle* poll) {
  const auto at = handles_.find(number);
  if (at == handles_.end()) {
    if (poll != nullptr) fuse_pollhandle_destroy(poll);
    return POLLERR;
  }
  Handle& handle = at->second;
  if (poll != nullptr) {
    if (handle.poll != nullptr) fuse_pollhandle_destroy(handle.poll);
    handle.poll = poll;
  }
  return ended_ || handle.cursor != handle.feed->end() ? POLLIN | POLLRDNORM : 0;
}

void FeedFiles::grown() {
  for (const Waiting& one : std::exchange(waiting_, {})) {
    const auto at = handles_.find(one.handle);
    const bool done = at != handles_.end() && answer(one.request, at->second, one.size, false);
    if (done) continue;
    if (ended_ || at == handles_.end())
      fuse_reply_buf(one.request, nullptr, 0);
    else
      waiting_.push_back(one);
  }
  for (auto& [number, handle] : handles_) {
    if (handle.poll == nullptr) continue;
    fuse_pollhandle* const poll = std::exchange(handle.poll, nullptr);
    fuse_lowlevel_notify_poll(poll);
    fuse_pollhandle_destroy(poll);
  }
}

void FeedFiles::end() {
  ended_ = true;
  grown();
}

}  // namespace meshfs::fsd::fuse
