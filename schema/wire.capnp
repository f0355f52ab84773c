@0xdabfe05a9a526c55;
# What neighbours say to each other. A frame is 32 bytes of header, then one of these:
#   0 magic 'm' (0x6d) · 1 version 2 · 2 kind (1 beacon, 2 handshake, 3 packet, 4 news, 5 cookie) · 3 phase · 4..7 session ·
#   8..15 counter · 16..31 tag, all little-endian. At most 1,280 bytes outside a session, 262,144 in one.
#   packet: tag and payload are ChaCha20-Poly1305 (RFC 8439) under the session's key of that direction; nonce: 4 zero bytes · counter;
#     bytes 0..15 are associated data. Counters of a session begin at 1 and never repeat, whatever the phase: which of its keys this is, 0 at first, one more
#     with each Rekey (below), modulo 256. Of other kinds byte 3 is zero.
#   news: the same under the sender's broadcast key (below), whose id stands in session. Counters under a key begin at 1 and never repeat.
#   beacon: under network key K. tag = BLAKE2b-128 keyed with derive(K, "meshfs siv mac") of bytes 0..15 and the plain payload;
#     payload = plain xor XChaCha20 with derive(K, "meshfs siv mask") and the tag and 8 zero bytes as nonce. Counters of a sender
#     begin anew with its boot nonce; session is 0.
#   handshake: counter says which message; session is 0. Behind 16 bytes of header stand a message and two macs
#     (schema/noise/cookies.h; K in the static key's place). Prologue: "meshfs" and the network's id.
#     1 to 3: Noise_XX_25519_ChaChaPoly_BLAKE2b. Payloads: none, Hello, Hello.
#     4, 5: Noise_IK_25519_ChaChaPoly_BLAKE2b, to whom the sender had a session with. Payloads: Hello, Hello. The first may be an old one: the
#       responder has no session before a packet under the new keys came. known = first 16 bytes of H("meshfs known";
#       the initiator's credential · the responder's, as they were shown).
#     6: no IK, begin with XX: the first 16 bytes of message 4, in clear. Whoever forges it costs the two a credential each.
#   cookie: the reply to a handshake's first message, behind 16 bytes of header.
#
# Bytes. Beacon and Hello: packed, one segment, no segment table. Packet, Message and News: 4 bytes little-endian length of the
# head; the head, packed likewise; then the bulk: the bytes of its bundles, blobs or pieces one after the other in the
# order they are listed, as they are. Content is most of what travels, and packing would touch each of its bytes twice
# per hop for nothing. The whole input is used. Unlike what is signed (entry.capnp), a reader
# ignores fields it doesn't know: that is how a version grows. What can't be ignored raises the frame's version.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("meshfs::format");

enum Set {
  network @0;
  nodes @1;
  commands @2;
  shared @3;
}

struct Fingerprint {
  # 16 bytes as two words.
  low @0 :UInt64;
  high @1 :UInt64;
}

struct SetSummary {
  set @0 :Set;
  count @1 :UInt64;
  fingerprint @2 :Fingerprint;
  cells @3 :Data;            # the first cells of the set's sketch (below)
}

# Sketch: rateless invertible Bloom lookup table over the item ids of a set (arXiv 2402.02668), without counts. A cell is 11 bytes:
# 8 xor of ids · 3 xor of their checks, little-endian. With next() = SplitMix64 (state += 0x9e3779b97f4a7c15, then its finaliser):
#   check of an id  = the upper 24 bits of next() from state id ^ 0x6d657368736b6574
#   cells of an id  = cell 0; after cell i: i + max(1, ceil((2 i + 3) (2^32 - u) / (2 u))), u = max(1, floor(sqrt(next()))), one
#                     generator per id, its state begins as the id. Only integers: every machine draws the same cells

struct Beacon {
  # One multicast datagram, Trickle-timed.
  node @0 :Data;             # 32 bytes
  boot @1 :Data;             # 16 bytes drawn at start: another one means that the neighbour restarted
  tcpPort @2 :UInt16;        # 0: does not listen
  hasClock @3 :Bool;         # its network time comes from a confirmed clock
  incomplete @4 :Bool;       # lacks space or rights for some content
  networkTimeMs @5 :Int64;
  saltEpoch @6 :UInt32;      # names the salt of item ids; fingerprints of different epochs can't be compared
  sets @7 :List(SetSummary); # at most 16, each set once, at most 64 cells together. Soon after a change or a difference; from who holds
                             # only part of the sets always. A quiet beacon says `all` and nothing more
  all @8 :Fingerprint;       # first 16 bytes of H("meshfs all sets"; per set, in the order of Set: set 1 · count 8 · fingerprint 16): equal if
                             # all sets are. Zero: not said
}

