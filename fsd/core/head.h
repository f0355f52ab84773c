// The merge: which entries of an object are heads, and what the object shows. Pure functions of values; the rules
// are DESIGN.md's "Data model", and tests/unit/merge has the proofs by random operations and the table of pairs.
//
// The rules, exactly:
// - f supersedes e if f.context[e.author] >= e.hlc. There is no implicit own slot: an author's next entry lists his
//   previous one. Every slot is less than its entry's HLC (resolve() refuses others), so supersession only goes
//   back in time, has no cycles, and no entry covers itself or its commit's other entries.
// - Live heads: the entries that are due and superseded by no other live head; one unique answer for any set, since
//   there are no cycles. Entries that are not due yet stay beside them, cover nothing, show nothing.
// - A certified entry (certified.h) is superseded by nothing and its contents survive: what proves itself must not depend on
//   what others write at its place, nor on the order of arrival. It covers others as any entry does.
// - A commit holds at most one entry per object: a slot that covers one of two would cover the other unseen.
// - A content survives unless a live head covers its stamp without listing that stamp. The entry that made it lists
//   it. Surviving contents of equal value are one to the user, the greatest stamp stands for them.
// - A file or symlink lives exactly if a content survives: a write beats a concurrent delete, a chmod or move does
//   not. A directory lives if a state entry is a live head.
// - Place and attributes are the greatest stamp over the live state heads. Files take no place from a tombstone.
// - An object with a lifetime expires whole: that long after its greatest live head it shows as if it were deleted, and whoever
//   writes there begins anew. Its entries stay in the set as a tombstone would, so nodes whose times differ have equal sets.
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
  std::vector<Stamped<LinkValue>> links;          // sorted by link id
  std::vector<CoveredSlot> context;               // sorted by author
  WallMs latest_expiry;                           // 0: none
  bool certified = false;                         // see certified.h: nothing covers it
  bool operator==(const Head&) const = default;
};

// All an object is: every head that is known and not superseded. Sorted by (stamp, entry).
using Heads = std::vector<Head>;

// Looks up the entry with this hash, for this object; own_registers() of it is enough, and all that can be had for
// sure: the origins that an origin names may have left the set. Must find entries that themselves still wait for
// origins. Null if it is not here (yet).
using FindOrigin = std::function<const Head*(const Hash& entry)>;

struct Resolved {
  std::vector<Head> heads;    // one; for a batch tombstone one per item
  std::vector<Hash> missing;  // origins to wait for; then heads is empty
};
// bad_bytes if a foreign register's origin is here but does not carry that register with that stamp
// as its own author's, or a context or register contradicts itself. An entry must cover the origins it names.
Result<Resolved> resolve(const codec::Header& header, const codec::Entry& entry, const Hash& entry_hash,
                         const FindOrigin& find);
// The same entry with only what its own author stamped: what it gives as an origin. Never waits for anything. Not a
// head: its place or contents may be absent.
Result<std::vector<Head>> own_registers(const codec::Header& header, const codec::Entry& entry, const Hash& entry_hash);

// f supersedes e exactly if f's context covers e's stamp and e is not certified.
bool covers(const Head& f, const Stamp& stamp);
bool supersedes(const Head& f, const Head& e);

// Entries further ahead of network time than this cover nothing and show nothing until due.
inline constexpr std::int64_t kFutureMs = 10 * 60 * 1000;
// "Never": later than every expiry.
inline constexpr std::int64_t kNeverExpiresMs = INT64_MAX;
bool is_due(Hlc hlc, WallMs network_time);
bool is_due(const Head& head, WallMs network_time);

// Whether a live head covers this stamp: then an entry of that stamp, unless it is certified, needs no resolving: it can't
// become a head.
bool is_superseded(const Heads& heads, const Stamp& stamp, WallMs network_time);
// Adds `head` (known before: nothing happens). Gives the entry hashes that are heads no more; if `head` itself
// is superseded by a live head it is among them and is not added. An entry dropped here may still be an origin that
// another head names. Any order of arrival of one set of honestly composed entries ends in equal Heads. Contexts
// that are not transitive (only a liar or the floor makes them) can drop an entry through a head that is itself
// dropped later; nodes then agree once each has been offered the others' heads again.
std::vector<Hash> add_head(Heads& heads, Head head, WallMs network_time);
// Lets entries that have become due take part. Gives the entry hashes that are heads no more.
std::vector<Hash> settle(Heads& heads, WallMs network_time);
// Entries that must stay because a live head names them as origin of a register. Sorted, unique.
std::vector<Hash> named_origins(const Heads& heads);

// What an object shows. For a file: alive exactly if a content survives. For a directory: alive if a state entry is
// a live head; else `covered_directory`: what it shows from if something under it lives on.
struct Shown {
  ObjectId object;
  codec::Kind kind = codec::Kind::file;
  bool alive = false;
  Stamped<codec::PlaceValue> place;
  Stamped<codec::Attributes> attributes;
  std::vector<Stamped<codec::Content>> contents;  // surviving and distinct in value; greatest stamp first = shown
  std::vector<Stamped<LinkValue>> links;          // sorted by link id; only those that have a place
  Stamp version;                                  // greatest head
  bool covered_directory =
      false;  // deleted (place and attributes come from a tombstone) or expired; exists only while needed
  bool operator==(const Shown&) const = default;
};
// nullopt if nothing due is there that could show: dead and expired files, or directories whose tombstones tell no place.
// Otherwise exactly one of `alive` and `covered_directory` is set.
std::optional<Shown> show(const Heads& heads, WallMs network_time);

// When it stops to show, by network time; kNeverExpiresMs: never.
WallMs expires_at(const Shown& shown);

// --- for compose.h: what an entry made now has to restate.
// The due heads that none of the others supersedes; pointers into `heads`, in its order.
std::vector<const Head*> live_heads(const Heads& heads, WallMs network_time);
// Every surviving content, one per stamp, greatest first; those of equal value are all here.
std::vector<Stamped<codec::Content>> surviving_contents(const std::vector<const Head*>& live);
// Every surviving link register, sorted by link id, removed ones too.
std::vector<Stamped<LinkValue>> surviving_links(const std::vector<const Head*>& live);

}  // namespace meshfs::fsd
