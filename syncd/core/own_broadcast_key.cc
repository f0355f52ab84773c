#include "syncd/core/own_broadcast_key.h"

#include <algorithm>

namespace meshfs::syncd {

std::uint32_t broadcast_sender(const NodeId& node, const codec::Nonce& boot) {
  const Hash hash = crypto::hash_in("meshfs broadcast", {node.view(), boot.view()});
  return std::uint32_t{hash.data[0]} << 8 | std::uint32_t{hash.data[1]} << 16 | std::uint32_t{hash.data[2]} << 24;
}

OwnBroadcastKey::OwnBroadcastKey(const crypto::LinkKey& seed, std::uint32_t sender)
    : seed_(crypto::derive_key(seed, "meshfs broadcast", {})), id_(sender) {
  draw();
}

void OwnBroadcastKey::draw() {
  key_.data = crypto::derive_key(seed_, "meshfs key", {}).data;
  seed_ = crypto::Secret<crypto::LinkKey>(crypto::derive_key(seed_, "meshfs step", {}));
  const std::uint32_t generation = (id_ & 0xff) % 0xff + 1;
  id_ = broadcast_sender(id_) | generation;
  counter_ = 0;
  spent_at_ = kNever;
}

bool OwnBroadcastKey::replace(Instant now) {
  const bool again = now >= again_at_;
  if (again) again_at_ = kNever;
  draw();
  return again;
}

void OwnBroadcastKey::shut_out(Instant now) {
  draw();
  again_at_ = now + kOnceMore;
}

Bytes OwnBroadcastKey::seal(const codec::News& news, Instant now) {
  if (counter_ == 0) spent_at_ = now + kUse;
  if (++counter_ == kMostFrames) spent_at_ = now;
  return codec::seal_news(key_, {codec::FrameKind::news, id_, counter_}, news);
}

Instant OwnBroadcastKey::due() const { return std::min(spent_at_, again_at_); }

}  // namespace meshfs::syncd
