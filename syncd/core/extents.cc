#include "syncd/core/extents.h"

#include <algorithm>

namespace meshfs::syncd {

Extents without(const Extents& from, const codec::Extent& part) {
  Extents out;
  const std::uint32_t end = part.offset + part.size;
  for (const codec::Extent& one : from) {
    const std::uint32_t one_end = one.offset + one.size;
    if (one_end <= part.offset || one.offset >= end) {
      out.push_back(one);
      continue;
    }
    if (one.offset < part.offset) out.push_back({one.offset, part.offset - one.offset});
    if (one_end > end) out.push_back({end, one_end - end});
  }
  return out;
}

Extents with(const Extents& to, const codec::Extent& part) {
  if (part.size == 0) return to;
  Extents all = without(to, part);
  all.insert(std::ranges::upper_bound(all, part.offset, {}, &codec::Extent::offset), part);
  Extents out;
  for (const codec::Extent& one : all) {
    if (!out.empty() && out.back().offset + out.back().size == one.offset) {
      out.back().size += one.size;
    } else {
      out.push_back(one);
    }
  }
  return out;
}

}  // namespace meshfs::syncd
