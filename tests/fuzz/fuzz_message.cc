// Frames, packets and messages.
#include "schema/codec/wire.h"
#include "tests/fuzz/same_again.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace meshfs;
  const ByteView bytes(data, size);
  static const crypto::AeadKey session{};
  static const crypto::SivKey network(crypto::LinkKey{});
  if (const auto header = codec::peek_frame(bytes); header.ok()) {
    CHECK(size >= codec::kFrameHeaderBytes && size <= codec::kMaxFrameAfterAuth);
    // Nobody without the key makes a frame that opens: one that does must be byte for byte what we would seal.
    if (const auto plain = codec::open_shared(network, bytes); plain.ok()) {
      CHECK(std::ranges::equal(codec::seal_shared(network, *header, *plain), bytes));
    }
    if (const auto plain = codec::open_counted(session, bytes); plain.ok()) {
      Bytes again(codec::kFrameHeaderBytes);
      again.insert(again.end(), plain->begin(), plain->end());
      CHECK(std::ranges::equal(codec::seal_counted(session, *header, again), bytes));
    }
  }
  fuzz::same_again(bytes, codec::decode_packet, codec::encode_packet);
  fuzz::same_again(bytes, codec::decode_message, codec::encode_message);
  return 0;
}
