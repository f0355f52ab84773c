// Peers that proved in this life who they are: their credentials take no room in the next handshake with them (IK). Owned by
// Handshakes. It must never be what lets anybody in: who comes back is judged by the roster of that moment.
#pragma once

#include <set>

#include "schema/codec/wire.h"
#include "syncd/core/path.h"

namespace meshfs::syncd {

struct Acquaintance {
  crypto::DhPublic key = {};  // static, of its link
  NodeId node = {};
  DeviceKey device = {};
  Bytes credential = {};     // as it was shown
  std::set<Path> ways = {};  // where it was met or heard; none: it began another life since, and knows nobody
  std::uint64_t met = 0;     // in the order of all meetings
};

class Acquaintances {
 public:
  // As many as neighbours are known; some 1,200 bytes each. Beyond: who was met first longest ago goes, and is a stranger again.
  static constexpr std::size_t kMax = 256;
  // Of one: its addresses on our links, and where we connect to. Beyond: all are forgotten but the newest.
  static constexpr std::size_t kMaxWays = 16;

  // It takes the place of what was remembered of that node.
  void met(const Path& path, Acquaintance who);
  [[nodiscard]] const Acquaintance* find(const crypto::DhPublic& key) const;
  // Whoever of those there was met last; null: nobody that is remembered.
  [[nodiscard]] const Acquaintance* at(const Path& path) const;
  void heard(const NodeId& node, const Path& path);
  void restarted(const NodeId& node);
  void forget(const std::vector<DeviceKey>& denied);  // ascending
  [[nodiscard]] std::size_t size() const { return all_.size(); }

 private:
  std::vector<Acquaintance> all_;  // a forgotten one leaves its place empty: nobody has the key zero
  std::uint64_t meetings_ = 0;
  std::size_t oldest_ = 0;  // who gives way next, once all places are taken
};

}  // namespace meshfs::syncd
