// Foreign zstd frames, before they are decoded. Who includes it links libzstd.
#pragma once

#include <zstd.h>

#include <algorithm>
#include <array>

#include "schema/vocab/bytes.h"

namespace meshfs::codec {

inline constexpr std::array<std::uint8_t, 4> kZstdMagic{0x28, 0xb5, 0x2f, 0xfd};

// One frame of RFC 8878 and nothing behind it. libzstd would also read what versions before 0.8 wrote, by decoders that
// hardly anybody tests any more and the router's program lacks.
inline bool is_one_zstd_frame(ByteView bytes) {
  if (bytes.size() < kZstdMagic.size() || !std::equal(kZstdMagic.begin(), kZstdMagic.end(), bytes.begin()))
    return false;
  return ZSTD_findFrameCompressedSize(bytes.data(), bytes.size()) == bytes.size();
}

}  // namespace meshfs::codec