struct Hello {
  # Inside a handshake, whose two keys are the session's: the initiator sends with the first.
  boot @0 :Data;             # 16 bytes
  session @1 :UInt32;        # put this number into frames to me
  features @2 :UInt32;       # messages that came later and that I understand: bit 0 Question and Replies, bit 1 bases and signatures in wants,
                             # and blobs encoded as delta, patch or rsync, bit 3 dictionaries and squeezed items, bit 5 sketches, bit 6 slices of them. Bit 2, of this
                             # session: it takes the place of our stream, which stalls or loses. Bit 4: news frames. Bit 7, of
                             # this session: it is meant, do not let it go as one of too many. Unknown bits are ignored
  credential @3 :Data;       # a Credential (network.capnp) of the static key that this handshake proves. In IK's first message 16 bytes
                             # instead: known (above); in its second null
}

struct AckRange {
  first @0 :UInt64;          # frame counters, inclusive, first <= last
  last @1 :UInt64;
}

struct Piece {
  message @0 :UInt64;        # the sender's message number
  offset @1 :UInt32;
  total @2 :UInt32;          # bytes of the whole message: 1..262,144; offset + data <= total
  size @3 :UInt32;           # of the bulk that belongs here: at least 1
}

struct Packet {
  acks @0 :List(AckRange);   # newest first, at most 64
  pieces @1 :List(Piece);    # at most 256
}

enum ItemForm {
  commit @0;                 # bytes are a Commit
  proven @1;                 # a ProvenEntry
  header @2;                 # a SignedHeader
  squeezed @3;               # a Commit or ProvenEntry, squeezed (below). Only to whom said with Dictionaries that it can read it
}

# Squeezed: the record without its signature and its small contents, and those beside it, each compressed for itself. Whoever has
# the dictionary puts the very same record together and verifies it as ever; relays pass the bytes on as they came.
#   0 form (0 commit, 1 proven) · 8 bytes dictionary, 0 none · 64 bytes signature · number: bytes of the skeleton · number: bytes of
#   it here · the skeleton: one zstd frame if it is fewer here, else as it is · contents: one zstd frame made with the dictionary,
#   nothing if there are none. Frames come without their 4 magic bytes, without checksum, size and dictionary number.
#   skeleton = number: how many small contents · their lengths, a number each · the packed record with zero signature and
#   each of these contents empty
# A number: 7 bits a byte, lowest first, top bit: more follow; 3 bytes at most. Small contents are those of files that stand in
# entries (entry.capnp `inlined`), in the order of the record. A skeleton is at most 262,144 bytes, contents together 1 MiB.
# A dictionary is a file of the network volume, dictionaries/<record type>.zdict, of one chunk; its 8 bytes here are the first of its hash.
# The record type of an entry is its `type`; without one what follows the last '.' of its name. Most bytes of a commit decide.

struct Bundle {
  form @0 :ItemForm;
  size @1 :UInt32;           # of the bulk that belongs here: 1..229,376
}

enum BlobKind {
  chunk @0;
  list @1;
}

enum BlobEncoding {
  plain @0;
  zstd @1;                   # one frame, at most plainSize bytes when unpacked
  # These only answer a want that named their base. Who gets one checks the plain bytes by their hash as ever.
  delta @2;                  # one zstd frame without its 4 magic bytes whose prefix is the plain bytes of the blob `base`
  rsync @4;                  # of a chunk: librsync's delta as a zstd frame (fsd/delta/run_delta.h) against the bytes whose signature the
                             # want had; `base` is the BLAKE2b-256 of that signature
  patch @3;                  # of a level-1 list: a recipe (fsd/delta/patch_format.h) against the content whose root is `base`. It rebuilds
                             # the list and brings chunks of it: none of their hashes travel, the list's hash verifies them all
}

