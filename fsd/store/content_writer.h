// Turns the bytes of a file into a codec::Content and the blobs it needs: inline, one chunk, or chunks and hash lists.
// One per file, on any one thread; blobs leave through the sink, compressed where it pays.
#pragma once

#include "fsd/core/ports.h"
#include "fsd/store/chunker.h"
#include "fsd/store/list_builder.h"
#include "fsd/store/zstd_codec.h"
#include "schema/codec/entry.h"

namespace meshfs::fsd {

class ContentWriter {
 public:
  // Takes each blob once it is complete, chunks before the lists that name them. Its failure ends the work.
  using Sink = std::function<Status(codec::Blob)>;
  explicit ContentWriter(Sink sink);

  // The next bytes of the file, in pieces of any size.
  Status feed(ByteView bytes);
  // The whole content. Call once, behind the last feed().
  Result<codec::Content> finish();

 private:
  Status take_chunk(ByteView chunk, Hash* hash);
  Status emit(codec::Blob blob);

  Sink sink_;
  Chunker chunker_;
  ZstdCodec zstd_;
  ListBuilder lists_;
  Bytes buffer_;  // bytes before used_ are chunked already
  std::size_t used_ = 0;
  std::uint64_t total_ = 0;
};

// The same at once, for content that is in memory (small files written through the mount, tools).
Result<codec::Content> store_content(BlobStore& blobs, ByteView bytes);

}  // namespace meshfs::fsd
