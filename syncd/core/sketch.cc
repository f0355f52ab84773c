#include "syncd/core/sketch.h"

#include <algorithm>

namespace meshfs::syncd {

namespace {

// SplitMix64 (Steele, Lea, Flood 2014): the next number of the id's own generator.
std::uint64_t next(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15ull;
  std::uint64_t x = state;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

// Largest r with r * r <= x, digit by digit.
std::uint32_t root_of(std::uint64_t x) {
  std::uint64_t root = 0;
  for (std::uint64_t bit = std::uint64_t{1} << 62; bit != 0; bit >>= 2) {
    if (x >= root + bit) {
      x -= root + bit;
      root = (root >> 1) + bit;
    } else {
      root >>= 1;
    }
  }
  return static_cast<std::uint32_t>(root);
}

// The cells that an id falls into, ascending, up to `limit`.
template <class Visit>
void for_each_cell(codec::ItemId id, std::size_t limit, Visit&& visit) {
  std::uint64_t state = id;
  std::uint64_t cell = 0;
  while (cell < limit) {
    visit(static_cast<std::size_t>(cell));
    // Paper, 4.2: the gap is (cell + 3/2) (1 / sqrt(r) - 1), rounded up, r uniform in (0, 1]; here r = (u / 2^32)^2.
    const std::uint64_t u = std::max<std::uint32_t>(1, root_of(next(state)));
    const std::uint64_t above = (2 * cell + 3) * ((std::uint64_t{1} << 32) - u);
    cell += std::max<std::uint64_t>(1, (above + 2 * u - 1) / (2 * u));
  }
}

std::uint32_t check_of(codec::ItemId id) {
  std::uint64_t state = id ^ 0x6d657368736b6574ull;
  return static_cast<std::uint32_t>(next(state) >> 40);
}

codec::SketchCell cell_of(codec::ItemId id) { return {id, check_of(id)}; }

void add(codec::SketchCell& to, const codec::SketchCell& what) {
  to.ids ^= what.ids;
  to.checks ^= what.checks;
}

bool is_empty(const codec::SketchCell& cell) { return cell.ids == 0 && cell.checks == 0; }
bool holds_one(const codec::SketchCell& cell) { return !is_empty(cell) && cell.checks == check_of(cell.ids); }

}  // namespace

void add_to(std::span<codec::SketchCell> row, std::uint32_t first, codec::ItemId id) {
  const codec::SketchCell one = cell_of(id);
  for_each_cell(id, first + row.size(), [&](std::size_t cell) {
    if (cell >= first) add(row[cell - first], one);
  });
}

void Sketch::toggle(codec::ItemId id) {
  if (cells_.empty()) cells_.resize(kCells);
  add_to(cells_, 0, id);
}

std::vector<codec::SketchCell> Sketch::cells(std::uint32_t first, std::uint32_t number) const {
  first = std::min(first, kCells);
  number = std::min(number, kCells - first);
  if (cells_.empty()) return std::vector<codec::SketchCell>(number);
  return {cells_.begin() + first, cells_.begin() + first + number};
}

void combine(std::vector<codec::SketchCell>& a, std::span<const codec::SketchCell> b) {
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) add(a[i], b[i]);
}

std::optional<std::vector<codec::ItemId>> decode(std::vector<codec::SketchCell> difference) {
  std::vector<codec::ItemId> ids;
  std::vector<std::size_t> ready;
  for (std::size_t i = 0; i < difference.size(); ++i) {
    if (holds_one(difference[i])) ready.push_back(i);
  }
  while (!ready.empty()) {
    const codec::SketchCell one = difference[ready.back()];
    ready.pop_back();
    if (!holds_one(one)) continue;  // taken out from another cell meanwhile
    if (ids.size() >= difference.size()) return std::nullopt;
    ids.push_back(one.ids);
    for_each_cell(one.ids, difference.size(), [&](std::size_t cell) {
      add(difference[cell], one);
      if (holds_one(difference[cell])) ready.push_back(cell);
    });
  }
  if (!std::all_of(difference.begin(), difference.end(), is_empty)) return std::nullopt;
  return ids;
}

std::optional<std::uint32_t> estimate(std::span<const codec::SketchCell> difference) {
  const auto size = static_cast<std::uint32_t>(difference.size());
  const std::span<const codec::SketchCell> tail = difference.subspan(size - size / 4);
  const auto empty = static_cast<std::uint32_t>(std::count_if(tail.begin(), tail.end(), is_empty));
  if (empty == 0) return std::nullopt;
  // A cell there holds none of d ids with chance (1 - p)^d, p = 1 / (1 + i / 2): look for the d that leaves as many empty.
  const double p = 1.0 / (1.0 + (static_cast<double>(size) * 7 / 8) / 2);
  double left = static_cast<double>(tail.size());
  std::uint32_t ids = 0;
  while (left > empty && ids < 2 * Sketch::kCells) {
    left *= 1 - p;
    ++ids;
  }
  return ids;
}

}  // namespace meshfs::syncd
