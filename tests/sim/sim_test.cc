// The simulator's program. Without options: the ordinary test run. With them: one scenario, many seeds.
//   sim_test --scenario NAME [--seed N] [--seeds COUNT]     also: --list
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "schema/crypto/sign.h"
#include "tests/sim/sim_mesh.h"

namespace meshfs::sim {
namespace {

const Scenario* find(const std::string& name) {
  for (const auto* all : {&scenarios(), &seeded_scenarios()}) {
    for (const Scenario& scenario : *all) {
      if (scenario.name == name) return &scenario;
    }
  }
  return nullptr;
}

void print(const Scenario& scenario, std::uint64_t seed, const Outcome& outcome) {
  std::printf(
      "%-18s seed %-4llu settled %5.1f s after the last fault, %llu frames, %llu messages, %llu comparisons, "
      "%llu writes acknowledged, final %s\n",
      scenario.name.c_str(), static_cast<unsigned long long>(seed), static_cast<double>(to_ms(outcome.settled)) / 1000,
      static_cast<unsigned long long>(outcome.frames), static_cast<unsigned long long>(outcome.messages),
      static_cast<unsigned long long>(outcome.rounds), static_cast<unsigned long long>(outcome.acknowledged),
      outcome.final.hex().substr(0, 16).c_str());
}

class Scenarios : public testing::TestWithParam<Scenario> {};
INSTANTIATE_TEST_SUITE_P(All, Scenarios, testing::ValuesIn(scenarios()), [](const auto& one) {
  std::string name = one.param.name;
  std::erase(name, '-');
  return name;
});

TEST_P(Scenarios, ConvergesLosesNothingAndFallsQuiet) {
  const Outcome outcome = SimMesh(GetParam(), 1, Control::none).run();
  print(GetParam(), 1, outcome);
  EXPECT_TRUE(outcome.failures.empty()) << describe(GetParam(), 1, outcome);
  EXPECT_GT(outcome.acknowledged, 0u);
}

TEST(Repeatable, SameSeedSameFinalHashAndAnotherSeedAnother) {
  const Scenario& scenario = *find("grid16-crashes");
  const Hash first = SimMesh(scenario, 5, Control::none).run().final;
  EXPECT_EQ(SimMesh(scenario, 5, Control::none).run().final, first);
  EXPECT_NE(SimMesh(scenario, 6, Control::none).run().final, first);
}

// Each oracle must find the bug made for it.
struct Bug {
  Control control;
  const char* scenario;
  const char* oracle;
};
class Oracle : public testing::TestWithParam<Bug> {};
INSTANTIATE_TEST_SUITE_P(Controls, Oracle,
                         testing::Values(Bug{Control::swallowed_news, "line10", "sets"},
                                         Bug{Control::private_file, "line10", "trees"},
                                         Bug{Control::early_acknowledgement, "line10", "acknowledged"},
                                         Bug{Control::phantom_item, "line10", "quiet"}),
                         [](const auto& one) { return std::string(one.param.oracle); });

TEST_P(Oracle, FindsTheBugMadeForIt) {
  const Outcome outcome = SimMesh(*find(GetParam().scenario), 2, GetParam().control).run();
  EXPECT_TRUE(outcome.failures.contains(GetParam().oracle));
}

int run_by_hand(const char* name, std::uint64_t seed, std::uint64_t count) {
  const Scenario* scenario = find(name);
  if (scenario == nullptr) {
    std::fprintf(stderr, "There is no scenario %s; --list names them.\n", name);
    return 2;
  }
  int failed = 0;
  for (std::uint64_t s = seed; s < seed + count; ++s) {
    const auto begin = std::chrono::steady_clock::now();
    const Outcome outcome = SimMesh(*scenario, s, Control::none).run();
    print(*scenario, s, outcome);
    std::printf("  %.1f s of real time\n",
                std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    std::fputs(describe(*scenario, s, outcome).c_str(), stdout);
    std::fflush(stdout);
    failed += outcome.failures.empty() ? 0 : 1;
  }
  return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace meshfs::sim

int main(int argc, char** argv) {
  meshfs::crypto::start();
  testing::InitGoogleTest(&argc, argv);
  const char* scenario = nullptr;
  std::uint64_t seed = 1, seeds = 1;
  for (int i = 1; i < argc; ++i) {
    const bool more = i + 1 < argc;
    if (std::strcmp(argv[i], "--list") == 0) {
      for (const auto& one : meshfs::sim::scenarios()) std::printf("%s\n", one.name.c_str());
      for (const auto& one : meshfs::sim::seeded_scenarios()) std::printf("%s\n", one.name.c_str());
      return 0;
    }
    if (std::strcmp(argv[i], "--scenario") == 0 && more)
      scenario = argv[++i];
    else if (std::strcmp(argv[i], "--seed") == 0 && more)
      seed = std::strtoull(argv[++i], nullptr, 10);
    else if (std::strcmp(argv[i], "--seeds") == 0 && more)
      seeds = std::strtoull(argv[++i], nullptr, 10);
    else
      return std::fprintf(stderr, "usage: sim_test [--list | --scenario NAME [--seed N] [--seeds COUNT]]\n"), 2;
  }
  if (scenario != nullptr) return meshfs::sim::run_by_hand(scenario, seed, seeds);
  return RUN_ALL_TESTS();
}
