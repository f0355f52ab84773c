#include "fsd/store/content_writer.h"

#include "schema/crypto/hash_many.h"

namespace meshfs::fsd {

codec::Blob BlobMaker::pack(codec::Blob blob) {
  if (auto frame = zstd_.compress_if_it_pays(blob.data)) {
    blob.encoding = codec::BlobEncoding::zstd;
    blob.data = std::move(*frame);
  }
  return blob;
}

codec::Blob BlobMaker::make(ByteView chunk) {
  codec::Blob blob;
  make_all({&chunk, 1}, {&blob, 1});
  return blob;
}

void BlobMaker::make_all(std::span<const ByteView> chunks, std::span<codec::Blob> blobs) {
  std::vector<Hash> hashes(chunks.size());
  crypto::hash_many(chunks, hashes);
  for (std::size_t i = 0; i < chunks.size(); ++i) blobs[i] = wrap(chunks[i], hashes[i]);
}

codec::Blob BlobMaker::wrap(ByteView chunk, const Hash& hash) {
  codec::Blob blob;
  blob.hash = hash;
  blob.plain_size = static_cast<std::uint32_t>(chunk.size());
  if (auto frame = zstd_.compress_if_it_pays(chunk)) {
    blob.encoding = codec::BlobEncoding::zstd;
    blob.data = std::move(*frame);
  } else {
    blob.data = copy_of(chunk);
  }
  return blob;
}

static ContentWriter::MakeAll one_by_one(BlobMaker& maker) {
  return [&maker](std::span<const ByteView> chunks, std::span<codec::Blob> blobs) { maker.make_all(chunks, blobs); };
}

ContentWriter::ContentWriter(BlobMaker& maker, Sink sink)
    : ContentWriter(maker, std::move(sink), one_by_one(maker), kWindowBytes) {}

ContentWriter::ContentWriter(BlobMaker& maker, Sink sink, MakeAll make_all, std::size_t window_bytes)
    : maker_(maker),
      sink_(std::move(sink)),
      make_all_(std::move(make_all)),
      window_(window_bytes),
      lists_([this](codec::Blob blob) { return sink_(maker_.pack(std::move(blob))); }) {}

// A cut needs kMaxChunkBytes in sight, and one byte more says that the file is not one single chunk.
Status ContentWriter::cut(bool all) {
  std::vector<ByteView> chunks;
  std::size_t done = 0;
  while (all ? done < used_ : used_ - done > codec::kMaxChunkBytes) {
    const ByteView rest = ByteView(buffer_).subspan(done, used_ - done);
    chunks.push_back(rest.first(chunker_.next(rest)));
    done += chunks.back().size();
  }
  std::vector<codec::Blob> blobs(chunks.size());
  make_all_(chunks, blobs);
  for (std::size_t i = 0; i < blobs.size(); ++i) {
    const codec::ListItem item{blobs[i].hash, chunks[i].size()};
    if (auto s = sink_(std::move(blobs[i])); !s) return s;
    if (auto s = lists_.add(item); !s) return s;
  }
  std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(done), buffer_.begin() + static_cast<std::ptrdiff_t>(used_),
            buffer_.begin());
  used_ -= done;
  return {};
}

std::span<std::uint8_t> ContentWriter::room(std::size_t wanted) {
  wanted = std::min(wanted, window_ + codec::kMaxChunkBytes - used_);
  if (buffer_.size() < used_ + wanted) buffer_.resize(used_ + wanted);
  return std::span(buffer_).subspan(used_, wanted);
}

Status ContentWriter::filled(std::size_t bytes) {
  used_ += bytes;
  total_ += bytes;
  return used_ < window_ + codec::kMaxChunkBytes ? Status{} : cut(false);
}

Status ContentWriter::feed(ByteView bytes) {
  while (!bytes.empty()) {
    const std::span<std::uint8_t> space = room(bytes.size());
    std::copy_n(bytes.begin(), space.size(), space.begin());
    if (auto s = filled(space.size()); !s) return s;
    bytes = bytes.subspan(space.size());
  }
  return {};
}

Result<codec::Content> ContentWriter::finish() {
  buffer_.resize(used_);
  if (total_ <= codec::kMaxInlineBytes) return codec::Content(std::move(buffer_));
  codec::ChunkedContent content{total_, {}};
  if (total_ <= codec::kMaxChunkBytes) {
    codec::Blob blob = maker_.make(buffer_);
    content.root = blob.hash;
    if (auto s = sink_(std::move(blob)); !s) return s.failure();
    return codec::Content(content);
  }
  if (auto s = cut(true); !s) return s.failure();
  auto root = lists_.finish();
  if (!root) return root.failure();
  content.root = *root;
  return codec::Content(content);
}

Result<codec::Content> store_content(BlobStore& blobs, ByteView bytes, BlobMaker& maker) {
  ContentWriter writer(maker, [&](codec::Blob blob) { return blobs.put(blob); });
  if (auto s = writer.feed(bytes); !s) return s.failure();
  return writer.finish();
}

Result<codec::Content> store_content(BlobStore& blobs, ByteView bytes) {
  BlobMaker maker;
  return store_content(blobs, bytes, maker);
}

}  // namespace meshfs::fsd
