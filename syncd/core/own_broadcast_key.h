// Under what this node broadcasts its news: a key drawn at the start, one for all links, and its successors. Owned by Neighbours, which tells it in
// sessions. It never sends and has no clock or dice: a seed came with the start.
#pragma once

#include <optional>

#include "schema/codec/wire.h"
#include "schema/vocab/time.h"

namespace meshfs::syncd {

// The upper three bytes of the ids of a node's keys, as long as it lives: from its beacon everybody knows whose they are.
std::uint32_t broadcast_sender(const NodeId& node, const codec::Nonce& boot);
constexpr std::uint32_t broadcast_sender(std::uint32_t id) { return id & 0xffffff00; }
// Of the same sender; generations count modulo 256.
constexpr bool later(std::uint32_t id, std::uint32_t than) { return static_cast<std::int8_t>(id - than) > 0; }

class OwnBroadcastKey {
 public:
  static constexpr Duration kUse = seconds(86'400);  // from the first frame on
  static constexpr std::uint64_t kMostFrames = std::uint64_t{1} << 32;
  // A neighbour that has not heard yet who is let in no more may tell that one the new key: so another one follows.
  static constexpr Duration kOnceMore = seconds(60);

  OwnBroadcastKey(const crypto::LinkKey& seed, std::uint32_t sender);

  // The frame of these news. The counter is the next one.
  Bytes seal(const codec::News& news, Instant now);
  // Another key from now on. True if it is the one more after shut_out().
  bool replace(Instant now);
  // Another because somebody is let in no more.
  void shut_out(Instant now);
  // When it is time to replace it.
  [[nodiscard]] Instant due() const;
  [[nodiscard]] codec::BroadcastKey told() const { return {id_, key_}; }
  [[nodiscard]] std::uint32_t id() const { return id_; }

 private:
  void draw();

  crypto::Secret<crypto::LinkKey> seed_;
  crypto::Secret<crypto::AeadKey> key_;
  std::uint32_t id_;
  std::uint64_t counter_ = 0;
  Instant spent_at_ = kNever, again_at_ = kNever;
};

}  // namespace meshfs::syncd
