// Second half of making a patch: from a plan and the bytes it asked for. A pure function for any thread; it holds the
// plan's bytes (kMaxPlanBytes) and some 3 MiB of its own.
#pragma once

#include "fsd/delta/patch_plan.h"

namespace meshfs::fsd {

// What the plan asked for, in its order. Empty bytes: could not be read; the chunk is then named, the range not used.
struct PatchBytes {
  std::vector<Bytes> chunks;  // of plan.chunks
  std::vector<Bytes> ranges;  // of plan.ranges
};

// At most kMaxPatchBytes; nothing if the patch would bring no chunk and keep none, so that the list alone is as good.
std::optional<Bytes> make_patch(const PatchPlan& plan, const PatchBytes& bytes);

}  // namespace meshfs::fsd
