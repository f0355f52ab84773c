#include "tests/sim/bad_bytes.h"

#include <zstd.h>

#include "schema/codec/bulk.h"
#include "schema/codec/packing.h"

namespace meshfs::sim {

namespace {

constexpr std::uint64_t kMostElements = (std::uint64_t{1} << 29) - 1;  // of a list, by its 29 bits
constexpr std::uint64_t kStructPointer = 0, kListPointer = 1, kComposite = 7;
constexpr std::size_t kBombPlain = 64 * 1024 * 1024;

std::uint64_t struct_pointer(std::uint64_t offset, std::uint64_t data_words, std::uint64_t pointers) {
  return kStructPointer | (offset & 0x3fffffff) << 2 | data_words << 32 | pointers << 48;
}
std::uint64_t list_pointer(std::int64_t offset, std::uint64_t words) {
  return kListPointer | (static_cast<std::uint64_t>(offset) & 0x3fffffff) << 2 | kComposite << 32 | words << 35;
}
std::uint64_t list_tag(std::uint64_t elements, std::uint64_t data_words, std::uint64_t pointers) {
  return elements << 2 | data_words << 32 | pointers << 48;
}

Bytes message_of(const std::vector<std::uint64_t>& words) {
  const Bytes raw = copy_of({reinterpret_cast<const std::uint8_t*>(words.data()), words.size() * sizeof words[0]});
  return codec::BulkWriter().after(codec::pack(codec::words_from(raw)));
}

// The words of a true message of this kind, up to where its only pointer stands: that word is left to the caller.
std::vector<std::uint64_t> head_of(const codec::Message& message) {
  const Bytes bytes = codec::encode_message(message);
  const auto parts = codec::split_bulk(bytes);
  CHECK(parts.ok());
  const auto words = codec::unpack(parts->head, 1 << 16);
  CHECK(words.ok());
  std::vector<std::uint64_t> out;
  for (const auto& word : *words) {
    std::uint64_t one = 0;
    std::memcpy(&one, &word, sizeof one);
    out.push_back(one);
  }
  const std::size_t data_words = out.at(0) >> 32 & 0xffff;
  out.resize(1 + data_words);
  out.at(0) = struct_pointer(0, data_words, 1);
  return out;
}

Bytes zero_sized() {
  auto words = head_of(codec::Blobs{{codec::Blob{}}});
  words.push_back(list_pointer(0, 0));
  words.push_back(list_tag(kMostElements, 0, 0));
  return message_of(words);
}

// Replies: 64 of them, whose sources are one list of many.
Bytes aliased() {
  codec::Replies replies;
  replies.replies.emplace_back();
  auto words = head_of(replies);
  constexpr std::uint64_t kReplies = 64, kReplyData = 4, kReplyPointers = 3;
  words.push_back(struct_pointer(0, 0, 2));  // Replies
  words.push_back(0);                        // question
  words.push_back(list_pointer(0, kReplies * (kReplyData + kReplyPointers)));
  words.push_back(list_tag(kReplies, kReplyData, kReplyPointers));
  const std::size_t first = words.size();
  const std::size_t shared = first + kReplies * (kReplyData + kReplyPointers);
  for (std::uint64_t reply = 0; reply < kReplies; ++reply) {
    for (std::uint64_t i = 0; i < kReplyData; ++i) words.push_back(0);
    for (std::uint64_t i = 0; i < kReplyPointers; ++i)
      words.push_back(list_pointer(static_cast<std::int64_t>(shared) - static_cast<std::int64_t>(words.size()) - 1, 0));
  }
  words.push_back(list_tag(kMostElements, 0, 0));
  return message_of(words);
}

// Each list's elements point to the next list: 8^20 ways through 1.6 kB.
Bytes nested() {
  auto words = head_of(codec::Blobs{{codec::Blob{}}});
  constexpr std::uint64_t kWide = 8, kDeep = 20;
  words.push_back(list_pointer(0, kWide));
  for (std::uint64_t level = 0; level < kDeep; ++level) {
    words.push_back(list_tag(kWide, 0, 1));
    for (std::uint64_t i = 0; i < kWide; ++i)
      words.push_back(list_pointer(static_cast<std::int64_t>(kWide - i - 1), level + 1 < kDeep ? kWide : 0));
  }
  words.push_back(list_tag(kMostElements, 0, 0));
  return message_of(words);
}

const Bytes& zstd_bomb() {
  static const Bytes made = [] {
    const Bytes plain(kBombPlain);
    Bytes out(ZSTD_compressBound(plain.size()));
    out.resize(ZSTD_compress(out.data(), out.size(), plain.data(), plain.size(), 1));
    return out;
  }();
  return made;
}

// Of librsync: copy four gigabytes from the base, as often as it takes.
Bytes rsync_bomb() {
  Bytes out{0x72, 0x73, 0x02, 0x36};  // RS_DELTA_MAGIC
  for (int i = 0; i < 100; ++i) {
    out.push_back(0x50);  // copy, 4 bytes of offset, 4 of length
    for (int zero = 0; zero < 4; ++zero) out.push_back(0);
    for (int full = 0; full < 4; ++full) out.push_back(0xff);
  }
  out.push_back(0);
  return out;
}

Bytes noise(Rng& rng, std::size_t size) {
  Bytes out(size);
  for (auto& byte : out) byte = static_cast<std::uint8_t>(rng.next());
  return out;
}

}  // namespace

Bytes pointers(Rng& rng) {
  switch (rng.below(3)) {
    case 0:
      return zero_sized();
    case 1:
      return aliased();
    default:
      return nested();
  }
}

codec::Blob bomb_of(const Hash& hash, codec::BlobKind kind, const std::vector<Hash>& bases, Rng& rng) {
  codec::Blob out;
  out.hash = hash;
  out.kind = kind;
  out.plain_size = 64 * 1024;
  const bool against = !bases.empty() && rng.percent(70);
  if (!against) {
    out.encoding = codec::BlobEncoding::zstd;
    out.data = rng.percent(70) ? zstd_bomb() : noise(rng, 1000);
    return out;
  }
  out.base = bases.at(rng.below(bases.size()));
  static constexpr std::array kAgainst{codec::BlobEncoding::delta, codec::BlobEncoding::patch,
                                       codec::BlobEncoding::rsync};
  out.encoding = kAgainst.at(rng.below(kAgainst.size()));
  out.data = out.encoding == codec::BlobEncoding::rsync ? rsync_bomb() : noise(rng, 1000);
  return out;
}

Bytes junk_packet(Rng& rng) {
  const std::size_t size = rng.below(1200);
  if (rng.percent(50)) return noise(rng, size);
  const auto kind = static_cast<codec::FrameKind>(1 + rng.below(5));
  const std::uint64_t counter = kind == codec::FrameKind::handshake ? 1 + rng.below(3) : rng.next();
  Bytes out = codec::plain_header({kind, static_cast<std::uint32_t>(rng.below(50)), counter});
  const Bytes rest = noise(rng, size);
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}

}  // namespace meshfs::sim
