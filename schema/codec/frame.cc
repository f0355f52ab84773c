// The 32 bytes in front of everything between neighbours, and what is sealed behind them: see wire.h.
#include "schema/codec/format.h"
#include "schema/codec/wire.h"

namespace meshfs::codec {
namespace {

constexpr std::uint8_t kMagic = 'm';
static_assert(kPlainHeaderBytes + crypto::FrameTag::kSize == kFrameHeaderBytes);
static_assert(crypto::FrameTag::kSize == crypto::AeadTag::kSize);

std::size_t max_frame(FrameKind kind) { return kind == FrameKind::packet ? kMaxFrameAfterAuth : kMaxFrameBeforeAuth; }

void put_header(const FrameHeader& header, Bytes& frame) {
  CHECK(frame.size() >= kPlainHeaderBytes && frame.size() <= max_frame(header.kind));
  frame[0] = kMagic;
  frame[1] = kWireVersion;
  frame[2] = static_cast<std::uint8_t>(header.kind);
  frame[3] = header.phase;
  std::ranges::copy(fixed(header.session), frame.begin() + 4);
  std::ranges::copy(fixed(header.counter), frame.begin() + 8);
}

template <class Tag>
void put_tag(const Tag& tag, Bytes& frame) {
  std::ranges::copy(tag.data, frame.begin() + kPlainHeaderBytes);
}

}  // namespace

Bytes plain_header(const FrameHeader& header) {
  Bytes frame(kPlainHeaderBytes);
  put_header(header, frame);
  return frame;
}

Bytes seal_shared(const crypto::SivKey& key, const FrameHeader& header, ByteView payload) {
  Bytes frame;
  frame.reserve(kFrameHeaderBytes + payload.size());
  frame.resize(kFrameHeaderBytes);
  frame.insert(frame.end(), payload.begin(), payload.end());
  put_header(header, frame);
  const std::span<std::uint8_t> all = frame;
  put_tag(crypto::seal_siv(key, all.first(kPlainHeaderBytes), all.subspan(kFrameHeaderBytes)), frame);
  return frame;
}

Bytes seal_counted(const crypto::AeadKey& key, const FrameHeader& header, Bytes frame) {
  put_header(header, frame);
  const std::span<std::uint8_t> all = frame, payload = all.subspan(kFrameHeaderBytes);
  put_tag(crypto::seal(key, header.counter, all.first(kPlainHeaderBytes), payload, payload.data()), frame);
  return frame;
}

Result<FrameHeader> peek_frame(ByteView frame) {
  if (frame.size() < kFrameHeaderBytes || frame[0] != kMagic) return malformed("not a meshfs frame");
  if (frame[1] != kWireVersion)
    return error(Errc::unsupported, "a frame of another version: update meshfs on both nodes");
  const std::uint8_t kind = frame[2];
  if (kind < 1 || kind > 5) return malformed("not a meshfs frame");
  FrameHeader header;
  header.kind = static_cast<FrameKind>(kind);
  header.session = static_cast<std::uint32_t>(load_word(frame.data()) >> 32);
  header.counter = load_word(frame.data() + 8);
  header.phase = frame[3];
  if (header.phase != 0 && header.kind != FrameKind::packet) return malformed("not a meshfs frame");
  if (frame.size() > max_frame(header.kind)) return over_limit("a frame is larger than its limit");
  return header;
}

Result<Bytes> open_shared(const crypto::SivKey& key, ByteView frame) {
  if (Result<FrameHeader> header = peek_frame(frame); !header) return header.failure();
  const ByteView sealed = frame.subspan(kFrameHeaderBytes);
  Bytes plain(sealed.size());
  const auto tag = crypto::FrameTag::from(frame.subspan(kPlainHeaderBytes, crypto::FrameTag::kSize));
  if (!crypto::open_siv(key, frame.first(kPlainHeaderBytes), sealed, *tag, plain))
    return malformed("a frame with a wrong tag");
  return plain;
}

Result<Bytes> open_counted(const crypto::AeadKey& key, ByteView frame) {
  const Result<FrameHeader> header = peek_frame(frame);
  if (!header) return header.failure();
  const ByteView sealed = frame.subspan(kFrameHeaderBytes);
  Bytes plain(sealed.size());
  const auto tag = crypto::AeadTag::from(frame.subspan(kPlainHeaderBytes, crypto::AeadTag::kSize));
  if (!crypto::open(key, header->counter, frame.first(kPlainHeaderBytes), sealed, *tag, plain.data()))
    return malformed("a frame with a wrong tag");
  return plain;
}

}  // namespace meshfs::codec
