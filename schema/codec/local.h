// What fsd says to syncd and tools over its Unix socket, and back (local.capnp).
// Framing: 4 bytes little-endian length (<= kMaxLocalFrame), then the encoded message.
// Both sides are on one machine but trust nothing: fsd verifies whatever syncd hands it.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "schema/codec/network.h"
#include "schema/codec/wire.h"

namespace meshfs::codec::local {

inline constexpr std::uint32_t kLocalVersion = 1;
inline constexpr std::size_t kMaxLocalFrame = 1024 * 1024;
inline constexpr std::size_t kMaxItems = 8192;       // per list of items, needs or hashes; ~45 bytes each
inline constexpr std::size_t kMaxText = 512 * 1024;  // of an answer or the peers report
inline constexpr std::size_t kMaxVerb = 64;
inline constexpr std::size_t kMaxArgument = 64 * 1024;
inline constexpr std::size_t kMaxClockVotes = 256;
inline constexpr std::size_t kMaxVerdictReason = 1024;
inline constexpr std::size_t kMaxGetItems = 2048;  // half of what the largest commit holds
// Other lists: at most kMaxWants bundles, blobs or hashes per frame.

// --- to syncd ---
struct Welcome {  // first answer to a Hello
  std::uint32_t version = kLocalVersion;
  NodeId node;
  std::string node_name, network_name;
  NetworkId network;
  crypto::LinkKey network_key;  // of beacons and news
  crypto::DhSecret link_secret;
  Roster roster;
  bool operator==(const Welcome&) const = default;
};
Welcome welcome_of(const Identity& identity, const std::optional<Proof>& proof = {});
struct ItemAdded {
  std::uint64_t item = 0;
  SetId set = SetId::shared;
  Hash hash;
  bool operator==(const ItemAdded&) const = default;
};
struct Items {  // first the snapshot, in pieces, then changes as they happen
  std::vector<ItemAdded> added;
  struct Removed {
    std::uint64_t item = 0;
    SetId set = SetId::shared;
    Hash hash;
    bool operator==(const Removed&) const = default;
  };
  std::vector<Removed> removed;
  bool snapshot_done = false;  // set once, on the piece that ends the snapshot
  bool operator==(const Items&) const = default;
};
struct Publish {  // our own new commit, durable: push it to everybody
  codec::Push push;
  HeaderHash header;
  std::optional<codec::Bundle> squeezed{};  // the same commit, for neighbours that hold the dictionary
  bool operator==(const Publish&) const = default;
};
enum class Verdict : std::uint8_t { accepted = 0, known = 1, pending = 2, refused = 3 };
struct Judged {  // answer to an Offer, same order as its bundles
  std::uint64_t offer = 0;
  struct One {
    Verdict verdict = Verdict::known;
    std::string reason;
    Bytes plain{};  // a squeezed bundle, accepted: the commit, for neighbours that lack the dictionary
    bool operator==(const One&) const = default;
  };
  std::vector<One> bundles;
  // Accepted bundles are verified and may be forwarded at once.
  bool operator==(const Judged&) const = default;
};
struct Durable {  // that offer's accepted bundles are on disk: acknowledge as held
  std::uint64_t offer = 0;
  bool operator==(const Durable&) const = default;
};
struct NeedBlobs {  // content that live entries lack; smaller and rarer first in the list
  struct Need {
    Hash hash;
    BlobKind kind = BlobKind::chunk;
    std::uint64_t size_hint = 0;
    std::vector<Hash> bases = {};  // content roots held whole here that are likely alike, the best first
    std::uint64_t offset = 0;      // with bases: where in its file it begins
    Bytes signature = {};          // of a chunk, for a want
    bool operator==(const Need&) const = default;
  };
  std::vector<Need> needs;
  std::vector<Hash> no_longer;  // arrived, or nobody refers to it any more
  bool operator==(const NeedBlobs&) const = default;
};
struct BlobsStored {  // outcome of PutBlobs: verified and kept (relay now), or wrong (blame the sender)
  std::vector<Hash> stored, refused;
  std::vector<Hash> unusable = {};  // a delta's base is not here any more: ask without bases
  bool operator==(const BlobsStored&) const = default;
};
struct BlobsFound {
  std::uint64_t request = 0;
  std::vector<codec::Blob> blobs;
  std::vector<Hash> missing;
  bool operator==(const BlobsFound&) const = default;
};
struct ItemsFound {
  std::uint64_t request = 0;
  std::vector<codec::Bundle> bundles;
  std::vector<std::uint64_t> left{};  // in the last part: had no room, ask again
  bool operator==(const ItemsFound&) const = default;
};
struct NetworkTime {
  WallMs now;
  bool has_clock = false;
  bool incomplete = false;
  bool operator==(const NetworkTime&) const = default;
};
struct Answer {
  std::uint64_t request = 0;
  Errc code = Errc::invalid;
  bool ok = false;
  std::string text;
  bool operator==(const Answer&) const = default;
};

using Inquire = codec::Question;  // our own, signed: ask the network
struct QuestionJudged {           // answer to QuestionCame
  std::uint64_t request = 0;
  bool pass_on = false;
  std::optional<codec::Reply> reply;  // ours
  bool operator==(const QuestionJudged&) const = default;
};

using Dictionaries = codec::Dictionaries;  // all that can be unsqueezed here
using Roster = codec::Roster;              // instead of the last one

using ToSyncd = std::variant<Welcome, Items, Publish, Judged, Durable, NeedBlobs, BlobsStored, BlobsFound, ItemsFound,
                             NetworkTime, Answer, Inquire, QuestionJudged, Dictionaries, Roster>;

// --- to fsd ---
enum class Role : std::uint8_t { syncd = 0, tool = 1 };
struct Hello {
  std::uint32_t version = kLocalVersion;
  Role role = Role::tool;
  bool operator==(const Hello&) const = default;
};
struct Offer {
  std::uint64_t offer = 0;
  std::vector<codec::Bundle> bundles;
  std::string from;
  bool operator==(const Offer&) const = default;
};
struct PutBlobs {  // only what NeedBlobs asked for is kept
  std::vector<codec::Blob> blobs;
  std::string from;
  bool operator==(const PutBlobs&) const = default;
};
struct GetBlobs {
  std::uint64_t request = 0;
  std::vector<Hash> hashes;
  std::vector<Hash> bases = {};  // not empty: then of the one hash; its answer keeps no order with others
  std::uint64_t offset = 0;      // with bases: where in its file the blob begins
  Bytes signature = {};          // not empty: as with bases
  bool operator==(const GetBlobs&) const = default;
};
struct GetItems {
  std::uint64_t request = 0;
  std::vector<std::uint64_t> items;
  std::vector<DictionaryId> dictionaries{};  // the asker's, zero (none) among them; empty: squeeze nothing
  bool operator==(const GetItems&) const = default;
};
struct PeersReport {  // shown as .mesh/peers
  std::string json;
  bool operator==(const PeersReport&) const = default;
};
struct ClockVotes {  // network times of clock-bearing neighbours
  std::vector<WallMs> votes;
  bool operator==(const ClockVotes&) const = default;
};
struct Ask {  // tools: "status", "invite" ...
  std::uint64_t request = 0;
  std::string verb;
  std::string argument;
  bool operator==(const Ask&) const = default;
};

struct QuestionCame {
  std::uint64_t request = 0;
  codec::Question question;
  std::optional<std::uint64_t> heard_ms;  // since its target was heard, if that is a neighbour
  bool operator==(const QuestionCame&) const = default;
};
using RepliesCame = codec::Replies;  // to our own question; not verified

using ToFsd =
    std::variant<Hello, Offer, PutBlobs, GetBlobs, GetItems, PeersReport, ClockVotes, Ask, QuestionCame, RepliesCame>;

Bytes encode_to_syncd(const ToSyncd&);
Result<ToSyncd> decode_to_syncd(ByteView);
Bytes encode_to_fsd(const ToFsd&);
Result<ToFsd> decode_to_fsd(ByteView);

}  // namespace meshfs::codec::local
