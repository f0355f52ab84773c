// Whether a stream still suits its path. Streams repair loss in order: at 20 % loss TCP all but stops (1 MB over four hops
// took 79 s), where datagrams lose the fifth that they must. Judged by what the link measured (LinkQuality) while
// it carried something. A value; time is handed in. Owned by Neighbours, per stream session.
//
// A look is lossy if of the packets since the last one at least kLossyPercent were lost, or a timeout stands. Three lossy
// looks in a row, or two timeouts in a row, and the stream does not suit. One burst, as when a sender finds the end of a
// clean link's queue, is over sooner.
#pragma once

#include "transport/port/packet_link.h"

namespace meshfs::syncd {

class StreamHealth {
 public:
  static constexpr Duration kLookEvery = milliseconds(60);
  static constexpr Duration kPatience = milliseconds(250);  // fewer packets than kFewest tell something after that
  static constexpr std::uint64_t kFewest = 8;               // packets per look
  static constexpr std::uint64_t kLossyPercent = 8;
  static constexpr int kLossyLooks = 3;
  static constexpr std::uint32_t kTimeouts = 2;

  // False: leave it.
  bool suits(const transport::LinkQuality& now_measured, Instant now) {
    if (now_measured.timeouts >= kTimeouts) return false;
    const std::uint64_t sent = now_measured.sent - sent_, lost = now_measured.lost - lost_;
    const Duration since = now - looked_;
    if (since < kLookEvery || (sent < kFewest && since < kPatience)) return lossy_ < kLossyLooks;
    looked_ = now;
    sent_ = now_measured.sent;
    lost_ = now_measured.lost;
    const bool lossy = now_measured.timeouts > 0 || (lost > 0 && lost * 100 >= sent * kLossyPercent);
    if (lossy) ++lossy_;
    if (!lossy && sent > 0) lossy_ = 0;
    return lossy_ < kLossyLooks;
  }

 private:
  std::uint64_t sent_ = 0, lost_ = 0;
  Instant looked_{0};
  int lossy_ = 0;
};

}  // namespace meshfs::syncd
