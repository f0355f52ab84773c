#include "fsd/delta/delta_frame.h"

#include <zstd.h>

#include <bit>

#include "schema/codec/zstd_frame.h"

namespace meshfs::fsd {

static constexpr std::size_t kMagicBytes = codec::kZstdMagic.size();
static constexpr std::uint8_t kDictionaryMagic[4] = {0x37, 0xa4, 0x30, 0xec};
static constexpr int kMinWindowLog = 10;
// Of 8 MB in runs of 128 KiB: level 9 makes 60 to 130 MB/s; level 3 is six times as fast and as small for random bytes, but
// half as large again for machine code with insertions; level 19 is 10 times as slow, 8 % smaller at best and larger
// for scattered single bytes. Other minMatch and strategies gained nothing.
static constexpr int kLevel = 9;
static constexpr int kPlainLevel = 3;  // what a chunk without a base would be compared with

static void free_compressor(ZSTD_CCtx_s* context) { ZSTD_freeCCtx(context); }
static void free_decompressor(ZSTD_DCtx_s* context) { ZSTD_freeDCtx(context); }

DeltaCodec::DeltaCodec() : compressor_(nullptr, &free_compressor), decompressor_(nullptr, &free_decompressor) {}
DeltaCodec::~DeltaCodec() = default;
DeltaCodec::DeltaCodec(DeltaCodec&&) noexcept = default;

static bool is_dictionary(ByteView base) {
  return base.size() >= 4 && std::equal(std::begin(kDictionaryMagic), std::end(kDictionaryMagic), base.begin());
}

// The smallest window that holds all there is.
static int window_log(std::size_t base, std::size_t plain) {
  return std::max(kMinWindowLog, static_cast<int>(std::bit_width(base + plain - 1)));
}

std::optional<Bytes> DeltaCodec::make_frame(ByteView plain, ByteView base) {
  if (plain.empty() || plain.size() > kMaxRunBytes || base.size() > kMaxBaseBytes) return std::nullopt;
  if (!compressor_) compressor_.reset(ZSTD_createCCtx());
  if (!compressor_) return std::nullopt;
  ZSTD_CCtx* context = compressor_.get();
  ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters);
  ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log(base.size(), plain.size()));
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 0);
  ZSTD_CCtx_setParameter(context, ZSTD_c_dictIDFlag, 0);
  const std::size_t told = is_dictionary(base) ? ZSTD_CCtx_loadDictionary(context, base.data(), base.size())
                                               : ZSTD_CCtx_refPrefix(context, base.data(), base.size());
  if (ZSTD_isError(told)) return std::nullopt;
  buffer_.resize(ZSTD_compressBound(plain.size()));
  const std::size_t size = ZSTD_compress2(context, buffer_.data(), buffer_.size(), plain.data(), plain.size());
  if (ZSTD_isError(size) || size - kMagicBytes >= plain.size()) return std::nullopt;
  return Bytes(buffer_.begin() + kMagicBytes, buffer_.begin() + static_cast<std::ptrdiff_t>(size));
}

std::optional<Bytes> DeltaCodec::make(ByteView plain, ByteView base) {
  auto frame = make_frame(plain, base);
  static constexpr std::size_t kMinGain = 16;  // a name of the base must travel too
  const auto pays_beside = [&](std::size_t other) { return frame->size() + std::max(kMinGain, other / 8) <= other; };
  if (!frame || !pays_beside(plain.size())) return std::nullopt;
  buffer_.resize(ZSTD_compressBound(plain.size()));
  ZSTD_CCtx_reset(compressor_.get(), ZSTD_reset_session_and_parameters);
  const std::size_t alone =
      ZSTD_compressCCtx(compressor_.get(), buffer_.data(), buffer_.size(), plain.data(), plain.size(), kPlainLevel);
  if (!ZSTD_isError(alone) && !pays_beside(alone)) return std::nullopt;
  return frame;
}

// The frame with its magic back, if it is one frame of the shape above and nothing else.
static Result<Bytes> whole_frame(ByteView frame, std::size_t base, std::size_t plain) {
  static constexpr std::size_t kMinFrameBytes = 5;  // descriptor, window, an empty block
  if (frame.size() < kMinFrameBytes || frame[0] != 0) return error(Errc::bad_bytes, "not a delta frame");
  const std::size_t whole = std::size_t{1} << (kMinWindowLog + (frame[1] >> 3));  // RFC 8878, 3.1.1.1.2
  const std::size_t window = whole + whole / 8 * (frame[1] & 7u);
  if (window > std::size_t{1} << window_log(base, plain))
    return error(Errc::bad_bytes, "a delta frame with a larger window than it needs");
  Bytes bytes(kMagicBytes + frame.size());
  std::copy(codec::kZstdMagic.begin(), codec::kZstdMagic.end(), bytes.begin());
  std::copy(frame.begin(), frame.end(), bytes.begin() + kMagicBytes);
  if (!codec::is_one_zstd_frame(bytes)) return error(Errc::bad_bytes, "a delta frame of another length");
  return bytes;
}

Result<Bytes> DeltaCodec::apply(ByteView frame, ByteView base, std::size_t plain_size) {
  if (plain_size == 0) return error(Errc::bad_bytes, "a delta of nothing");
  if (plain_size > kMaxRunBytes || base.size() > kMaxBaseBytes) return error(Errc::too_large, "a delta over its limit");
  auto bytes = whole_frame(frame, base.size(), plain_size);
  if (!bytes) return bytes.failure();
  if (!decompressor_) decompressor_.reset(ZSTD_createDCtx());
  if (!decompressor_) return error(Errc::no_space, "no memory for zstd");
  ZSTD_DCtx* context = decompressor_.get();
  ZSTD_DCtx_reset(context, ZSTD_reset_session_and_parameters);
  const std::size_t told = is_dictionary(base) ? ZSTD_DCtx_loadDictionary(context, base.data(), base.size())
                                               : ZSTD_DCtx_refPrefix(context, base.data(), base.size());
  if (ZSTD_isError(told)) return error(Errc::bad_bytes, "a delta against a damaged dictionary");
  Bytes plain(plain_size);
  const std::size_t size = ZSTD_decompressDCtx(context, plain.data(), plain.size(), bytes->data(), bytes->size());
  if (ZSTD_isError(size) || size != plain_size)
    return error(Errc::bad_bytes, "a delta that does not give its declared size");
  return plain;
}

}  // namespace meshfs::fsd
