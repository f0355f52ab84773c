// Cap'n Proto's packing: runs of zero bytes shrink, everything else stays. Deterministic, with a hard cap when unpacking,
// which the stream classes of the library lack. Internal to codec.
#pragma once

#include <kj/array.h>

#include <capnp/common.h>

#include "schema/vocab/bytes.h"
#include "schema/vocab/result.h"

namespace meshfs::codec {

using Words = kj::Array<capnp::word>;
using WordView = kj::ArrayPtr<const capnp::word>;

inline ByteView bytes_of(WordView words) {
  return {reinterpret_cast<const std::uint8_t*>(words.begin()), words.size() * sizeof(capnp::word)};
}
// Words that hold `bytes`; their number must divide by 8.
Words words_from(ByteView bytes);

Bytes pack(WordView words);
// bad_bytes if cut short; too_large once more than max_words would come out (nothing more is read then).
Result<Words> unpack(ByteView packed, std::size_t max_words);

}  // namespace meshfs::codec
