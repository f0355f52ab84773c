// Delta frames. The input: which base, the declared size, the frame. Whatever comes out has that size; what a codec makes
// of it comes out again.
#include "fsd/delta/delta_frame.h"
#include "tests/fuzz/delta_base.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace meshfs;
  if (size < 4) return 0;
  const Bytes base = data[0] % 2 == 0 ? fuzz::delta_base() : Bytes{0x37, 0xa4, 0x30, 0xec, 1, 2, 3, 4, 5, 6, 7, 8};
  const std::size_t plain_size = std::size_t{data[1]} | std::size_t{data[2]} << 8 | std::size_t{data[3]} << 16;
  fsd::DeltaCodec codec;
  const auto plain = codec.apply({data + 4, size - 4}, base, plain_size);
  if (!plain.ok()) return 0;
  CHECK(plain->size() == plain_size);
  if (const auto frame = codec.make_frame(*plain, base)) {
    const auto again = codec.apply(*frame, base, plain_size);
    CHECK(again.ok() && *again == *plain);
  }
  return 0;
}
