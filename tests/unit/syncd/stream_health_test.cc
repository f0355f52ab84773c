// When a stream has to go: lossy or stalled for a while, never for one burst.
#include "syncd/core/stream_health.h"

#include <gtest/gtest.h>

namespace meshfs::syncd {
namespace {

// Milliseconds until it is told to go, of `limit`; per look 40 packets of which `lost` are lost.
int lasts(std::uint64_t packets, std::uint64_t lost, std::uint32_t timeouts, int limit) {
  StreamHealth health;
  transport::LinkQuality measured;
  for (int ms = 0; ms < limit; ms += 60) {
    measured.sent += packets;
    measured.lost += lost;
    measured.timeouts = timeouts;
    if (!health.suits(measured, Instant{1} + milliseconds(1000 + ms))) return ms;
  }
  return limit;
}

TEST(StreamHealth, LeavesALossyPathWithinAFewHundredMilliseconds) {
  EXPECT_LE(lasts(40, 8, 0, 10'000), 300);
  EXPECT_LE(lasts(2, 1, 0, 10'000), 1'000);  // few packets: it looks less often
  EXPECT_EQ(lasts(40, 0, 2, 10'000), 0);     // two timeouts in a row
  EXPECT_LE(lasts(1, 1, 1, 10'000), 1'000);
}

TEST(StreamHealth, StaysOnACleanPathAndThroughABurst) {
  EXPECT_EQ(lasts(40, 0, 0, 10'000), 10'000);
  EXPECT_EQ(lasts(100, 2, 0, 10'000), 10'000);
  EXPECT_EQ(lasts(0, 0, 0, 10'000), 10'000);
  StreamHealth health;
  transport::LinkQuality measured;
  for (int look = 0; look < 100; ++look) {  // two lossy looks of ten
    measured.sent += 50;
    measured.lost += look % 10 < 2 ? 25 : 0;
    EXPECT_TRUE(health.suits(measured, Instant{1} + milliseconds(1000 + look * 60)));
  }
}

}  // namespace
}  // namespace meshfs::syncd
