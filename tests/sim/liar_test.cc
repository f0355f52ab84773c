// Honest nodes beside members that lie: they still agree at once, and what a liar has them do is bounded by the limits of
// syncd/core. Both are measured at node 0, which the liars reach; virtual time.
#include <gtest/gtest.h>

#include "syncd/core/neighbours.h"
#include "syncd/core/reconciler.h"
#include "tests/sim/liar.h"
#include "tests/sim/light_mesh.h"
#include "tests/unit/syncd/fake_members.h"

namespace meshfs::sim {
namespace {

using transport::SimNetwork;

constexpr std::size_t kHonest = 4, kItems = 5000, kSeconds = 20;
constexpr std::size_t kSmall = 64;  // bytes of content

struct Beside {
  double bytes_per_s = 0;     // from node 0 towards the liars
  double messages_per_s = 0;  // that node 0 said, to anybody
  std::uint64_t said = 0;     // by the liars, in sessions
  Duration slowest{};         // from a publication at one honest node until the last one has it
  bool all = true;            // have everything
  std::size_t sessions = 0;   // of node 0 in the end
};

// The honest hear each other in a row; 0 and 1 hear the liars.
Beside beside(Liar::Kind kind, std::size_t liars, std::uint64_t seed) {
  Rng rng(seed);
  LightMesh mesh(Topology::make("line", kHonest, rng), {.delay = milliseconds(2)}, seed, false);
  for (std::uint64_t i = 0; i < kItems; ++i) {
    const Record record = light_record(i, 8);
    for (std::size_t node = 0; node < kHonest; ++node) mesh.fsd(node).give(record);
  }
  std::vector<std::unique_ptr<Liar>> all;
  for (std::size_t i = 0; i < liars; ++i) {
    const auto number = mesh.network().add_node();
    mesh.network().connect(0, number, {.delay = milliseconds(2)});
    mesh.network().connect(1, number, {.delay = milliseconds(2)});
    all.push_back(
        std::make_unique<Liar>(mesh.network(), number, fake_welcome("liar" + std::to_string(i)), kind, seed * 100 + i));
  }
  mesh.start(seconds(2));
  for (const auto& liar : all) liar->start();
  mesh.run(seconds(2));
  const auto towards_liars = [&] {
    std::uint64_t sum = 0;
    for (const auto& liar : all) sum += mesh.network().bytes_on(0, liar->number());
    return static_cast<double>(sum);
  };
  Beside out;
  const double bytes = towards_liars();
  const std::uint64_t messages = mesh.host(0).core().stats().messages_out;
  for (std::uint64_t second = 0; second < kSeconds; ++second) {
    const Instant at = mesh.network().now();
    mesh.fsd(second % kHonest).publish(light_record(kItems + second, kSmall));
    const auto there = [&] {
      for (std::size_t node = 0; node < kHonest; ++node) {
        if (mesh.fsd(node).size() < kItems + second + 1) return false;
      }
      return true;
    };
    out.all &= mesh.run_until(there, seconds(30));
    out.slowest = std::max(out.slowest, mesh.network().now() - at);
    mesh.run(std::max(Duration{}, seconds(1) - (mesh.network().now() - at)));
  }
  out.bytes_per_s = (towards_liars() - bytes) / kSeconds;
  out.messages_per_s = static_cast<double>(mesh.host(0).core().stats().messages_out - messages) / kSeconds;
  for (const auto& liar : all) out.said += liar->messages();
  out.sessions = mesh.host(0).core().stats().sessions;
  return out;
}

class Liars : public testing::TestWithParam<std::size_t> {};
const auto name_of_param = [](const auto& one) {
  return std::string(Liar::name_of(static_cast<Liar::Kind>(one.param)));
};
INSTANTIATE_TEST_SUITE_P(Kinds, Liars, testing::Range<std::size_t>(0, Liar::kKinds), name_of_param);
INSTANTIATE_TEST_SUITE_P(OfKeys, Liars,
                         testing::Values(static_cast<std::size_t>(Liar::Kind::keys),
                                         static_cast<std::size_t>(Liar::Kind::keywants)),
                         name_of_param);

// --- what one may cost by the limits

double per_second(const syncd::TokenBucket::Limits& limits) {
  return 1e9 / static_cast<double>(limits.each.ns) + static_cast<double>(limits.burst) / kSeconds;
}

constexpr double kOfSession = 12;      // messages at its start: a ping, a question for each of four sets, their answers
constexpr double kOwn = 20;            // messages a second to honest neighbours and about the news of this test
constexpr double kSmallMessage = 200;  // bytes with its frame; beacons, acknowledgements, questions
constexpr double kRangesMessage = 800;  // sixteen sums
constexpr double kKeysMessage = 40.0 * codec::kMaxBroadcastKeys;
constexpr double kCellsMessage = 11.0 * codec::kMaxCells * 1.1;

double most_messages() {
  using syncd::Neighbours, syncd::Reconciler;
  return kOwn + kOfSession * per_second(Neighbours::kNewSessions) + per_second(Reconciler::kCellAnswers) +
         per_second(Reconciler::kRangeAnswers) + per_second(Neighbours::kKeyAnswers);
}

double most_bytes() {
  using syncd::Neighbours, syncd::Reconciler;
  return kOwn * kSmallMessage + kOfSession * kSmallMessage * per_second(Neighbours::kNewSessions) +
         kSmallMessage * per_second(Neighbours::kGreetings) + kCellsMessage * per_second(Reconciler::kCellAnswers) +
         kRangesMessage * per_second(Reconciler::kRangeAnswers) + kKeysMessage * per_second(Neighbours::kKeyAnswers);
}

void print(Liar::Kind kind, std::size_t liars, const Beside& seen) {
  std::printf("%zu x %s: said %llu; node 0 %.0f bytes/s to them, %.1f messages/s; news %.1f ms at most, %zu sessions\n",
              liars, Liar::name_of(kind), static_cast<unsigned long long>(seen.said), seen.bytes_per_s,
              seen.messages_per_s, static_cast<double>(seen.slowest.ns) / 1e6, seen.sessions);
}

TEST_P(Liars, CostABoundedAmountAndKeepNobodyFromAgreeing) {
  const auto kind = static_cast<Liar::Kind>(GetParam());
  const Beside one = beside(kind, 1, 1);
  print(kind, 1, one);
  EXPECT_TRUE(one.all);
  EXPECT_LE(one.slowest, seconds(1));
  EXPECT_GE(one.sessions, 1u);
  EXPECT_GE(one.said, 10u);
  EXPECT_LE(one.messages_per_s, most_messages());
  EXPECT_LE(one.bytes_per_s, most_bytes());
}

// Without a limit per neighbour one could do what eight do here: the check above would see it.
TEST(LiarsTogether, CostMoreThanOneMay) {
  for (const auto kind : {Liar::Kind::wants, Liar::Kind::ranges}) {
    const Beside many = beside(kind, 8, 1);
    print(kind, 8, many);
    EXPECT_TRUE(many.all);
    EXPECT_GT(many.messages_per_s, most_messages());
  }
}

// --- wrong keys where keys are pulled: more hear each other than have sessions, and four of them start anew

struct Crowd {
  bool all = true;
  Duration slowest{};
  std::uint64_t read = 0, unread = 0;  // news frames
};

Crowd crowd(std::size_t liars) {
  constexpr std::size_t kCrowd = 16, kAnew = 4;
  Rng rng(1);
  LightMesh mesh(Topology::make("domain", kCrowd, rng), {.delay = milliseconds(2)}, 1, false);
  std::vector<std::unique_ptr<Liar>> all;
  for (std::size_t i = 0; i < liars; ++i) {
    const auto number = mesh.network().add_node();
    for (SimNetwork::Node node = 0; node < kCrowd; ++node)
      mesh.network().connect(node, number, {.delay = milliseconds(2)});
    all.push_back(std::make_unique<Liar>(mesh.network(), number, fake_welcome("liar" + std::to_string(i)),
                                         Liar::Kind::keys, 100 + i));
  }
  mesh.start(seconds(300));
  for (const auto& liar : all) liar->start();
  mesh.run(seconds(5));
  for (std::size_t node = 0; node < kAnew; ++node) {
    mesh.host(node).stop();
    mesh.host(node).start();
    mesh.fsd(node).greet();
  }
  mesh.run(seconds(20));
  const auto frames = [&](const auto& of) {
    std::uint64_t sum = 0;
    for (std::size_t node = 0; node < kCrowd; ++node) sum += of(mesh.host(node).core().stats());
    return sum;
  };
  const auto read = [](const auto& stats) { return stats.news_in; };
  const auto unread = [](const auto& stats) { return stats.news_unread + stats.bad_frames; };
  Crowd out;
  const std::uint64_t read_before = frames(read), unread_before = frames(unread);
  for (std::uint64_t second = 0; second < kSeconds; ++second) {
    const Instant at = mesh.network().now();
    mesh.fsd(second % kCrowd).publish(light_record(second, kSmall));
    const auto there = [&] {
      for (std::size_t node = 0; node < kCrowd; ++node) {
        if (mesh.fsd(node).size() < second + 1) return false;
      }
      return true;
    };
    out.all &= mesh.run_until(there, seconds(30));
    out.slowest = std::max(out.slowest, mesh.network().now() - at);
    mesh.run(std::max(Duration{}, seconds(1) - (mesh.network().now() - at)));
  }
  out.read = frames(read) - read_before;
  out.unread = frames(unread) - unread_before;
  std::printf("16 in one domain and %zu x keys: %llu news frames read, %llu not; news %.1f ms at most\n", liars,
              static_cast<unsigned long long>(out.read), static_cast<unsigned long long>(out.unread),
              static_cast<double>(out.slowest.ns) / 1e6);
  return out;
}

TEST(LiarsInACrowd, WrongKeysDelayNewsNoMore) {
  const Crowd usual = crowd(0), beside = crowd(4);
  EXPECT_TRUE(usual.all);
  EXPECT_LE(usual.unread, usual.read / 100);
  EXPECT_TRUE(beside.all);
  EXPECT_LE(beside.slowest, seconds(1));
  EXPECT_GT(beside.unread, usual.unread + 100) << "nobody took a wrong key";
  EXPECT_GT(beside.read, usual.read / 2);
}

}  // namespace
}  // namespace meshfs::sim
