#include "fsd/delta/patch_make.h"

#include "fsd/delta/sample_index.h"

namespace meshfs::fsd {

namespace {

using Kind = PatchOp::Kind;

// What a named chunk costs in a patch; also what must stay free for each chunk that is still to come.
constexpr std::size_t kNamedBytes = Hash::kSize + 5;
// Beside its frame, what an op can cost: tag, ranges, length; and per chunk its size.
constexpr std::size_t kOpBytes = 8 + kMaxBaseRanges * 6;
constexpr std::size_t kSizeBytes = 3;

// Some chunks in a row that share one frame.
struct Run {
  ItemRange items;
  std::vector<ItemRange> base;  // apart, rising
  std::size_t plain_bytes = 0;
};

class Maker {
 public:
  Maker(const PatchPlan& plan, const PatchBytes& bytes)
      : plan_(plan), bytes_(bytes), writer_(plan.window), items_left_(plan.list.items.size()) {
    for (std::size_t i = 0; i < plan.ranges.size(); ++i) samples_.add(plan.offset_of(plan.ranges[i]), bytes.ranges[i]);
    samples_.seal();
  }

  std::optional<Bytes> make() {
    for (const PatchPlan::Piece& piece : plan_.pieces) {
      if (piece.kept)
        keep(piece);
      else if (piece.named)
        name(piece.items);
      else
        code(piece);
    }
    CHECK(writer_.size() <= kMaxPatchBytes);
    if (!useful_) return std::nullopt;
    return writer_.take();
  }

 private:
  void keep(const PatchPlan::Piece& piece);
  void name(const ItemRange& items);
  void code(const PatchPlan::Piece& piece);
  void write(const Run& run);
  std::vector<ItemRange> places_of(ByteView chunk, const PatchPlan::Piece& piece) const;
  [[nodiscard]] ByteView chunk_bytes(std::size_t item) const;
  [[nodiscard]] std::vector<ItemRange> readable_items(std::uint64_t from, std::uint64_t to) const;
  [[nodiscard]] Bytes base_bytes(const std::vector<ItemRange>& ranges) const;
  [[nodiscard]] bool fits(const Run& run) const;
  void add(const PatchOp& op) {
    writer_.add(op);
    items_left_ -= op.chunks();
  }

  const PatchPlan& plan_;
  const PatchBytes& bytes_;
  PatchWriter writer_;
  std::size_t items_left_;
  SampleIndex samples_;
  DeltaCodec codec_;
  bool useful_ = false;
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
  PatchOp op;
  op.ranges.push_back({piece.base, piece.items.count});
  add(op);
  useful_ = true;
}

void Maker::name(const ItemRange& items) {
  PatchOp op;
  op.kind = Kind::named;
  for (std::size_t i = items.first; i < items.end(); ++i) {
    op.hashes.push_back(plan_.list.items[i].hash);
    op.sizes.push_back(static_cast<std::uint32_t>(plan_.list.items[i].size));
  }
  add(op);
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
  static constexpr std::size_t kMinVotes = 2, kPlaces = 3;
  std::vector<ItemRange> out;
  for (const SampleIndex::Extent& extent : samples_.find(chunk, kPlaces)) {
    if (extent.votes < kMinVotes) continue;
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
  return bytes <= kMaxBaseBytes && bytes <= kBasePerPlain * run.plain_bytes;
}

// Gathers the piece's chunks into runs as long as their base stays within its limits.
void Maker::code(const PatchPlan::Piece& piece) {
  Run run;
  const auto flush = [&] {
    if (run.items.count > 0) write(run);
    run = {};
  };
  for (std::size_t i = piece.items.first; i < piece.items.end(); ++i) {
    const ByteView chunk = chunk_bytes(i);
    if (chunk.empty()) {
      flush();
      name({i, 1});
      continue;
    }
    Run alone{{i, 1}, places_of(chunk, piece), chunk.size()};
    if (!fits(alone)) alone.base.clear();
    Run longer{{run.items.first, run.items.count + 1}, run.base, run.plain_bytes + chunk.size()};
    longer.base.insert(longer.base.end(), alone.base.begin(), alone.base.end());
    longer.base = joined(std::move(longer.base));
    if (run.items.count > 0 && fits(longer)) {
      run = std::move(longer);
      continue;
    }
    flush();
    run = std::move(alone);
  }
  flush();
}

void Maker::write(const Run& run) {
  Bytes plain;
  PatchOp op;
  for (std::size_t i = run.items.first; i < run.items.end(); ++i) {
    const ByteView chunk = chunk_bytes(i);
    plain.insert(plain.end(), chunk.begin(), chunk.end());
    op.sizes.push_back(static_cast<std::uint32_t>(chunk.size()));
  }
  const auto frame = codec_.make_frame(plain, base_bytes(run.base));
  op.kind = frame ? Kind::delta : Kind::raw;
  op.data = frame ? ByteView(*frame) : ByteView(plain);
  if (frame) op.ranges = run.base;
  const std::size_t cost = op.data.size() + kOpBytes + kSizeBytes * run.items.count;
  const std::size_t later = (items_left_ - run.items.count) * kNamedBytes;
  if (writer_.size() + cost + later > kMaxPatchBytes) return name(run.items);
  add(op);
  useful_ = true;
}

}  // namespace

std::optional<Bytes> make_patch(const PatchPlan& plan, const PatchBytes& bytes) {
  CHECK(bytes.chunks.size() == plan.chunks.size() && bytes.ranges.size() == plan.ranges.size());
  return Maker(plan, bytes).make();
}

}  // namespace meshfs::fsd
