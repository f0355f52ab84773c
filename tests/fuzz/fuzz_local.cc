// The local socket, both directions.
#include "schema/codec/local.h"
#include "tests/fuzz/same_again.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace meshfs;
  const ByteView bytes(data, size);
  fuzz::same_again(bytes, codec::local::decode_to_syncd, codec::local::encode_to_syncd);
  fuzz::same_again(bytes, codec::local::decode_to_fsd, codec::local::encode_to_fsd);
  return 0;
}
