// Blobs that just passed through, so that they can be relayed without asking fsd. Owned by Node.
// A blob is unverified until fsd has stored it; only verified ones are served.
#pragma once

#include <map>
#include <memory>
#include <unordered_map>

#include "schema/codec/wire.h"

namespace meshfs::syncd {

using SharedBlob = std::shared_ptr<const codec::Blob>;

class BlobCache {
 public:
  // Enough to keep a pipeline between two hops full (2 MiB is 20 ms at 100 MB/s); the oldest go first.
  static constexpr std::size_t kMaxBytes = 2 * 1024 * 1024;

  // Keeps what is there already. Gives the one that is kept.
  SharedBlob put(codec::Blob blob) {
    if (const auto it = entries_.find(blob.hash); it != entries_.end()) return it->second.blob;
    const Hash hash = blob.hash;
    bytes_ += blob.data.size();
    auto shared = std::make_shared<const codec::Blob>(std::move(blob));
    entries_[hash] = {shared, next_, false};
    order_[next_++] = hash;
    while (bytes_ > kMaxBytes && order_.size() > 1) drop(order_.begin()->second);
    return shared;
  }
  void set_verified(const Hash& hash) {
    if (const auto it = entries_.find(hash); it != entries_.end()) it->second.verified = true;
  }
  void drop(const Hash& hash) {
    const auto it = entries_.find(hash);
    if (it == entries_.end()) return;
    bytes_ -= it->second.blob->data.size();
    order_.erase(it->second.order);
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
  };
  std::unordered_map<Hash, Entry, FixedBytesHash> entries_;
  std::map<std::uint64_t, Hash> order_;
  std::uint64_t next_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace meshfs::syncd
