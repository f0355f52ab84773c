// The part of Tongue that lies about broadcast keys.
#include "syncd/core/own_broadcast_key.h"
#include "tests/fuzz/tongue.h"
#include "tests/unit/schema/random_records.h"

namespace meshfs::fuzz {

using testing::random_fixed;

sim::Speaker Tongue::somebody() {
  sim::Speaker out;
  out.node.data.fill(kSomebody);
  return out;
}

codec::BroadcastKeys Tongue::keys(const std::vector<std::uint32_t>& ids, std::uint8_t truth, Rng& rng) const {
  codec::BroadcastKeys out;
  for (const std::uint32_t id : ids) {
    if (out.keys.size() == codec::kMaxBroadcastKeys) break;
    const auto generation = truth % 2 == 0 ? 1u : static_cast<std::uint32_t>(rng.below(256));
    out.keys.push_back({syncd::broadcast_sender(id) | generation, random_fixed<crypto::AeadKey>(rng)});
  }
  return out;
}

// Its own, that somebody's, nobody's; told or wanted.
codec::Message Tongue::keys(const Step& step, Rng& rng) const {
  const auto& [kind, truth, number, first, lower, upper, rest] = step.how;
  const std::uint32_t known[]{syncd::broadcast_sender(self_.node, self_.boot),
                              syncd::broadcast_sender(somebody().node, somebody().boot)};
  codec::WantBroadcastKeys want;
  for (std::size_t i = 0; i < 1 + number % codec::kMaxBroadcastKeys; ++i) {
    want.ids.push_back(first % 3 < 2 ? known[first % 3] | lower : static_cast<std::uint32_t>(rng.next()));
  }
  if (rest % 2 == 0) return want;
  return keys(want.ids, truth, rng);
}

}  // namespace meshfs::fuzz
