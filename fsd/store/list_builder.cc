#include "fsd/store/list_builder.h"

namespace meshfs::fsd {

static bool ends_list(std::uint8_t level, std::size_t items, const Hash& last) {
  if (items >= codec::kMaxListItems) return true;
  const std::uint8_t low = last.data.back();
  return level == 1 ? items >= ListBuilder::kMinItems && (low & 63) == 0
                    : items >= ListBuilder::kMinUpperItems && low == 0;
}

Status ListBuilder::add(std::uint8_t level, const codec::ListItem& item) {
  if (level > codec::kMaxListLevel) return error(Errc::too_large, "a file this large has no place in the format");
  if (levels_.size() < level) levels_.emplace_back();
  Level& here = levels_[level - 1u];
  here.items.push_back(item);
  if (!ends_list(level, here.items.size(), item.hash)) return {};
  auto list = end_list(level);
  if (!list) return list.failure();
  levels_[level - 1u].ended_one = true;
  return add(static_cast<std::uint8_t>(level + 1), *list);
}

Result<codec::ListItem> ListBuilder::end_list(std::uint8_t level) {
  const codec::HashList list{level, std::exchange(levels_[level - 1u].items, {})};
  codec::Blob blob;
  blob.kind = codec::BlobKind::list;
  blob.data = codec::encode_list(list);
  blob.plain_size = static_cast<std::uint32_t>(blob.data.size());
  blob.hash = codec::list_hash(blob.data);
  const codec::ListItem item{blob.hash, codec::size_of(list)};
  if (auto s = emit_(std::move(blob)); !s) return s.failure();
  return item;
}

Result<Hash> ListBuilder::finish() {
  for (std::uint8_t level = 1; level <= levels_.size(); ++level) {
    const bool top = level == levels_.size();
    if (top && level > 1 && !levels_[level - 1u].ended_one && levels_[level - 1u].items.size() == 1) {
      return levels_[level - 1u].items.front().hash;  // the only list of the level below is the root
    }
    if (levels_[level - 1u].items.empty()) continue;
    auto list = end_list(level);
    if (!list) return list.failure();
    if (top && !levels_[level - 1u].ended_one) return list->hash;
    if (auto s = add(static_cast<std::uint8_t>(level + 1), *list); !s) return s.failure();
  }
  CHECK(!levels_.empty());
  return error(Errc::internal, "a hash list without a root");
}

}  // namespace meshfs::fsd
