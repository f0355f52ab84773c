// Rateless invertible Bloom lookup table (Yang, Gilad, Alizadeh: "Practical Rateless Set Reconciliation", arXiv 2402.02668)
// over item ids: an endless row of cells, each the xor of some ids of a set. The cells of two sets, xored, are those of
// their difference, and about 1.4 to 2 of them per differing id give all these ids back, however large the sets are.
// Whoever has the first n cells only needs the next ones: nothing is ever sent twice.
//
// An id falls into cell 0 and then into cell i with chance 1 / (1 + i / 2), by a generator that the id itself seeds. All
// of it is integer arithmetic, so that every machine draws the same cells. A cell is 11 bytes (codec::SketchCell): the
// paper's count is left out, since who decodes knows from its own set on whose side an id is; with a check of 24 bits one
// of a thousand differences of 1,000 ids decodes wrongly, which the fingerprint tells.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "schema/codec/wire.h"

namespace meshfs::syncd {

// The first kCells cells of one set, kept up to date: 32 KiB, and about 14 cells change with each id.
class Sketch {
 public:
  static constexpr std::uint32_t kCells = codec::kMaxCells;

  // Adds the id, or takes it out again: both are the same xor. The caller knows whether it is there.
  void toggle(codec::ItemId id);
  // At most `number` cells from `first` on; fewer where the row ends.
  [[nodiscard]] std::vector<codec::SketchCell> cells(std::uint32_t first, std::uint32_t number) const;
  void clear() { cells_.clear(); }

 private:
  std::vector<codec::SketchCell> cells_;  // none until the first id
};

// Ids in either set but not in both, from the first cells of both xored; in no order. Nothing if these cells do not suffice
// or make no sense. May give wrong ids where somebody made them up: check the result by the fingerprints. At most as many
// steps as there are cells, about 14 cells each.
std::optional<std::vector<codec::ItemId>> decode(std::vector<codec::SketchCell> difference);

// How many ids such cells are likely to hold, from the share of empty ones among the last quarter; nothing if none is empty:
// then there are more than about twice as many as cells.
std::optional<std::uint32_t> estimate(std::span<const codec::SketchCell> difference);

// Adds the id to those of the cells [first, first + row.size()) that it falls into.
void add_to(std::span<codec::SketchCell> row, std::uint32_t first, codec::ItemId id);

// a[i] ^= b[i] as far as both go.
void combine(std::vector<codec::SketchCell>& a, std::span<const codec::SketchCell> b);

}  // namespace meshfs::syncd
