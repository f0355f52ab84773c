#include "fsd/store/content_reader.h"

#include "schema/crypto/hash.h"

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

static bool is_zeros(const codec::ListItem& chunk) {
  static const Bytes zeros(codec::kMaxChunkBytes);
  static const Hash largest = crypto::hash_of(zeros);
  if (chunk.size == zeros.size()) return chunk.hash == largest;
  return chunk.size < zeros.size() &&
         chunk.hash == crypto::hash_of(ByteView(zeros).first(static_cast<std::size_t>(chunk.size)));
}

Status ContentReader::search(const Hash& hash, std::uint8_t level, std::uint64_t start, Search& s) {
  auto found = list(hash, level);
  if (!found) return found.failure();
  const codec::HashList& here = **found;
  bool all_zeros = here.level == 1;
  for (const codec::ListItem& item : here.items) {
    const std::uint64_t at = std::max(s.offset, start);
    start += item.size;
    if (s.offset >= start) {
      all_zeros = false;  // not looked at
    } else if (here.level == 1) {
      // Zeros are never cut, so a chunk of them is of full size, or the last one, or ends where data begins.
      const bool zeros = is_zeros(item);
      all_zeros = all_zeros && zeros;
      if (zeros == s.hole) s.found = at;
    } else if (item.hash == s.zeros) {
      if (s.hole) s.found = at;
    } else if (s.lists_left-- == 0) {
      if (!s.hole) s.found = at;
      return s.hole ? Status(Errc::no_data) : Status();
    } else if (Status below = search(item.hash, static_cast<std::uint8_t>(here.level - 1), start - item.size, s);
               !below) {
      return below;
    }
    if (s.found) return {};
  }
  if (all_zeros) s.zeros = hash;
  return {};
}

Result<std::uint64_t> ContentReader::seek(const codec::Content& content, std::uint64_t offset, bool hole) {
  const std::uint64_t size = codec::size_of(content);
  if (offset >= size) return Errc::no_data;
  const auto* chunked = std::get_if<codec::ChunkedContent>(&content);
  Search s{offset, hole, kMaxListsSought};
  if (chunked != nullptr && size <= codec::kMaxChunkBytes) {
    if (is_zeros({chunked->root, size}) == hole) s.found = offset;
  } else if (chunked != nullptr) {
    if (Status done = search(chunked->root, 0, 0, s); !done && done.code() != Errc::no_data) return done.failure();
  } else if (!hole) {
    s.found = offset;
  }
  if (s.found) return *s.found;
  if (hole) return size;
  return Errc::no_data;
}

bool ContentReader::grew(const codec::Content& old, const codec::Content& now) {
  const std::uint64_t size = codec::size_of(old);
  if (size >= codec::size_of(now) || size > 64 * 1024 * 1024) return false;
  const auto* before = std::get_if<codec::ChunkedContent>(&old);
  const auto* after = std::get_if<codec::ChunkedContent>(&now);
  if (before == nullptr || after == nullptr || size <= codec::kMaxChunkBytes) {
    if (size > codec::kMaxChunkBytes) return false;
    const auto a = read(old, 0, static_cast<std::size_t>(size)), b = read(now, 0, static_cast<std::size_t>(size));
    return a && b && *a == *b;
  }
  // Appending changes old's last chunk only: where it starts both have the same chunk boundary, and all before is equal.
  const auto last = find(*before, size - 1);
  if (!last || last->start == 0) return false;
  const auto length = static_cast<std::size_t>(last->size);
  const auto a = read(old, last->start, length), b = read(now, last->start, length);
  if (!a || !b || *a != *b) return false;
  for (std::uint64_t at = 0; at < last->start;) {
    const auto one = find(*before, at), other = find(*after, at);
    if (!one || !other || one->hash != other->hash) return false;
    at = one->start + one->size;
  }
  return true;
}

Result<Bytes> read_content(BlobStore& blobs, const codec::Content& content, std::uint64_t offset, std::size_t length) {
  return ContentReader(blobs).read(content, offset, length);
}

}  // namespace meshfs::fsd
