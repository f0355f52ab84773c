// Hash lists: not packed, each with one encoding.
#include "schema/codec/hash_list.h"
#include "tests/fuzz/same_again.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace meshfs;
  fuzz::same_bytes_again({data, size}, codec::decode_list, codec::encode_list);
  return 0;
}
