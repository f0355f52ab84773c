#include "fsd/fuse/waiting_reads.h"

#include <cerrno>

#include "fsd/fuse/mount_state.h"

namespace meshfs::fsd::fuse {

bool WaitingReads::fetch(std::uint64_t number, Read& read) {
  const auto range = range_of_shown(content_, read.content, read.unsealing, read.offset, read.size);
  read.fetch =
      content_.fetch(read.content, range.offset, range.length, [this, number, alive = alive_](const Status& status) {
        if (*alive) ready(number, status);
      });
  return read.fetch != 0;
}

void WaitingReads::wait(fuse_req_t request, const OpenFile& file, std::uint64_t offset, std::size_t size) {
  const std::uint64_t number = next_++;
  Read& read = reads_[number];
  read = {request, file.info.content, file.unsealing, offset, size, 0};
  if (ended_ || !fetch(number, read)) {
    reads_.erase(number);
    return reply(request, Errc::unreachable);
  }
  fuse_req_interrupt_func(request, interrupted, this);
}

void WaitingReads::ready(std::uint64_t number, const Status& status) {
  const auto at = reads_.find(number);
  if (at == reads_.end()) return;
  Read& read = at->second;
  const Result<Bytes> bytes =
      status ? read_shown(content_, read.content, read.unsealing, read.offset, read.size) : status.failure();
  // Dropped again between its coming and now.
  if (status && !bytes && bytes.code() == Errc::unreachable && fetch(number, read)) return;
  const fuse_req_t request = read.request;
  reads_.erase(at);
  if (!bytes) return reply_failure(request, bytes.failure());
  fuse_reply_buf(request, reinterpret_cast<const char*>(bytes->data()), bytes->size());
}

void WaitingReads::interrupted(fuse_req_t request, void* self) {
  auto& me = *static_cast<WaitingReads*>(self);
  const auto at = std::find_if(me.reads_.begin(), me.reads_.end(),
                               [&](const auto& read) { return read.second.request == request; });
  if (at == me.reads_.end()) return;
  me.content_.cancel_fetch(at->second.fetch);
  me.reads_.erase(at);
  fuse_reply_err(request, EINTR);
}

void WaitingReads::end() {
  ended_ = true;
  for (const auto& [number, read] : std::exchange(reads_, {})) {
    content_.cancel_fetch(read.fetch);
    reply(read.request, Errc::unreachable);
  }
}

}  // namespace meshfs::fsd::fuse
