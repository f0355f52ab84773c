// The base that deltas of the fuzzers are made against: 40 kB that are the same in every run, hard to compress, as three
// chunks that begin at byte kDeltaFrom of their file.
#pragma once

#include "fsd/delta/base_version.h"
#include "schema/crypto/hash.h"
#include "schema/vocab/rng.h"

namespace meshfs::fuzz {

inline constexpr std::size_t kDeltaBaseBytes = 40'000;
inline constexpr std::uint64_t kDeltaFrom = 5000;

inline const Bytes& delta_base() {
  static const Bytes base = [] {
    Rng rng(1);
    Bytes bytes(kDeltaBaseBytes);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(rng.next());
    return bytes;
  }();
  return base;
}

// Bytes of the file; they must be there.
inline Bytes delta_base_bytes(std::uint64_t offset, std::size_t length) {
  return copy_of(ByteView(delta_base()).subspan(static_cast<std::size_t>(offset - kDeltaFrom), length));
}

inline const std::vector<fsd::BaseItem>& delta_window() {
  static const std::vector<fsd::BaseItem> window = [] {
    std::vector<fsd::BaseItem> items;
    for (const std::uint32_t size : {9000u, 20'000u, 11'000u}) {
      const std::uint64_t offset = items.empty() ? kDeltaFrom : items.back().end();
      items.push_back({crypto::hash_of(delta_base_bytes(offset, size)), offset, size});
    }
    return items;
  }();
  return window;
}

}  // namespace meshfs::fuzz
