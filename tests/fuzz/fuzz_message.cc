// Frames, packets and messages.
#include "schema/codec/wire.h"
#include "tests/fuzz/same_again.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace meshfs;
  const ByteView bytes(data, size);
  static const crypto::LinkKey key{};
  if (const auto header = codec::peek_frame(bytes); header.ok()) {
    CHECK(size >= codec::kFrameHeaderBytes && size <= codec::kMaxFrameAfterAuth);
    const ByteView payload = bytes.subspan(codec::kFrameHeaderBytes);
    const Bytes sealed = codec::seal_frame(key, *header, payload);
    CHECK(codec::open_frame(key, sealed).ok());
    // Nobody without the key makes a frame that opens: one that does must be byte for byte what we would seal.
    if (codec::open_frame(key, bytes).ok()) CHECK(std::equal(sealed.begin(), sealed.end(), bytes.begin(), bytes.end()));
  }
  fuzz::same_again(bytes, codec::decode_packet, codec::encode_packet);
  fuzz::same_again(bytes, codec::decode_message, codec::encode_message);
  return 0;
}
