#include "syncd/core/acquaintances.h"

#include <algorithm>

namespace meshfs::syncd {

void Acquaintances::met(const crypto::DhPublic& key, const Path& path, const codec::Credential& credential,
                        const Hash& digest) {
  if (!all_.contains(key) && all_.size() >= kMax) {
    all_.erase(std::ranges::min_element(all_, {}, [](const Entry& one) { return one.second.met; }));
  }
  Acquaintance& one = all_[key];
  one.credential = credential;
  one.digest = digest;
  one.at[path.link] = path.address;
  one.met = ++meetings_;
}

const Acquaintance* Acquaintances::find(const crypto::DhPublic& key) const {
  const auto it = all_.find(key);
  return it == all_.end() ? nullptr : &it->second;
}

const Acquaintances::Entry* Acquaintances::at(const Path& path) const {
  const Entry* latest = nullptr;
  for (const Entry& one : all_) {
    const auto where = one.second.at.find(path.link);
    if (where == one.second.at.end() || where->second != path.address) continue;
    if (latest == nullptr || one.second.met > latest->second.met) latest = &one;
  }
  return latest;
}

void Acquaintances::heard(const NodeId& node, const Path& path) {
  for (auto& [key, one] : all_) {
    if (one.credential.member.node == node) one.at[path.link] = path.address;
  }
}

void Acquaintances::restarted(const NodeId& node) {
  for (auto& [key, one] : all_) {
    if (one.credential.member.node == node) one.at.clear();
  }
}

void Acquaintances::forget(const std::vector<DeviceKey>& denied) {
  std::erase_if(
      all_, [&](const Entry& one) { return std::ranges::binary_search(denied, one.second.credential.member.device); });
}

}  // namespace meshfs::syncd
