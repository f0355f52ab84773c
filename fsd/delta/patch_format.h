// The bytes of a patch: how a level-1 hash list and its new chunks come out of a version that the receiver holds (the
// base). This page is the format's specification. Nothing travels that the receiver can compute: it hashes each chunk
// that it rebuilds, and the list's own hash proves them all.
//
// Numbers are LEB128 (7 bits per byte, least first, top bit: more follows), in as few bytes as possible, below 2^63. A
// "signed" number n is written as 2n, or -2n - 1 if it is negative.
//
//   patch  = from, items, op ...          The window: `items` chunks (0..kMaxBaseItems) of the base version, the first of
//                                         which begins at byte `from` of the file. Ops count chunks from there.
//   op     = 4 * n + kind, then by kind   n chunks of the new list (1..1,024), in order
//     0 keep   signed: first - expected   base chunks first .. first + n - 1, as they are
//     1 delta  ranges                     0..kMaxBaseRanges ranges of base chunks; their bytes, one after the other, are
//              per range: signed: first - expected; count       the base of the frame (count 1..n + kMaxExtraItems)
//              per chunk: signed: size - guess                  guess: size of the chunk of the same rank in the ranges,
//              length, frame                                    0 behind their end; frame: delta_frame.h
//     2 raw    per chunk: size            plain bytes, as many as the sizes say
//              bytes
//     3 named  per chunk: hash, size      32 bytes of BLAKE2b-256; these chunks travel on their own
//
// `expected` is 0 at first, then the chunk behind the last base chunk that an op named. The plain bytes of one delta or
// raw op are at most kMaxRunBytes, the base bytes of one delta at most kMaxBaseBytes, those of a whole patch at most
// kBasePerPlain times the file bytes below the list plus kMaxBaseBytes. A patch has at most kMaxPatchBytes.
#pragma once

#include <optional>

#include "fsd/delta/base_version.h"
#include "fsd/delta/delta_frame.h"
#include "schema/codec/wire.h"

namespace meshfs::fsd {

using codec::kMaxPatchBytes;  // fits a message of 256 KiB with room for others
inline constexpr std::size_t kMaxBaseRanges = 4;
inline constexpr std::size_t kMaxExtraItems = 64;  // base chunks of one range beyond the chunks it serves
inline constexpr std::uint64_t kBasePerPlain = 4;  // bounds the reading that a small patch can cause

// `count` chunks of the window from chunk `first` on.
struct ItemRange {
  std::size_t first = 0, count = 0;
  [[nodiscard]] std::size_t end() const { return first + count; }
  bool operator==(const ItemRange&) const = default;
};

struct PatchOp {
  enum class Kind : std::uint8_t { keep = 0, delta = 1, raw = 2, named = 3 };
  Kind kind = Kind::keep;
  std::vector<ItemRange> ranges;     // keep: one; delta: up to kMaxBaseRanges
  std::vector<std::uint32_t> sizes;  // delta, raw, named: of each chunk
  std::vector<Hash> hashes;          // named
  ByteView data;                     // delta: the frame; raw: the plain bytes; a view of the patch
  [[nodiscard]] std::size_t chunks() const { return kind == Kind::keep ? ranges.front().count : sizes.size(); }
};

// Where in the base version a patch works: what its receiver must know of it.
struct PatchWindow {
  std::uint64_t from = 0;  // byte offset in the base version's file
  std::size_t items = 0;
  bool operator==(const PatchWindow&) const = default;
};
// bad_bytes or too_large if the patch does not even begin well.
Result<PatchWindow> patch_window(ByteView patch);

class PatchWriter {
 public:
  // `window` is the base's chunks that ops may name; it must outlive the writer.
  explicit PatchWriter(std::span<const BaseItem> window);
  void add(const PatchOp& op);
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  Bytes take() { return std::move(bytes_); }

 private:
  std::span<const BaseItem> window_;
  std::size_t expected_ = 0;
  Bytes bytes_;
};

// Ops one by one, every limit above checked but those on the whole patch's base bytes and on the list.
class PatchReader {
 public:
  // not_found unless `window` is what patch_window() asks for; both must outlive the reader.
  static Result<PatchReader> open(ByteView patch, std::span<const BaseItem> window);
  // Nothing behind the last op.
  Result<std::optional<PatchOp>> next();

 private:
  PatchReader(ByteView rest, std::span<const BaseItem> window) : rest_(rest), window_(window) {}
  Status read_ranges(std::size_t how_many, std::size_t chunks, PatchOp& op);
  Status read_delta(std::size_t chunks, PatchOp& op);
  Status read_raw(std::size_t chunks, PatchOp& op);
  Status read_named(std::size_t chunks, PatchOp& op);
  Status take(std::uint64_t size, ByteView& out);

  ByteView rest_;
  std::span<const BaseItem> window_;
  std::size_t expected_ = 0;
};

}  // namespace meshfs::fsd
