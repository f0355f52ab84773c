// Peers that proved in this life who they are: their credentials take no room in the next handshake with them (IK). Owned by
// Handshakes. It must never be what lets anybody in: who comes back is judged by the roster of that moment.
#pragma once

#include <map>
#include <string>

#include "schema/codec/network.h"
#include "syncd/core/path.h"

namespace meshfs::syncd {

struct Acquaintance {
  codec::Credential credential;  // verified
  Hash digest;                   // of it as it was shown
  std::map<LinkId, transport::LinkAddress>
      at;                 // where it was met or heard last; empty: it began another life since, and knows nobody
  std::uint64_t met = 0;  // when it came last, in the order of all
};

class Acquaintances {
 public:
  // As many as neighbours are known; some 800 bytes each. Beyond: who came longest ago goes, and is a stranger again.
  static constexpr std::size_t kMax = 256;
  using Entry = std::pair<const crypto::DhPublic, Acquaintance>;

  void met(const crypto::DhPublic& key, const Path& path, const codec::Credential& credential, const Hash& digest);
  [[nodiscard]] const Acquaintance* find(const crypto::DhPublic& key) const;
  // Who was there last; null: nobody that is remembered.
  [[nodiscard]] const Entry* at(const Path& path) const;
  void heard(const NodeId& node, const Path& path);
  void restarted(const NodeId& node);
  void forget(const std::vector<DeviceKey>& denied);  // ascending
  [[nodiscard]] std::size_t size() const { return all_.size(); }

 private:
  std::map<crypto::DhPublic, Acquaintance> all_;
  std::uint64_t meetings_ = 0;
};

}  // namespace meshfs::syncd
