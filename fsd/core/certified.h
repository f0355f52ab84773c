// Entries that prove themselves: at a place that is derived from what they say. Nothing covers them (head.h), so nobody takes them
// away and the order in which they and others come is all the same. A pure function of the entry; who may make one is judged before.
#pragma once

#include "schema/codec/entry.h"

namespace meshfs::fsd {

bool certified(const VolumeTag& volume, const codec::Entry& entry);

}  // namespace meshfs::fsd
