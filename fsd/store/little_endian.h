// Numbers as little-endian bytes, the store's byte order on every machine.
#pragma once

#include "schema/vocab/bytes.h"

namespace meshfs::fsd {

template <class Number>
void put_number(Bytes& out, Number value) {
  for (std::size_t i = 0; i < sizeof value; ++i)
    out.push_back(static_cast<std::uint8_t>(std::uint64_t{value} >> (8 * i)));
}

// bytes must hold at + sizeof(Number) bytes.
template <class Number>
Number get_number(ByteView bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i) value |= std::uint64_t{bytes[at + i]} << (8 * i);
  return static_cast<Number>(value);
}

inline void put_bytes(Bytes& out, ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

}  // namespace meshfs::fsd
