#include "fsd/delta/patch_format.h"

namespace meshfs::fsd {

static constexpr std::uint64_t kMaxNumber = (std::uint64_t{1} << 63) - 1;
static constexpr unsigned kKindBits = 2;

static Error malformed(const char* what) { return error(Errc::bad_bytes, what); }

static void put_number(Bytes& to, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) to.push_back(static_cast<std::uint8_t>(value | 0x80));
  to.push_back(static_cast<std::uint8_t>(value));
}

static void put_signed(Bytes& to, std::uint64_t value, std::uint64_t expected) {
  put_number(to, value >= expected ? 2 * (value - expected) : 2 * (expected - value) - 1);
}

static bool take_number(ByteView& from, std::uint64_t& out) {
  out = 0;
  for (unsigned shift = 0; shift < 63 && !from.empty(); shift += 7) {
    const std::uint8_t byte = from.front();
    from = from.subspan(1);
    out |= std::uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return byte != 0 || shift == 0;  // a last byte of zero was not needed
  }
  return false;
}

// expected + the signed number; false below zero too.
static bool take_signed(ByteView& from, std::uint64_t expected, std::uint64_t& out) {
  std::uint64_t number = 0;
  if (!take_number(from, number)) return false;
  const std::uint64_t distance = (number + 1) / 2;
  if (number % 2 == 1 && distance > expected) return false;
  out = number % 2 == 1 ? expected - distance : expected + distance;
  return out <= kMaxNumber;
}

// The guess for the size of a delta's chunk `rank`: of the base chunk of the same rank in its ranges.
static std::uint32_t guess_size(std::span<const BaseItem> window, const std::vector<ItemRange>& ranges,
                                std::size_t rank) {
  for (const ItemRange& range : ranges) {
    if (rank < range.count) return window[range.first + rank].size;
    rank -= range.count;
  }
  return 0;
}

Result<PatchWindow> patch_window(ByteView patch) {
  PatchWindow window;
  std::uint64_t items = 0;
  if (patch.size() > kMaxPatchBytes) return error(Errc::too_large, "a patch is larger than its limit");
  if (!take_number(patch, window.from) || !take_number(patch, items)) return malformed("a patch without a window");
  if (items > kMaxBaseItems) return error(Errc::too_large, "a patch wants to know too much of its base");
  window.items = static_cast<std::size_t>(items);
  return window;
}

PatchWriter::PatchWriter(std::span<const BaseItem> window) : window_(window) {
  CHECK(window.size() <= kMaxBaseItems);
  put_number(bytes_, window.empty() ? 0 : window.front().offset);
  put_number(bytes_, window.size());
}

void PatchWriter::add(const PatchOp& op) {
  using Kind = PatchOp::Kind;
  put_number(bytes_, std::uint64_t{op.chunks()} << kKindBits | static_cast<unsigned>(op.kind));
  if (op.kind == Kind::delta) put_number(bytes_, op.ranges.size());
  for (const ItemRange& range : op.ranges) {
    CHECK(range.end() <= window_.size());
    put_signed(bytes_, range.first, expected_);
    if (op.kind == Kind::delta) put_number(bytes_, range.count);
    expected_ = range.end();
  }
  for (std::size_t i = 0; i < op.sizes.size(); ++i) {
    if (op.kind == Kind::named) bytes_.insert(bytes_.end(), op.hashes[i].data.begin(), op.hashes[i].data.end());
    if (op.kind == Kind::delta) put_signed(bytes_, op.sizes[i], guess_size(window_, op.ranges, i));
    if (op.kind != Kind::delta) put_number(bytes_, op.sizes[i]);
  }
  if (op.kind == Kind::delta) put_number(bytes_, op.data.size());
  bytes_.insert(bytes_.end(), op.data.begin(), op.data.end());
}

Result<PatchReader> PatchReader::open(ByteView patch, std::span<const BaseItem> window) {
  const auto wanted = patch_window(patch);
  if (!wanted) return wanted.failure();
  if (window.size() != wanted->items || (!window.empty() && window.front().offset != wanted->from))
    return error(Errc::not_found, "the base of a patch is not here");
  CHECK(well_formed(window));
  std::uint64_t skipped = 0;
  take_number(patch, skipped);
  take_number(patch, skipped);
  return PatchReader(patch, window);
}

