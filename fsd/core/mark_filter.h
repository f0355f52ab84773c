// Hashes that were seen, as bits: says yes to all of them and to a few others (about 5 % while it has a byte per hash).
// For decisions where a wrong yes costs some space until the next time, with another salt. Not for others.
#pragma once

#include <cstring>
#include <vector>

#include "schema/vocab/ids.h"

namespace meshfs::fsd {

class MarkFilter {
 public:
  // Room for so many hashes at a byte each; more blur it.
  static constexpr std::size_t kMinBytes = 4 * 1024, kMaxBytes = 1024 * 1024;

  void begin(std::uint64_t hashes, std::uint64_t salt) {
    std::size_t bytes = kMinBytes;
    while (bytes < kMaxBytes && bytes < hashes) bytes *= 2;
    words_.assign(bytes / sizeof(std::uint64_t), 0);
    salt_ = salt;
  }
  void end() { std::vector<std::uint64_t>().swap(words_); }
  [[nodiscard]] bool active() const { return !words_.empty(); }

  // True if it was surely not there before.
  bool add(const Hash& hash) {
    bool fresh = false;
    for (const std::uint64_t bit : bits(hash)) {
      std::uint64_t& word = words_[bit / 64];
      fresh = fresh || (word >> (bit % 64) & 1) == 0;
      word |= std::uint64_t{1} << (bit % 64);
    }
    return fresh;
  }
  [[nodiscard]] bool has(const Hash& hash) const {
    if (words_.empty()) return false;
    for (const std::uint64_t bit : bits(hash)) {
      if ((words_[bit / 64] >> (bit % 64) & 1) == 0) return false;
    }
    return true;
  }

 private:
  // The hash is uniform already; the salt makes each cycle err about others.
  [[nodiscard]] std::array<std::uint64_t, 2> bits(const Hash& hash) const {
    std::array<std::uint64_t, 2> out;
    std::memcpy(out.data(), hash.data.data(), sizeof out);
    for (std::uint64_t& one : out) {
      one = (one ^ salt_) * 0x9e3779b97f4a7c15;
      one = (one >> 32) % (words_.size() * 64);
    }
    return out;
  }
  std::vector<std::uint64_t> words_;
  std::uint64_t salt_ = 0;
};

}  // namespace meshfs::fsd
