// The merge: which entries of an object are heads, and what the object shows. Pure functions of values; the rules
// are DESIGN.md's "Data model", and tests/unit/merge has the proofs by random operations and the table of pairs.
#pragma once

#include <functional>
#include <vector>

#include "schema/codec/commit.h"

namespace meshfs::fsd {

// A register's value with who stamped it and the entry that states it (its origin).
template <class Value>
struct Stamped {
  Stamp stamp;
  Hash origin;
  Value value;
  bool operator==(const Stamped&) const = default;
};

struct CoveredSlot {
  AuthorTag author;
  Hlc hlc;
  bool operator==(const CoveredSlot&) const = default;
};
struct LinkValue {
  LocalId link;
  std::optional<codec::Place> place;  // none: removed
  bool operator==(const LinkValue&) const = default;
};

// One entry's statement about one object, with foreign registers resolved from their origins.
struct Head {
  Hash entry;
  Stamp stamp;  // author and HLC of the entry's header
  ObjectId object;
  codec::Kind kind = codec::Kind::file;
  bool tombstone = false;
  // State entries have place and attributes; tombstones of directories may (with the tombstone's own stamp).
  std::optional<Stamped<codec::PlaceValue>> place;
  std::optional<Stamped<codec::Attributes>> attributes;
  std::vector<Stamped<codec::Content>> contents;  // never in tombstones and directories
  std::vector<Stamped<LinkValue>> links;
  std::vector<CoveredSlot> context;  // sorted by author
  WallMs latest_expiry;              // 0: none
  bool operator==(const Head&) const = default;
};

// All an object is: every head that is known and not superseded. Sorted by (stamp, entry).
using Heads = std::vector<Head>;

// Looks up the entry with this hash, resolved for this object. Null if it is not here (yet).
using FindOrigin = std::function<const Head*(const Hash& entry)>;

struct Resolved {
  std::vector<Head> heads;         // one; for a batch tombstone one per item
  std::vector<Hash> missing;       // origins to wait for; then heads is empty
};
// bad_bytes if a foreign register's origin is here but does not carry that register with that stamp
// as its own author's, or a context or register contradicts itself.
Result<Resolved> resolve(const codec::Header& header, const codec::Entry& entry, const Hash& entry_hash,
                         const FindOrigin& find);

// f supersedes e exactly if f's context covers e's stamp.
bool covers(const Head& f, const Stamp& stamp);
bool supersedes(const Head& f, const Head& e);

// Entries further ahead of network time than this cover nothing and show nothing until due.
inline constexpr std::int64_t kFutureMs = 10 * 60 * 1000;
bool is_due(const Head& head, WallMs network_time);

// Adds `head` (known before: nothing happens). Gives the entry hashes that are heads no more; if `head` itself
// is superseded by a live head it is among them and is not added.
std::vector<Hash> add_head(Heads& heads, Head head, WallMs network_time);
// Entries that must stay because a live head names them as origin of a register.
std::vector<Hash> named_origins(const Heads& heads);

// What an object shows. For a file: alive exactly if a content survives. For a directory: alive if a state entry is
// a live head; else `ghost_place`: what it shows from if something under it lives on.
struct Shown {
  ObjectId object;
  codec::Kind kind = codec::Kind::file;
  bool alive = false;
  Stamped<codec::PlaceValue> place;
  Stamped<codec::Attributes> attributes;
  std::vector<Stamped<codec::Content>> contents;  // surviving and distinct in value; greatest stamp first = shown
  std::vector<Stamped<LinkValue>> links;
  Stamp version;          // greatest head
  bool covered_directory = false;  // place and attributes come from a tombstone; exists only while needed
  bool operator==(const Shown&) const = default;
};
// nullopt if nothing due is there that could show (e.g. only a file's tombstone).
std::optional<Shown> show(const Heads& heads, WallMs network_time);

}  // namespace meshfs::fsd
