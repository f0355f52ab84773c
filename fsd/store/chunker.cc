#include "fsd/store/chunker.h"

#include <array>

#include "fsd/store/little_endian.h"
#include "schema/crypto/hash.h"

namespace meshfs::fsd {

using Gear = std::array<std::uint64_t, 256>;

static Gear make_gear() {
  Gear gear{};
  for (std::size_t i = 0; i < gear.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(i);
    gear[i] = get_number<std::uint64_t>(crypto::hash_in("meshfs gear", {{&byte, 1}}).view(), 0);
  }
  return gear;
}

std::size_t Chunker::next(ByteView data) const {
  static constexpr std::size_t kWindow = 64;
  const std::size_t end = std::min(data.size(), codec::kMaxChunkBytes);
  if (end <= codec::kMinChunkBytes) return end;
  static const Gear gear = make_gear();  // 256 hashes: once, not for each small file
  const std::uint8_t* bytes = data.data();
  std::uint64_t h = 0;
  std::size_t at = codec::kMinChunkBytes - kWindow;
  for (; at < codec::kMinChunkBytes; ++at) h = (h << 1) + gear[bytes[at]];
  for (; at < end; ++at) {
    h = (h << 1) + gear[bytes[at]];
    if (h >> (64 - kCutBits) == 0) return at + 1;
  }
  return end;
}

}  // namespace meshfs::fsd
