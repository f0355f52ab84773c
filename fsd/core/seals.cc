#include "fsd/core/seals.h"

#include <algorithm>

namespace meshfs::fsd {

static_assert(crypto::seal_header_bytes(1) % AuthorTag::kSize == 4 &&
              (crypto::LinkKey::kSize + crypto::AeadTag::kSize) % AuthorTag::kSize == 0);

namespace {

auto mark_in(const std::vector<codec::Xattr>& xattrs) {
  return std::lower_bound(xattrs.begin(), xattrs.end(), kSealMark,
                          [](const codec::Xattr& x, std::string_view name) { return x.name < name; });
}

bool is_mark(const codec::Attributes& attributes, std::vector<codec::Xattr>::const_iterator at) {
  return at != attributes.xattrs.end() && at->name == kSealMark;
}

}  // namespace

ByteView seal_value(const codec::Attributes& attributes) {
  const auto at = mark_in(attributes.xattrs);
  return is_mark(attributes, at) ? ByteView(at->value) : ByteView();
}

// Another author wrote it: not more tags count than a header has.
SealTags seal_mark(const codec::Attributes& attributes) {
  SealTags out;
  ByteView rest = seal_value(attributes);
  if (rest.size() % AuthorTag::kSize != 0) {  // a directory's: no sealed key has a multiple of 8 bytes
    auto readers = crypto::readers_of_seal(rest);
    return readers ? std::move(*readers) : SealTags();
  }
  for (; rest.size() >= AuthorTag::kSize && out.size() < crypto::kMaxSealReaders; rest = rest.subspan(AuthorTag::kSize))
    out.push_back(*AuthorTag::from(rest.first(AuthorTag::kSize)));
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

void set_seal_mark(codec::Attributes& attributes, const SealTags& tags) {
  Bytes value;
  for (const AuthorTag& tag : tags) value.insert(value.end(), tag.data.begin(), tag.data.end());
  set_seal_value(attributes, std::move(value));
}

void set_seal_value(codec::Attributes& attributes, Bytes value) {
  const auto found = mark_in(attributes.xattrs);
  const bool there = is_mark(attributes, found);
  const auto at = attributes.xattrs.begin() + (found - attributes.xattrs.cbegin());
  if (there) {
    at->value = std::move(value);
  } else {
    attributes.xattrs.insert(at, {std::string(kSealMark), std::move(value)});
  }
}

ContentRange sealed_range(const crypto::Seal& seal, std::uint64_t sealed, std::uint64_t offset, std::size_t length) {
  const std::uint64_t last = (offset + std::max<std::size_t>(length, 1) - 1) / crypto::kSealChunkBytes;
  const std::uint64_t from = seal.sealed_at(offset / crypto::kSealChunkBytes);
  const std::uint64_t to = std::min(sealed, seal.sealed_at(last + 1));
  return {from, static_cast<std::size_t>(to - std::min(from, to))};
}

Result<Bytes> read_sealed(const crypto::Seal& seal, std::uint64_t sealed, std::uint64_t offset, std::size_t length,
                          const std::function<Result<Bytes>(std::uint64_t offset, std::size_t length)>& read) {
  if (offset >= seal.plain_bytes || length == 0) return Bytes();
  length = static_cast<std::size_t>(std::min<std::uint64_t>(length, seal.plain_bytes - offset));
  const ContentRange range = sealed_range(seal, sealed, offset, length);
  auto bytes = read(range.offset, range.length);
  if (!bytes) return bytes;
  if (bytes->size() != range.length) return error(Errc::io, "a sealed file is shorter than it says");
  // Each chunk is opened where it lies, then moved to the front.
  const std::uint64_t first = offset / crypto::kSealChunkBytes;
  std::size_t from = 0, to = 0;
  for (std::uint64_t chunk = first; from < bytes->size(); ++chunk) {
    const std::size_t plain = seal.chunk_bytes(chunk);
    std::uint8_t* const at = bytes->data() + from;
    if (!seal.open_chunk(chunk, ByteView(*bytes).subspan(from, plain + crypto::AeadTag::kSize), at))
      return error(Errc::io, "a sealed file is damaged");
    std::copy_n(at, plain, bytes->data() + to);
    from += plain + crypto::AeadTag::kSize;
    to += plain;
  }
  bytes->erase(bytes->begin(), bytes->begin() + static_cast<std::ptrdiff_t>(offset - first * crypto::kSealChunkBytes));
  bytes->resize(length);
  return bytes;
}

}  // namespace meshfs::fsd
