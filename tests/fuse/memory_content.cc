#include "tests/fuse/memory_content.h"

#include <unistd.h>

#include <algorithm>

#include "schema/codec/hash_list.h"
#include "schema/crypto/hash.h"
#include "schema/vocab/check.h"

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

// As in the store: 64 KiB of zeros are a hole.
Result<std::uint64_t> MemoryContent::seek(const codec::Content& content, std::uint64_t offset, bool hole) {
  const std::uint64_t size = codec::size_of(content);
  for (std::uint64_t at = offset; at < size;) {
    const std::uint64_t end =
        std::min(size, at / codec::kMaxChunkBytes * codec::kMaxChunkBytes + codec::kMaxChunkBytes);
    const Result<Bytes> bytes = read(content, at, static_cast<std::size_t>(end - at));
    if (!bytes) return bytes.failure();
    const bool zeros = std::all_of(bytes->begin(), bytes->end(), [](std::uint8_t byte) { return byte == 0; });
    if (zeros == hole) return at;
    at = end;
  }
  if (hole && offset < size) return size;
  return Errc::no_data;
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

class MemoryContent::Followed final : public Following {
 public:
  Followed(MemoryContent& content, int fd) : content_(content), fd_(fd) {}
  void grow(std::uint64_t size) override {
    CHECK(size >= seen_.size());
    const std::size_t before = seen_.size();
    seen_.resize(static_cast<std::size_t>(size));
    CHECK(::pread(fd_, seen_.data() + before, seen_.size() - before, static_cast<off_t>(before)) ==
          static_cast<ssize_t>(seen_.size() - before));
  }
  void finish(std::uint64_t size, Stored stored) override {
    ++content_.finished_count;
    Bytes now(seen_.size());
    const ssize_t got = ::pread(fd_, now.data(), now.size(), 0);
    if (size < seen_.size() || got != static_cast<ssize_t>(now.size()) || now != seen_) {
      return content_.later_([stored = std::move(stored)] { stored(error(Errc::internal, "followed bytes changed")); });
    }
    content_.ingest(fd_, size, std::move(stored));
  }

 private:
  MemoryContent& content_;
  int fd_;
  Bytes seen_;
};

std::unique_ptr<ContentIo::Following> MemoryContent::follow(int fd) {
  ++followed_count;
  return std::make_unique<Followed>(*this, fd);
}

}  // namespace meshfs::fsd::fuse
