@0xec8652f807d745b3;
# Hash lists: how files over 64 KiB are put together. Level 1 lists chunks (BLAKE2b-256 of their plain bytes), level n
# lists lists of level n - 1. A list is a blob like a chunk; its address is H("meshfs list"; bytes), so that no chunk can be
# taken for a list.
#
# Bytes. Canonical form, unpacked: hashes stay where they are when neighbours change, and zstd in transit
# does the rest. About 40 bytes per item. Bytes that differ from the canonical form of what they say are refused.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("meshfs::format");

struct HashList {
  level @0 :UInt8;           # 1..4
  hashes @1 :Data;           # 32 bytes per item, 1..1,024 items
  sizes @2 :List(UInt64);    # plain file bytes below each item: 1..65,536 at level 1, up to 1,024 times more per level
}
