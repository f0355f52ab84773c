#include "schema/crypto/hash_many.h"

#include <numeric>
#include <vector>

namespace meshfs::crypto {

static void one_by_one(std::span<const ByteView> parts, std::span<Hash> hashes) {
  for (std::size_t i = 0; i < parts.size(); ++i) hashes[i] = hash_of(parts[i]);
}

// The router's program has no room for it: its processors have no AVX2 as a rule.
#if defined(__x86_64__) && !defined(MESHFS_SMALL)

namespace {

// RFC 7693: the words below are those of section 2.6 and 2.7, the steps those of 3.1 and 3.2.
constexpr std::size_t kLanes = 4, kBlockBytes = 128, kWords = 8;
constexpr std::uint64_t kParameters = 0x01010000 + Hash::kSize;  // no key, one leaf: section 2.5
constexpr std::uint64_t kStart[kWords] = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
                                          0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
                                          0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};
constexpr std::uint8_t kOrder[12][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3}};

// One word of each of the four, and the same as bytes: rotations by whole bytes are shuffles.
typedef std::uint64_t Word4 __attribute__((vector_size(32)));
typedef std::uint8_t Bytes32 __attribute__((vector_size(32)));

struct Lanes {
  Word4 state[kWords];
  Word4 hashed;  // bytes so far
  Word4 last;    // all ones in lanes whose last block this is
  const std::uint8_t* block[kLanes];
};

#define MESHFS_AVX2 __attribute__((target("avx2"), always_inline)) inline

MESHFS_AVX2 void rotate_32(Word4& x) {
  const auto b = reinterpret_cast<Bytes32>(x);
  x = reinterpret_cast<Word4>(__builtin_shufflevector(b, b, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11, 20,
                                                      21, 22, 23, 16, 17, 18, 19, 28, 29, 30, 31, 24, 25, 26, 27));
}
MESHFS_AVX2 void rotate_24(Word4& x) {
  const auto b = reinterpret_cast<Bytes32>(x);
  x = reinterpret_cast<Word4>(__builtin_shufflevector(b, b, 3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10, 19,
                                                      20, 21, 22, 23, 16, 17, 18, 27, 28, 29, 30, 31, 24, 25, 26));
}
MESHFS_AVX2 void rotate_16(Word4& x) {
  const auto b = reinterpret_cast<Bytes32>(x);
  x = reinterpret_cast<Word4>(__builtin_shufflevector(b, b, 2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9, 18,
                                                      19, 20, 21, 22, 23, 16, 17, 26, 27, 28, 29, 30, 31, 24, 25));
}
MESHFS_AVX2 void mix(Word4& a, Word4& b, Word4& c, Word4& d, const Word4& x, const Word4& y) {
  a += b + x;
  d ^= a;
  rotate_32(d);
  c += d;
  b ^= c;
  rotate_24(b);
  a += b + y;
  d ^= a;
  rotate_16(d);
  c += d;
  b ^= c;
  b = b >> 63 | (b + b);
}

// Takes in one block of each lane.
__attribute__((target("avx2"))) void compress(Lanes& lanes) {
  Word4 m[16], v[16];
  for (std::size_t i = 0; i < 16; ++i) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      std::uint64_t word;  // little-endian, as x86-64 is
      std::memcpy(&word, lanes.block[lane] + i * sizeof word, sizeof word);
      m[i][lane] = word;
    }
  }
  for (std::size_t i = 0; i < kWords; ++i) {
    v[i] = lanes.state[i];
    v[i + kWords] = Word4{} + kStart[i];
  }
  v[12] ^= lanes.hashed;
  v[14] ^= lanes.last;
  for (const auto& s : kOrder) {
    mix(v[0], v[4], v[8], v[12], m[s[0]], m[s[1]]);
    mix(v[1], v[5], v[9], v[13], m[s[2]], m[s[3]]);
    mix(v[2], v[6], v[10], v[14], m[s[4]], m[s[5]]);
    mix(v[3], v[7], v[11], v[15], m[s[6]], m[s[7]]);
    mix(v[0], v[5], v[10], v[15], m[s[8]], m[s[9]]);
    mix(v[1], v[6], v[11], v[12], m[s[10]], m[s[11]]);
    mix(v[2], v[7], v[8], v[13], m[s[12]], m[s[13]]);
    mix(v[3], v[4], v[9], v[14], m[s[14]], m[s[15]]);
  }
  for (std::size_t i = 0; i < kWords; ++i) lanes.state[i] ^= v[i] ^ v[i + kWords];
}

// Keeps all lanes busy: one that ends its string takes the next. Longest first, so that they end together.
__attribute__((target("avx2"))) void in_lanes(std::span<const ByteView> parts, std::span<Hash> hashes) {
  std::vector<std::size_t> order(parts.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return parts[a].size() > parts[b].size(); });
  struct Lane {
    ByteView rest;
    Hash* hash = nullptr;  // none: idle
  } lane[kLanes];
  std::uint8_t padded[kLanes][kBlockBytes];
  Lanes lanes{};
  for (std::size_t next = 0, busy = 0;; busy = 0) {
    lanes.last = Word4{};
    for (std::size_t i = 0; i < kLanes; ++i) {
      if (lane[i].hash == nullptr && next < order.size()) {
        lane[i] = {parts[order[next]], &hashes[order[next]]};
        ++next;
        lanes.hashed[i] = 0;
        for (std::size_t w = 0; w < kWords; ++w) lanes.state[w][i] = kStart[w] ^ (w == 0 ? kParameters : 0);
      }
      busy += lane[i].hash != nullptr;
      ByteView& rest = lane[i].rest;
      const std::size_t taken = std::min(rest.size(), kBlockBytes);
      lanes.block[i] = rest.data();
      lanes.hashed[i] += taken;
      if (rest.size() <= kBlockBytes) {
        std::memset(padded[i], 0, kBlockBytes);
        std::copy(rest.begin(), rest.end(), padded[i]);
        lanes.block[i] = padded[i];
        lanes.last[i] = ~std::uint64_t{0};
      }
      rest = rest.subspan(taken);
    }
    if (busy == 0) return;
    compress(lanes);
    for (std::size_t i = 0; i < kLanes; ++i) {
      if (lane[i].hash == nullptr || lanes.last[i] == 0) continue;
      for (std::size_t w = 0; w < Hash::kSize / sizeof(std::uint64_t); ++w) {
        const std::uint64_t word = lanes.state[w][i];
        std::memcpy(lane[i].hash->data.data() + w * sizeof word, &word, sizeof word);
      }
      lane[i].hash = nullptr;
    }
  }
}

#undef MESHFS_AVX2

}  // namespace

void hash_many(std::span<const ByteView> parts, std::span<Hash> hashes) {
  CHECK(parts.size() == hashes.size());
  if (parts.size() > 1 && __builtin_cpu_supports("avx2")) return in_lanes(parts, hashes);
  one_by_one(parts, hashes);
}

#else

void hash_many(std::span<const ByteView> parts, std::span<Hash> hashes) {
  CHECK(parts.size() == hashes.size());
  one_by_one(parts, hashes);
}

#endif

}  // namespace meshfs::crypto
