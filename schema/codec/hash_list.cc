#include "schema/codec/hash_list.h"

#include "schema/chunk.capnp.h"
#include "schema/codec/format.h"
#include "schema/crypto/hash.h"

namespace meshfs::codec {

// Most plain bytes that one item of a list at `level` stands for.
static std::uint64_t max_item_bytes(std::uint8_t level) {
  std::uint64_t bytes = kMaxChunkBytes;
  for (std::uint8_t i = 1; i < level; ++i) bytes *= kMaxListItems;
  return bytes;
}

static void write(format::HashList::Builder to, const HashList& from) {
  to.setLevel(from.level);
  auto hashes = to.initHashes(list_size(from.items.size() * Hash::kSize));
  auto sizes = to.initSizes(list_size(from.items.size()));
  for (std::size_t i = 0; i < from.items.size(); ++i) {
    std::memcpy(hashes.begin() + i * Hash::kSize, from.items[i].hash.data.data(), Hash::kSize);
    sizes.set(static_cast<unsigned>(i), from.items[i].size);
  }
}

static Status read(format::HashList::Reader from, HashList& to) {
  to.level = from.getLevel();
  if (to.level < 1 || to.level > kMaxListLevel) return malformed("a hash list of an impossible level");
  std::vector<Hash> hashes;
  if (Status s = read_joined(from.getHashes(), kMaxListItems, hashes); !s) return s;
  const auto sizes = from.getSizes();
  if (hashes.empty() || sizes.size() != hashes.size()) return malformed("a hash list whose sizes and hashes disagree");
  to.items.reserve(hashes.size());
  for (unsigned i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == 0 || sizes[i] > max_item_bytes(to.level))
      return malformed("a hash list item of an impossible size");
    to.items.push_back({hashes[i], sizes[i]});
  }
  return {};
}

constexpr std::size_t kMaxListBytes = kMaxListItems * 40 + 64;  // items, and pointers around them

std::uint64_t size_of(const HashList& list) {
  std::uint64_t size = 0;
  for (const ListItem& item : list.items) size += item.size;
  return size;
}

Bytes encode_list(const HashList& list) { return copy_of(bytes_of(canonical_words<format::HashList>(list))); }

Result<HashList> decode_list(ByteView bytes) {
  if (bytes.size() > kMaxListBytes) return over_limit("a hash list is larger than its limit");
  if (bytes.size() % sizeof(capnp::word) != 0) return malformed("a hash list that is not whole words");
  return decode_strict<format::HashList, HashList>(words_from(bytes));
}

Hash list_hash(ByteView encoded) { return crypto::hash_in("meshfs list", {encoded}); }

Hash blob_hash(BlobKind kind, ByteView plain) {
  return kind == BlobKind::list ? list_hash(plain) : crypto::hash_of(plain);
}

}  // namespace meshfs::codec
