// Entry structs to and from entry.capnp. Internal to codec.
#pragma once

#include "schema/codec/entry.h"
#include "schema/codec/format.h"
#include "schema/entry.capnp.h"

namespace meshfs::codec {

// An entry and the volume of its commit, which the object's id derives from.
struct PlacedEntry {
  VolumeTag volume;
  Entry entry;
};

// 256 KiB of canonical bytes, see entry.h; the rest is room for the root pointer.
inline constexpr Limits kEntryLimits{kMaxEntryBytes, kMaxEntryBytes / sizeof(capnp::word)};

void write_entry(format::Entry::Builder to, const VolumeTag& volume, const Entry& entry);
// Values only; check_entry then says whether they make sense together.
Status read_entry(format::Entry::Reader from, const VolumeTag& volume, Entry& entry);

inline void write(format::Entry::Builder to, const PlacedEntry& from) { write_entry(to, from.volume, from.entry); }
inline Status read(format::Entry::Reader from, PlacedEntry& to) { return read_entry(from, to.volume, to.entry); }

}  // namespace meshfs::codec
