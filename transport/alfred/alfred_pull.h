// Asks other nodes' daemons for their records at once, instead of waiting for the next of their rounds: a request by UDP as a daemon
// would send it; the answer goes to the daemon of this node. Each type comes in packets of its own, so at 20 % loss what takes
// 38 s by rounds takes 2 s (README.md). Owned by AlfredRecords; one thread.
#pragma once

#include "transport/alfred/alfred_relays.h"

namespace meshfs::transport {

class AlfredPull {
 public:
  static constexpr std::size_t kPeersAtOnce = 3;
  // An answer has all that the asked daemon knows of that type, from whomever: where many publish, asking costs more than it brings.
  static constexpr std::size_t kMostKnown = 20'000;

  // The next few of those whose records are in the table, on every interface; who is no neighbour does not answer.
  void ask(const AlfredTable& table, const AlfredAddress& own);

 private:
  AlfredAddress last_{};
  std::uint16_t transaction_ = 0;
};

}  // namespace meshfs::transport
