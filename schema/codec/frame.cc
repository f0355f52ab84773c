// The 32 bytes in front of everything between neighbours, see wire.h.
#include "schema/codec/format.h"
#include "schema/codec/wire.h"

namespace meshfs::codec {
namespace {

constexpr std::uint8_t kMagic = 'm';
constexpr std::size_t kTagAt = 16;
static_assert(kTagAt + crypto::FrameTag::kSize == kFrameHeaderBytes);

std::size_t max_frame(FrameKind kind) { return kind == FrameKind::packet ? kMaxFrameAfterAuth : kMaxFrameBeforeAuth; }

}  // namespace

Bytes seal_frame(const crypto::LinkKey& key, const FrameHeader& header, ByteView payload) {
  Bytes frame;
  frame.reserve(kFrameHeaderBytes + payload.size());
  frame.resize(kFrameHeaderBytes);
  frame.insert(frame.end(), payload.begin(), payload.end());
  return seal_in_place(key, header, std::move(frame));
}

Bytes seal_in_place(const crypto::LinkKey& key, const FrameHeader& header, Bytes frame) {
  CHECK(frame.size() >= kFrameHeaderBytes && frame.size() <= max_frame(header.kind));
  frame[0] = kMagic;
  frame[1] = kWireVersion;
  frame[2] = static_cast<std::uint8_t>(header.kind);
  std::ranges::copy(fixed(header.session), frame.begin() + 4);
  std::ranges::copy(fixed(header.counter), frame.begin() + 8);
  frame[3] = 0;
  const ByteView all = frame;
  const crypto::FrameTag tag = crypto::tag_of(key, {all.first(kTagAt), all.subspan(kFrameHeaderBytes)});
  std::ranges::copy(tag.data, frame.begin() + kTagAt);
  return frame;
}

Result<FrameHeader> peek_frame(ByteView frame) {
  if (frame.size() < kFrameHeaderBytes || frame[0] != kMagic) return malformed("not a meshfs frame");
  if (frame[1] != kWireVersion)
    return error(Errc::unsupported, "a frame of another version: update meshfs on both nodes");
  const std::uint8_t kind = frame[2];
  if (kind < 1 || kind > 4 || frame[3] != 0) return malformed("not a meshfs frame");
  FrameHeader header;
  header.kind = static_cast<FrameKind>(kind);
  header.session = static_cast<std::uint32_t>(load_word(frame.data()) >> 32);
  header.counter = load_word(frame.data() + 8);
  if (frame.size() > max_frame(header.kind)) return over_limit("a frame is larger than its limit");
  return header;
}

Result<ByteView> open_frame(const crypto::LinkKey& key, ByteView frame) {
  if (Result<FrameHeader> header = peek_frame(frame); !header) return header.failure();
  const ByteView payload = frame.subspan(kFrameHeaderBytes);
  const auto tag = crypto::FrameTag::from(frame.subspan(kTagAt, crypto::FrameTag::kSize));
  if (!crypto::same_tag(*tag, crypto::tag_of(key, {frame.first(kTagAt), payload})))
    return malformed("a frame with a wrong tag");
  return payload;
}

}  // namespace meshfs::codec
