// Turns the bytes of a file into a codec::Content and the blobs it needs: inline, one chunk, or chunks and hash lists.
// One per file, on any one thread; blobs leave through the sink, compressed where it pays.
#pragma once

#include <span>

#include "fsd/core/ports.h"
#include "fsd/store/chunker.h"
#include "fsd/store/list_builder.h"
#include "fsd/store/zstd_codec.h"
#include "schema/codec/entry.h"

namespace meshfs::fsd {

// Hashes chunks and compresses them where it pays. One per thread: it keeps zstd's working memory.
class BlobMaker {
 public:
  codec::Blob make(ByteView chunk);
  // blobs[i] of chunks[i].
  void make_all(std::span<const ByteView> chunks, std::span<codec::Blob> blobs);
  codec::Blob pack(codec::Blob plain);

 private:
  codec::Blob wrap(ByteView chunk, const Hash& hash);
  ZstdCodec zstd_;
};

class ContentWriter {
 public:
  // Takes each blob once it is complete, chunks before the lists that name them. Its failure ends the work.
  using Sink = std::function<Status(codec::Blob)>;
  // Makes blobs[i] of chunks[i], all of them before it returns, on as many threads as it likes.
  using MakeAll = std::function<void(std::span<const ByteView> chunks, std::span<codec::Blob> blobs)>;
  // Bytes that are gathered before they are cut: chunks for several threads at once, or little memory.
  static constexpr std::size_t kWindowBytes = 256 * 1024, kWideWindowBytes = 2 * 1024 * 1024;

  ContentWriter(BlobMaker& maker, Sink sink);  // on this thread
  ContentWriter(BlobMaker& maker, Sink sink, MakeAll make_all, std::size_t window_bytes);

  // The next bytes of the file, in pieces of any size.
  Status feed(ByteView bytes);
  // The same without a copy: fill some of room(), at most `wanted` bytes, then say how many.
  std::span<std::uint8_t> room(std::size_t wanted);
  Status filled(std::size_t bytes);
  // The whole content. Call once, behind the last feed().
  Result<codec::Content> finish();

 private:
  Status cut(bool all);

  BlobMaker& maker_;
  Sink sink_;
  MakeAll make_all_;
  std::size_t window_;
  Chunker chunker_;
  ListBuilder lists_;
  Bytes buffer_;          // its first used_ bytes wait to be cut
  std::size_t used_ = 0;  // at most window_ + kMaxChunkBytes
  std::uint64_t total_ = 0;
};

// The same at once, for content that is in memory (small files written through the mount, tools).
Result<codec::Content> store_content(BlobStore& blobs, ByteView bytes, BlobMaker& maker);
Result<codec::Content> store_content(BlobStore& blobs, ByteView bytes);

}  // namespace meshfs::fsd
