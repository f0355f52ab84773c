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
  admission @4 :Key;         # public key; a member record countersigned by it is admitted
  signature @5 :Data;        # 64 bytes: Ed25519 by admins[0] of H("meshfs genesis 1"; canonical bytes without signature)
}

struct Member {
  # Binds a device key and a store to a node, and a node to the network. At most 300 bytes: it is the inline content of
  # /mesh/network/members/<author tag in hex>.
  # Signed bytes = network id 32 · node 32 · device 32 · store 8 · epoch 4 little-endian · name
  node @0 :Data;             # root public key, 32 bytes
  device @1 :Data;           # device public key, 32 bytes
  store @2 :UInt64;          # random id of the store. Author tag = first 8 bytes of H("meshfs author"; device · store)
  epoch @3 :UInt32;          # from 1; rises with each rotation of the device key
  name @4 :Data;
  byNode @5 :Data;           # 64 bytes: by the root key, domain "meshfs member 1"
  byAdmission @6 :Data;      # 64 bytes: by the admission key, domain "meshfs admit 1", over signed bytes · byNode
}

struct Credential {
  # Who holds a link key (X25519), said in a handshake that proves its possession. At most 400 bytes.
  member @0 :Member;
  byDevice @1 :Data;         # 64 bytes: Ed25519 by the member's device key, domain "meshfs linkkey 1", of network id 32 · link key 32
  # The link key's secret is derive(device seed, "meshfs linkkey").
}

struct Invite {
  # What `mesh join` takes: "meshfs1-" and base64url (RFC 4648, 5; no padding) of the bytes, followed by the first 4 bytes of
  # H("meshfs invite"; bytes), so that a mistyped token is told from a wrong one. Whoever has it may join.
  genesis @0 :Genesis;
  secret @1 :Data;           # 32 bytes, the network's shared secret
  # Admission key seed = derive(secret, "meshfs admission"); link key = derive(secret, "meshfs link 1"; network id), where
  # derive is BLAKE2b-256 keyed with the secret and personalised with the domain.
}

struct Identity {
  # All that a node keeps secret and safe: the file `identity`, mode 0600.
  version @0 :UInt32;        # 1
  genesis @1 :Genesis;
  secret @2 :Data;           # 32 bytes, as in Invite
  nodeSeed @3 :Data;         # 32 bytes, Ed25519 seed of the root key
  deviceSeed @4 :Data;       # 32 bytes, Ed25519 seed of the device key
  member @5 :Member;         # this node's own, complete; must match the seeds and verify
}
