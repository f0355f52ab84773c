// Bytes that nobody may find in memory later: they wipe themselves when they go, and so does each copy.
#pragma once

#include "schema/vocab/bytes.h"

namespace meshfs::crypto {

// Zeroes that no compiler leaves out.
void wipe(std::span<std::uint8_t> bytes);

template <class Fixed>
struct Secret : Fixed {
  Secret() = default;
  explicit Secret(const Fixed& bytes) : Fixed(bytes) {}
  Secret(const Secret&) = default;
  Secret& operator=(const Secret&) = default;
  ~Secret() { wipe(this->data); }
};

}  // namespace meshfs::crypto