struct Blob {
  hash @0 :Data;             # 32 bytes, of the plain bytes
  kind @1 :BlobKind;
  encoding @2 :BlobEncoding;
  plainSize @3 :UInt32;      # 1..65,536; patch: of the list, without the chunks
  size @4 :UInt32;           # of the bulk that belongs here: 1..plainSize; plain: exactly plainSize; patch: 1..204,800
  base @5 :Data;             # delta, patch, rsync: 32 bytes; else null
}

struct Push {
  # News: items with the small blobs they need. Not empty.
  bundles @0 :List(Bundle);  # at most 512
  blobs @1 :List(Blob);      # at most 512
  repair @2 :Bool;           # found by a comparison, which will tell when all is well: nobody waits for Held
}

struct News {
  # One datagram to all in range: a push that acknowledges others. Or to one neighbour alone: the same acknowledgements, asked for or given.
  # Its broadcast key says who sent it. A counter counts once. All who hold that key could have made it: so nothing but the push is
  # believed beyond delay, and the push is judged as any other.
  # A key is the first 8 bytes of BLAKE2b-256 of a commit's signature, squeezed or not, of any other item of the hash of its bytes.
  push @0 :Push;             # null: only acknowledgements
  have @1 :Data;             # keys, at most 128: these items are here, or their bytes are and are being judged
  lack @2 :Data;             # keys, at most 128: of an `ask`, those that are not here. Who asked sends them
  ask @3 :Bool;              # to one neighbour: say which of the keys in `have` are there too
}

struct Range {
  # Item ids in [lower, upper); upper 0 stands for 2^64.
  lower @0 :UInt64;
  upper @1 :UInt64;
  union {
    sum :group {
      count @2 :UInt64;
      fingerprint @3 :Fingerprint;
    }
    ids @4 :List(UInt64);    # the whole range, sorted, unique, inside it
  }
}

struct Reconcile {
  # Stateless: every range is answered by itself.
  set @0 :Set;
  saltEpoch @1 :UInt32;
  wantReply @2 :Bool;
  ranges @3 :List(Range);    # 1..256, ascending, disjoint; at most 2,048 ids together
}

struct WantCells {
  # Cells of your sketch of that set, unless your fingerprint is mine. Stateless, so a lost answer is asked for again.
  set @0 :Set;
  saltEpoch @1 :UInt32;
  count @2 :UInt64;          # of my set, or of its items in the slice
  fingerprint @3 :Fingerprint;
  first @4 :UInt32;
  number @5 :UInt32;         # 1..2,048; first + number at most 2,048
  # A slice: the item ids in [lower, upper), upper 0 stands for 2^64; both 0: the whole set. To whom has feature bit 6. Where
  # naming the ids is shorter than cells [0, number), the answer is a Reconcile with that range and its ids.
  lower @6 :UInt64;
  upper @7 :UInt64;
}

struct Cells {
  set @0 :Set;
  saltEpoch @1 :UInt32;
  count @2 :UInt64;          # of my set, or of its items in the slice
  fingerprint @3 :Fingerprint; # cells that came under another one are of another set: begin again
  first @4 :UInt32;
  cells @5 :Data;            # 11 bytes each, at most 2,048, of the whole set perhaps fewer than asked for; none: we are equal there,
                             # or you have nothing there and all that I have is on its way
  lower @6 :UInt64;          # as in the question
  upper @7 :UInt64;
}

struct WantItems {
  set @0 :Set;
  saltEpoch @1 :UInt32;
  ids @2 :List(UInt32);      # 1..512: upper halves of ids. Mostly one item each; else all of them are meant
}

struct Want {
  hash @0 :Data;
  kind @1 :BlobKind;
  bases @2 :UInt16;          # place in the table, from 1 on: contents that the asker holds whole; 0: none
  offset @3 :UInt64;         # with bases: where in its file the blob begins, a hint where to look in them
  signature @4 :Data;        # of a chunk whose sender seems to have no base: librsync's, of the asker's bytes near that place; at
                             # most 3,072 bytes. Null: none
}

struct WantBlobs {
  wants @0 :List(Want);      # at most 512: send these when you have them
  cancel @1 :Data;           # at most 512 hashes, 32 bytes each: no longer wanted
  bases @2 :List(Data);      # the table, at most 512: 1..4 content roots each, 32 bytes. The lists of one file name the same ones
}

