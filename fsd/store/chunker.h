// Cuts bytes into chunks where the content says so, so that an insertion changes a chunk or two (Gear hashing, Xia et
// al., "Ddelta", 2014). Part of the format: two nodes that store one file must cut it alike, or nothing is shared.
//
// The rule. gear[b], for each byte value b: the first 8 bytes, as a little-endian number, of the BLAKE2b-256 of the one
// byte b in the domain "meshfs gear". A chunk begins; h = 0. From its byte kMinChunkBytes - 64 on, for each byte:
// h = 2 h + gear[byte] (mod 2^64). The chunk ends behind the first byte at or past position kMinChunkBytes for which
// the top kCutBits bits of h are zero, or at kMaxChunkBytes, or where the data ends. h thus depends on the last 64
// bytes only. The mean length is 8 KiB + 2^13 = 16 KiB.
#pragma once

#include "schema/codec/hash_list.h"
#include "schema/vocab/bytes.h"

namespace meshfs::fsd {

class Chunker {
 public:
  static constexpr int kCutBits = 13;
  // Length of the chunk that begins with data[0]. `data` must hold kMaxChunkBytes, or all that is left.
  [[nodiscard]] std::size_t next(ByteView data) const;
};

}  // namespace meshfs::fsd
