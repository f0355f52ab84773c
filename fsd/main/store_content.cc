#include "fsd/main/store_content.h"

namespace meshfs::fsd {

Result<Bytes> StoreContent::read(const codec::Content& content, std::uint64_t offset, std::size_t length) {
  auto bytes = reader_.read(content, offset, length);
  const bool lacking = !bytes && (bytes.code() == Errc::not_found || bytes.code() == Errc::io);
  if (const auto* chunked = std::get_if<codec::ChunkedContent>(&content); lacking && chunked != nullptr) {
    post_([this, content = *chunked] { damaged_(content); });
  }
  // A file shows only when its content is complete, so a blob that is not here got lost or is on its way again.
  if (!bytes && bytes.code() == Errc::not_found) {
    return error(Errc::unreachable, "a part of this file is not on this node");
  }
  return bytes;
}

Result<std::uint64_t> StoreContent::seek(const codec::Content& content, std::uint64_t offset, bool hole) {
  return reader_.seek(content, offset, hole);
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

}  // namespace meshfs::fsd