struct Ping {
  token @0 :UInt64;
  reply @1 :Bool;
}

# Far questions: who holds this version, why does that node lack it? A question is flooded from neighbour to neighbour, each node
# once per id; replies go back the way it came, gathered per hop, and are kept nowhere. Whoever replies signs with its
# device key over the question's id, so a relay can withhold a reply or make up a failing one, never change what a node
# said or use it for another question. Only neighbours whose Hello has feature bit 0 are asked.
# What is signed (H and domains as in commit.capnp, numbers little-endian, null Data as zeros):
#   question = Ed25519 of H("meshfs ask 1"; network id 32 · id 16 · asker 8 · volume 8 · object 16 · entry 32 · size 8 · root 32 · target 32)
#   reply    = Ed25519 of H("meshfs reply 1"; network id 32 · question id 16 · author 8 · state 1 · have 4 · of 4 · secondsLeft 4 · heardMs 8 ·
#              number of sources 1 · per source: length 1, name, bytesPerS 4 · length of reason 1, reason)

struct Question {
  id @0 :Data;               # 16 bytes, random: who saw it before drops it
  asker @1 :UInt64;          # author tag, 8 bytes: its member record has the key
  hops @2 :UInt8;            # left: 1..64. Each relay takes one away and sends none with 0. Not signed
  volume @3 :UInt64;         # the object asked about
  object @4 :Data;           # 16 bytes
  entry @5 :Data;            # 32 bytes: the version
  size @6 :UInt64;           # its content, if that is in chunks
  root @7 :Data;             # 32 bytes, or null
  target @8 :Data;           # 32 bytes: only this node replies, and those who heard it; null: everybody
  signature @9 :Data;        # 64 bytes
}

enum Holding {
  unknown @0;                # knows nothing of this version
  holds @1;                  # the version and all of its content
  fetching @2;               # the version; its content is on its way: have, of, sources, secondsLeft
  metadata @3;               # the version, not its content, and does not fetch it
  waiting @4;                # the version came and waits for something: reason
  refused @5;                # the version came and was refused: reason
  hidden @6;                 # the version and its content, but it shows under no name: reason
  superseded @7;             # a later version took its place
  heard @8;                  # not of the target but of a node that heard it: heardMs ago
}

struct Source {
  name @0 :Data;             # 1 to 32 bytes: node name of a neighbour of who replies
  bytesPerS @1 :UInt32;
}

struct Reply {
  author @0 :UInt64;         # who replies
  state @1 :Holding;
  have @2 :UInt32;           # chunks
  of @3 :UInt32;
  secondsLeft @4 :UInt32;    # 0: not known
  heardMs @5 :UInt64;
  sources @6 :List(Source);  # at most 8
  reason @7 :Data;           # one sentence, for people: at most 255 bytes
  signature @8 :Data;        # 64 bytes
  hops @9 :UInt8;            # links it travelled: whoever receives it adds one. Not signed
}

struct Replies {
  question @0 :Data;         # 16 bytes: its id
  replies @1 :List(Reply);   # 1..64
}

struct Rekey {
  # Renews a session's keys. Who began the handshake offers, the other answers; both then have
  #   chain = derive(chain; "meshfs renew"; X25519 of the two keys), keys = derive(chain; "meshfs key i" and "meshfs key r"),
  # where derive is BLAKE2b-256 keyed with the first, personalised with the second (i: of who began). The first chain is
  # derive(first key i; "meshfs chain"; first key r). Frames say by their phase under which keys they are.
  phase @0 :UInt8;           # of the keys to come: one more than of those that count, modulo 256
  key @1 :Data;              # 32 bytes, X25519, fresh
}

# Broadcast keys: a node draws one at its start, and another when a device is let in no more, after a day of use, and after 2^32 frames. It
# tells it in each of its sessions, at their start and when it was replaced. Others who heard its beacon ask a neighbour for it.
#   id = sender 3 bytes · generation 1 byte, as a number: sender in the upper bits. sender = the first 3 bytes of
#        H("meshfs broadcast"; node 32 · boot nonce 16), the first one lowest; generations are 1 to 255, then 1 again
# What another told counts until the sender itself tells in its own session. Frames under a key are read for 10 s after its successor came.

