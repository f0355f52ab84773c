#include "syncd/core/channel.h"

namespace meshfs::syncd {

bool Channel::queue(Priority priority, SharedBytes message) {
  CHECK(message != nullptr && !message->empty() && message->size() <= codec::kMaxFrameAfterAuth);
  const std::size_t i = index(priority);
  if (queued_[i] > 0 && queued_[i] + message->size() > kMaxQueuedBytes[i]) return false;
  queued_[i] += message->size();
  waiting_[i].push_back(std::move(message));
  return true;
}

std::size_t Channel::most_urgent() const {
  std::size_t p = 0;
  while (p < kPriorities && waiting_[p].empty()) ++p;
  return p;
}

}  // namespace meshfs::syncd
