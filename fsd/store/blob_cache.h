// The most recently used plain blobs that verified, so that a chunk is hashed once per residence in memory.
// Owned by DiskBlobs, state thread only; never holds more than kMaxBytes.
#pragma once

#include <list>
#include <unordered_map>

#include "schema/vocab/ids.h"

namespace meshfs::fsd {

class BlobCache {
 public:
  // 16 chunks of the largest size: a reader's current chunk and lists for a dozen open files. FUSE's readahead and the
  // kernel's page cache do the rest.
  static constexpr std::size_t kMaxBytes = 1024 * 1024;

  // Valid until the next put().
  const Bytes* find(const Hash& hash) {
    const auto known = places_.find(hash);
    if (known == places_.end()) return nullptr;
    blobs_.splice(blobs_.begin(), blobs_, known->second);
    return &known->second->plain;
  }

  void put(const Hash& hash, const Bytes& plain) {
    if (plain.size() > kMaxBytes / 4 || places_.contains(hash)) return;
    blobs_.push_front({hash, plain});
    places_.emplace(hash, blobs_.begin());
    bytes_ += plain.size();
    while (bytes_ > kMaxBytes) {
      bytes_ -= blobs_.back().plain.size();
      places_.erase(blobs_.back().hash);
      blobs_.pop_back();
    }
  }
  void forget(const Hash& hash) {
    const auto known = places_.find(hash);
    if (known == places_.end()) return;
    bytes_ -= known->second->plain.size();
    blobs_.erase(known->second);
    places_.erase(known);
  }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  struct Cached {
    Hash hash;
    Bytes plain;
  };
  std::list<Cached> blobs_;  // most recent first
  std::unordered_map<Hash, std::list<Cached>::iterator, FixedBytesHash> places_;
  std::size_t bytes_ = 0;
};

}  // namespace meshfs::fsd