Result<std::optional<PatchOp>> PatchReader::next() {
  if (rest_.empty()) return std::optional<PatchOp>{};
  std::uint64_t tag = 0;
  if (!take_number(rest_, tag)) return malformed("a patch whose op is cut short");
  const std::uint64_t chunks = tag >> kKindBits;
  if (chunks == 0 || chunks > codec::kMaxListItems) return malformed("a patch op of no or too many chunks");
  PatchOp op;
  op.kind = static_cast<PatchOp::Kind>(tag & ((1u << kKindBits) - 1));
  const auto n = static_cast<std::size_t>(chunks);
  Status read;
  switch (op.kind) {
    case PatchOp::Kind::keep: {
      std::uint64_t first = 0;
      if (!take_signed(rest_, expected_, first)) return malformed("a patch that keeps nothing it could name");
      if (first > window_.size() || n > window_.size() - first) return malformed("a patch keeps what is not there");
      op.ranges.push_back({static_cast<std::size_t>(first), n});
      expected_ = op.ranges.front().end();
      break;
    }
    case PatchOp::Kind::delta:
      read = read_delta(n, op);
      break;
    case PatchOp::Kind::raw:
      read = read_raw(n, op);
      break;
    case PatchOp::Kind::named:
      read = read_named(n, op);
      break;
  }
  if (!read) return read.failure();
  return std::optional<PatchOp>(std::move(op));
}

Status PatchReader::read_ranges(std::size_t how_many, std::size_t chunks, PatchOp& op) {
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < how_many; ++i) {
    std::uint64_t first = 0, count = 0;
    if (!take_signed(rest_, expected_, first) || !take_number(rest_, count)) return malformed("a cut range in a patch");
    if (count == 0 || count > chunks + kMaxExtraItems) return malformed("a base range of an impossible length");
    if (first > window_.size() || count > window_.size() - first) return malformed("a base range that is not there");
    const ItemRange range{static_cast<std::size_t>(first), static_cast<std::size_t>(count)};
    bytes += window_[range.end() - 1].end() - window_[range.first].offset;
    op.ranges.push_back(range);
    expected_ = range.end();
  }
  if (bytes > kMaxBaseBytes) return error(Errc::too_large, "a delta against too much of its base");
  return {};
}

// A run of chunks must stay within kMaxRunBytes; each within its own limit.
static bool count_run(std::uint64_t size, std::uint64_t& run) {
  if (size == 0 || size > codec::kMaxChunkBytes) return false;
  run += size;
  return run <= kMaxRunBytes;
}

Status PatchReader::read_delta(std::size_t chunks, PatchOp& op) {
  std::uint64_t ranges = 0, length = 0, run = 0;
  if (!take_number(rest_, ranges) || ranges > kMaxBaseRanges) return malformed("a delta with too many base ranges");
  if (Status s = read_ranges(static_cast<std::size_t>(ranges), chunks, op); !s) return s;
  for (std::size_t i = 0; i < chunks; ++i) {
    std::uint64_t size = 0;
    if (!take_signed(rest_, guess_size(window_, op.ranges, i), size) || !count_run(size, run))
      return malformed("a delta of an impossible size");
    op.sizes.push_back(static_cast<std::uint32_t>(size));
  }
  if (!take_number(rest_, length)) return malformed("a delta without a length");
  return take(length, op.data);
}

Status PatchReader::read_raw(std::size_t chunks, PatchOp& op) {
  std::uint64_t run = 0;
  for (std::size_t i = 0; i < chunks; ++i) {
    std::uint64_t size = 0;
    if (!take_number(rest_, size) || !count_run(size, run)) return malformed("a raw chunk of an impossible size");
    op.sizes.push_back(static_cast<std::uint32_t>(size));
  }
  return take(run, op.data);
}

Status PatchReader::read_named(std::size_t chunks, PatchOp& op) {
  for (std::size_t i = 0; i < chunks; ++i) {
    ByteView hash;
    std::uint64_t size = 0;
    if (Status s = take(Hash::kSize, hash); !s) return s;
    if (!take_number(rest_, size) || size == 0 || size > codec::kMaxChunkBytes)
      return malformed("a named chunk of an impossible size");
    op.hashes.push_back(*Hash::from(hash));
    op.sizes.push_back(static_cast<std::uint32_t>(size));
  }
  return {};
}

Status PatchReader::take(std::uint64_t size, ByteView& out) {
  if (size > rest_.size()) return malformed("a patch that is cut short");
  out = rest_.first(static_cast<std::size_t>(size));
  rest_ = rest_.subspan(out.size());
  return {};
}

}  // namespace meshfs::fsd
