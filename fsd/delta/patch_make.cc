#include "fsd/delta/patch_make.h"

#include "fsd/delta/sample_index.h"

namespace meshfs::fsd {

namespace {

using Kind = PatchOp::Kind;

// What a named chunk costs in a patch.
constexpr std::size_t kNamedBytes = Hash::kSize + 5;
// What an op can cost beside its data: tag, ranges, length; and per chunk its size.
constexpr std::size_t kOpBytes = 8 + kMaxBaseRanges * 6, kSizeBytes = 3;
constexpr std::size_t kWindowBytes = 12;

// Some chunks in a row that share one frame.
struct Run {
  ItemRange items;
  std::vector<ItemRange> base;  // apart, rising
  std::size_t plain_bytes = 0;
};

// An op to be, and the bytes that it will view.
struct Part {
  PatchOp op;
  ItemRange items;
  Bytes data;
  std::size_t plain_bytes = 0;  // of what `data` stands for
  [[nodiscard]] std::size_t cost() const {
    if (op.kind == Kind::keep) return kOpBytes;
    return kOpBytes + data.size() + items.count * (op.kind == Kind::named ? kNamedBytes : kSizeBytes);
  }
};

class Maker {
 public:
  Maker(const PatchPlan& plan, const PatchBytes& bytes)
      : plan_(plan), bytes_(bytes), base_left_(kBasePerPlain * codec::size_of(plan.list) + kMaxBaseBytes) {
    for (std::size_t i = 0; i < plan.ranges.size(); ++i) samples_.add(plan.offset_of(plan.ranges[i]), bytes.ranges[i]);
    samples_.seal();
  }

  std::optional<Bytes> make() {
    for (const PatchPlan::Piece& piece : plan_.pieces) {
      if (piece.kept)
        keep(piece);
      else if (piece.named)
        parts_.push_back(named(piece.items));
      else
        code(piece);
    }
    shed();
    const auto is_named = [](const Part& part) { return part.op.kind == Kind::named; };
    if (std::all_of(parts_.begin(), parts_.end(), is_named)) return std::nullopt;
    PatchWriter writer(plan_.window);
    for (Part& part : parts_) {
      part.op.data = part.data;
      writer.add(part.op);
    }
    if (writer.size() > kMaxPatchBytes) return std::nullopt;  // a thousand chunks kept one by one, and all others named
    return writer.take();
  }

 private:
  void keep(const PatchPlan::Piece& piece);
  void code(const PatchPlan::Piece& piece);
  void code(const Run& run);
  void shed();
  [[nodiscard]] Part named(const ItemRange& items) const;
  [[nodiscard]] std::vector<ItemRange> places_of(ByteView chunk, const PatchPlan::Piece& piece) const;
  [[nodiscard]] ByteView chunk_bytes(std::size_t item) const;
  [[nodiscard]] std::vector<ItemRange> readable_items(std::uint64_t from, std::uint64_t to) const;
  [[nodiscard]] Bytes base_bytes(const std::vector<ItemRange>& ranges) const;
  [[nodiscard]] bool fits(const Run& run) const;

