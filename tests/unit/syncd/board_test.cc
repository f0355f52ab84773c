// What goes through a mesh engine alone: news, content, repair, and how little is said.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "tests/unit/syncd/engine_mesh.h"

namespace meshfs::sim {
namespace {

using transport::SimEngine;

TEST(Board, ARecordReachesAllAlmostAsFastAsTheEngine) {
  EngineMesh mesh(5, SimEngine::Kind::bmx7, 1);
  mesh.run(seconds(60));
  const Instant begin = mesh.network.now();
  const Hash item = mesh.fsds[0]->publish(1, {}, false);
  ASSERT_TRUE(mesh.run_until([&] { return mesh.all_have(item); }, seconds(30)));
  // Four hops of at most 0.75 s and what so little takes.
  EXPECT_LE(to_ms(mesh.network.now() - begin), 4 * 800 + 100);
}

TEST(Board, AMegabyteArrivesWithinTheBudget) {
  EngineMesh mesh(3, SimEngine::Kind::bmx7, 2);
  mesh.run(seconds(60));
  std::vector<Bytes> blobs;
  for (int i = 0; i < 64; ++i) blobs.push_back(mesh.random_bytes(16 * 1024));
  const Instant begin = mesh.network.now();
  mesh.fsds[0]->publish(1, blobs, false);
  ASSERT_TRUE(mesh.run_until([&] { return mesh.all_blobs() && mesh.fsds[2]->blobs.size() == 64; }, seconds(2000)));
  const double took = static_cast<double>(to_ms(mesh.network.now() - begin)) / 1000;
  const double bytes = 64 * 16 * 1024;
  std::printf("1 MB over two hops: %.1f s, %.0f bytes per period of 10 s, most %zu\n", took, bytes / took * 10,
              mesh.engine.counts().most);
  EXPECT_LE(mesh.engine.counts().most, 48'000U);
  EXPECT_EQ(mesh.number("repeated_bytes", 0), 0U);      // without loss nothing is said twice
  EXPECT_LE(mesh.engine.changes_of(0), took / 10 + 4);  // nor oftener than every ten seconds
  EXPECT_GE(bytes / took * 10, 0.7 * 48'000);
}

TEST(Board, ContentComesOverALossyLine) {
  EngineMesh mesh(5, SimEngine::Kind::bmx7, 3, 400'000);
  mesh.run(seconds(120));
  std::vector<Bytes> blobs;
  for (int i = 0; i < 12; ++i) blobs.push_back(mesh.random_bytes(16 * 1024));
  mesh.fsds[0]->publish(1, blobs, false);
  const double took = seconds_until(
      mesh, [&] { return mesh.all_blobs() && mesh.fsds[4]->blobs.size() == 12; }, seconds(3000));
  std::printf("192 kB over four hops, 40 %% loss: %.1f s, overwritten %llu\n", took,
              static_cast<unsigned long long>(mesh.engine.counts().overwritten));
}

TEST(Board, Bmx6CarriesAFileToo) {
  EngineMesh mesh(3, SimEngine::Kind::bmx6, 4);
  mesh.run(seconds(60));
  mesh.fsds[0]->publish(1, {mesh.random_bytes(20'000)}, false);
  const double took = seconds_until(
      mesh, [&] { return mesh.all_blobs() && mesh.fsds[2]->blobs.size() == 1; }, seconds(3000));
  std::printf("20 kB over BMX6, two hops: %.1f s\n", took);
  EXPECT_LE(mesh.engine.counts().most, 1100U);
}

TEST(Board, TwentyWritersAreAllHeardWithinAMinute) {
  EngineMesh mesh(20, SimEngine::Kind::bmx7, 6);
  mesh.run(seconds(120));
  const Instant begin = mesh.network.now();
  for (std::uint64_t round = 0; round < 3; ++round) {
    std::vector<Hash> items;
    for (std::size_t i = 0; i < 20; ++i) items.push_back(mesh.fsds[i]->publish(round * 100 + i, {}, false));
    const double took = seconds_until(
        mesh, [&] { return std::ranges::all_of(items, [&](const Hash& item) { return mesh.all_have(item); }); },
        seconds(300));
    EXPECT_LE(took, 60);
    mesh.run(seconds(3));
  }
  const auto span = static_cast<std::uint64_t>(to_ms(mesh.network.now() - begin)) / 1000 + 120;
  for (SimNetwork::Node node = 0; node < 20; ++node) EXPECT_LE(mesh.engine.changes_of(node), span / 10 + span / 30 + 2);
}

TEST(Board, WhoComesLateGetsAllThatWasSaid) {
  EngineMesh mesh(2, SimEngine::Kind::bmx7, 7);
  mesh.run(seconds(30));
  for (std::uint64_t i = 0; i < 600; ++i) mesh.fsds[i % 2]->publish(i, {}, false);
  mesh.run(seconds(200));
  ASSERT_TRUE(mesh.run_until([&] { return mesh.same_items(); }, seconds(1000)));
  mesh.add_one();
  mesh.engine.connect(1, 2);
  const double took = seconds_until(
      mesh, [&] { return mesh.same_items(); }, seconds(3000));
  std::printf("a newcomer, 600 items: %.1f s, repeated pages: %llu bytes over links\n", took,
              static_cast<unsigned long long>(mesh.engine.counts().bytes));
}

// As many here as there, and all different: their counts say nothing.
TEST(Board, HalvesThatDifferInEverythingBecomeOne) {
  for (const auto kind : {SimEngine::Kind::bmx7, SimEngine::Kind::bmx6}) {
    EngineMesh mesh(1, kind, 16);
    mesh.add_one();
    const std::uint64_t each = kind == SimEngine::Kind::bmx7 ? 200 : 40;
    for (std::uint64_t i = 0; i < 2 * each; ++i) mesh.fsds[i % 2]->publish(i, {}, false);
    mesh.run(seconds(60));
    mesh.engine.connect(0, 1);
    std::printf("%llu items differ: %.1f s\n", static_cast<unsigned long long>(2 * each),
                seconds_until(
                    mesh, [&] { return mesh.same_items(); }, seconds(1500)));
  }
}

TEST(Board, NewsEveryHalfSecondChangesPagesEveryTenSeconds) {
  EngineMesh mesh(3, SimEngine::Kind::bmx7, 17);
  mesh.run(seconds(60));
  const std::uint64_t before = mesh.engine.changes_of(0);
  Hash last;
  for (std::uint64_t i = 0; i < 120; ++i) {
    last = mesh.fsds[0]->publish(i, {}, false);
    mesh.run(milliseconds(500));
  }
  EXPECT_LE(mesh.engine.changes_of(0) - before, 8U);
  EXPECT_TRUE(mesh.run_until([&] { return mesh.all_have(last); }, seconds(30)));
}

// Six could bring all of it, one does.
TEST(Board, OneOfManyAnswers) {
  EngineMesh mesh(6, SimEngine::Kind::bmx7, 15);
  mesh.run(seconds(30));
  std::vector<Bytes> blobs;
  for (int i = 0; i < 8; ++i) blobs.push_back(mesh.random_bytes(16 * 1024));
  mesh.fsds[0]->publish(1, blobs, false);
  for (std::uint64_t i = 2; i < 60; ++i) mesh.fsds[i % 6]->publish(i, {}, false);
  ASSERT_TRUE(mesh.run_until([&] { return mesh.same_items() && mesh.all_blobs(); }, seconds(1000)));
  mesh.run(seconds(300));
  const auto placed = [&] {
    std::uint64_t sum = 0;
    for (std::size_t node = 0; node < mesh.hosts.size(); ++node) sum += mesh.number("placed_bytes", node);
    return sum;
  };
  const std::uint64_t before = placed();
  mesh.add_one();
  mesh.engine.connect(5, 6);
  (void)seconds_until(
      mesh, [&] { return mesh.same_items() && mesh.all_blobs(); }, seconds(1000));
  mesh.run(seconds(200));
  EXPECT_LE(placed() - before, 8U * 16 * 1024 * 5 / 4);
}

TEST(Board, NothingIsSaidWhenAllIsWell) {
  for (const auto kind : {SimEngine::Kind::bmx7, SimEngine::Kind::bmx6}) {
    EngineMesh mesh(5, kind, 8);
    mesh.run(seconds(60));
    const Hash item = mesh.fsds[0]->publish(1, {}, false);
    mesh.run(seconds(300));
    EXPECT_TRUE(mesh.all_have(item));
    const std::uint64_t before = mesh.engine.counts().changes;
    mesh.run(seconds(7200));
    EXPECT_EQ(mesh.engine.counts().changes, before);
  }
}

// As with who was revoked: what it has is refused, so its sets stay others. That may not keep the engine busy for ever.
TEST(Board, WhatIsRefusedForEverIsAskedForLessAndLess) {
  EngineMesh mesh(3, SimEngine::Kind::bmx7, 18);
  for (std::size_t i : {0U, 1U})
    mesh.fsds[i]->believe = [](const codec::Bundle& bundle) { return bundle.bytes.size() > 8; };
  mesh.run(seconds(30));
  for (std::uint64_t i = 0; i < 400; ++i) mesh.fsds[2]->publish(i, {}, false);
  mesh.run(seconds(7200));
  const std::uint64_t before = mesh.engine.counts().changes;
  mesh.run(seconds(7200));
  EXPECT_LE(mesh.engine.counts().changes - before, 3U * 7200 / 400);
}

TEST(Board, WhoIsLinkedNeedsNoBulletin) {
  EngineMesh mesh(4, SimEngine::Kind::bmx7, 10);
  for (SimNetwork::Node i = 0; i + 1 < 4; ++i) mesh.network.connect(i, i + 1, {});
  ASSERT_TRUE(mesh.run_until([&] { return mesh.all_in_session(3); }, seconds(30)));
  mesh.run(seconds(120));
  const std::uint64_t before = mesh.engine.counts().changes;
  mesh.fsds[0]->publish(1, {mesh.random_bytes(60'000), mesh.random_bytes(60'000)}, false);
  ASSERT_TRUE(mesh.run_until([&] { return mesh.all_blobs() && mesh.fsds[3]->blobs.size() == 2; }, seconds(10)));
  mesh.run(seconds(30));
  EXPECT_EQ(mesh.engine.counts().changes, before);
}

// Two valleys, each linked inside, joined by the engine alone; then by a link.
TEST(Board, TwoValleysBecomeOneMeshAndTheLinkTakesOver) {
  EngineMesh mesh(6, SimEngine::Kind::bmx7, 11);
  for (const SimNetwork::Node i : {0U, 1U, 3U, 4U}) mesh.network.connect(i, i + 1, {});
  mesh.run(seconds(120));
  const Hash item = mesh.fsds[0]->publish(1, {mesh.random_bytes(40'000)}, false);
  const double took = seconds_until(
      mesh, [&] { return mesh.all_have(item) && mesh.all_blobs() && mesh.fsds[5]->blobs.size() == 1; }, seconds(300));
  std::printf("40 kB from valley to valley: %.1f s\n", took);
  mesh.network.connect(2, 3, {});
  mesh.run(seconds(120));
  const std::uint64_t before = mesh.engine.counts().changes;
  mesh.fsds[5]->publish(2, {mesh.random_bytes(60'000)}, false);
  EXPECT_LE(seconds_until(
                mesh, [&] { return mesh.all_blobs() && mesh.fsds[0]->blobs.size() == 2; }, seconds(60)),
            3);
  mesh.run(seconds(30));
  EXPECT_EQ(mesh.engine.counts().changes, before);
}

// What a part came of is named by its content, too: whoever brought it may have forgotten how it was cut.
TEST(Board, ALetterThatItsBringerForgotGoesOnWhereItStood) {
  EngineMesh mesh(2, SimEngine::Kind::bmx6, 19);
  mesh.run(seconds(60));
  mesh.fsds[0]->publish(1, {mesh.random_bytes(20'000)}, false);
  mesh.run(seconds(120));
  ASSERT_GT(mesh.number("incoming", 1), 0U);
  const std::uint64_t placed = mesh.number("placed_bytes", 0);
  mesh.hosts[0]->start();
  mesh.fsds[0]->greet();
  EXPECT_LE(seconds_until(
                mesh, [&] { return mesh.fsds[1]->blobs.size() == 1; }, seconds(1000)),
            260);
  EXPECT_LE(mesh.number("placed_bytes", 0), 20'000 - placed + 3'000);  // and nothing of it twice
}

// No beacon reaches anybody, but streams do: the pages say where.
TEST(Board, BulkGoesOverStreamsToWhomTheEngineShows) {
  EngineMesh mesh(3, SimEngine::Kind::bmx7, 14, 0, true);
  mesh.network.connect(0, 2, {.loss_ppm = 1'000'000});
  mesh.run(seconds(20));
  EXPECT_EQ(mesh.sessions(), 2U);
  mesh.run(seconds(100));
  std::vector<Bytes> blobs;
  for (int i = 0; i < 64; ++i) blobs.push_back(mesh.random_bytes(16 * 1024));
  mesh.fsds[0]->publish(1, blobs, false);
  EXPECT_LE(seconds_until(
                mesh, [&] { return mesh.fsds[2]->blobs.size() == 64; }, seconds(60)),
            5);
}

TEST(Board, RestartsOfEnginesAndNodesLoseNothing) {
  EngineMesh mesh(4, SimEngine::Kind::bmx7, 12, 100'000);
  mesh.run(seconds(60));
  std::vector<Bytes> blobs;
  for (int i = 0; i < 16; ++i) blobs.push_back(mesh.random_bytes(16 * 1024));
  mesh.fsds[0]->publish(1, blobs, false);
  for (int i = 0; i < 6; ++i) {
    mesh.run(seconds(17));
    mesh.engine.restart(static_cast<SimNetwork::Node>(i % 4));
    if (i == 3) {
      mesh.hosts[2]->start();
      mesh.fsds[2]->greet();
    }
    if (i == 4) {
      mesh.hosts[0]->start();
      mesh.fsds[0]->greet();
    }
  }
  (void)seconds_until(
      mesh, [&] { return mesh.all_blobs() && mesh.fsds[3]->blobs.size() == 16; }, seconds(3000));
}

// Any engine, any line or star, with losses, links that come and go, and restarts of engines and daemons; afterwards all is the same
// and nothing more is said. MESHFS_SEED and MESHFS_SEEDS run others.
TEST(Board, WhateverHappensAllBecomeTheSame) {
  const char *const first = std::getenv("MESHFS_SEED"), *const count = std::getenv("MESHFS_SEEDS");
  const std::uint64_t begin = first == nullptr ? 1 : std::stoull(first),
                      seeds = count == nullptr ? 12 : std::stoull(count);
  std::vector<std::uint64_t> chosen;
  for (std::uint64_t seed = begin; seed < begin + seeds; ++seed) chosen.push_back(seed);
  if (first == nullptr) chosen.push_back(890);  // far nodes never saw the last cells, so nobody ever told more of them
  for (const std::uint64_t seed : chosen) {
    Rng rng(seed);
    const auto kind = static_cast<SimEngine::Kind>(rng.below(3));
    const auto below = [&rng](std::uint64_t bound) { return static_cast<SimNetwork::Node>(rng.below(bound)); };
    const SimNetwork::Node nodes = kind == SimEngine::Kind::alfred ? 3 : 2 + below(5);
    EngineMesh mesh(nodes, kind, seed, static_cast<std::uint32_t>(rng.below(300'000)));
    std::uint64_t text = 0;
    for (int step = 0; step < 25; ++step) {
      mesh.run(milliseconds(static_cast<std::int64_t>(rng.below(20'000))));
      const SimNetwork::Node one = below(nodes);
      switch (rng.below(7)) {
        case 0:
          mesh.engine.restart(one);
          break;
        case 1:
          mesh.hosts[one]->start();
          mesh.fsds[one]->greet();
          break;
        case 2:
          if (one + 1 < nodes) mesh.engine.cut(one, one + 1);
          break;
        case 3:
          if (one + 1 < nodes) mesh.engine.connect(one, one + 1);
          break;
        case 4:
          mesh.fsds[one]->publish(text++,
                                  {mesh.random_bytes(1 + rng.below(kind == SimEngine::Kind::bmx7 ? 60'000 : 3'000))},
                                  rng.percent(50));
          break;
        default:
          mesh.fsds[one]->publish(text++, {}, false);
      }
    }
    for (SimNetwork::Node i = 0; i + 1 < nodes; ++i) mesh.engine.connect(i, i + 1);
    const auto same = [&] { return mesh.same_items() && mesh.all_blobs(); };
    EXPECT_TRUE(mesh.run_until(same, seconds(6000))) << "MESHFS_SEED=" << seed << " MESHFS_SEEDS=1";
    mesh.run(seconds(9000));  // who was hushed is remembered for an hour
    const std::uint64_t before = mesh.engine.counts().changes;
    mesh.run(seconds(1000));
    EXPECT_EQ(mesh.engine.counts().changes, before) << "still talks: MESHFS_SEED=" << seed << " MESHFS_SEEDS=1";
  }
}

TEST(Board, ForeignAndBrokenPagesAreCountedAndIgnored) {
  EngineMesh mesh(2, SimEngine::Kind::bmx7, 13);
  mesh.run(seconds(30));
  const transport::BulletinAuthor stranger{"x", "x"};
  for (std::size_t size : {0U, 1U, 19U, 20U, 500U}) {
    mesh.hosts[0]->core().on_page(1, stranger, 0, mesh.random_bytes(size), mesh.network.now());
  }
  EXPECT_NE(mesh.hosts[0]->core().peers_json(mesh.network.now()).find("\"bad_pages\":5"), std::string::npos);
  EXPECT_NE(mesh.hosts[0]->core().peers_json(mesh.network.now()).find("\"nodes\":1"), std::string::npos);
}

}  // namespace
}  // namespace meshfs::sim