struct Message {
  union {
    push @0 :Push;
    held @1 :Data;           # header hashes, 16 bytes each, 1..1,024: their commits are durable here
    reconcile @2 :Reconcile;
    wantItems @3 :WantItems;
    wantBlobs @4 :WantBlobs;
    blobs @5 :List(Blob);    # 1..512
    missing @6 :Data;        # hashes, 32 bytes each, 1..512: not here now; your want is kept
    bye @7 :Data;            # why, for people: at most 255 bytes
    ping @8 :Ping;
    question @9 :Question;
    replies @10 :Replies;
    dictionaries @11 :Data;  # 8 bytes each, at most 64: all that I hold; takes the place of what I said before in this session
    wantCells @12 :WantCells; # these two to whom has feature bit 5
    cells @13 :Cells;
    beacon @14 :Beacon;      # to a neighbour that hears no beacons of mine, when one is due
    rekey @15 :Rekey;
    broadcastKeys @16 :Data; # id 4 · key 32 each, 1..64: one's own, or those that were asked for. These two to whom has feature bit 4
    wantBroadcastKeys @17 :List(UInt32); # ids, 1..64: keys of these senders, of this generation or a later one; generation 0: any
    refused @18 :Data;       # as bye, and more: the sender's roster does not let you in, so do not begin again soon
  }
}

# Bulletins: engines of the mesh (BMX7, BMX6, ALFRED) replicate a few pages of each node to all others. A page is
#   0 magic 'm' 'p' · 2 version 1 · 3..18 tag · a Page, under derive(network key; "meshfs page") as the payload of a beacon is, with bytes 0..2 as
#   what is authenticated beside it. Bytes as News has them: length of the head, head, bulk.
# Whoever holds the network key, and an engine that repeats an old page, can delay; what pieces carry is judged as any push or blob.

struct Extent {
  offset @0 :UInt32;
  size @1 :UInt32;           # at least 1
}

struct PageWant {
  # I lack this and no neighbour brings it.
  blob @0 :Data;             # its hash, 32 bytes; null: items, of which a part came
  letter @1 :UInt64;         # a part of this letter came, but
  missing @2 :List(Extent);  # not these: at most 16, ascending, disjoint; none: nothing of the blob came. Who has not that letter knows it by the blob
}

struct Seen {
  node @0 :UInt32;           # first 4 bytes of the node's id, as a number, lowest first
  version @1 :UInt32;        # up to which all of its pages came
}

struct PageHead {
  # On the last page: what this node says of itself. The latest counts.
  beacon @0 :Beacon;         # without sets; its cells are below
  sets @1 :List(SetSummary); # at most 16, each once, at most 2,048 cells together; count and fingerprint of the whole set. Null: say the same as `all`
  lower @2 :UInt64;          # cells are of the ids in [lower, upper); upper 0 stands for 2^64
  upper @3 :UInt64;
  near @4 :List(UInt32);     # with whom it has a session, as Seen names them: at most 64. Whoever is linked so needs no bulletin
  seen @5 :List(Seen);       # at most 64: of whom it lately wanted something or had pages
  wants @6 :List(PageWant);  # at most 64
  unclear @7 :List(UInt32);  # whose cells did not suffice: say more, or of a smaller slice. At most 16
  pages @9 :List(UInt32);    # versions of its other pages now, from page 0 on; 0: it has none there. At most 64. Who has not all of them has not seen them
  addresses @8 :List(Data);  # at most 4, 16 bytes each: IPv6 addresses under which it accepts streams at beacon.tcpPort
}

struct PagePiece {
  # Of a letter: 1 byte 0 and a Message (push or blobs), or 1 byte 1 and the zstd frame of one.
  letter @0 :UInt64;         # first 8 bytes of the BLAKE2b-256 of the letter, as a number, lowest first
  blob @1 :UInt64;           # likewise of the hash of the blob in it; 0: items
  offset @2 :UInt32;
  total @3 :UInt32;          # bytes of the letter: 1..262,144; offset + size <= total
  size @4 :UInt32;           # of the bulk that belongs here: at least 1
}

struct Page {
  node @0 :Data;             # 32 bytes; with a head null, which says it
  version @1 :UInt32;        # of all its pages together, when this one was made: each change has the next, from 1 on
  head @2 :PageHead;         # null: not on this page
  pieces @3 :List(PagePiece); # at most 256
}
