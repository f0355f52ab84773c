// A commit: entries made together under one header with one signature (commit.capnp).
#pragma once

#include <vector>

#include "schema/codec/entry.h"
#include "schema/crypto/sign.h"

namespace meshfs::codec {

inline constexpr std::size_t kMaxCommitBytes = 224 * 1024;  // packed; fits one frame after authentication
inline constexpr std::size_t kMaxCommitUnpacked = 1024 * 1024;
inline constexpr std::size_t kMaxCommitEntries = 4096;

// One commit belongs to one volume.
struct Header {
  AuthorTag author;
  std::uint64_t sequence = 0;  // 1, 2, ...; gaps can exist at a receiver, never at the author
  Hlc hlc;
  HeaderHash previous;  // of the author's header with sequence - 1; zero for the first
  std::uint32_t policy_epoch = 0;
  VolumeTag volume;
  std::uint64_t total_bytes = 0;    // the author's running totals in this volume, this commit included:
  std::uint64_t total_entries = 0;  // content bytes it stamped and entries it made
  bool operator==(const Header&) const = default;
};

struct Commit {
  Header header;
  crypto::Signature signature;
  std::vector<Entry> entries;  // 1..kMaxCommitEntries
  bool operator==(const Commit&) const = default;
};

// A header that proves itself: with its Merkle root it verifies without any entry.
struct SignedHeader {
  Header header;
  crypto::Signature signature;
  Hash root;
  bool operator==(const SignedHeader&) const = default;
};

// One entry of a commit that verifies alone: RFC 6962-style Merkle audit path, leaf to root.
struct ProvenEntry {
  SignedHeader header;
  std::uint32_t index = 0;
  std::uint32_t count = 0;
  std::vector<Hash> path;
  Entry entry;
  bool operator==(const ProvenEntry&) const = default;
};

// Leaf hash = entry hash: covers author, HLC, sequence, volume, index and the canonical entry bytes.
Hash entry_hash(const Header& header, std::uint32_t index, const Entry& entry);
std::vector<Hash> entry_hashes(const Header& header, const std::vector<Entry>& entries);
// Merkle root by RFC 6962 section 2.1 (split at the largest power of two), BLAKE2b with a node domain; the
// number of leaves is hashed into it. At least one leaf.
Hash merkle_root(const std::vector<Hash>& leaves);
std::vector<Hash> merkle_path(const std::vector<Hash>& leaves, std::uint32_t index);
// nullopt unless the path has exactly the length that index and count demand.
std::optional<Hash> merkle_root_from(const Hash& leaf, std::uint32_t index, std::uint32_t count,
                                     const std::vector<Hash>& path);

HeaderHash header_hash(const NetworkId& network, const Header& header, const Hash& root);
// Identity of a header as an item of the set.
Hash header_item_hash(const NetworkId& network, const SignedHeader& header);

Commit sign_commit(const NetworkId& network, const Header& header, std::vector<Entry> entries,
                   const crypto::SigningKey& device_key);
bool verify_header(const NetworkId& network, const SignedHeader& header, const DeviceKey& key);
SignedHeader signed_header(const Commit& commit);  // computes the root
ProvenEntry prove(const Commit& commit, std::uint32_t index);
// Whether the path leads from the entry to its header's root. The header's signature is verify_header's question.
bool proves(const ProvenEntry& entry);

// Packed Cap'n Proto. decode_* checks every limit and shape rule of entry.h and commit.h (sorted, unique,
// value exactly if own, ...); it does not verify signatures.
Bytes encode_commit(const Commit& commit);
Result<Commit> decode_commit(ByteView packed);
// Only the signature, read without checks: names a commit that may be any bytes. Nothing if that can't be found.
std::optional<crypto::Signature> signature_in(ByteView packed_commit);
Bytes encode_proven(const ProvenEntry& entry);
Result<ProvenEntry> decode_proven(ByteView packed);
Bytes encode_signed_header(const SignedHeader& header);
Result<SignedHeader> decode_signed_header(ByteView packed);
Bytes encode_entry(const VolumeTag& volume, const Entry& entry);  // alone, for the store's index
Result<Entry> decode_entry(const VolumeTag& volume, ByteView packed);

}  // namespace meshfs::codec
