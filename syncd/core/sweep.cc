#include "syncd/core/sweep.h"

#include <algorithm>

namespace meshfs::syncd {

namespace {

constexpr codec::ItemId kWidest = codec::ItemId{1} << 63;
constexpr codec::ItemId kNarrowest = codec::ItemId{1} << 32;  // nobody has a thousand ids in so little

}  // namespace

Sweep::Sweep(std::uint64_t differences, std::uint64_t items)
    : most_(items < 2 * kMostItems ? kWidest : UINT64_MAX / items * kMostItems), width_(most_), gaps_{{0, 0}} {
  widen_to(UINT64_MAX / std::max<std::uint64_t>(differences, 1));
}

// Of everything it would be 0, but no slice is that wide.
codec::ItemId Sweep::width_of(codec::ItemId lower, codec::ItemId upper) { return upper - lower; }

void Sweep::widen_to(codec::ItemId per_difference) {
  width_ = per_difference > most_ / kExpected ? most_ : std::max(per_difference * kExpected, kNarrowest);
}

std::uint32_t Sweep::first_cells(codec::ItemId width) const {
  const auto share = std::min<codec::ItemId>(width / (width_ / kExpected), 2 * kExpected);  // differences
  return static_cast<std::uint32_t>(share * kFirstCells / kExpected) + 8;
}

Sweep::Slice* Sweep::next(Instant now) {
  const std::size_t most = seen_ == 0 ? 1 : kMostOpen;
  if (gaps_.empty() || open_.size() >= most) return nullptr;
  Gap& gap = gaps_.back();
  Slice slice{gap.lower, gap.upper, now};
  const codec::ItemId left = width_of(gap.lower, gap.upper);  // 0: everything
  if (left != 0 && left - 1 < width_ + width_ / 4) {
    gaps_.pop_back();  // no crumbs
  } else {
    slice.upper = gap.lower += width_;
  }
  slice.asked = first_cells(width_of(slice.lower, slice.upper));
  open_.push_back(std::move(slice));
  return &open_.back();
}

Sweep::Slice* Sweep::find(codec::ItemId lower, codec::ItemId upper) {
  const auto it =
      std::find_if(open_.begin(), open_.end(), [&](const Slice& s) { return s.lower == lower && s.upper == upper; });
  return it == open_.end() ? nullptr : &*it;
}

Sweep::Slice* Sweep::oldest() {
  const auto it =
      std::min_element(open_.begin(), open_.end(), [](const Slice& a, const Slice& b) { return a.at < b.at; });
  return it == open_.end() ? nullptr : &*it;
}

void Sweep::remove(const Slice& slice) { open_.erase(open_.begin() + (&slice - open_.data())); }

void Sweep::close(const Slice& slice, std::uint64_t differences) {
  seen_ += width_of(slice.lower, slice.upper);
  seen_differed_ += differences;
  remove(slice);
  widen_to(seen_ / std::max<std::uint64_t>(seen_differed_, 1));
}

void Sweep::again(const Slice& slice) {
  ++failures_;
  gaps_.push_back({slice.lower, slice.upper});
  remove(slice);
}

void Sweep::narrow(const Slice& slice, std::optional<std::uint32_t> likely) {
  const codec::ItemId width = width_of(slice.lower, slice.upper);
  again(slice);
  seen_ = seen_differed_ = 0;  // they misled
  widen_to(width / std::max<std::uint32_t>(likely.value_or(8 * kExpected), 1));
}

}  // namespace meshfs::syncd
