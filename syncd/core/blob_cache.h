// Blobs that just passed through, so that they can be relayed without asking fsd. Owned by Node.
// A blob is unverified until fsd has stored it; only verified ones are served.
#pragma once

#include <map>
#include <memory>
#include <unordered_map>
#include <utility>

#include "schema/codec/wire.h"

namespace meshfs::syncd {

using SharedBlob = std::shared_ptr<const codec::Blob>;

class BlobCache {
 public:
  // Evictable blobs: enough to feed a next hop that is a little behind; the oldest go first. Pinned ones come on top;
  // Fetcher bounds what it hands to fsd.
  static constexpr std::size_t kMaxBytes = 2 * 1024 * 1024;

  // Keeps what is there already. Gives the one that is kept.
  SharedBlob put(codec::Blob blob) {
    if (const auto it = entries_.find(blob.hash); it != entries_.end()) return it->second.blob;
    const Hash hash = blob.hash;
    Entry& entry = entries_[hash];
    entry.blob = std::make_shared<const codec::Blob>(std::move(blob));
    const SharedBlob kept = entry.blob;
    make_evictable(hash, entry);
    return kept;
  }
  // Stays until set_verified() or drop(): fsd has it in hand.
  void pin(const Hash& hash) {
    const auto it = entries_.find(hash);
    if (it == entries_.end() || it->second.pinned) return;
    leave_order(it->second);
    it->second.pinned = true;
  }
  void set_verified(const Hash& hash) {
    const auto it = entries_.find(hash);
    if (it == entries_.end()) return;
    it->second.verified = true;
    if (!std::exchange(it->second.pinned, false)) return;
    make_evictable(hash, it->second);
  }
  void drop(const Hash& hash) {
    const auto it = entries_.find(hash);
    if (it == entries_.end()) return;
    if (!it->second.pinned) leave_order(it->second);
    entries_.erase(it);
  }
  [[nodiscard]] SharedBlob any(const Hash& hash) const {
    const auto it = entries_.find(hash);
    return it == entries_.end() ? nullptr : it->second.blob;
  }
  [[nodiscard]] SharedBlob verified(const Hash& hash) const {
    const auto it = entries_.find(hash);
    return it == entries_.end() || !it->second.verified ? nullptr : it->second.blob;
  }

 private:
  struct Entry {
    SharedBlob blob;
    std::uint64_t order = 0;
    bool verified = false;
    bool pinned = false;
  };
  void make_evictable(const Hash& hash, Entry& entry) {
    entry.order = next_++;
    order_[entry.order] = hash;
    bytes_ += entry.blob->data.size();
    while (bytes_ > kMaxBytes && order_.size() > 1) {
      const Hash oldest = order_.begin()->second;
      drop(oldest);
    }
  }
  void leave_order(const Entry& entry) {
    order_.erase(entry.order);
    bytes_ -= entry.blob->data.size();
  }
  std::unordered_map<Hash, Entry, FixedBytesHash> entries_;  // looked up only
  std::map<std::uint64_t, Hash> order_;                      // evictable ones
  std::uint64_t next_ = 0;
  std::size_t bytes_ = 0;  // of evictable ones
};

}  // namespace meshfs::syncd
