// What neighbours say to each other (wire.capnp), decoded at once into plain structs.
// A frame = fixed header, then an encrypted payload. The header is parsed before anything is trusted,
// so it is not Cap'n Proto: 32 bytes, little-endian:
//   0 magic 'm'  1 version  2 kind  3 phase  4..7 session  8..15 counter  16..31 tag
// packet: ChaCha20-Poly1305 under the session's key of that direction and phase, the counter is the nonce, bytes 0..15 are authenticated, too.
// news: the same under the sender's broadcast key, whose id stands in the session's place.
// beacon: the same bytes under the network's key with a synthetic IV (crypto/siv.h), since many count under it.
// handshake, cookie: no tag; a Noise message with its macs, or a cookie reply, stand behind 16 bytes of header.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "schema/codec/hash_list.h"
#include "schema/codec/question.h"
#include "schema/crypto/aead.h"
#include "schema/crypto/dh.h"
#include "schema/crypto/siv.h"
#include "schema/vocab/shared_view.h"
#include "schema/vocab/stamp.h"

namespace meshfs::codec {

inline constexpr std::uint8_t kWireVersion = 2;
inline constexpr std::size_t kFrameHeaderBytes = 32;
inline constexpr std::size_t kPlainHeaderBytes = 16;  // without the tag
inline constexpr std::size_t kMaxFrameBeforeAuth = 1280;
inline constexpr std::size_t kMaxFrameAfterAuth = 256 * 1024;
inline constexpr std::size_t kMaxWants = 512;        // blobs or items in one want message, and per peer
inline constexpr std::size_t kMaxRanges = 256;       // per reconciliation message
inline constexpr std::size_t kMaxRangeItems = 2048;  // item ids per reconciliation message

inline constexpr std::size_t kMaxBeaconSets = 16;   // room for declared volumes' sets
inline constexpr std::size_t kMaxBeaconCells = 64;  // of all sketches in a beacon: 704 bytes
inline constexpr std::uint32_t kMaxCells = 2048;  // of one set's sketch, and per message: enough for 1,450 differences
inline constexpr std::size_t kMaxShortName = 32;
inline constexpr std::size_t kMaxAckRanges = 64;            // per packet
inline constexpr std::size_t kMaxPieces = 256;              // per packet
inline constexpr std::size_t kMaxHeld = 1024;               // header hashes per message
inline constexpr std::size_t kMaxReason = 255;              // bytes, for people
inline constexpr std::size_t kMaxBases = 4;                 // per want
inline constexpr std::size_t kMaxWantSignature = 3 * 1024;  // of the largest chunk and a little around it
// Of a blob encoded as patch: leaves room for its head in a message. What does not fit is fetched chunk by chunk.
inline constexpr std::size_t kMaxPatchBytes = 200 * 1024;

enum class FrameKind : std::uint8_t { beacon = 1, handshake = 2, packet = 3, news = 4, cookie = 5 };
struct FrameHeader {
  FrameKind kind = FrameKind::beacon;
  std::uint32_t session = 0;  // of a packet the receiver's number for the session, of news the id of the key; else 0
  std::uint64_t counter = 0;  // strictly increasing per sender and key; of a handshake which of its messages, from 1
  std::uint8_t phase = 0;     // of a packet: which of the session's keys, modulo 256; else zero
  bool operator==(const FrameHeader&) const = default;
};
// A beacon's frame.
Bytes seal_shared(const crypto::SivKey& key, const FrameHeader& header, ByteView payload);
// encode_packet(packet) in a frame, with one copy of its pieces. The counter must never be used again with that key.
struct Packet;
Bytes seal_packet(const crypto::AeadKey& key, const FrameHeader& header, const Packet& packet);
// The same of what stands behind kFrameHeaderBytes bytes already, a packet or news.
Bytes seal_counted(const crypto::AeadKey& key, const FrameHeader& header, Bytes frame);
// A frame of these 16 bytes, without what follows them.
Bytes plain_header(const FrameHeader& header);
// Header only, nothing authenticated. bad_bytes / unsupported.
Result<FrameHeader> peek_frame(ByteView frame);
// The payload, decrypted. bad_bytes if it was made under another key or changed.
Result<Bytes> open_shared(const crypto::SivKey& key, ByteView frame);
Result<Bytes> open_counted(const crypto::AeadKey& key, ByteView frame);

// Sum of 16-byte item fingerprints (mod 2^128): equal sets have equal sums whatever the order.
using Fingerprint = FixedBytes<16, struct FingerprintTag>;
// Salted 8-byte id of an item of a set, big-endian as a number: the order that ranges refer to.
using ItemId = std::uint64_t;

// A cell of a set's sketch (syncd/core/sketch.h): xor of ids and of their checks. 11 bytes on the wire.
struct SketchCell {
  ItemId ids = 0;
  std::uint32_t checks = 0;  // 24 bits
  bool operator==(const SketchCell&) const = default;
};

struct SetSummary {
  SetId set = SetId::shared;
  std::uint64_t count = 0;
  Fingerprint fingerprint;
  std::vector<SketchCell> cells = {};  // of its sketch, from the first on; none in a quiet beacon
  bool operator==(const SetSummary&) const = default;
};
// Of a node's sets together, in their order: what a quiet beacon says of them. Cells do not count.
Fingerprint fingerprint_of(const std::vector<SetSummary>& sets);

using Nonce = FixedBytes<16, struct NonceTag>;

struct Beacon {  // one multicast datagram
  NodeId node;
  Nonce boot;                  // drawn at start: a new one means the neighbour restarted
  std::uint16_t tcp_port = 0;  // 0: does not listen
  bool has_clock = false;      // its network time comes from a confirmed clock
  bool incomplete = false;     // lacks space or rights for some content
  WallMs network_time;
  std::uint32_t salt_epoch = 0;
  Fingerprint all;  // fingerprint_of() all sets of the network; zero: says none (part of the sets, old program)
  std::vector<SetSummary> sets;  // in a beacon that follows a change or a difference; and of who holds part of the sets
  bool operator==(const Beacon&) const = default;
};

// Session set-up (schema/noise): who we are and what we understand, inside a handshake's messages.
inline constexpr std::uint32_t kFeatureQuestions = 1;  // understands Question and Replies
inline constexpr std::uint32_t kFeatureDeltas = 2;     // bases, signatures, and what answers them
inline constexpr std::uint32_t kFeatureInstead =
    4;  // of one session: it takes the place of a stream that stalls or loses
inline constexpr std::uint32_t kFeatureSqueezed = 8;  // understands Dictionaries and bundles of form squeezed
inline constexpr std::uint32_t kFeatureNews = 16;     // understands frames of kind news, and answers them
inline constexpr std::uint32_t kFeatureCells = 32;    // understands WantCells and Cells
inline constexpr std::uint32_t kFeatureSlices = 64;   // also those of a range of ids
inline constexpr std::uint32_t kFeatureKeep = 128;    // this session is meant: do not let it go as one of too many

struct Hello {
  Nonce boot;
  std::uint32_t session = 0;   // put this number into frames to me
  std::uint32_t features = 0;  // kFeature bits: messages that came after version 1 was fixed
  Bytes credential;  // whose key this handshake proves (network.h); of IK's first a Known, of its second nothing
  bool operator==(const Hello&) const = default;
};

// What IK's first message says in place of a credential: whose digests, as both should remember them, it was begun with.
using Known = FixedBytes<16, struct KnownTag>;

// A packet carries acknowledgements and pieces of messages. On reliable links a piece is a whole message
// and there are no acks.
struct AckRange {
  std::uint64_t first = 0, last = 0;  // frame counters, inclusive
  bool operator==(const AckRange&) const = default;
};
struct Piece {
  std::uint64_t message = 0;  // sender's message number
  std::uint32_t offset = 0;
  std::uint32_t total = 0;  // bytes of the whole message, <= kMaxFrameAfterAuth
  SharedView data;
  bool operator==(const Piece&) const = default;
};
struct Packet {
  std::vector<AckRange> acks;  // newest first, at most 64
  std::vector<Piece> pieces;
  bool operator==(const Packet&) const = default;
};

// --- messages ---
enum class ItemForm : std::uint8_t { commit = 0, proven = 1, header = 2, squeezed = 3 };
struct Bundle {  // set items as they travel
  ItemForm form = ItemForm::commit;
  Bytes bytes;  // encode_commit / encode_proven / encode_signed_header / encode_squeezed (squeezed.h)
  bool operator==(const Bundle&) const = default;
};
enum class BlobEncoding : std::uint8_t { plain = 0, zstd = 1, delta = 2, patch = 3, rsync = 4 };
struct Blob {  // a chunk or hash list in transit
  Hash hash;
  BlobKind kind = BlobKind::chunk;
  BlobEncoding encoding = BlobEncoding::plain;
  std::uint32_t plain_size = 0;
  SharedView data;
  Hash base = {};  // delta: of a blob; patch: root of a content; rsync: of a signature; zero otherwise
  bool operator==(const Blob&) const = default;
};
// First 8 bytes of the content root of a dictionary's file; zero: none, and everybody has that.
using DictionaryId = FixedBytes<8, struct DictionaryIdTag>;
inline constexpr std::size_t kMaxDictionaries = 64;  // of one node

struct Push {  // news: items with the small blobs they need
  std::vector<Bundle> bundles;
  std::vector<Blob> blobs;
  bool repair = false;  // found by a comparison: no Held is owed
  bool operator==(const Push&) const = default;
};
// The first 8 bytes of identity_of() an item: what news frames name it by.
using NewsKey = FixedBytes<8, struct NewsKeyTag>;
inline constexpr std::size_t kMaxNewsKeys = 128;  // of each list; all that fits is fewer

struct News {  // one frame, to all in range or to one neighbour
  Push push;   // may be empty
  std::vector<NewsKey> have, lack;
  bool ask = false;
  bool operator==(const News&) const = default;
};

struct Held {  // "these headers' commits are durable here"
  std::vector<HeaderHash> headers;
  bool operator==(const Held&) const = default;
};
struct Range {  // ids in [lower, upper); upper 0 stands for 2^64
  ItemId lower = 0, upper = 0;
  std::uint64_t count = 0;
  Fingerprint fingerprint;
  bool has_ids = false;  // then `ids` is the whole range, sorted, and count/fingerprint are unused
  std::vector<ItemId> ids;
  bool operator==(const Range&) const = default;
};
struct Reconcile {  // stateless: every range is answered by itself
  SetId set = SetId::shared;
  std::uint32_t salt_epoch = 0;
  bool want_reply = true;
  std::vector<Range> ranges;
  bool operator==(const Reconcile&) const = default;
};
struct WantCells {  // stateless: answered by Cells, by none of them if the sets are equal; of a slice also by its ids
  SetId set = SetId::shared;
  std::uint32_t salt_epoch = 0;
  std::uint64_t count = 0;  // of the asker
  Fingerprint fingerprint;
  std::uint32_t first = 0, number = 0;  // cells [first, first + number)
  ItemId lower = 0, upper = 0;          // of the ids in [lower, upper), upper 0 stands for 2^64; both 0: the whole set
  bool operator==(const WantCells&) const = default;
};
struct Cells {  // of the sender's set at this fingerprint; cells of another fingerprint can't be put together with them
  SetId set = SetId::shared;
  std::uint32_t salt_epoch = 0;
  std::uint64_t count = 0;
  Fingerprint fingerprint;
  std::uint32_t first = 0;
  std::vector<SketchCell> cells;  // none: equal
  ItemId lower = 0, upper = 0;    // as asked
  bool operator==(const Cells&) const = default;
};
struct WantItems {
  SetId set = SetId::shared;
  std::uint32_t salt_epoch = 0;
  std::vector<std::uint32_t>
      ids;  // upper halves: all items of that half are meant, and it is one but for one in thousands
  bool operator==(const WantItems&) const = default;
};
struct WantBlobs {  // send these when you have them; `cancel` takes wants back
  struct Want {
    Hash hash;
    BlobKind kind = BlobKind::chunk;
    std::vector<Hash> bases = {};  // content roots that the asker holds whole, at most kMaxBases
    std::uint64_t offset = 0;      // with bases: where in its file the blob begins, a hint
    Bytes signature = {};          // librsync's, of what the asker has near that place; empty: none
    bool operator==(const Want&) const = default;
  };
  std::vector<Want> wants;
  std::vector<Hash> cancel;
  bool operator==(const WantBlobs&) const = default;
};
struct Blobs {
  std::vector<Blob> blobs;
  bool operator==(const Blobs&) const = default;
};
struct Missing {  // "I don't hold these now" (I keep your want and send them when they come)
  std::vector<Hash> hashes;
  bool operator==(const Missing&) const = default;
};
struct Bye {
  std::string reason;
  bool refused = false;  // the receiver is not let in: it need not come again soon
  bool operator==(const Bye&) const = default;
};
struct Ping {
  std::uint64_t token = 0;
  bool reply = false;
  bool operator==(const Ping&) const = default;
};
struct Dictionaries {             // "squeeze what you send me with these": at a session's start and when they change
  std::vector<DictionaryId> ids;  // at most kMaxDictionaries
  bool operator==(const Dictionaries&) const = default;
};

struct Rekey {  // fresh keys for this session (syncd/core/session_keys.h)
  std::uint8_t phase = 0;
  crypto::DhPublic key;
  bool operator==(const Rekey&) const = default;
};

// Under which one node's news are (syncd/core/heard_keys.h).
struct BroadcastKey {
  std::uint32_t id = 0;
  crypto::AeadKey key;
  bool operator==(const BroadcastKey&) const = default;
};
inline constexpr std::size_t kMaxBroadcastKeys = 64;  // per message
struct BroadcastKeys {
  std::vector<BroadcastKey> keys;
  bool operator==(const BroadcastKeys&) const = default;
};
struct WantBroadcastKeys {
  std::vector<std::uint32_t> ids;
  bool operator==(const WantBroadcastKeys&) const = default;
};

using Message = std::variant<Push, Held, Reconcile, WantItems, WantBlobs, Blobs, Missing, Bye, Ping, Question, Replies,
                             Dictionaries, WantCells, Cells, Beacon, Rekey, BroadcastKeys, WantBroadcastKeys>;

Bytes encode_beacon(const Beacon&);
Result<Beacon> decode_beacon(ByteView);
Bytes encode_hello(const Hello&);
Result<Hello> decode_hello(ByteView);
Bytes encode_news(const News&);
Result<News> decode_news(ByteView);
// encode_news(news) in a frame, with one copy of its bulk. The counter must never be used again with that key.
Bytes seal_news(const crypto::AeadKey& key, const FrameHeader& header, const News& news);
Bytes encode_packet(const Packet&);
Result<Packet> decode_packet(ByteView);
Bytes encode_message(const Message&);
Result<Message> decode_message(ByteView);
// The same; blobs are views of `bytes`, not copies.
Result<Message> decode_shared_message(const SharedView& bytes);

}  // namespace meshfs::codec
