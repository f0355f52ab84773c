// One run of bytes coded against another that the receiver holds: a zstd frame (RFC 8878) whose prefix is the base, or
// whose dictionary it is if the base begins with a trained dictionary's magic number (37 a4 30 ec).
//
// The frame as it travels, byte by byte: without its 4 magic bytes; byte 0 is 0 (no checksum, no content size, no
// dictionary id: all known from elsewhere); byte 1 is the window descriptor, at most the smallest power of two that
// holds base and plain bytes (at least 1 KiB); then the blocks. Nothing behind the last block.
//
// One codec per thread: it keeps zstd's working memory (make: about 2 MiB, apply: 150 kB), made at first use. Pure: the
// same values in give the same bytes out. Never allocates by what a frame says, only by what the caller says.
#pragma once

#include <memory>
#include <optional>

#include "schema/codec/hash_list.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace meshfs::fsd {

// Largest run of one frame: several chunks share one, for each frame costs some 20 bytes; zstd's block has this size.
inline constexpr std::size_t kMaxRunBytes = 128 * 1024;
// Largest base of one frame. Both ends hold base and run at once.
inline constexpr std::size_t kMaxBaseBytes = 512 * 1024;

class DeltaCodec {
 public:
  DeltaCodec();
  ~DeltaCodec();
  DeltaCodec(DeltaCodec&&) noexcept;

  // The frame of `plain` (1..kMaxRunBytes) against `base` (0..kMaxBaseBytes), if it is at least an eighth smaller than
  // both the plain bytes and their plain compression.
  std::optional<Bytes> make(ByteView plain, ByteView base);
  // The same without that comparison; nothing if it isn't smaller than the plain bytes. `base` may be empty.
  std::optional<Bytes> make_frame(ByteView plain, ByteView base);
  // Exactly plain_size bytes, or bad_bytes; too_large if plain_size or the base is over its limit.
  Result<Bytes> apply(ByteView frame, ByteView base, std::size_t plain_size);

 private:
  std::unique_ptr<ZSTD_CCtx_s, void (*)(ZSTD_CCtx_s*)> compressor_;
  std::unique_ptr<ZSTD_DCtx_s, void (*)(ZSTD_DCtx_s*)> decompressor_;
  Bytes buffer_;
};

}  // namespace meshfs::fsd
