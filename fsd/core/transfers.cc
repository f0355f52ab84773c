#include "fsd/core/transfers.h"

#include <algorithm>

namespace meshfs::fsd {

void Transfers::arrived(const Hash& root, const std::string& from, std::size_t bytes, Instant now) {
  const auto newest = [](const Root& flows) {
    Instant last{0};
    for (const auto& [name, flow] : flows) last = std::max(last, flow.last);
    return last;
  };
  if (!roots_.contains(root) && roots_.size() >= kMaxRoots) {
    roots_.erase(std::min_element(roots_.begin(), roots_.end(),
                                  [&](const auto& a, const auto& b) { return newest(a.second) < newest(b.second); }));
  }
  Root& flows = roots_[root];
  if (!flows.contains(from) && flows.size() >= kMaxSources) {
    flows.erase(std::min_element(flows.begin(), flows.end(),
                                 [](const auto& a, const auto& b) { return a.second.last < b.second.last; }));
  }
  const auto [at, fresh] = flows.try_emplace(from);
  Flow& flow = at->second;
  if (fresh || now - flow.last > kWindow * 2) flow = {now, now, now, 0, 0};
  if (now - flow.window >= kWindow) {
    flow.before = now - flow.window >= kWindow * 2 ? 0 : flow.current;
    flow.current = 0;
    flow.window = now;
  }
  flow.current += bytes;
  flow.last = now;
}

std::vector<Transfers::Rate> Transfers::rates(const Hash& root, Instant now) const {
  std::vector<Rate> out;
  const auto at = roots_.find(root);
  if (at == roots_.end()) return out;
  for (const auto& [from, flow] : at->second) {
    if (now - flow.last > kWindow * 2) continue;
    // At least half a second: the first chunk alone is no rate.
    Duration span = std::min(now - flow.began, now - flow.window + kWindow);
    span = std::max(span, milliseconds(500));
    const std::uint64_t bytes = flow.current + flow.before;
    out.push_back({from, bytes * 1000 / static_cast<std::uint64_t>(to_ms(span))});
  }
  std::sort(out.begin(), out.end(), [](const Rate& a, const Rate& b) {
    return a.bytes_per_s != b.bytes_per_s ? a.bytes_per_s > b.bytes_per_s : a.from < b.from;
  });
  return out;
}

}  // namespace meshfs::fsd
