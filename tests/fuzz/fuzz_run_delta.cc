// librsync's bytes from outside. The first byte says what the rest is: a signature; a delta's commands, not yet zipped; a
// delta as it travels; or both ends of a run, which must come out as it was.
#include <zstd.h>

#include "fsd/delta/run_delta.h"
#include "tests/fuzz/delta_base.h"

namespace meshfs::fsd {
namespace {

void patch_with(ByteView delta, std::size_t plain_size) {
  const Bytes& base = fuzz::delta_base();
  const auto plain = patch_run(base, delta, plain_size);
  CHECK(!plain.ok() || plain->size() == plain_size);
}

void run(ByteView input) {
  if (input.size() < 4) return;
  const std::size_t size = std::size_t{input[1]} | std::size_t{input[2]} << 8 | std::size_t{input[3]} << 16;
  const ByteView rest = input.subspan(4);
  switch (input[0] % 4) {
    case 0: {
      const Bytes& base = fuzz::delta_base();
      const auto delta = delta_run(base, rest);
      if (delta.ok() && *delta) patch_with(**delta, base.size());
      break;
    }
    case 1: {
      Bytes zipped(ZSTD_compressBound(rest.size()));
      zipped.resize(ZSTD_compress(zipped.data(), zipped.size(), rest.data(), rest.size(), 1));
      patch_with(zipped, size);
      break;
    }
    case 2:
      patch_with(rest, size);
      break;
    default: {
      const ByteView base = rest.first(std::min(size, rest.size())), plain = rest.subspan(base.size());
      if (base.empty() || plain.empty() || base.size() > kMaxSignedBytes || plain.size() > kMaxDeltaRun) break;
      const auto signature = sign_run(base);
      CHECK(signature.ok());
      const auto delta = delta_run(plain, *signature);
      CHECK(delta.ok());
      if (!*delta) break;
      const auto back = patch_run(base, **delta, plain.size());
      CHECK(back.ok() && *back == copy_of(plain));
    }
  }
}

}  // namespace
}  // namespace meshfs::fsd

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  meshfs::fsd::run({data, size});
  return 0;
}
