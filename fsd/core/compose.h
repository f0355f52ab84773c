// How a local change becomes an entry: from what is known of the object and what the user did. Pure.
#pragma once

#include "fsd/core/head.h"

namespace meshfs::fsd {

// What an operation sets. A register left out keeps its shown value and stamp (re-listed by origin).
struct Change {
  std::optional<codec::Place> place;
  std::optional<codec::Attributes> attributes;
  std::optional<codec::Content> content;  // a write: replaces exactly the contents in `base` ...
  std::vector<Stamp> base;                // ... that its open handle showed, and re-lists the rest
  std::vector<Stamp> drop;                // contents removed without a write (a conflict sibling unlinked)
};

// The entry that `stamp`'s author makes for `object`. `heads` may be empty (a new object: place, attributes and,
// unless a directory, content must be given). Its context covers all heads and their contexts; slots inherited
// from heads older than `floor` are dropped. The previous place is the shown place, kept when place changes.
codec::ObjectEntry compose(const ObjectId& object, codec::Kind kind, const Heads& heads, const Change& change,
                           const Stamp& stamp, WallMs network_time, WallMs floor);

// Covers everything in `heads`. For a directory the shown place and attributes go along.
codec::Tombstone compose_tombstone(const ObjectId& object, const Heads& heads, const Stamp& stamp,
                                   WallMs network_time, WallMs floor);

}  // namespace meshfs::fsd
