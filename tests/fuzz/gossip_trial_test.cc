// What fuzz_gossip looks for is there to be found: each bug is noticed by the property made for it, on an input that the
// right program withstands.
#include <gtest/gtest.h>

#include <cstdio>

#include "tests/fuzz/gossip_trial.h"

namespace meshfs::fuzz {
namespace {

// Steps of eight bytes, as tongue.h reads them: what, then how.
using Steps = std::vector<std::array<std::uint8_t, 8>>;

Bytes input_of(const Steps& steps, int times) {
  Bytes out;
  for (int i = 0; i < times; ++i) {
    for (const auto& step : steps) out.insert(out.end(), step.begin(), step.end());
  }
  return out;
}

// What has answers: cells and ranges of sets that differ, items and contents that the victim holds, news.
Bytes talk() {
  const Steps steps{{7, 2, 1, 10}, {2, 0, 0, 2, 4},  {2, 1, 0, 2, 7, 16, 64}, {2, 4, 2, 0, 1},
                    {2, 5, 0, 40}, {2, 8, 0, 16, 2}, {9, 0, 1, 120, 3, 3, 1}, {14, 0}};
  return input_of(steps, 12);
}

void print(const Trial& trial) {
  std::printf("%llu said, %llu messages, %llu bytes, %zu of memory, agreed after %lld ms\n",
              static_cast<unsigned long long>(trial.said), static_cast<unsigned long long>(trial.messages),
              static_cast<unsigned long long>(trial.bytes), trial.memory, static_cast<long long>(to_ms(trial.agreed)));
}

TEST(GossipTrial, TheRightProgramWithstandsWhatBugsAreShownBy) {
  const Trial trial = try_gossip(talk());
  print(trial);
  EXPECT_EQ(trial.failure, "");
  EXPECT_GT(trial.said, 30u);
  EXPECT_GT(trial.messages, 0u);
  EXPECT_GT(trial.bytes, 0u);
}

TEST(GossipTrial, OneInputGivesOneRun) {
  const Trial once = try_gossip(talk()), again = try_gossip(talk());
  EXPECT_EQ(once.messages, again.messages);
  EXPECT_EQ(once.bytes, again.bytes);
  EXPECT_EQ(once.agreed, again.agreed);
}

struct Case {
  Bug bug;
  const char* noticed_by;
};
class Bugs : public testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(All, Bugs,
                         testing::Values(Case{Bug::crowd, "messages"}, Case{Bug::echoes, "bytes"},
                                         Case{Bug::hoards, "memory"}, Case{Bug::silence, "agree"}),
                         [](const auto& one) { return std::string(one.param.noticed_by); });

TEST_P(Bugs, AreNoticed) {
  const Trial trial = try_gossip(talk(), GetParam().bug);
  print(trial);
  EXPECT_EQ(trial.failure.substr(0, trial.failure.find(':')), GetParam().noticed_by);
}

}  // namespace
}  // namespace meshfs::fuzz
