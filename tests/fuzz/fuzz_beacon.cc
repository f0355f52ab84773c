// What anybody on the link may send outside a session: beacons, hellos and news.
#include "schema/codec/wire.h"
#include "tests/fuzz/same_again.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace meshfs;
  const ByteView bytes(data, size);
  fuzz::same_again(bytes, codec::decode_beacon, codec::encode_beacon);
  fuzz::same_again(bytes, codec::decode_hello, codec::encode_hello);
  fuzz::same_again(bytes, codec::decode_news, codec::encode_news);
  return 0;
}
