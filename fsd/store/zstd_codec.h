// zstd for blobs: one shot each way, into buffers of a size that is known and capped beforehand, so that no frame can
// make memory grow. One per thread: it keeps its working memory.
#pragma once

#include <memory>
#include <optional>

#include "schema/vocab/bytes.h"
#include "schema/vocab/result.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace meshfs::fsd {

class ZstdCodec {
 public:
  // Level 1 is 2-3 times as fast as 3 and within 5 % of its size on 16 KiB chunks.
  static constexpr int kLevel = 1;
  ZstdCodec();
  ~ZstdCodec();
  ZstdCodec(ZstdCodec&&) noexcept;

  // The frame, if it saves at least a sixteenth. After data that didn't pay, the next is judged by a 4 KiB sample.
  std::optional<Bytes> compress_if_it_pays(ByteView plain);
  // Exactly plain_size bytes or bad_bytes. The caller has capped plain_size.
  Result<Bytes> decompress(ByteView frame, std::size_t plain_size);

 private:
  std::unique_ptr<ZSTD_CCtx_s, void (*)(ZSTD_CCtx_s*)> compressor_;
  std::unique_ptr<ZSTD_DCtx_s, void (*)(ZSTD_DCtx_s*)> decompressor_;
  Bytes buffer_;
  bool last_paid_ = true;
};

}  // namespace meshfs::fsd
