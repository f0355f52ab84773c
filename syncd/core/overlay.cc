#include "syncd/core/overlay.h"

#include <algorithm>

namespace meshfs::syncd {

namespace {

// Ids are public keys, random already; equal from both sides. The mixing is splitmix64's (Steele et al. 2014).
std::uint64_t pair_hash(const NodeId& a, const NodeId& b) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < sizeof word; ++i) word = word << 8 | static_cast<std::uint8_t>(a.data[i] ^ b.data[i]);
  word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9;
  word = (word ^ word >> 27) * 0x94d049bb133111eb;
  return word ^ word >> 31;
}

}  // namespace

std::vector<NodeId> Overlay::wanted(const NodeId& self, const std::vector<NodeId>& heard) {
  std::vector<NodeId> others;
  std::ranges::copy_if(heard, std::back_inserter(others), [&](const NodeId& id) { return id != self; });
  if (others.size() <= kDegreeAll) return others;
  const auto next = std::ranges::lower_bound(others, self) - others.begin();
  const std::size_t after = static_cast<std::size_t>(next) % others.size();
  const std::size_t before = (static_cast<std::size_t>(next) + others.size() - 1) % others.size();
  std::vector<NodeId> out{others[after], others[before]};
  std::ranges::partial_sort(others, others.begin() + kChosen,
                            [&](const NodeId& a, const NodeId& b) { return pair_hash(self, a) < pair_hash(self, b); });
  out.insert(out.end(), others.begin(), others.begin() + kChosen);
  std::ranges::sort(out);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace meshfs::syncd
