#include "fsd/fuse/content_io.h"

#include "schema/codec/hash_list.h"

namespace meshfs::fsd::fuse {

// By the bytes themselves, as long as they are few. A store knows better: equal chunks need no look.
bool ContentIo::grew(const codec::Content& old, const codec::Content& now) {
  const std::uint64_t size = codec::size_of(old);
  if (size >= codec::size_of(now) || size > codec::kMaxChunkBytes) return false;
  const auto length = static_cast<std::size_t>(size);
  const auto a = read(old, 0, length), b = read(now, 0, length);
  return a && b && *a == *b;
}

}  // namespace meshfs::fsd::fuse
