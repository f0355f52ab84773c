// Gathers the chunks of a large file into hash lists whose bounds, too, follow the content: an inserted chunk changes
// the list it is in and the lists above, not all lists behind it. Part of the format, as the chunker is.
//
// The rule. Level 1: a list ends behind an item whose hash has its low 6 bits (of the last byte) zero, once it has 16
// items. Higher levels: low 8 bits zero, once it has 256 items, so that even hostile content never needs a level above
// kMaxListLevel (16 * 256^3 chunks of 8 KiB: 2 TiB). At kMaxListItems a list always ends. Usual means: 80 chunks =
// 1.3 MiB per level-1 list, 512 such lists = 640 MiB per level-2 list.
// The root is the first list that is alone on its level.
#pragma once

#include <functional>
#include <vector>

#include "schema/codec/hash_list.h"
#include "schema/codec/wire.h"

namespace meshfs::fsd {

class ListBuilder {
 public:
  static constexpr std::size_t kMinItems = 16, kMinUpperItems = 256;
  // `emit` takes each finished list as a plain blob; its failure is handed on.
  explicit ListBuilder(std::function<Status(codec::Blob)> emit) : emit_(std::move(emit)) {}
  Status add(const codec::ListItem& chunk) { return add(1, chunk); }
  // The root of everything added (at least one chunk). too_large beyond kMaxListLevel levels.
  Result<Hash> finish();

 private:
  struct Level {
    std::vector<codec::ListItem> items;  // of the list that is growing
    bool ended_one = false;              // some list of this level ended before
  };
  Status add(std::uint8_t level, const codec::ListItem& item);
  Result<codec::ListItem> end_list(std::uint8_t level);

  std::function<Status(codec::Blob)> emit_;
  std::vector<Level> levels_;  // [0] is level 1
};

}  // namespace meshfs::fsd
