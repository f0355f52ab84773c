#include "fsd/delta/patch_plan.h"

#include <algorithm>
#include <limits>

namespace meshfs::fsd {

namespace {

// Beside the place where a run's old bytes should be: it may have grown, shrunk or been cut elsewhere.
constexpr std::uint64_t kSlackBytes = 64 * 1024;
// The same for a list without any anchor, where only sizes say where it may have been; and if not even they are known.
constexpr std::uint64_t kBlindSlackBytes = 256 * 1024, kWideSlackBytes = 1024 * 1024;

// Plans in indices of the whole base; PatchPlan's own begin at its window.
class Planner {
 public:
  Planner(const codec::HashList& list, const BaseVersion& base, const ListPlace& place)
      : list_(list), base_(base), place_(place) {}

  std::optional<PatchPlan> plan() {
    find_kept();
    for (std::size_t i = 0; i < plan_.pieces.size(); ++i)
      if (!plan_.pieces[i].kept && !plan_.pieces[i].named) find_likely(i);
    const bool useful = std::any_of(plan_.pieces.begin(), plan_.pieces.end(),
                                    [](const Piece& piece) { return piece.kept || !piece.likely.empty(); });
    if (!useful) return std::nullopt;
    plan_.list = list_;
    join_ranges();
    narrow_window();
    return std::move(plan_);
  }

 private:
  using Piece = PatchPlan::Piece;
  // Where in the file the chunks that stayed on both sides of a changed piece end and begin.
  struct Anchors {
    bool before = false, after = false;
    std::uint64_t low = 0, high = 0;
  };

  [[nodiscard]] std::size_t place_in_base(const codec::ListItem& item, std::size_t expected) const;
  void find_kept();
  void find_likely(std::size_t at);
  [[nodiscard]] Anchors anchors_of(std::size_t at) const;
  void name_what_is_too_much(std::size_t at);
  void near_anchors(const Anchors& anchors, std::uint64_t bytes, std::vector<ItemRange>& out) const;
  void near_place(const Piece& piece, std::uint64_t bytes, std::vector<ItemRange>& out) const;
  void join_ranges();
  void narrow_window();
  // The base chunks that hold bytes [from, to), as far as there are such.
  void add_bytes(std::uint64_t from, std::uint64_t to, std::vector<ItemRange>& out) const;
  [[nodiscard]] std::uint64_t bytes_of(const ItemRange& range) const {
    return base_.items()[range.end() - 1].end() - base_.items()[range.first].offset;
  }
  [[nodiscard]] std::uint64_t list_bytes(const ItemRange& items) const {
    std::uint64_t bytes = 0;
    for (std::size_t i = items.first; i < items.end(); ++i) bytes += list_.items[i].size;
    return bytes;
  }

