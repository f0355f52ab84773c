#include "fsd/store/content_reader.h"

namespace meshfs::fsd {

static Error contradiction() {
  return error(Errc::io, "the hash lists of this file contradict its size: whoever wrote it made an invalid version");
}

Result<const codec::HashList*> ContentReader::list(const Hash& hash, std::uint8_t level) {
  for (const Decoded& known : last_) {
    if (!known.list.items.empty() && known.hash == hash && (level == 0 || known.list.level == level))
      return &known.list;
  }
  auto bytes = blobs_.plain(hash);
  if (!bytes) return bytes.failure();
  auto decoded = codec::decode_list(*bytes);
  if (!decoded || (level != 0 && decoded->level != level)) return contradiction();
  Decoded& place = last_[decoded->level - 1u];
  place = {hash, std::move(*decoded)};
  return &place.list;
}

Result<ContentReader::Piece> ContentReader::find(const codec::ChunkedContent& content, std::uint64_t offset) {
  if (content.size <= codec::kMaxChunkBytes) return Piece{content.root, 0, content.size};
  Piece piece{content.root, 0, content.size};
  std::uint8_t level = 0;
  do {
    auto found = list(piece.hash, level);
    if (!found) return found.failure();
    const codec::HashList& here = **found;
    if (codec::size_of(here) != piece.size) return contradiction();
    level = here.level;
    for (const codec::ListItem& item : here.items) {
      piece.hash = item.hash;
      piece.size = item.size;
      if (offset < piece.start + item.size) break;
      piece.start += item.size;
    }
  } while (--level > 0);
  return piece;
}

Result<Bytes> ContentReader::read(const codec::Content& content, std::uint64_t offset, std::size_t length) {
  const std::uint64_t size = codec::size_of(content);
  if (offset >= size) return Bytes{};
  length = static_cast<std::size_t>(std::min<std::uint64_t>(length, size - offset));
  if (const auto* inlined = std::get_if<Bytes>(&content)) {
    return copy_of(ByteView(*inlined).subspan(static_cast<std::size_t>(offset), length));
  }
  const auto& chunked = std::get<codec::ChunkedContent>(content);
  Bytes out;
  out.reserve(length);
  while (out.size() < length) {
    auto piece = find(chunked, offset);
    if (!piece) return piece.failure();
    auto chunk = blobs_.plain(piece->hash);
    if (!chunk) return chunk.failure();
    if (chunk->size() != piece->size || offset >= piece->start + piece->size) return contradiction();
    const ByteView rest = ByteView(*chunk).subspan(static_cast<std::size_t>(offset - piece->start));
    const ByteView used = rest.first(std::min(rest.size(), length - out.size()));
    out.insert(out.end(), used.begin(), used.end());
    offset += used.size();
  }
  return out;
}

Result<Bytes> read_content(BlobStore& blobs, const codec::Content& content, std::uint64_t offset, std::size_t length) {
  return ContentReader(blobs).read(content, offset, length);
}

}  // namespace meshfs::fsd
