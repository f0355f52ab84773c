@0x89b99074d61e6b55;
# What fsd says to syncd and tools over its Unix socket, and back. Framing: 4 bytes little-endian length (at most 1 MiB), then
# one of these with its bulk, as Message in wire.capnp. Both sides are on one machine but trust nothing.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("meshfs::format::local");

using Network = import "network.capnp";
using Wire = import "wire.capnp";

struct Welcome {
  version @0 :UInt32;        # 1
  node @1 :Data;             # 32 bytes
  nodeName @2 :Data;
  networkName @3 :Data;
  network @4 :Data;          # 32 bytes, network id
  networkKey @5 :Data;       # 32 bytes, of beacons and news
  linkSecret @6 :Data;       # 32 bytes, X25519
  roster @7 :Network.Roster; # its credential says who holds that key
}

struct Item {
  item @0 :UInt64;           # number fsd gave it, for GetItems
  set @1 :Wire.Set;
  hash @2 :Data;             # 32 bytes
}

struct Items {
  # The snapshot in pieces, then changes as they happen.
  added @0 :List(Item);      # each list at most 8,192
  removed @1 :List(Item);
  snapshotDone @2 :Bool;     # once, on the piece that ends the snapshot
}

struct Publish {
  push @0 :Wire.Push;
  header @1 :Data;           # 16 bytes, header hash
  squeezed @2 :Wire.Bundle;  # the same commit for neighbours that hold the dictionary; null: there is no such form of it
}

enum Verdict {
  # No verdict is zero: a list of all-zero structs has no bytes at all in canonical form, and Cap'n Proto's reader takes
  # such lists for amplification.
  none @0;                   # never sent
  accepted @1;
  known @2;
  pending @3;                # waits for something it refers to
  refused @4;
}

struct Judgement {
  verdict @0 :Verdict;
  reason @1 :Data;           # for people, at most 1,024 bytes
  plain @2 :Data;            # a squeezed bundle, accepted: the commit, for neighbours that lack the dictionary
}

struct Judged {
  offer @0 :UInt64;
  bundles @1 :List(Judgement);  # at most 512, in the offer's order
}

struct Need {
  hash @0 :Data;
  kind @1 :Wire.BlobKind;
  sizeHint @2 :UInt64;
  bases @3 :UInt16;          # place in the table, from 1 on; 0: none
  offset @4 :UInt64;         # with bases: where in its file it begins
  signature @5 :Data;        # as Want has it
}

struct NeedBlobs {
  needs @0 :List(Need);      # at most 8,192
  noLonger @1 :Data;         # at most 8,192 hashes, 32 bytes each
  bases @2 :List(Data);      # the table, at most 8,192: as WantBlobs has it
}

struct BlobsStored {
  stored @0 :Data;           # hashes, at most 8,192 each; of a patch also the chunks it brought
  refused @1 :Data;
  unusable @2 :Data;         # deltas whose base is not here any more: nobody's fault, ask without bases
}

struct BlobsFound {
  request @0 :UInt64;
  blobs @1 :List(Wire.Blob); # at most 512
  missing @2 :Data;          # hashes, at most 512
}

struct ItemsFound {
  request @0 :UInt64;
  bundles @1 :List(Wire.Bundle);  # at most 512
  left @2 :List(UInt64);     # in the last part of an answer: items that had no room in it. To be asked for again
}

struct NetworkTime {
  nowMs @0 :Int64;
  hasClock @1 :Bool;
  incomplete @2 :Bool;
}

struct Answer {
  request @0 :UInt64;
  ok @1 :Bool;
  code @2 :UInt16;           # Errc, if not ok: its place in the list in schema/vocab/result.h
  text @3 :Data;             # at most 512 KiB
}

struct QuestionJudged {
  # Answer to QuestionCame. A question that is not to go on is forgotten.
  request @0 :UInt64;
  passOn @1 :Bool;           # its asker signed it
  replies @2 :List(Wire.Reply);  # none or one: this node's own, signed
}

struct ToSyncd {
  union {
    welcome @0 :Welcome;
    items @1 :Items;
    publish @2 :Publish;
    judged @3 :Judged;
    durable @4 :UInt64;      # offer whose accepted bundles are on disk
    needBlobs @5 :NeedBlobs;
    blobsStored @6 :BlobsStored;
    blobsFound @7 :BlobsFound;
    itemsFound @8 :ItemsFound;
    networkTime @9 :NetworkTime;
    answer @10 :Answer;
    inquire @11 :Wire.Question;   # our own, signed: ask the network
    questionJudged @12 :QuestionJudged;
    dictionaries @13 :Data;  # 8 bytes each, at most 64: all that can be unsqueezed here
    roster @14 :Network.Roster;  # instead of the last one: sessions of who is in it no more end
  }
}

enum Role {
  syncd @0;
  tool @1;
}

struct Hello {
  version @0 :UInt32;
  role @1 :Role;
}

struct Offer {
  offer @0 :UInt64;
  bundles @1 :List(Wire.Bundle);  # at most 512
  from @2 :Data;             # neighbour, for people: at most 255 bytes
}

struct PutBlobs {
  blobs @0 :List(Wire.Blob); # at most 512
  from @1 :Data;
}

struct GetBlobs {
  request @0 :UInt64;
  hashes @1 :Data;           # at most 512
  bases @2 :Data;            # at most 4 content roots that the asker holds: then it is one hash, and BlobsFound is one message
                             # that may overtake and be overtaken by answers to other requests
  offset @3 :UInt64;         # with bases: where in its file the blob begins
  signature @4 :Data;        # as Want has it; the same holds then as with bases
}

struct GetItems {
  request @0 :UInt64;
  items @1 :List(UInt64);    # at most 2,048, in their order: items of one commit are next to each other. Some 256 KiB of them are answered
  dictionaries @2 :Data;     # 8 bytes each: the asker's, 0 among them; null: squeeze nothing
}

struct Ask {
  request @0 :UInt64;
  verb @1 :Data;             # at most 64 bytes
  argument @2 :Data;         # at most 64 KiB
}

struct QuestionCame {
  request @0 :UInt64;
  question @1 :Wire.Question;
  heard @2 :Bool;            # its target is a neighbour, heard so long ago:
  heardMs @3 :UInt64;
}

struct ToFsd {
  union {
    hello @0 :Hello;
    offer @1 :Offer;
    putBlobs @2 :PutBlobs;
    getBlobs @3 :GetBlobs;
    getItems @4 :GetItems;
    peersReport @5 :Data;    # JSON, at most 512 KiB
    clockVotes @6 :List(Int64);  # ms since 1970, at most 256
    ask @7 :Ask;
    questionCame @8 :QuestionCame;
    repliesCame @9 :Wire.Replies;  # to our own question; not verified
  }
}
