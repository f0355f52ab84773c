#include "fsd/fuse/content_io.h"

#include <unistd.h>

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

// In one piece, for small stores; a large one's workers do it chunk by chunk.
void ContentIo::ingest(int fd, std::shared_ptr<const crypto::Seal> seal, Stored stored) {
  Bytes plain(static_cast<std::size_t>(seal->plain_bytes));
  std::size_t at = 0;
  for (ssize_t got = 1; at < plain.size() && got > 0; at += static_cast<std::size_t>(std::max<ssize_t>(got, 0)))
    got = ::pread(fd, plain.data() + at, plain.size() - at, static_cast<off_t>(at));
  ingest(at == plain.size() ? crypto::sealed_whole(*seal, plain) : Bytes(), std::move(stored));
}

}  // namespace meshfs::fsd::fuse
