@0xf16fcc585f0fac20;
# An entry: one signed statement that restates the whole state of one object, or deletes a batch of objects.
# This file is the specification of its bytes; schema/codec/entry.h is the same in C++ structs, with the limits.
#
# Canonical bytes. Hashes and signatures cover the Cap'n Proto canonical form of the Entry struct alone: one segment,
# preorder, trailing zero words and null pointers cut, root pointer first, unpacked. A decoder reads plain values,
# builds the canonical form of what it read and requires the very same words. So everything that stands below as "else
# zero" or "null" is enforced, and a field this version doesn't know makes the entry `unsupported`: it waits, undamaged,
# until the program is updated. It is never half understood.
#
# Fixed-size byte strings (hashes, ids, author tags) are UInt64 words: word i is bytes 8i..8i+7, little-endian, so that
# in memory the string simply stands there. Words of random bytes stand side by side because packing spends two bytes per run of them.
# Field order is chosen for size: what most entries have comes first, what is usually zero comes last and is cut.
# Names are Data: 1 to 255 bytes, any but '/' and NUL, not "." or "..".
#
# Time. The commit's header gives the entry's own HLC and author. `age` means header.hlc - stamp.hlc in raw HLC units
# (48 bits of milliseconds, 16 bits of counter); 0: set by this very entry. An age is never greater than header.hlc.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("meshfs::format");

enum Kind {
  file @0;
  directory @1;
  symlink @2;
}

enum ContentForm {
  chunked @0;   # hash0..3 is the root, size the length in bytes, at least 1
  inlined @1;   # the bytes stand in `inlined`: at most 300 for a file, 1 to 4,095 for a symlink's target
  none @2;      # no content here: directories, and registers that another author stamped
  several @3;   # in Entry only: see `contents`
}

struct Entry {
  # One object's state, unless `tombstones` is there: then everything else is null or zero.

  parent0 @0 :UInt64;    # place: the directory it lies in (16-byte local id; zero: the volume's root)
  parent1 @1 :UInt64;
  hash0 @2 :UInt64;      # content, chunked: up to 65,536 bytes the one chunk's hash, else that of the top hash list
  hash1 @3 :UInt64;
  hash2 @4 :UInt64;
  hash3 @5 :UInt64;
  mtimeNs @6 :Int64;     # attributes: nanoseconds since 1970 UTC
  size @7 :UInt64;       # content, chunked: bytes of the file
  mode @8 :UInt16 = 420; # attributes: permission bits, at most 07777. The default, 0644, costs nothing
  kind @9 :Kind;
  form @10 :ContentForm;
  # Of the content, if it is exactly one and this author's own: it stands here. `several`: all of them in `contents`.

  name @11 :Data;        # place: empty only for the volume's root itself (then parent is zero, kind a directory)
  inlined @12 :Data;     # content: the bytes

  object0 @13 :UInt64;   # Local id of the object: zero if it is what derives from (parent, name, kind) with g = 0, else the
  object1 @14 :UInt64;   # id. With a foreign place nothing derives: zero is then the volume's root.
  placeAge @15 :UInt64;
  attributesAge @16 :UInt64;
  contentAge @17 :UInt64;

  placeForeign @18 :Foreign;        # set: the place's value is in that entry; parent, name and previous are zero and null
  attributesForeign @19 :Foreign;   # set: all attribute fields are zero and null
  context @20 :List(ContextSlot);   # per author that ever wrote this object; sorted by author, unique, at most 1,024
  contents @21 :List(Content);      # none or 1..64; stamps (age, author) unique; in the writer's order
  previous @22 :Place;              # place: where it falls back to if `parent` would close a cycle
  links @23 :List(Link);            # extra hard links, sorted by id, unique, at most 1,024; files and symlinks only
  latestExpiryMs @24 :UInt64;       # latest expiry this object ever had, network time, ms since 1970; 0: none

  userNumber @25 :UInt32;           # attributes: owner and group, by name where there is one (number is then 0).
  groupNumber @26 :UInt32;          # Root is number 0 without a name
  lifetimeMs @27 :UInt64;           # attributes: 0 for ever
  userName @28 :Data;               # at most 255 bytes, without NUL
  groupName @29 :Data;
  xattrs @30 :List(Xattr);          # sorted by name, unique; names and values together at most 16 KiB
  type @31 :Data;                   # record type, at most 64 bytes; none for plain files

  tombstones @32 :List(Tombstone);  # batch of deletions: 1..4,096, sorted by object, unique
}

struct Foreign {
  # A register that another author stamped, at this register's age: its value is in that author's entry `origin`.
  author @0 :UInt64;
  origin0 @1 :UInt64;  # entry hash
  origin1 @2 :UInt64;
  origin2 @3 :UInt64;
  origin3 @4 :UInt64;
}

struct ContextSlot {
  # This entry covers everything that `author` wrote on this object up to header.hlc - age.
  author @0 :UInt64;
  age @1 :UInt64;
}

struct Content {
  hash0 @0 :UInt64;
  hash1 @1 :UInt64;
  hash2 @2 :UInt64;
  hash3 @3 :UInt64;
  size @4 :UInt64;
  age @5 :UInt64;
  form @6 :ContentForm;  # none exactly if foreign; never several
  inlined @7 :Data;
  foreign @8 :Foreign;
}

struct Place {
  parent0 @0 :UInt64;
  parent1 @1 :UInt64;
  name @2 :Data;
}

struct Link {
  # An extra name with a stamp of its own. No name and no `foreign`: the link was removed.
  link0 @0 :UInt64;
  link1 @1 :UInt64;
  parent0 @2 :UInt64;
  parent1 @3 :UInt64;
  age @4 :UInt64;
  name @5 :Data;
  foreign @6 :Foreign;
}

struct Xattr {
  name @0 :Data;   # 1 to 255 bytes, without NUL
  value @1 :Data;
}

struct Attributes {
  # The attribute fields of Entry, for a deleted directory.
  mtimeNs @0 :Int64;
  mode @1 :UInt16 = 493;  # 0755
  userNumber @2 :UInt32;
  groupNumber @3 :UInt32;
  lifetimeMs @4 :UInt64;
  userName @5 :Data;
  groupName @6 :Data;
  xattrs @7 :List(Xattr);
  type @8 :Data;
}

struct Tombstone {
  # The deletion of one object: covers, by id, what its context covers and nothing else.
  object0 @0 :UInt64;
  object1 @1 :UInt64;
  author @2 :UInt64;   # The first slot of the context; the usual object had one author. A context is never empty: a
  age @3 :UInt64;      # delete covers something it saw.
  kind @4 :Kind;
  more @5 :List(ContextSlot);    # its other slots: sorted, all after `author`
  place @6 :Place;               # directories only: what it shows from if something under it lives on
  attributes @7 :Attributes;     # directories only
}
