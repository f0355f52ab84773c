// Files over 64 KiB: a tree of hash lists (chunk.capnp). Level 1 lists chunks, level n lists lists of level n-1.
// The usual file has two levels; very large ones may have more. A blob is a chunk or an encoded list.
#pragma once

#include <vector>

#include "schema/vocab/ids.h"
#include "schema/vocab/result.h"

namespace meshfs::codec {

inline constexpr std::size_t kMinChunkBytes = 8 * 1024;
inline constexpr std::size_t kMaxChunkBytes = 64 * 1024;  // also the largest file that is one chunk
inline constexpr std::size_t kMaxListItems = 1024;        // per list, ~40 kB encoded
inline constexpr std::uint8_t kMaxListLevel = 4;

struct ListItem {
  Hash hash;               // of the chunk, or of the list one level below
  std::uint64_t size = 0;  // plain file bytes below it
  bool operator==(const ListItem&) const = default;
};
struct HashList {
  std::uint8_t level = 1;
  std::vector<ListItem> items;  // 1..kMaxListItems
  bool operator==(const HashList&) const = default;
};
std::uint64_t size_of(const HashList& list);

enum class BlobKind : std::uint8_t { chunk = 0, list = 1 };
Bytes encode_list(const HashList& list);  // canonical; its hash is list_hash(bytes)
Result<HashList> decode_list(ByteView bytes);
Hash list_hash(ByteView encoded);  // domain-separated from chunks
Hash blob_hash(BlobKind kind, ByteView plain);

}  // namespace meshfs::codec
