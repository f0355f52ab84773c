// Links that may carry only so much: never more than their budget, the most urgent first, and all arrives in the end.
#include <gtest/gtest.h>

#include "syncd/core/link_budget.h"
#include "tests/unit/syncd/fake_mesh.h"

namespace meshfs::sim {
namespace {

using syncd::LinkBudget;

TEST(LinkBudget, CarriesTheRateAndOneBurst) {
  LinkBudget budget(3'600'000);  // 1 kB/s
  ASSERT_TRUE(budget.limited());
  Instant now{1};
  std::size_t sent = 0;
  for (const Instant end = now + seconds(100); now < end;) {
    if (budget.may(now)) {
      budget.count(700, now);
      sent += 700;
    } else {
      EXPECT_GT(budget.free_at(), now);
      now = std::max(budget.free_at(), now + nanoseconds(1));
    }
  }
  EXPECT_LE(sent, 105'000u + 700);
  EXPECT_GE(sent, 100'000u);
}

TEST(LinkBudget, WhatCouldNotWaitDelaysTheRest) {
  LinkBudget budget(3'600'000);
  const Instant now{seconds(50).ns};
  budget.count(65'000, now);
  EXPECT_FALSE(budget.may(now + seconds(59)));
  EXPECT_TRUE(budget.may(now + seconds(60)));
}

TEST(LinkBudget, NoneIsNone) {
  for (const std::uint64_t much : {UINT64_MAX, std::uint64_t{3'600'000'000'000}}) {
    LinkBudget budget(much);
    budget.count(1'000'000'000, Instant{5});
    EXPECT_FALSE(budget.limited());
    EXPECT_TRUE(budget.may(Instant{5}));
  }
  LinkBudget nothing(0);  // a byte per hour: never none, or nothing would ever be heard of the node
  EXPECT_TRUE(nothing.limited());
  EXPECT_TRUE(nothing.may(Instant{0}));
}

// What a node sent, and when.
struct Meter {
  std::vector<std::pair<Instant, std::size_t>> frames;
  void attach(Mesh& mesh, std::size_t node) {
    mesh.hosts[node]->frame_filter = [this, &mesh](ByteView frame) {
      frames.emplace_back(mesh.network.now(), frame.size());
      return true;
    };
  }
  std::size_t most_within(Duration span) const {
    std::size_t most = 0, sum = 0, first = 0;
    for (const auto& [at, size] : frames) {
      sum += size;
      while (at - frames[first].first >= span) sum -= frames[first++].second;
      most = std::max(most, sum);
    }
    return most;
  }
};

constexpr std::uint64_t kKilobytePerSecond = 3'600'000;
constexpr std::size_t kRoom = 5'000 + 1'300;  // a burst and a frame

bool all_arrived(const Mesh& mesh) { return mesh.same_items() && mesh.all_blobs(); }

TEST(ThinLink, BulkKeepsToTheBudgetAndArrives) {
  for (const std::uint64_t budget : {kKilobytePerSecond, UINT64_MAX}) {  // the second: the meter would notice
    Mesh mesh(31);
    for (int i = 0; i < 2; ++i) mesh.add(false, budget);
    mesh.network.connect(0, 1, {});
    Meter meter;
    meter.attach(mesh, 0);
    mesh.run(seconds(10));
    for (std::uint64_t i = 0; i < 6; ++i) mesh.fsds[0]->publish(i, {mesh.random_bytes(10'000)}, false);
    EXPECT_TRUE(mesh.run_until([&] { return all_arrived(mesh); }, seconds(90)));
    if (budget == kKilobytePerSecond) {
      EXPECT_LE(meter.most_within(seconds(30)), 30'000 + kRoom);
    } else {
      EXPECT_GT(meter.most_within(seconds(30)), 60'000u);
    }
  }
}

// A small item does not wait for the content under way to its receiver, nor for that of another on the same link.
TEST(ThinLink, NewsOvertakesBulkToWhomever) {
  Mesh mesh(32);
  for (int i = 0; i < 3; ++i) mesh.add(false, kKilobytePerSecond);
  mesh.network.connect(0, 1, {});
  mesh.network.connect(0, 2, {});
  mesh.run(seconds(10));
  mesh.fsds[0]->publish(1, {mesh.random_bytes(60'000), mesh.random_bytes(60'000)}, false);
  mesh.run(seconds(30));
  EXPECT_FALSE(all_arrived(mesh));
  const Instant told = mesh.network.now();
  const Hash item = mesh.fsds[0]->publish(2, {}, false);
  const auto has = [&](std::size_t node) { return mesh.fsds[node]->items.contains(item); };
  EXPECT_TRUE(mesh.run_until([&] { return has(1) && has(2); }, seconds(5)));
  std::printf("an item overtook 120 kB at 1 kB/s in %lld ms\n",
              static_cast<long long>(to_ms(mesh.network.now() - told)));
  EXPECT_FALSE(all_arrived(mesh));
  EXPECT_TRUE(mesh.run_until([&] { return all_arrived(mesh); }, seconds(400)));
}

// Eight fetch content, the ninth only just came: what it is told of our sets goes before what the others wait for.
TEST(ThinLink, WhoComesIsToldBeforeOthersGetTheirBulk) {
  Mesh mesh(34);
  for (int i = 0; i < 10; ++i) mesh.add(false, kKilobytePerSecond);
  for (SimNetwork::Node i = 1; i < 9; ++i) mesh.network.connect(0, i, {});
  mesh.run(seconds(20));
  for (std::uint64_t i = 0; i < 40; ++i) mesh.fsds[0]->publish(i, {}, false);
  mesh.run(seconds(60));
  mesh.fsds[0]->publish(99, {mesh.random_bytes(60'000), mesh.random_bytes(60'000)}, false);
  mesh.run(seconds(40));
  const Instant came = mesh.network.now();
  mesh.network.connect(0, 9, {});
  EXPECT_TRUE(mesh.run_until([&] { return mesh.fsds[9]->items.size() == 41; }, seconds(8)));
  std::printf("who came was told of 41 items in %lld ms\n", static_cast<long long>(to_ms(mesh.network.now() - came)));
}

// What takes longer than the patience for a link without a budget is not asked for again, and does not come twice.
TEST(ThinLink, WhatIsUnderWayIsNotAskedForAgain) {
  Mesh mesh(35);
  for (int i = 0; i < 2; ++i) mesh.add(false, 20 * kKilobytePerSecond);
  mesh.network.connect(0, 1, {});
  Meter meter;
  meter.attach(mesh, 0);
  mesh.run(seconds(10));
  std::vector<Bytes> contents;
  for (int i = 0; i < 12; ++i) contents.push_back(mesh.random_bytes(65'000));
  mesh.fsds[0]->publish(1, contents, false);
  EXPECT_TRUE(mesh.run_until([&] { return all_arrived(mesh); }, seconds(60)));
  mesh.run(seconds(60));
  // 960 kB; 2 MB without that patience. Nobody hints at sizes here, so some are waited for too briefly.
  EXPECT_LE(meter.most_within(seconds(1000)), 12 * 65'000u * 130 / 100);
}

// 10 bytes a second: a frame every two minutes. Sessions live, nobody takes the silence for loss, little is sent twice.
TEST(ThinLink, TheThinnestIsSlowAndWhole) {
  Mesh mesh(33);
  for (int i = 0; i < 2; ++i) mesh.add(false, 36'000);
  mesh.network.connect(0, 1, {});
  Meter meter;
  meter.attach(mesh, 0);
  mesh.run(seconds(600));
  const std::size_t before = meter.frames.size();
  mesh.fsds[0]->publish(1, {mesh.random_bytes(6'000)}, false);
  EXPECT_TRUE(mesh.run_until([&] { return all_arrived(mesh); }, seconds(1200)));
  EXPECT_TRUE(mesh.all_in_session(1));
  std::size_t sum = 0;
  for (std::size_t i = before; i < meter.frames.size(); ++i) sum += meter.frames[i].second;
  EXPECT_LE(sum, 9'000u);
}

}  // namespace
}  // namespace meshfs::sim
