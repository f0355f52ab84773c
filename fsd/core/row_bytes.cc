#include "fsd/core/row_bytes.h"

namespace meshfs::fsd {

Packer& Packer::number(std::uint64_t value) {
  while (value >= 0x80) {
    out_.push_back(static_cast<std::uint8_t>(value | 0x80));
    value >>= 7;
  }
  out_.push_back(static_cast<std::uint8_t>(value));
  return *this;
}

Packer& Packer::ordered(std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out_.push_back(static_cast<std::uint8_t>(value >> shift));
  return *this;
}

std::uint8_t Unpacker::byte() {
  const ByteView one = raw(1);
  return one.empty() ? std::uint8_t{0} : one[0];
}

std::uint64_t Unpacker::number() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const std::uint8_t b = byte();
    value |= std::uint64_t{b & 0x7fu} << shift;
    if ((b & 0x80) == 0) return value;
  }
  fail();
  return 0;
}

std::uint64_t Unpacker::ordered() {
  std::uint64_t value = 0;
  for (const std::uint8_t b : raw(8)) value = value << 8 | b;
  return value;
}

ByteView Unpacker::raw(std::uint64_t size) {
  if (size > rest_.size()) {
    fail();
    return {};
  }
  const ByteView out = rest_.first(static_cast<std::size_t>(size));
  rest_ = rest_.subspan(static_cast<std::size_t>(size));
  return out;
}

std::size_t Unpacker::count(std::size_t each) {
  const std::uint64_t n = number();
  if (n > rest_.size() / each) {
    fail();
    return 0;
  }
  return static_cast<std::size_t>(n);
}

}  // namespace meshfs::fsd
