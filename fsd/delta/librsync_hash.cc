// librsync.a wants BLAKE2b from libb2, which brings seven versions of it and costs the router's program 30 kB after xz.
// libsodium has one already; these three functions of libb2's interface are all that librsync calls.
//
// librsync keeps a blake2b_state of 358 bytes on its stack, less than libsodium's state needs, and hashes each block by one
// call of each function, in this order. So the state holds nothing but the sum, and a second update would be a fault.
#include <sodium.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "schema/vocab/check.h"

namespace {

struct OneShot {
  std::uint8_t sum[32];
  std::uint8_t updates;
};
static_assert(sizeof(OneShot) <= 358);

}  // namespace

extern "C" {

int blake2b_init(void* state, std::size_t sum_bytes);
int blake2b_update(void* state, const std::uint8_t* bytes, std::size_t size);
int blake2b_final(void* state, std::uint8_t* sum, std::size_t sum_bytes);

int blake2b_init(void* state, std::size_t sum_bytes) {
  CHECK(sum_bytes == sizeof(OneShot::sum));
  static_cast<OneShot*>(state)->updates = 0;
  return 0;
}

int blake2b_update(void* state, const std::uint8_t* bytes, std::size_t size) {
  auto* one = static_cast<OneShot*>(state);
  CHECK(one->updates++ == 0);
  return crypto_generichash_blake2b(one->sum, sizeof one->sum, bytes, size, nullptr, 0);
}

int blake2b_final(void* state, std::uint8_t* sum, std::size_t sum_bytes) {
  const auto* one = static_cast<const OneShot*>(state);
  CHECK(one->updates == 1 && sum_bytes == sizeof one->sum);
  std::memcpy(sum, one->sum, sum_bytes);
  return 0;
}
}
