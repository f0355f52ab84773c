#include "fsd/main/store_content.h"

namespace meshfs::fsd {

Result<Bytes> StoreContent::read(const codec::Content& content, std::uint64_t offset, std::size_t length) {
  auto bytes = reader_.read(content, offset, length);
  const auto* chunked = std::get_if<codec::ChunkedContent>(&content);
  const bool lacking = !bytes && (bytes.code() == Errc::not_found || bytes.code() == Errc::io);
  if (lacking && chunked != nullptr) {
    post_([this, damaged = *chunked] { replica_->mend(damaged); });
  }
  // A placeholder, or a blob got lost and is on its way again.
  if (!bytes && bytes.code() == Errc::not_found) {
    return error(Errc::unreachable, "a part of this file is not on this node");
  }
  if (bytes && chunked != nullptr && (offset == 0 || last_read_ != chunked->root)) {
    last_read_ = chunked->root;
    replica_->used(*chunked);
  }
  return bytes;
}

// Of what is not here nobody knows the holes: all of it is data.
Result<std::uint64_t> StoreContent::seek(const codec::Content& content, std::uint64_t offset, bool hole) {
  auto found = reader_.seek(content, offset, hole);
  if (found || found.code() != Errc::not_found) return found;
  return hole ? codec::size_of(content) : offset;
}

std::uint64_t StoreContent::fetch(const codec::Content& content, std::uint64_t offset, std::size_t length,
                                  Ready ready) {
  const auto* chunked = std::get_if<codec::ChunkedContent>(&content);
  return chunked == nullptr ? 0 : replica_->fetch(*chunked, offset, length, std::move(ready));
}

bool StoreContent::is_here(const codec::Content& content) {
  const auto* chunked = std::get_if<codec::ChunkedContent>(&content);
  return chunked == nullptr || replica_->is_here(*chunked);
}

void StoreContent::ingest(Bytes bytes, Stored stored) {
  auto ticket = blobs_.hold();
  auto outcome = store_content(blobs_, bytes, maker_);
  post_([outcome = std::move(outcome), stored = std::move(stored), ticket = std::move(ticket)] { stored(outcome); });
}

void StoreContent::ingest(int fd, std::uint64_t size, Stored stored) {
  worker_.ingest(fd, size, [ticket = blobs_.hold(), stored = std::move(stored)](Result<codec::Content> content) {
    stored(std::move(content));
  });
}

void StoreContent::ingest(int fd, std::shared_ptr<const crypto::Seal> seal, Stored stored) {
  worker_.ingest(fd, std::move(seal),
                 [ticket = blobs_.hold(), stored = std::move(stored)](Result<codec::Content> content) {
                   stored(std::move(content));
                 });
}

std::unique_ptr<fuse::ContentIo::Following> StoreContent::follow(int fd) {
  struct ByWorker final : Following {
    ByWorker(std::unique_ptr<IngestWorker::Following> file, BlobGuard::Ticket ticket)
        : file_(std::move(file)), ticket_(std::move(ticket)) {}
    void grow(std::uint64_t size) override { file_->grow(size); }
    void finish(std::uint64_t size, Stored stored) override {
      file_->finish(size, [ticket = ticket_, stored = std::move(stored)](Result<codec::Content> content) {
        stored(std::move(content));
      });
    }
    std::unique_ptr<IngestWorker::Following> file_;
    BlobGuard::Ticket ticket_;  // from before the first blob until somebody names them
  };
  auto ticket = blobs_.hold();
  auto file = worker_.follow(fd);
  if (file == nullptr) return nullptr;
  return std::make_unique<ByWorker>(std::move(file), std::move(ticket));
}

}  // namespace meshfs::fsd
