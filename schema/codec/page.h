// Pages of a bulletin (wire.capnp): what a node says through an engine of the mesh, and pieces of what others lack.
#pragma once

#include "schema/codec/wire.h"

namespace meshfs::codec {

inline constexpr std::size_t kPageHeaderBytes = 19;  // in front of what is sealed
inline constexpr std::size_t kMaxPageBytes = 64 * 1024;
inline constexpr std::size_t kMaxNear = 64;
inline constexpr std::size_t kMaxSeen = 64;
inline constexpr std::size_t kMaxPageWants = 64;
inline constexpr std::size_t kMaxExtents = 16;
inline constexpr std::size_t kMaxUnclear = 16;
inline constexpr std::size_t kMaxOtherPages = 64;
inline constexpr std::size_t kMaxPageAddresses = 4;
inline constexpr std::size_t kMaxPagePieces = 256;
inline constexpr std::size_t kMaxLetterBytes = kMaxFrameAfterAuth;

using NodeTag = std::uint32_t;   // first 4 bytes of a node's id: who is meant among some hundred
using LetterId = std::uint64_t;  // first 8 bytes of the hash of a letter; of a hash itself, likewise
NodeTag tag_of(const NodeId& node);
std::uint64_t number_of(const Hash& hash);

struct Extent {
  std::uint32_t offset = 0, size = 0;
  bool operator==(const Extent&) const = default;
};
struct PageWant {
  std::optional<Hash> blob;  // none: items
  LetterId letter = 0;       // of which a part came; else `missing` is empty
  std::vector<Extent> missing = {};
  bool operator==(const PageWant&) const = default;
};
struct Seen {
  NodeTag node = 0;
  std::uint32_t version = 0;
  bool operator==(const Seen&) const = default;
};
using PageAddress = FixedBytes<16, struct PageAddressTag>;

struct PageHead {
  Beacon beacon;
  std::vector<SetSummary> sets;
  ItemId lower = 0, upper = 0;
  std::vector<NodeTag> near;
  std::vector<Seen> seen;
  std::vector<PageWant> wants;
  std::vector<NodeTag> unclear;
  std::vector<PageAddress> addresses;
  std::vector<std::uint32_t> pages;  // versions of the other ones; 0: none
  bool operator==(const PageHead&) const = default;
};
struct PagePiece {
  LetterId letter = 0;
  std::uint64_t blob = 0;  // number_of() its hash; 0: items
  std::uint32_t offset = 0, total = 0;
  Bytes data;
  bool operator==(const PagePiece&) const = default;
};
struct BulletinPage {
  NodeId node;
  std::uint32_t version = 0;
  std::optional<PageHead> head;
  std::vector<PagePiece> pieces;
  bool operator==(const BulletinPage&) const = default;
};

Bytes encode_page(const BulletinPage&);
Result<BulletinPage> decode_page(ByteView);
// The same, sealed: what a bulletin carries. bad_bytes if it was made under another key or changed, unsupported if by another version.
crypto::SivKey page_key(const crypto::LinkKey& network_key);
Bytes seal_page(const crypto::SivKey& key, const BulletinPage& page);
Result<BulletinPage> open_page(const crypto::SivKey& key, ByteView sealed);

// What is cut into pieces: a message (push or blobs), compressed where that helps.
Bytes encode_letter(const Message& message);
Result<Message> decode_letter(ByteView letter);
inline LetterId letter_id(ByteView letter) { return number_of(crypto::hash_of(letter)); }

}  // namespace meshfs::codec
