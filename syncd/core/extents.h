// Parts of a letter as sorted, disjoint extents. Pure functions.
#pragma once

#include <vector>

#include "schema/codec/page.h"

namespace meshfs::syncd {

using Extents = std::vector<codec::Extent>;

// Those of `from` that are not in `part`.
Extents without(const Extents& from, const codec::Extent& part);
// With `part`, neighbours joined.
Extents with(const Extents& to, const codec::Extent& part);

}  // namespace meshfs::syncd
