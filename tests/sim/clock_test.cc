// Nodes whose clocks are wrong or missing, in virtual time: what they show and what those beside them do.
#include <gtest/gtest.h>

#include "tests/sim/faults.h"
#include "tests/unit/core/world.h"

namespace meshfs::sim {
namespace {

using transport::SimNetwork;

constexpr WallClock kRight{0, true}, kNone{-SimNode::kWallStart.ms, false}, kAhead{2 * kYearMs, true},
    kBehind{-2 * kYearMs, true};

// Each hears the next; the first is the admin.
class Line {
 public:
  explicit Line(const std::vector<WallClock>& clocks) : network(5) {
    const crypto::Seed secret = test_seed(78, 7);
    const codec::Genesis genesis = test_genesis(secret, 0);
    for (std::size_t i = 0; i < clocks.size(); ++i) {
      const auto identity = test_identity(genesis, secret, i, "n" + std::to_string(i));
      const auto number = network.add_node();
      node.push_back(std::make_unique<SimNode>(network, number, identity, identity, SimHost::Options{}));
      node.back()->set_clock(clocks[i]);
      if (i > 0) network.connect(number - 1, number, {.delay = milliseconds(2)});
      node.back()->start();
    }
    pass(seconds(10));
  }
  ~Line() {
    for (auto& one : node) one->host().stop();
  }
  void pass(Duration time) { network.run_until(network.now() + time); }
  // Out of all hands for so long.
  void rest(std::size_t who, Duration time) {
    node[who]->crash();
    pass(time);
    node[who]->start();
    pass(seconds(20));
  }
  std::string text(std::size_t who, const std::string& path) { return node[who]->text_of(path).value_or("(none)"); }
  // Behind the first node, in its network time. Each tells the time of its latest turn: some seconds ago, if nothing happened.
  std::int64_t behind_s(std::size_t who) {
    return (node[0]->replica().status().network_time.ms - node[who]->replica().status().network_time.ms) / 1000;
  }

  SimNetwork network;
  std::vector<std::unique_ptr<SimNode>> node;
};

const std::string kLong(5000, 'l');
constexpr Duration kOff = seconds(3600);
constexpr std::int64_t kTurn = 60;  // seconds; everybody has had one by then

std::map<std::string, std::string> files(SimNode& node) {
  auto out = node.dump();
  std::erase_if(out, [](const auto& one) { return one.first.starts_with("/network/"); });
  return out;
}

TEST(Clock, WhatOneYearsAheadWritesTakesNothingFromAnybodyAndCountsWhenItsTimeHasCome) {
  Line line({kRight, kAhead, kRight});
  ASSERT_TRUE(line.node[1]->write("x", "of the one ahead"));
  ASSERT_TRUE(line.node[1]->write("long", kLong));
  line.pass(seconds(5));
  ASSERT_TRUE(line.node[2]->write("x", "later"));
  line.pass(seconds(30));
  for (const std::size_t honest : {0u, 2u}) {
    EXPECT_EQ(line.text(honest, "x"), "later");
    EXPECT_EQ(line.text(honest, "long"), "(none)");
    EXPECT_TRUE(
        line.node[honest]->store().blobs.has(crypto::hash_of(as_bytes(kLong))));  // its author may be gone by then
  }
  EXPECT_EQ(files(*line.node[0]), files(*line.node[2]));
  EXPECT_EQ(line.text(1, "x"), "of the one ahead");  // and the other as a conflict
  for (const auto& node : line.node) {
    node->crash();
    node->set_clock({3 * kYearMs, true});
    node->start();
  }
  line.pass(seconds(30));
  const auto all = line.node[0]->dump();
  EXPECT_EQ(line.node[1]->dump(), all);
  EXPECT_EQ(line.node[2]->dump(), all);
  std::string shown;
  for (const auto& [path, what] : all) shown += what + ";";
  for (const char* text : {"of the one ahead", "later", kLong.c_str()}) EXPECT_NE(shown.find(text), std::string::npos);
}

// What it wrote over has left its own set and stays in the others': they compare for as long as it is ahead, but seldom.
TEST(Clock, WhoIsAheadAndWritesTwiceIsComparedWithSeldom) {
  Line line({kRight, kAhead, kRight});
  const auto said_in = [&](Duration time) {
    const auto said = [&] {
      std::uint64_t sum = 0;
      for (const auto& node : line.node) sum += node->host().core().stats().messages_out;
      return sum;
    };
    const std::uint64_t before = said();
    line.pass(time);
    return said() - before;
  };
  ASSERT_TRUE(line.node[1]->write("x", "first"));
  line.pass(seconds(60));
  EXPECT_EQ(said_in(seconds(120)), 0u);
  ASSERT_TRUE(line.node[1]->write("x", "second"));
  line.pass(seconds(60));
  const std::uint64_t soon = said_in(seconds(60));
  line.pass(seconds(600));
  const std::uint64_t later = said_in(seconds(600));
  std::printf("%llu messages in the second minute, %llu in ten minutes later\n", static_cast<unsigned long long>(soon),
              static_cast<unsigned long long>(later));
  EXPECT_GT(later, 0u);
  EXPECT_LE(soon, 2 * 20u);
  EXPECT_LE(later, 10 * 2 * 20u);
}

TEST(Clock, WhatIsChangedLaterWinsOverOneYearsBehind) {
  Line line({kRight, kBehind, kRight});
  ASSERT_TRUE(line.node[1]->write("x", "of the one behind"));
  line.pass(seconds(5));
  ASSERT_TRUE(line.node[2]->write("x", "later"));
  line.pass(seconds(30));
  EXPECT_EQ(line.text(1, "x"), "later");
  EXPECT_EQ(line.node[1]->dump(), line.node[0]->dump());
  EXPECT_EQ(line.node[2]->dump(), line.node[0]->dump());
  EXPECT_EQ(line.node[0]->list("").size(), line.node[1]->list("").size());
}

// Its time stands still while it is off, and two votes do not move it. It must not stand in the way of others.
TEST(Clock, OneWithoutLagsBetweenTwoUntilTheAdminWritesAndContentsPassIt) {
  Line line({kRight, kNone, kRight});
  EXPECT_LT(line.behind_s(1), kTurn);
  line.rest(1, kOff);
  EXPECT_GE(line.behind_s(1), kOff.ns / 1'000'000'000 - kTurn);
  ASSERT_TRUE(line.node[2]->write("short", "s"));
  ASSERT_TRUE(line.node[2]->write("long", kLong));
  line.pass(seconds(30));
  EXPECT_EQ(line.text(1, "short"), "(none)");
  EXPECT_EQ(line.text(0, "short"), "s");
  EXPECT_EQ(line.text(0, "long"), kLong);
  ASSERT_TRUE(line.node[0]->write("admin", "a"));
  line.pass(seconds(5));
  EXPECT_LT(line.behind_s(1), kTurn);
  EXPECT_EQ(line.node[1]->dump(), line.node[0]->dump());
  EXPECT_EQ(line.text(1, "long"), kLong);
}

TEST(Clock, OneWithoutAmongThreeWithFollowsThem) {
  Line line({kRight, kNone, kRight, kRight});
  line.network.connect(1, 3, {.delay = milliseconds(2)});
  line.pass(seconds(10));
  line.rest(1, kOff);
  EXPECT_LT(line.behind_s(1), kTurn);
}

}  // namespace
}  // namespace meshfs::sim
