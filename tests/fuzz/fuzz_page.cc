// What an engine of the mesh shows: pages once they are opened, and the letters that their pieces make up.
#include "schema/codec/page.h"
#include "tests/fuzz/same_again.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace meshfs;
  const ByteView bytes(data, size);
  fuzz::same_again(bytes, codec::decode_page, codec::encode_page);
  fuzz::same_again(bytes, codec::decode_letter, codec::encode_letter);
  static const crypto::SivKey kKey = codec::page_key({});
  (void)codec::open_page(kKey, bytes);
  return 0;
}
