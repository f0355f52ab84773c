// Running totals of the replica, kept in one row of the index and in memory; rebuilt by replay like everything else.
#pragma once

#include <array>

#include "fsd/core/ports.h"
#include "schema/codec/wire.h"

namespace meshfs::fsd {

struct SetTotal {
  std::uint64_t count = 0;
  codec::Fingerprint fingerprint;  // sum of the items' first 16 bytes, mod 2^128: equal sets have equal sums
  void add(const Hash& item);
  void remove(const Hash& item);
  bool operator==(const SetTotal&) const = default;
};

struct Counters {
  std::uint64_t objects = 0, files = 0, entries = 0, conflicts = 0, missing_blobs = 0;
  std::uint64_t placeholders = 0, placeholder_bytes = 0;  // contents that are not here and not asked for
  std::uint64_t fetching_bytes = 0;                       // of contents that are on their way
  std::uint64_t next_item = 1;
  Hlc latest;  // greatest HLC of a due head: our stamps go on from it
  std::array<SetTotal, kAllSets.size()> sets;
  bool operator==(const Counters&) const = default;

  static Counters load(Table& index);
  void save(Table& index) const;
};

}  // namespace meshfs::fsd
