#include "tests/fuse/memory_content.h"

#include <unistd.h>

#include "schema/crypto/hash.h"

namespace meshfs::fsd::fuse {

Result<Bytes> MemoryContent::read(const codec::Content& content, std::uint64_t offset, std::size_t length) {
  const Bytes* bytes = std::get_if<Bytes>(&content);
  if (bytes == nullptr) {
    const auto it = blobs_.find(std::get<codec::ChunkedContent>(content).root);
    if (it == blobs_.end()) return Errc::unreachable;
    bytes = &it->second;
  }
  if (offset >= bytes->size()) return Bytes();
  const std::size_t n = std::min(length, bytes->size() - static_cast<std::size_t>(offset));
  return copy_of(ByteView(*bytes).subspan(static_cast<std::size_t>(offset), n));
}

void MemoryContent::ingest(Bytes bytes, Stored stored) {
  later_([this, bytes = std::move(bytes), stored = std::move(stored)]() mutable {
    if (refuse) return stored(*refuse);
    ++stored_count;
    const codec::ChunkedContent content{bytes.size(), crypto::hash_of(bytes)};
    blobs_[content.root] = std::move(bytes);
    stored(codec::Content(content));
  });
}

void MemoryContent::ingest(int fd, std::uint64_t size, Stored stored) {
  later_([this, fd, size, stored = std::move(stored)] {  // reads at the end: bytes changed meanwhile would show
    if (refuse) return stored(*refuse);
    ++stored_count;
    Bytes bytes(static_cast<std::size_t>(size));
    std::size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t n = ::pread(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
      if (n <= 0) return stored(error(Errc::io, "staging file ended early"));
      done += static_cast<std::size_t>(n);
    }
    const codec::ChunkedContent content{size, crypto::hash_of(bytes)};
    blobs_[content.root] = std::move(bytes);
    stored(codec::Content(content));
  });
}

}  // namespace meshfs::fsd::fuse
