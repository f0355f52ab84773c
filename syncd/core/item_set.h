// What one set holds, for arithmetic only: salted ids in order with fsd's number of each item, in blocks with sums.
// 16 bytes per item; add, remove and range sums cost a binary search and one block.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "schema/codec/wire.h"

namespace meshfs::syncd {

// The salt hides contents from onlookers and changes which ids could collide: hash of network id and salt epoch.
using Salt = Hash;
Salt salt_of(const NetworkId& network, std::uint32_t epoch);
codec::ItemId item_id(const Salt& salt, const Hash& item);

class ItemSet {
 public:
  struct Item {
    codec::ItemId id = 0;
    std::uint64_t number = 0;  // fsd's
  };
  struct Sum {
    std::uint64_t count = 0;
    codec::Fingerprint fingerprint;
    bool operator==(const Sum&) const = default;
  };

  // At least so many differ.
  static std::uint64_t apart(const Sum& a, const Sum& b) {
    return a.count < b.count ? b.count - a.count : a.count - b.count;
  }

  // Adding an id that is there replaces its number; removing one that is not does nothing. True if the set changed.
  bool add(codec::ItemId id, std::uint64_t number);
  bool remove(codec::ItemId id);
  void clear();

  [[nodiscard]] std::uint64_t size() const { return total_.count; }
  [[nodiscard]] Sum total() const;
  // Ids in [lower, upper); upper 0 stands for 2^64.
  [[nodiscard]] Sum sum(codec::ItemId lower, codec::ItemId upper) const;
  // What that would be with these ids added and those, which are in it, removed.
  [[nodiscard]] Sum sum_with(codec::ItemId lower, codec::ItemId upper, std::span<const codec::ItemId> added,
                             std::span<const codec::ItemId> removed) const;
  template <class Visit>
  void for_each(codec::ItemId lower, codec::ItemId upper, Visit&& visit) const {
    for (std::size_t b = blocks_.empty() ? 0 : block_of(lower); b < blocks_.size(); ++b) {
      for (const Item& item : blocks_[b].items) {
        if (upper != 0 && item.id >= upper) return;
        if (item.id >= lower) visit(item);
      }
    }
  }
  [[nodiscard]] std::vector<Item> range(codec::ItemId lower, codec::ItemId upper, std::size_t limit) const;
  [[nodiscard]] std::optional<std::uint64_t> find(codec::ItemId id) const;

 private:
  static constexpr std::size_t kBlockItems = 256;  // a sum over part of a block touches 2 KiB at most on average
  struct Total {
    std::uint64_t count = 0, low = 0, high = 0;  // low and high: the 128-bit sum
    void add(codec::ItemId id);
    void subtract(codec::ItemId id);
    void add(const Total& other);
    [[nodiscard]] Sum sum() const;
  };
  struct Block {
    std::vector<Item> items;  // sorted by id, never empty
    Total total;
  };
  [[nodiscard]] std::size_t block_of(codec::ItemId id) const;  // the last block that begins at or before id; 0 if none
  void split(std::size_t block);
  [[nodiscard]] Total sum_of(codec::ItemId lower, codec::ItemId upper) const;

  std::vector<Block> blocks_;
  Total total_;
};

}  // namespace meshfs::syncd
