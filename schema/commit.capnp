@0xc7e6c06ce71ffd51;
# Commits: entries made together under one header with one signature. A whole commit travels without its Merkle root
# (recomputed from the entries); an entry alone travels with header, root and audit path.
#
# Bytes. Canonical form (see entry.capnp), packed (Cap'n Proto's packing), one segment, no segment table. At most 229,376
# bytes packed, 1 MiB unpacked. Trailing bytes, words that differ from the canonical form of what they say, and any other
# packing of them are refused: one record is one string of bytes. (Packing: a zero word takes in all zero words that follow, a
# word without a zero byte all that follow with at most one; both up to 255.)
#
# What is hashed and signed. Numbers are little-endian and of fixed width. H is BLAKE2b-256 personalised with the quoted domain.
#   header bytes = author 8 · sequence 8 · hlc 8 · previous 16 · policy epoch 4 · volume 8 · total bytes 8 · total entries 8   (68 bytes)
#   leaf i       = H("meshfs entry"; author 8 · hlc 8 · sequence 8 · volume 8 · i 4 · canonical bytes of entry i)
#   node         = H("meshfs node"; left · right), split at the largest power of two below the count (RFC 6962, 2.1)
#   root         = H("meshfs root"; count 4 · tree), so that the count is signed too
#   signature    = Ed25519 of H("meshfs commit 1"; network id 32 · root 32 · header bytes)
#   header hash  = first 16 bytes of H("meshfs header 1"; network id · root · header bytes): `previous` of the next header
#   item hash    = H("meshfs hdr item"; network id · root · header bytes · signature): the header as an item of the set

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("meshfs::format");

using Entries = import "entry.capnp";

struct Header {
  # With the signature, which doesn't sign itself.
  author @0 :UInt64;         # first 8 bytes of hash(device key, store id)
  previous0 @1 :UInt64;      # header hash of this author's header with sequence - 1; zero for the first
  previous1 @2 :UInt64;
  signature0 @3 :UInt64;
  signature1 @4 :UInt64;
  signature2 @5 :UInt64;
  signature3 @6 :UInt64;
  signature4 @7 :UInt64;
  signature5 @8 :UInt64;
  signature6 @9 :UInt64;
  signature7 @10 :UInt64;
  hlc @11 :UInt64;           # 48 bits of milliseconds since 1970 (network time), 16 bits of counter; not 0
  sequence @12 :UInt64;      # 1, 2, ... without a gap at the author
  totalBytes @13 :UInt64;    # running totals of this author in this volume, this commit included: content bytes it
  totalEntries @14 :UInt64;  # stamped, and entries it made
  volume @15 :UInt64;        # volume tag; zero: the shared volume
  policyEpoch @16 :UInt32;
}

struct Commit {
  header @0 :Header;
  first @1 :Entries.Entry;        # entry 0; most commits have no other, and a list of one costs 4 bytes more
  more @2 :List(Entries.Entry);   # entries 1 to 4,095 at most; all in the header's volume
}

struct SignedHeader {
  # Proves itself: verifies without any entry.
  header @0 :Header;
  root0 @1 :UInt64;
  root1 @2 :UInt64;
  root2 @3 :UInt64;
  root3 @4 :UInt64;
}

struct ProvenEntry {
  # One entry of a commit that verifies alone.
  header @0 :SignedHeader;
  index @1 :UInt32;          # below count
  count @2 :UInt32;          # 1..4,096
  path @3 :Data;             # audit path, 32 bytes per hash, leaf to root, exactly as long as index and count demand
  entry @4 :Entries.Entry;
}
