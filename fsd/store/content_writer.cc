#include "fsd/store/content_writer.h"

#include "schema/crypto/hash.h"

namespace meshfs::fsd {

ContentWriter::ContentWriter(Sink sink)
    : sink_(std::move(sink)), lists_([this](codec::Blob blob) { return emit(std::move(blob)); }) {}

Status ContentWriter::emit(codec::Blob blob) {
  if (auto frame = zstd_.compress_if_it_pays(blob.data)) {
    blob.encoding = codec::BlobEncoding::zstd;
    blob.data = std::move(*frame);
  }
  return sink_(std::move(blob));
}

Status ContentWriter::take_chunk(ByteView chunk, Hash* hash) {
  codec::Blob blob;
  blob.hash = *hash = crypto::hash_of(chunk);
  blob.plain_size = static_cast<std::uint32_t>(chunk.size());
  blob.data = copy_of(chunk);
  return emit(std::move(blob));
}

Status ContentWriter::feed(ByteView bytes) {
  // A cut needs kMaxChunkBytes in sight, and one byte more says that the file is not one single chunk.
  static constexpr std::size_t kCompactAt = 512 * 1024;
  total_ += bytes.size();
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  while (buffer_.size() - used_ > codec::kMaxChunkBytes) {
    const ByteView rest = ByteView(buffer_).subspan(used_);
    const ByteView chunk = rest.first(chunker_.next(rest));
    codec::ListItem item{{}, chunk.size()};
    if (auto s = take_chunk(chunk, &item.hash); !s) return s;
    if (auto s = lists_.add(item); !s) return s;
    used_ += chunk.size();
  }
  if (used_ >= kCompactAt || used_ == buffer_.size()) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(used_));
    used_ = 0;
  }
  return {};
}

Result<codec::Content> ContentWriter::finish() {
  if (total_ <= codec::kMaxInlineBytes) return codec::Content(buffer_);
  codec::ChunkedContent content{total_, {}};
  if (total_ <= codec::kMaxChunkBytes) {
    if (auto s = take_chunk(buffer_, &content.root); !s) return s.failure();
    return codec::Content(content);
  }
  while (used_ < buffer_.size()) {
    const ByteView rest = ByteView(buffer_).subspan(used_);
    const ByteView chunk = rest.first(chunker_.next(rest));
    codec::ListItem item{{}, chunk.size()};
    if (auto s = take_chunk(chunk, &item.hash); !s) return s.failure();
    if (auto s = lists_.add(item); !s) return s.failure();
    used_ += chunk.size();
  }
  auto root = lists_.finish();
  if (!root) return root.failure();
  content.root = *root;
  return codec::Content(content);
}

Result<codec::Content> store_content(BlobStore& blobs, ByteView bytes) {
  ContentWriter writer([&](codec::Blob blob) { return blobs.put(blob); });
  if (auto s = writer.feed(bytes); !s) return s.failure();
  return writer.finish();
}

}  // namespace meshfs::fsd
