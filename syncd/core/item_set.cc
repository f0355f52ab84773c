#include "syncd/core/item_set.h"

#include <algorithm>

namespace meshfs::syncd {

namespace {

// SplitMix64's finaliser (Steele, Lea, Flood 2014).
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

// An id's 16-byte share of the fingerprint. Ids are hashes already; the mixing keeps sums from following ids' sums.
struct Share {
  std::uint64_t low, high;
};
Share share_of(codec::ItemId id) {
  return {mix(id + 0x9e3779b97f4a7c15ull), mix(mix(id ^ 0xd1b54a32d192ed03ull) + 0x8cb92ba72f3d8dd7ull)};
}

bool id_less(const ItemSet::Item& item, codec::ItemId id) { return item.id < id; }

}  // namespace

Salt salt_of(const NetworkId& network, std::uint32_t epoch) {
  const std::array<std::uint8_t, 4> number{static_cast<std::uint8_t>(epoch), static_cast<std::uint8_t>(epoch >> 8),
                                           static_cast<std::uint8_t>(epoch >> 16),
                                           static_cast<std::uint8_t>(epoch >> 24)};
  return crypto::hash_in("meshfs-salt", {network.view(), number});
}

codec::ItemId item_id(const Salt& salt, const Hash& item) {
  const Hash hash = crypto::hash_in("meshfs-item", {salt.view(), item.view()});
  codec::ItemId id = 0;
  for (std::size_t i = 0; i < 8; ++i) id = id << 8 | hash.data[i];
  return id;
}

void ItemSet::Total::add(codec::ItemId id) {
  const Share share = share_of(id);
  ++count;
  low += share.low;
  high += share.high + (low < share.low ? 1 : 0);
}

void ItemSet::Total::subtract(codec::ItemId id) {
  const Share share = share_of(id);
  --count;
  high -= share.high + (low < share.low ? 1 : 0);
  low -= share.low;
}

void ItemSet::Total::add(const Total& other) {
  count += other.count;
  low += other.low;
  high += other.high + (low < other.low ? 1 : 0);
}

ItemSet::Sum ItemSet::Total::sum() const {
  Sum out{count, {}};
  for (std::size_t i = 0; i < 8; ++i) {
    out.fingerprint.data[i] = static_cast<std::uint8_t>(low >> (8 * i));
    out.fingerprint.data[8 + i] = static_cast<std::uint8_t>(high >> (8 * i));
  }
  return out;
}

std::size_t ItemSet::block_of(codec::ItemId id) const {
  const auto after = std::upper_bound(blocks_.begin(), blocks_.end(), id, [](codec::ItemId value, const Block& block) {
    return value < block.items.front().id;
  });
  return after == blocks_.begin() ? 0 : static_cast<std::size_t>(after - blocks_.begin()) - 1;
}

bool ItemSet::add(codec::ItemId id, std::uint64_t number) {
  if (blocks_.empty()) {
    blocks_.push_back({{{id, number}}, {}});
    blocks_.back().total.add(id);
    total_.add(id);
    return true;
  }
  const std::size_t at = block_of(id);
  Block& block = blocks_[at];
  const auto it = std::lower_bound(block.items.begin(), block.items.end(), id, id_less);
  if (it != block.items.end() && it->id == id) {
    it->number = number;
    return false;
  }
  block.items.insert(it, {id, number});
  block.total.add(id);
  total_.add(id);
  if (block.items.size() > kBlockItems) split(at);
  return true;
}

void ItemSet::split(std::size_t at) {
  Block upper;
  Block& lower = blocks_[at];
  const auto middle = lower.items.begin() + static_cast<std::ptrdiff_t>(lower.items.size() / 2);
  upper.items.assign(middle, lower.items.end());
  lower.items.erase(middle, lower.items.end());
  for (const Item& item : upper.items) {
    upper.total.add(item.id);
    lower.total.subtract(item.id);
  }
  blocks_.insert(blocks_.begin() + static_cast<std::ptrdiff_t>(at) + 1, std::move(upper));
}

bool ItemSet::remove(codec::ItemId id) {
  if (blocks_.empty()) return false;
  const std::size_t at = block_of(id);
  Block& block = blocks_[at];
  const auto it = std::lower_bound(block.items.begin(), block.items.end(), id, id_less);
  if (it == block.items.end() || it->id != id) return false;
  block.items.erase(it);
  block.total.subtract(id);
  total_.subtract(id);
  if (block.items.empty()) blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(at));
  return true;
}

void ItemSet::clear() {
  blocks_.clear();
  total_ = {};
}

ItemSet::Sum ItemSet::total() const { return total_.sum(); }

ItemSet::Sum ItemSet::sum_with(codec::ItemId lower, codec::ItemId upper, std::span<const codec::ItemId> added,
                               std::span<const codec::ItemId> removed) const {
  Total total = sum_of(lower, upper);
  for (const codec::ItemId id : added) total.add(id);
  for (const codec::ItemId id : removed) total.subtract(id);
  return total.sum();
}

ItemSet::Sum ItemSet::sum(codec::ItemId lower, codec::ItemId upper) const { return sum_of(lower, upper).sum(); }

ItemSet::Total ItemSet::sum_of(codec::ItemId lower, codec::ItemId upper) const {
  if (lower == 0 && upper == 0) return total_;
  Total total;
  const auto inside = [&](codec::ItemId id) { return id >= lower && (upper == 0 || id < upper); };
  for (std::size_t b = blocks_.empty() ? 0 : block_of(lower); b < blocks_.size(); ++b) {
    const Block& block = blocks_[b];
    if (upper != 0 && block.items.front().id >= upper) break;
    if (inside(block.items.front().id) && inside(block.items.back().id)) {
      total.add(block.total);
      continue;
    }
    for (const Item& item : block.items) {
      if (inside(item.id)) total.add(item.id);
    }
  }
  return total;
}

std::vector<ItemSet::Item> ItemSet::range(codec::ItemId lower, codec::ItemId upper, std::size_t limit) const {
  std::vector<Item> out;
  for (std::size_t b = blocks_.empty() ? 0 : block_of(lower); b < blocks_.size(); ++b) {
    const std::vector<Item>& items = blocks_[b].items;
    for (auto it = std::lower_bound(items.begin(), items.end(), lower, id_less); it != items.end(); ++it) {
      if ((upper != 0 && it->id >= upper) || out.size() >= limit) return out;
      out.push_back(*it);
    }
  }
  return out;
}

std::optional<std::uint64_t> ItemSet::find(codec::ItemId id) const {
  if (blocks_.empty()) return std::nullopt;
  const std::vector<Item>& items = blocks_[block_of(id)].items;
  const auto it = std::lower_bound(items.begin(), items.end(), id, id_less);
  if (it == items.end() || it->id != id) return std::nullopt;
  return it->number;
}

}  // namespace meshfs::syncd
