#include "fsd/store/chunker.h"

#include "fsd/store/little_endian.h"
#include "schema/crypto/hash.h"

namespace meshfs::fsd {

Chunker::Chunker() {
  for (std::size_t i = 0; i < gear_.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(i);
    gear_[i] = get_number<std::uint64_t>(crypto::hash_in("meshfs gear", {{&byte, 1}}).view(), 0);
  }
}

std::size_t Chunker::next(ByteView data) const {
  static constexpr std::size_t kWindow = 64;
  const std::size_t end = std::min(data.size(), codec::kMaxChunkBytes);
  if (end <= codec::kMinChunkBytes) return end;
  const std::uint8_t* bytes = data.data();
  std::uint64_t h = 0;
  std::size_t at = codec::kMinChunkBytes - kWindow;
  for (; at < codec::kMinChunkBytes; ++at) h = (h << 1) + gear_[bytes[at]];
  for (; at < end; ++at) {
    h = (h << 1) + gear_[bytes[at]];
    if (h >> (64 - kCutBits) == 0) return at + 1;
  }
  return end;
}

}  // namespace meshfs::fsd
