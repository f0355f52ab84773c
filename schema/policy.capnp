@0xf96e0c1e9f0cfc8e;
# Who may do what: numbered epochs, each a file that admins sign beside it. Both are canonical form, packed, without a segment table,
# and refused if they differ from the canonical form of what they say.
#
# /mesh/network/policy/<number>-<content hash, 64 hex>          a Policy. The hash is the content's root, of inline content the
#                                                               BLAKE2b-256 of its bytes; so the name tells whether the bytes are right
# /mesh/network/policy/<number>-<hash>.<16 hex of the key>      a PolicySignature by the admin whose root key begins so, inline
# Entries of these files at these places are certified: no other entry covers them, so nobody can take an epoch away.
#
# An epoch is in force where its body and each epoch that it follows is here, and of the admins of each of those as many signed
# it as that epoch's threshold. The network's genesis is epoch 0: its admins, its threshold, no rules; its hash is the network's id.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("meshfs::format");

struct PolicyGroup {
  name @0 :Data;             # 1..32 of a-z, 0-9 and '-'
  nodes @1 :Data;            # root keys, 32 bytes each, sorted, at most 1,024
  groups @2 :Data;           # names of other groups, sorted, a space between; nested at most 4 deep, no group in itself
}

struct PolicyRule {
  # effect: 0 allow · 1 only: who is named may, and what members may without any rule counts no more there · 2 deny · 3 limit: at most so
  # much in a volume, over it nothing but deletes. Any deny wins over any allow. Without a rule that fits, members write and delete in
  # the shared volume, commands and their own node's volume, guests in their own, admins in the network volume; members invite,
  # admins admit; nobody commands.
  effect @0 :UInt8;
  who @1 :UInt8;             # 0 anyone · 1 member · 2 guest · 3 admin · 4 node · 5 group
  name @2 :Data;             # node: its root key, 32 bytes; group: its name; else null
  verbs @3 :UInt8;           # bits: 1 write · 2 delete · 4 create · 8 command · 16 invite · 32 admit; limit: 0
  argument @4 :Data;         # create: record type, command: verb; null: any. At most 64 bytes, only with create or command alone
  scope @5 :UInt8;           # 0 everywhere · 1 shared · 2 network · 3 commands · 4 own: the node's own volume · 5 one node's volume
  node @6 :Data;             # scope 5: its root key
  untilMs @7 :Int64;         # network time, by the stamp of the commit that is judged; 0: for ever
  maxBytes @8 :UInt64 = 0xffffffffffffffff;    # limit: of the running totals in the header; all ones: none
  maxEntries @9 :UInt64 = 0xffffffffffffffff;
}

struct PolicyFence {
  # What of an author counts although it was made under earlier epochs: all that was accepted of him where this epoch was made.
  author @0 :UInt64;         # author tag
  accepted @1 :Data;         # first 16 bytes each, sorted: of hashes of his entries: live ones, and origins that live ones name
}

struct Policy {
  number @0 :UInt32;         # one more than the greatest of those it follows
  threshold @1 :UInt8;       # how many admins must sign what follows this: 1..number of admins
  follows @2 :Data;          # content hashes, 32 bytes each, sorted, 1..8; number 1: the network's id
  admins @3 :Data;           # root keys, 32 bytes each, sorted, 1..16
  groups @4 :List(PolicyGroup); # sorted by name, at most 64
  rules @5 :List(PolicyRule);   # at most 256
  revoked @6 :Data;          # root keys of nodes whose devices' entries count no more, but for what fences name; sorted, at most 1,024. For ever:
                             # epochs that follow need not repeat it
  fences @7 :List(PolicyFence); # sorted by author, at most 1,024
}

struct PolicySignature {
  number @0 :UInt32;
  body @1 :Data;             # content hash of the Policy
  admin @2 :Data;            # root key
  signature @3 :Data;        # Ed25519 of H("meshfs policy 1"; network id 32 · number 4 little-endian · body 32)
}

struct Delegation {
  # What a node lends another of what it may itself: /mesh/network/delegations/<id in hex>, inline, in a commit of one of the issuer's
  # devices. The id is the first 8 bytes of H("meshfs delegated"; canonical bytes). Certified, so nobody takes it away; it ends by itself.
  # A chain is a delegation with no parent, made by who has the right, and at most two below it, each made by the audience of the one
  # above and no wider: verbs, argument, time, depth.
  issuer @0 :Data;           # root key, 32 bytes
  audience @1 :Data;         # root key, 32 bytes: who may use it, nobody else
  verbs @2 :UInt8;           # bits as of a PolicyRule: write, delete, create, command
  argument @3 :Data;         # as of a PolicyRule
  volume @4 :UInt64;         # tag of the shared volume, of commands or of a node's own
  untilMs @5 :Int64;         # network time, by the stamp of the commit that makes use of it; not 0
  epoch @6 :UInt32;          # the policy epoch that the commit names which makes it; commits that make use of it name this or a later one
  depth @7 :UInt8;           # so many more may hang on it: 0..2
  parent @8 :UInt64;         # id; 0: none
}
