// First half of making a patch, from hashes alone: which chunks of a new list the base version has, and which bytes must
// be read to code the others. Cheap enough for the state thread, which can then read those bytes; make_patch()
// (patch_make.h) does the work on any thread. A plan is a value that needs nothing else.
#pragma once

#include "fsd/delta/base_version.h"
#include "fsd/delta/patch_format.h"

namespace meshfs::fsd {

// Most bytes that one plan asks to be read. The usual list of 1.3 MiB needs 3 MiB at most, one of 7 MiB (one in a thousand)
// fits if every chunk of it changed. What no longer fits is named by the patch and travels on its own.
inline constexpr std::size_t kMaxPlanBytes = 16 * 1024 * 1024;

// Where the new list lies in its file, as far as the caller knows. It only helps to find similar bytes when no chunk is
// the same (an edit in every chunk).
struct ListPlace {
  std::optional<std::uint64_t> offset;  // of the list's first byte in the new file
  std::uint64_t file_bytes = 0;         // of the whole new file; 0: not known
};

struct PatchPlan {
  // Items of the list that stand side by side: kept from the window, or changed.
  struct Piece {
    ItemRange items;
    bool kept = false;
    std::size_t base = 0;           // kept: the first one's place in `window`
    std::vector<ItemRange> likely;  // changed: base chunks where such bytes may be; they are among `reads`
    bool named = false;             // changed, but there is no room left to read it
  };
  codec::HashList list;
  std::vector<BaseItem> window;  // the part of the base that the patch may name
  std::vector<Piece> pieces;
  std::vector<std::size_t> chunks;  // to read: items of the list, rising
  std::vector<ItemRange> ranges;    // to read: runs of window chunks, apart, rising
  [[nodiscard]] std::uint64_t offset_of(const ItemRange& range) const { return window[range.first].offset; }
  [[nodiscard]] std::size_t bytes_of(const ItemRange& range) const {
    return static_cast<std::size_t>(window[range.end() - 1].end() - window[range.first].offset);
  }
};

// Nothing if a patch could not help: the base is empty, or has nothing in common with the list as far as can be told.
std::optional<PatchPlan> plan_patch(const codec::HashList& list, const BaseVersion& base, const ListPlace& place);

}  // namespace meshfs::fsd
