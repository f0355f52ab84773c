// The version that a patch is made against, as its chunks in file order. Both ends know it: they hold it. A value; the
// index by hash is built once and serves every list of the new version.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "schema/codec/hash_list.h"

namespace meshfs::fsd {

struct BaseItem {
  Hash hash;                 // of the chunk
  std::uint64_t offset = 0;  // of its first byte in the file
  std::uint32_t size = 0;    // 1..kMaxChunkBytes
  [[nodiscard]] std::uint64_t end() const { return offset + size; }
  bool operator==(const BaseItem&) const = default;
};

// Most chunks that one patch may refer to: 1 GiB of an ordinary file, 3 MB of memory. A larger base is given in part.
inline constexpr std::size_t kMaxBaseItems = 65'536;

// Bytes [offset, offset + length) of the base version. Anything but exactly `length` bytes counts as "not here".
using ReadBase = std::function<Result<Bytes>(std::uint64_t offset, std::size_t length)>;

// Items one behind the other without a gap, sizes within their limits, at most kMaxBaseItems.
bool well_formed(std::span<const BaseItem> items);

class BaseVersion {
 public:
  // Well-formed items; the first need not lie at offset 0.
  explicit BaseVersion(std::vector<BaseItem> items);
  [[nodiscard]] std::span<const BaseItem> items() const { return items_; }
  // The item of that hash that is nearest to index `near`; nothing if there is none.
  [[nodiscard]] std::optional<std::size_t> find(const Hash& hash, std::size_t near) const;
  // Index of the item that holds byte `offset`, clamped to the first and last one. There must be an item.
  [[nodiscard]] std::size_t at_offset(std::uint64_t offset) const;

 private:
  std::vector<BaseItem> items_;
  std::vector<std::uint32_t> by_hash_;  // indices, sorted by hash, then index
};

}  // namespace meshfs::fsd
