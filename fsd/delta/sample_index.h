// Finds where in a base the bytes of a new chunk came from, though an edit may be in every chunk: both are sampled at
// positions that the content chooses (about one of 128), by a hash of the 48 bytes there; equal samples vote for places.
// Only the maker of a patch uses it: no part of any format.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "schema/vocab/bytes.h"

namespace meshfs::fsd {

class SampleIndex {
 public:
  // Bytes [from, to) of the base.
  struct Extent {
    std::uint64_t from = 0, to = 0;
    std::size_t votes = 0;
  };
  // Adds base bytes that begin at `offset`. Before the first find().
  void add(std::uint64_t offset, ByteView bytes);
  void seal();
  // Up to `limit` extents that hold most of what `chunk` has in common with the base, the best one first. Each is as long
  // as the part of the chunk that it explains, give or take what was inserted or deleted there. None for bytes that the
  // base lacks or that are everywhere in it.
  [[nodiscard]] std::vector<Extent> find(ByteView chunk, std::size_t limit) const;

 private:
  struct Sample {
    std::uint64_t hash, offset;
  };
  struct Vote;
  [[nodiscard]] std::vector<Vote> votes_of(ByteView chunk) const;
  // The votes within kNear that are most, as [begin, end) of votes sorted by shift.
  static std::pair<std::size_t, std::size_t> densest(const std::vector<Vote>& votes);
  static Extent extent_of(std::span<const Vote> votes, std::size_t chunk_bytes, bool alone);

  std::vector<Sample> samples_;  // sorted once sealed
};

}  // namespace meshfs::fsd
