// Bytes that cost whoever reads them more than whoever wrote them, unless he counts: for liars. Pure functions.
#pragma once

#include "schema/codec/wire.h"
#include "schema/vocab/rng.h"

namespace meshfs::sim {

// A message of about 1.7 kB: a list of 500 million elements of no size, replies that all point to one list, or lists inside lists.
Bytes pointers(Rng& rng);
// What answers a want of `hash`: zeroes that unpack to 64 MiB behind a size of 64 KiB, lengths that lie, deltas that command
// gigabytes to be copied.
codec::Blob bomb_of(const Hash& hash, codec::BlobKind kind, const std::vector<Hash>& bases, Rng& rng);
// A packet as a stranger throws it: noise, or noise behind a sound header of any kind; at most 1,200 bytes.
Bytes junk_packet(Rng& rng);

}  // namespace meshfs::sim
