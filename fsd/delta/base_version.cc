#include "fsd/delta/base_version.h"

#include <numeric>

namespace meshfs::fsd {

bool well_formed(std::span<const BaseItem> items) {
  if (items.size() > kMaxBaseItems) return false;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].size == 0 || items[i].size > codec::kMaxChunkBytes) return false;
    if (i > 0 && items[i].offset != items[i - 1].end()) return false;
  }
  return true;
}

BaseVersion::BaseVersion(std::vector<BaseItem> items) : items_(std::move(items)), by_hash_(items_.size()) {
  CHECK(well_formed(items_));
  std::iota(by_hash_.begin(), by_hash_.end(), 0u);
  std::sort(by_hash_.begin(), by_hash_.end(), [&](std::uint32_t a, std::uint32_t b) {
    const auto order = items_[a].hash <=> items_[b].hash;
    return order != 0 ? order < 0 : a < b;
  });
}

std::optional<std::size_t> BaseVersion::find(const Hash& hash, std::size_t near) const {
  // The first of this hash at or past `near`; the one before it, if of this hash too, may be nearer.
  const auto found = std::lower_bound(by_hash_.begin(), by_hash_.end(), near, [&](std::uint32_t i, std::size_t at) {
    const auto order = items_[i].hash <=> hash;
    return order != 0 ? order < 0 : i < at;
  });
  std::optional<std::size_t> best;
  if (found != by_hash_.end() && items_[*found].hash == hash) best = *found;
  if (found != by_hash_.begin()) {
    const std::size_t before = *std::prev(found);
    if (items_[before].hash == hash && (!best || near - before < *best - near)) best = before;
  }
  return best;
}

std::size_t BaseVersion::at_offset(std::uint64_t offset) const {
  CHECK(!items_.empty());
  const auto behind = std::upper_bound(items_.begin(), items_.end(), offset,
                                       [](std::uint64_t at, const BaseItem& item) { return at < item.offset; });
  return behind == items_.begin() ? 0 : static_cast<std::size_t>(behind - items_.begin() - 1);
}

}  // namespace meshfs::fsd
