// The property of every fuzz target: what decodes, encodes; and what that gives decodes to the same value.
#pragma once

#include "schema/vocab/bytes.h"
#include "schema/vocab/check.h"
#include "schema/vocab/result.h"

namespace meshfs::fuzz {

// Decodes twice and compares. True if the bytes were accepted.
template <class Decode, class Encode>
bool same_again(ByteView bytes, Decode decode, Encode encode) {
  const auto first = decode(bytes);
  if (!first.ok()) {
    CHECK(!first.failure().message.empty());  // every refusal says why
    return false;
  }
  const auto again_bytes = encode(*first);
  const auto second = decode(ByteView(again_bytes));
  CHECK(second.ok());
  CHECK(*second == *first);
  return true;
}

// The same for what is signed or hashed: there is only one string of bytes.
template <class Decode, class Encode>
bool same_bytes_again(ByteView bytes, Decode decode, Encode encode) {
  const auto value = decode(bytes);
  if (!value.ok()) return false;
  const Bytes again = encode(*value);
  CHECK(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()));
  return same_again(bytes, decode, encode);
}

}  // namespace meshfs::fuzz
