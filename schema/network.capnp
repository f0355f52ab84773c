@0xe4b91b6f744fc5d7;
# Who belongs to a network. All of these are canonical form, packed, without a segment table, and refused if they differ
# from the canonical form of what they say. Names are 1 to 32 characters of a-z, 0-9 and '-'.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("meshfs::format");

struct Key { # 32 bytes
  word0 @0 :UInt64;
  word1 @1 :UInt64;
  word2 @2 :UInt64;
  word3 @3 :UInt64;
}

struct Genesis {
  # The first record of a network. The network's id is H("meshfs network"; canonical bytes, signature included).
  name @0 :Data;
  createdMs @1 :Int64;       # since 1970 UTC, by the founder's clock; not negative
  admins @2 :List(Key);      # 1..16 root keys of admin nodes, no two alike
  threshold @3 :UInt8;       # how many of them must sign a policy epoch: 1..number of admins
  signature @4 :Data;        # 64 bytes: Ed25519 by admins[0] of H("meshfs genesis 1"; canonical bytes without signature)
}

struct Member {
  # Binds a device key and a store to a node. At most 300 bytes: it is the inline content of
  # /mesh/network/members/<author tag in hex>. By itself it makes nobody a member: a node belongs to the network if its root key
  # is an admin's, or by an Admission. Until then it is a candidate.
  # Signed bytes = network id 32 · node 32 · device 32 · store 8 · epoch 4 · invitation 8 · name; numbers little-endian
  node @0 :Data;             # root public key, 32 bytes
  device @1 :Data;           # device public key, 32 bytes
  store @2 :UInt64;          # random id of the store. Author tag = first 8 bytes of H("meshfs author"; node · device · store)
  epoch @3 :UInt32;          # from 1; rises with each rotation of the device key
  name @4 :Data;
  byNode @5 :Data;           # 64 bytes: by the root key, domain "meshfs member 1"
  invitation @6 :UInt64;     # its id; 0: none
  byInvite @7 :Data;         # with an invitation, 64 bytes: by its key, domain "meshfs join 1", over signed bytes · byNode
}

struct Invitation {
  # What `mesh invite` makes known to the network: /mesh/network/invites/<id in hex>, inline, in a commit of its issuer. The id is
  # the first 8 bytes of H("meshfs invited"; key), as a number little-endian. Times are network time.
  key @0 :Data;              # 32 bytes; the seed is in the token
  issuer @1 :Data;           # 32 bytes, root key
  untilMs @2 :Int64;         # since 1970; 0: for ever; 1: withdrawn. Stated twice, the one counts that ends earlier, then the one with fewer uses
  uses @3 :UInt32;           # nodes that it lets in; 0: any number
  guest @4 :Bool;            # as guests
  way @5 :Way;

  enum Way {
    issuer @0;               # the issuer's node admits, by itself: one node decides, so that no use is given twice
    approval @1;             # an admin says so: `mesh nodes approve NAME`
    anyAdmin @2;             # the issuer's and every admin's node, by itself; uses is 0 then
  }
}

struct Admission {
  # Lets a node in: /mesh/network/admitted/<volume tag of the node in hex>, inline, in a commit of the admitter, who is an admin, or
  # who issued the invitation.
  # Signed bytes = network id 32 · node 32 · invitation 8 · admitter 8 · guest 1
  node @0 :Data;             # root key, 32 bytes: whatever devices it signs
  invitation @1 :UInt64;     # its id; 0: none
  admitter @2 :UInt64;       # author tag
  guest @3 :Bool;
  signature @4 :Data;        # 64 bytes: by the admitter's device key, domain "meshfs admit 1"; so that it can be shown elsewhere
}

struct Refusal {
  # Why a candidate is not let in: /mesh/network/refused/<author tag in hex>, inline, by who could have admitted it.
  author @0 :UInt64;         # tag
  invitation @1 :UInt64;
  reason @2 :Data;           # one sentence for its owner, 1 to 200 bytes
}

struct Credential {
  # Who holds a link key (X25519), said in a handshake that proves its possession. At most 900 bytes.
  member @0 :Member;
  byDevice @1 :Data;         # 64 bytes: Ed25519 by the member's device key, domain "meshfs linkkey 1", of network id 32 · link key 32
  # The link key's secret is derive(device seed, "meshfs linkkey").
  admission @2 :Admission;   # both or neither: that it was let in, for neighbours that have not heard of it
  admitter @3 :Member;
}

struct Roster {
  # fsd tells syncd who may have a session (local.capnp).
  credential @0 :Data;       # our own, as it is now
  devices @1 :Data;          # 32 bytes each, ascending, at most 8,192: members
  denied @2 :Data;           # the same: rotated away or revoked, whatever they show
  invites @3 :Data;          # 32 bytes each, at most 1,024: keys of invitations whose candidates may come
  admins @4 :Data;           # 32 bytes each, at most 16: root keys
  open @5 :Bool;             # we are no member ourselves yet: anybody under the network's key
}

struct Token {
  # What `mesh join` takes: "meshfs1-" and base64url (RFC 4648, 5; no padding) of the bytes, followed by the first 4 bytes of
  # H("meshfs invite"; bytes), so that a mistyped token is told from a wrong one.
  genesis @0 :Genesis;
  secret @1 :Data;           # 32 bytes, the network's shared secret
  # Link key = derive(secret, "meshfs link 1"; network id), where derive is BLAKE2b-256 keyed with the secret and personalised
  # with the domain.
  seed @2 :Data;             # 32 bytes, Ed25519, of the invitation's key; with salt 48: XChaCha20-Poly1305 and its tag under
                             # Argon2id (2 passes, 64 MiB) of the passphrase, nonce of zeroes
  issuer @3 :Data;           # the name of the node whose admission it needs
  salt @4 :Data;             # 16 bytes; null: no passphrase
  guest @5 :Bool;            # as the invitation says
}

struct Identity {
  # All that a node keeps secret and safe: the file `identity`, mode 0600.
  version @0 :UInt32;        # 2
  genesis @1 :Genesis;
  secret @2 :Data;           # 32 bytes, as in Token
  nodeSeed @3 :Data;         # 32 bytes, Ed25519 seed of the root key; null: kept elsewhere
  deviceSeed @4 :Data;       # 32 bytes, Ed25519 seed of the device key
  member @5 :Member;         # this node's own, complete; must match the seeds and verify
  invitedBy @6 :Data;        # who issued the invitation; null: nobody
  guest @7 :Bool;            # invited as one
  former @8 :Data;           # devices before this one, the last first, at most 16: store 8 · seed 32 each; to read what was sealed for them
}