  const PatchPlan& plan_;
  const PatchBytes& bytes_;
  std::uint64_t base_left_;  // base bytes that the receiver may still be made to read
  std::vector<Part> parts_;
  SampleIndex samples_;
  DeltaCodec codec_;
};

// Ranges sorted, and joined where they touch.
std::vector<ItemRange> joined(std::vector<ItemRange> ranges) {
  std::sort(ranges.begin(), ranges.end(), [](const ItemRange& a, const ItemRange& b) { return a.first < b.first; });
  std::vector<ItemRange> out;
  for (const ItemRange& range : ranges) {
    if (out.empty() || out.back().end() < range.first)
      out.push_back(range);
    else
      out.back().count = std::max(out.back().end(), range.end()) - out.back().first;
  }
  return out;
}

void Maker::keep(const PatchPlan::Piece& piece) {
  Part part{{}, piece.items, {}, 0};
  part.op.ranges.push_back({piece.base, piece.items.count});
  parts_.push_back(std::move(part));
}

Part Maker::named(const ItemRange& items) const {
  Part part{{}, items, {}, 0};
  part.op.kind = Kind::named;
  for (std::size_t i = items.first; i < items.end(); ++i) {
    part.op.hashes.push_back(plan_.list.items[i].hash);
    part.op.sizes.push_back(static_cast<std::uint32_t>(plan_.list.items[i].size));
  }
  return part;
}

// If all of it is too much for one patch, names the runs whose bytes are saved least by being here.
void Maker::shed() {
  std::size_t total = kWindowBytes;
  std::vector<std::size_t> brought;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    total += parts_[i].cost();
    if (parts_[i].plain_bytes > 0) brought.push_back(i);
  }
  std::sort(brought.begin(), brought.end(), [&](std::size_t a, std::size_t b) {
    const std::size_t one = parts_[a].data.size() * parts_[b].plain_bytes;
    const std::size_t other = parts_[b].data.size() * parts_[a].plain_bytes;
    return one != other ? one > other : a < b;
  });
  for (const std::size_t i : brought) {
    if (total <= kMaxPatchBytes) return;
    Part instead = named(parts_[i].items);
    if (instead.cost() >= parts_[i].cost()) continue;
    total -= parts_[i].cost() - instead.cost();
    parts_[i] = std::move(instead);
  }
}

ByteView Maker::chunk_bytes(std::size_t item) const {
  const auto at = std::lower_bound(plan_.chunks.begin(), plan_.chunks.end(), item);
  if (at == plan_.chunks.end() || *at != item) return {};
  const Bytes& bytes = bytes_.chunks[static_cast<std::size_t>(at - plan_.chunks.begin())];
  return bytes.size() == plan_.list.items[item].size ? ByteView(bytes) : ByteView();
}

// The chunks that hold base bytes [from, to), as far as they were read.
std::vector<ItemRange> Maker::readable_items(std::uint64_t from, std::uint64_t to) const {
  std::vector<ItemRange> out;
  for (std::size_t r = 0; r < plan_.ranges.size(); ++r) {
    if (bytes_.ranges[r].size() != plan_.bytes_of(plan_.ranges[r])) continue;
    ItemRange found{plan_.ranges[r].first, 0};
    for (std::size_t i = plan_.ranges[r].first; i < plan_.ranges[r].end(); ++i) {
      if (plan_.window[i].end() <= from || plan_.window[i].offset >= to) continue;
      if (found.count++ == 0) found.first = i;
    }
    if (found.count > 0) out.push_back(found);
  }
  return out;
}

Bytes Maker::base_bytes(const std::vector<ItemRange>& ranges) const {
  Bytes out;
  for (const ItemRange& range : ranges) {
    for (std::size_t r = 0; r < plan_.ranges.size(); ++r) {
      const ItemRange& read = plan_.ranges[r];
      if (range.first < read.first || range.end() > read.end()) continue;
      const auto from = static_cast<std::ptrdiff_t>(plan_.offset_of(range) - plan_.offset_of(read));
      const auto first = bytes_.ranges[r].begin() + from;
      out.insert(out.end(), first, first + static_cast<std::ptrdiff_t>(plan_.bytes_of(range)));
    }
  }
  return out;
}

// Where a chunk's bytes come from: as its samples say, else all of what the plan thought likely if that is little.
std::vector<ItemRange> Maker::places_of(ByteView chunk, const PatchPlan::Piece& piece) const {
  static constexpr std::size_t kPlaces = 3;
  std::vector<ItemRange> out;
  for (const SampleIndex::Extent& extent : samples_.find(chunk, kPlaces)) {
    const auto items = readable_items(extent.from, extent.to);
    out.insert(out.end(), items.begin(), items.end());
  }
  if (!out.empty()) return joined(out);
  std::size_t bytes = 0;
  for (const ItemRange& range : piece.likely) bytes += plan_.bytes_of(range);
  if (bytes > kMaxRunBytes) return {};
  for (const ItemRange& range : piece.likely) {
    const auto items = readable_items(plan_.offset_of(range), plan_.window[range.end() - 1].end());
    out.insert(out.end(), items.begin(), items.end());
  }
  return joined(out);
}

bool Maker::fits(const Run& run) const {
  if (run.plain_bytes > kMaxRunBytes || run.base.size() > kMaxBaseRanges) return false;
  std::size_t bytes = 0;
  for (const ItemRange& range : run.base) {
    bytes += plan_.bytes_of(range);
    if (range.count > run.items.count + kMaxExtraItems) return false;
  }
  return bytes <= kMaxBaseBytes && bytes <= base_left_;
}

// Gathers the piece's chunks into runs as long as their base stays within its limits. Chunks without a base stay apart:
// they are what a patch sheds first.
void Maker::code(const PatchPlan::Piece& piece) {
  Run run;
  const auto flush = [&] {
    if (run.items.count > 0) code(run);
    run = {};
  };
  for (std::size_t i = piece.items.first; i < piece.items.end(); ++i) {
    const ByteView chunk = chunk_bytes(i);
    if (chunk.empty()) {
      flush();
      parts_.push_back(named({i, 1}));
      continue;
    }
    Run alone{{i, 1}, places_of(chunk, piece), chunk.size()};
    if (!fits(alone)) alone.base.clear();
    Run longer{{run.items.first, run.items.count + 1}, run.base, run.plain_bytes + chunk.size()};
    longer.base.insert(longer.base.end(), alone.base.begin(), alone.base.end());
    longer.base = joined(std::move(longer.base));
    if (run.items.count > 0 && run.base.empty() == alone.base.empty() && fits(longer)) {
      run = std::move(longer);
      continue;
    }
    flush();
    run = std::move(alone);
  }
  flush();
}

void Maker::code(const Run& run) {
  Part part{{}, run.items, {}, run.plain_bytes};
  for (std::size_t i = run.items.first; i < run.items.end(); ++i) {
    const ByteView chunk = chunk_bytes(i);
    part.data.insert(part.data.end(), chunk.begin(), chunk.end());
    part.op.sizes.push_back(static_cast<std::uint32_t>(chunk.size()));
  }
  const Bytes base = base_bytes(run.base);
  part.op.kind = Kind::raw;
  if (auto frame = codec_.make_frame(part.data, base)) {
    part.op.kind = Kind::delta;
    part.op.ranges = run.base;
    part.data = std::move(*frame);
    base_left_ -= base.size();
  }
  parts_.push_back(std::move(part));
}

}  // namespace

std::optional<Bytes> make_patch(const PatchPlan& plan, const PatchBytes& bytes) {
  CHECK(bytes.chunks.size() == plan.chunks.size() && bytes.ranges.size() == plan.ranges.size());
  return Maker(plan, bytes).make();
}

}  // namespace meshfs::fsd
