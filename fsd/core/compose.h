// How a local change becomes an entry: from what is known of the object and what the user did. Pure.
#pragma once

#include "fsd/core/head.h"

namespace meshfs::fsd {

// Registers of removed links that an entry restates: the latest ones.
inline constexpr std::size_t kMaxRemovedLinks = 32;

// What an operation sets. A register left out keeps its shown value and stamp (re-listed by origin).
struct Change {
  std::optional<codec::Place> place;
  std::optional<codec::Attributes> attributes;
  std::optional<codec::Content> content;  // a write: replaces exactly the contents in `base` ...
  std::vector<Stamp> base;                // ... that its open handle showed, and re-lists the rest
  std::vector<Stamp> drop;                // contents removed without a write (a conflict sibling unlinked)
  std::vector<LinkValue> links;           // extra names added, moved or (no place) removed; the last word counts
};

// How long a tombstone covers: no node that has been in touch since brings back what it deleted.
inline constexpr std::int64_t kTombstoneKeepMs = 90LL * 24 * 60 * 60 * 1000;

// The entry that `stamp`'s author makes for `object`. `heads` may be empty (a new object: place, attributes and,
// unless a directory, content must be given); they must be given too if the object is dead (only tombstones, no
// surviving content). Entries that are not due are as if unknown.
// - `stamp` is later than every due head: NetworkTime::issue gives such stamps if it saw them.
// - Context: all due heads and all slots of their contexts. Slots that a head older than `floor` hands on are left
//   out, except of authors whose entries are named as origins here: an origin stays in the set, so it must stay
//   covered. Without a floor (0) everything is handed on.
// - A content in `base` or `drop` goes with all others of equal value: the user saw those bytes as one file. The last
//   one can't be dropped: that is a delete.
// - If the place changes, the previous place is the shown one.
// The caller checks the limits of codec/entry.h (contents, context slots, bytes) on what comes out: beyond them the
// operation fails with no_space, nothing is cut.
codec::ObjectEntry compose(const ObjectId& object, codec::Kind kind, const Heads& heads, const Change& change,
                           const Stamp& stamp, WallMs network_time, WallMs floor);

// Whether heads that policy took away meanwhile leave `change` what it needs; `change` null: a delete, which needs something to cover.
bool can_compose(codec::Kind kind, const Heads& heads, const Change* change, const Stamp& stamp, WallMs network_time);

// Covers every due head (at least one). For a directory the shown place and attributes go along; `shown_at` is given
// when the tree shows it elsewhere, at a fallback place.
codec::Tombstone compose_tombstone(const ObjectId& object, const Heads& heads, const Stamp& stamp, WallMs network_time,
                                   WallMs floor, const std::optional<codec::Place>& shown_at = std::nullopt);

}  // namespace meshfs::fsd