  const codec::HashList& list_;
  const BaseVersion& base_;
  const ListPlace& place_;
  PatchPlan plan_;
  std::uint64_t bytes_left_ = kMaxPlanBytes;
};

// Its index in the base, best right at `expected`; past the last one if it is not there.
std::size_t Planner::place_in_base(const codec::ListItem& item, std::size_t expected) const {
  const auto items = base_.items();
  if (expected < items.size() && items[expected].hash == item.hash && items[expected].size == item.size)
    return expected;
  const std::size_t at = base_.find(item.hash, expected).value_or(items.size());
  return at < items.size() && items[at].size == item.size ? at : items.size();
}

void Planner::find_kept() {
  const auto items = base_.items();
  std::size_t expected = place_.offset && !items.empty() ? base_.at_offset(*place_.offset) : 0;
  for (std::size_t i = 0; i < list_.items.size(); ++i) {
    const codec::ListItem& item = list_.items[i];
    const std::size_t at = place_in_base(item, expected);
    const bool kept = at < items.size();
    Piece* last = plan_.pieces.empty() ? nullptr : &plan_.pieces.back();
    if (last != nullptr && last->kept == kept && (!kept || last->base + last->items.count == at))
      last->items.count++;
    else
      plan_.pieces.push_back({{i, 1}, kept, kept ? at : 0, {}, false});
    if (kept) expected = at + 1;
  }
}

void Planner::add_bytes(std::uint64_t from, std::uint64_t to, std::vector<ItemRange>& out) const {
  const auto items = base_.items();
  from = std::max(from, items.front().offset);
  to = std::min(to, items.back().end());
  if (from >= to) return;
  const std::size_t first = base_.at_offset(from), last = base_.at_offset(to - 1);
  out.push_back({first, last + 1 - first});
}

static std::uint64_t less(std::uint64_t value, std::uint64_t by) { return value > by ? value - by : 0; }

Planner::Anchors Planner::anchors_of(std::size_t at) const {
  const auto items = base_.items();
  Anchors anchors;
  if (at > 0 && plan_.pieces[at - 1].kept) {
    anchors.before = true;
    anchors.low = items[plan_.pieces[at - 1].base + plan_.pieces[at - 1].items.count - 1].end();
  }
  if (at + 1 < plan_.pieces.size() && plan_.pieces[at + 1].kept) {
    anchors.after = true;
    anchors.high = items[plan_.pieces[at + 1].base].offset;
  }
  return anchors;
}

// Between the chunks that stayed on both sides; if that is much, or they are not in order, near each of them.
void Planner::near_anchors(const Anchors& anchors, std::uint64_t bytes, std::vector<ItemRange>& out) const {
  const std::uint64_t reach = bytes + kSlackBytes;
  const bool in_order = anchors.before && anchors.after && anchors.low <= anchors.high;
  if (in_order && anchors.high - anchors.low <= 2 * reach) return add_bytes(anchors.low, anchors.high, out);
  if (anchors.before) add_bytes(anchors.low, anchors.low + reach, out);
  if (anchors.after) add_bytes(less(anchors.high, reach), anchors.high, out);
}

// No chunk of the list stayed. What lies before it and behind it in the file can have grown or shrunk by as much as the
// file has: its bytes were somewhere between both extremes.
void Planner::near_place(const Piece& piece, std::uint64_t bytes, std::vector<ItemRange>& out) const {
  const auto items = base_.items();
  const std::uint64_t base_bytes = items.back().end() - items.front().offset;
  const std::uint64_t room = less(bytes_left_, bytes);
  if (!place_.offset) {
    if (base_bytes <= room) out.push_back({0, items.size()});
    return;
  }
  const std::uint64_t at = *place_.offset + list_bytes({0, piece.items.first});
  if (place_.file_bytes == 0) {
    const std::uint64_t slack = std::min(kWideSlackBytes, less(room, bytes) / 2);
    return add_bytes(less(at, slack), at + bytes + slack, out);
  }
  const std::uint64_t grown = less(place_.file_bytes, items.back().end());
  const std::uint64_t shrunk = less(items.back().end(), place_.file_bytes);
  const std::uint64_t low = less(at, grown + kBlindSlackBytes), high = at + bytes + shrunk + kBlindSlackBytes;
  if (high - low <= room) return add_bytes(low, high, out);
  // Too far apart: the two places that one insertion or deletion elsewhere would leave.
  const std::uint64_t other = less(at + shrunk, grown);
  for (const std::uint64_t from : {std::min(at, other), std::max(at, other)})
    add_bytes(less(from, kSlackBytes), from + bytes + kSlackBytes, out);
}

// Cuts a changed piece to what can still be read together with as much of the base; names the rest, or all.
void Planner::name_what_is_too_much(std::size_t at) {
  Piece& piece = plan_.pieces[at];
  std::uint64_t bytes = list_bytes(piece.items);
  std::size_t count = piece.items.count;
  while (count > 0 && 2 * bytes + 2 * kBlindSlackBytes > bytes_left_)
    bytes -= list_.items[piece.items.first + --count].size;
  if (count == piece.items.count) return;
  const ItemRange rest{piece.items.first + count, piece.items.count - count};
  piece.items.count = count;
  if (count == 0)
    piece = {rest, false, 0, {}, true};
  else
    plan_.pieces.insert(plan_.pieces.begin() + static_cast<std::ptrdiff_t>(at) + 1, {rest, false, 0, {}, true});
}

// Decides what is read for one changed piece, within what the plan may read at all.
void Planner::find_likely(std::size_t at) {
  const Anchors anchors = anchors_of(at);
  name_what_is_too_much(at);
  Piece& piece = plan_.pieces[at];
  if (piece.named) return;
  const std::uint64_t bytes = list_bytes(piece.items);
  std::vector<ItemRange> found;
  if (anchors.before || anchors.after)
    near_anchors(anchors, bytes, found);
  else
    near_place(piece, bytes, found);
  bytes_left_ -= bytes;
  for (const ItemRange& range : found) {
    if (bytes_of(range) > bytes_left_) continue;
    bytes_left_ -= bytes_of(range);
    piece.likely.push_back(range);
  }
  for (std::size_t i = piece.items.first; i < piece.items.end(); ++i) plan_.chunks.push_back(i);
}

void Planner::join_ranges() {
  std::vector<ItemRange> all;
  for (const Piece& piece : plan_.pieces) all.insert(all.end(), piece.likely.begin(), piece.likely.end());
  std::sort(all.begin(), all.end(), [](const ItemRange& a, const ItemRange& b) { return a.first < b.first; });
  for (const ItemRange& range : all) {
    if (plan_.ranges.empty() || plan_.ranges.back().end() < range.first)
      plan_.ranges.push_back(range);
    else
      plan_.ranges.back().count = std::max(plan_.ranges.back().end(), range.end()) - plan_.ranges.back().first;
  }
}

void Planner::narrow_window() {
  std::size_t low = std::numeric_limits<std::size_t>::max(), high = 0;
  const auto cover = [&](const ItemRange& range) {
    low = std::min(low, range.first);
    high = std::max(high, range.end());
  };
  for (const Piece& piece : plan_.pieces)
    if (piece.kept) cover({piece.base, piece.items.count});
  for (const ItemRange& range : plan_.ranges) cover(range);
  const auto window = base_.items().subspan(low, high - low);
  plan_.window.assign(window.begin(), window.end());
  for (Piece& piece : plan_.pieces) {
    if (piece.kept) piece.base -= low;
    for (ItemRange& range : piece.likely) range.first -= low;
  }
  for (ItemRange& range : plan_.ranges) range.first -= low;
}

}  // namespace

std::optional<PatchPlan> plan_patch(const codec::HashList& list, const BaseVersion& base, const ListPlace& place) {
  if (list.level != 1 || base.items().empty()) return std::nullopt;
  return Planner(list, base, place).plan();
}

}  // namespace meshfs::fsd
