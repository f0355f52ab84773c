// A way to a neighbour: an address on a link.
#pragma once

#include "syncd/core/ports.h"

namespace meshfs::syncd {

struct Path {
  LinkId link = 0;
  transport::LinkAddress address;
  auto operator<=>(const Path&) const = default;
};

}  // namespace meshfs::syncd
