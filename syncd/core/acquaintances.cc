#include "syncd/core/acquaintances.h"

#include <algorithm>

namespace meshfs::syncd {

void Acquaintances::met(const Path& path, Acquaintance who) {
  std::size_t place = 0;
  while (place < all_.size() && all_[place].node != who.node) ++place;
  if (place == kMax) place = oldest_++ % kMax;
  if (place == all_.size()) all_.emplace_back();
  who.met = ++meetings_;
  all_[place] = std::move(who);
  heard(all_[place].node, path);
}

const Acquaintance* Acquaintances::find(const crypto::DhPublic& key) const {
  for (const Acquaintance& one : all_) {
    if (one.key == key) return &one;
  }
  return nullptr;
}

const Acquaintance* Acquaintances::at(const Path& path) const {
  const Acquaintance* latest = nullptr;
  for (const Acquaintance& one : all_) {
    if (one.ways.contains(path) && (latest == nullptr || one.met > latest->met)) latest = &one;
  }
  return latest;
}

void Acquaintances::heard(const NodeId& node, const Path& path) {
  for (Acquaintance& one : all_) {
    if (one.node != node) continue;
    if (one.ways.size() >= kMaxWays) one.ways.clear();
    one.ways.insert(path);
  }
}

void Acquaintances::restarted(const NodeId& node) {
  for (Acquaintance& one : all_) {
    if (one.node == node) one.ways.clear();
  }
}

void Acquaintances::forget(const std::vector<DeviceKey>& denied) {
  for (Acquaintance& one : all_) {
    if (std::binary_search(denied.begin(), denied.end(), one.device)) one = {};
  }
}

}  // namespace meshfs::syncd
