// The whole core of syncd on the simulated network, with a stand-in for fsd.
#include <gtest/gtest.h>

#include "tests/unit/syncd/fake_mesh.h"

namespace meshfs::sim {
namespace {

class OverBoth : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Links, OverBoth, testing::Bool(),
                         [](const auto& one) { return one.param ? "stream" : "datagram"; });

TEST_P(OverBoth, NeighboursFindEachOtherWithinASecond) {
  Mesh mesh(1);
  mesh.line(3, {}, GetParam());
  EXPECT_TRUE(mesh.run_until([&] { return mesh.all_in_session(2); }, seconds(1)));
}

TEST_P(OverBoth, NewsTravelsFourHopsInMilliseconds) {
  Mesh mesh(2);
  mesh.line(5, {}, GetParam());
  mesh.run(seconds(3));
  const Instant start = mesh.network.now();
  const Hash item = mesh.fsds[0]->publish(7, {mesh.random_bytes(200)}, true);
  ASSERT_TRUE(mesh.run_until([&] { return mesh.all_blobs() && mesh.same_items(); }, seconds(1)));
  // Four link delays of 1 ms each, and per hop four messages to and from fsd of 50 us.
  EXPECT_LE(to_ms(mesh.fsds[4]->arrived.at(item) - start), 6);
}

TEST_P(OverBoth, BulkFlowsThroughALine) {
  Mesh mesh(3);
  mesh.line(5, {.delay = microseconds(200)}, GetParam());
  mesh.run(seconds(3));
  std::vector<Bytes> blobs;
  for (int i = 0; i < 300; ++i) blobs.push_back(mesh.random_bytes(16 * 1024));
  mesh.fsds[0]->publish(1, blobs, false);
  EXPECT_TRUE(mesh.run_until([&] { return mesh.all_blobs() && mesh.same_items(); }, seconds(20)));
  std::printf("4.9 MB over 4 hops: %lld ms\n", static_cast<long long>(to_ms(mesh.network.now() - Instant{}) - 3000));
}

TEST_P(OverBoth, ALossyLineDeliversEverything) {
  for (const std::uint32_t loss : {100'000u, 200'000u, 300'000u}) {
    Mesh mesh(loss);
    mesh.line(5, {.delay = milliseconds(2), .jitter = milliseconds(1), .loss_ppm = loss, .duplicate_ppm = 10'000},
              GetParam());
    mesh.run(seconds(3));
    const Instant start = mesh.network.now();
    std::vector<Bytes> blobs;
    for (int i = 0; i < 64; ++i) blobs.push_back(mesh.random_bytes(16 * 1024));
    mesh.fsds[0]->publish(1, blobs, false);
    for (std::uint64_t i = 0; i < 50; ++i) mesh.fsds[4]->publish(100 + i, {mesh.random_bytes(500)}, true);
    EXPECT_TRUE(mesh.run_until([&] { return mesh.all_blobs() && mesh.same_items(); }, seconds(60))) << loss;
    std::printf("1 MB over 4 hops at %u %% loss: %lld ms\n", loss / 10'000,
                static_cast<long long>(to_ms(mesh.network.now() - start)));
  }
}

TEST_P(OverBoth, DifferencesOfAPartitionAreFoundAndEnd) {
  Mesh mesh(4);
  mesh.line(4, {.loss_ppm = 50'000}, GetParam());
  mesh.run(seconds(3));
  mesh.network.cut_both(1, 2);
  mesh.run(seconds(15));
  for (std::uint64_t i = 0; i < 300; ++i) mesh.fsds[0]->publish(i, {}, false);
  for (std::uint64_t i = 0; i < 200; ++i) mesh.fsds[3]->publish(1000 + i, {mesh.random_bytes(100)}, true);
  mesh.run(seconds(15));
  EXPECT_FALSE(mesh.same_items());
  mesh.network.mend_all();
  EXPECT_TRUE(mesh.run_until([&] { return mesh.same_items() && mesh.all_blobs(); }, seconds(40)));
  std::printf("healed after %lld ms\n", static_cast<long long>(to_ms(mesh.network.now() - Instant{}) - 33000));
  // Quiet afterwards: beacons, and at most the rare comparison.
  mesh.run(seconds(70));
  std::uint64_t messages = 0;
  for (const auto& host : mesh.hosts) messages += host->core().stats().messages_out;
  mesh.run(seconds(100));
  std::uint64_t later = 0;
  for (const auto& host : mesh.hosts) later += host->core().stats().messages_out;
  EXPECT_EQ(later, messages);
}

TEST_P(OverBoth, ARestartedNodeComesBack) {
  Mesh mesh(5);
  mesh.line(3, {}, GetParam());
  mesh.run(seconds(3));
  mesh.hosts[1]->start();
  mesh.fsds[1]->greet();
  const Hash item = mesh.fsds[0]->publish(1, {mesh.random_bytes(100)}, true);
  EXPECT_TRUE(mesh.run_until([&] { return mesh.fsds[2]->items.contains(item) && mesh.all_blobs(); }, seconds(3)));
}

TEST(Node, ANodeThatJoinsLateGetsAll) {
  Mesh mesh(6);
  mesh.line(2, {}, false);
  mesh.run(seconds(2));
  for (std::uint64_t i = 0; i < 3000; ++i) mesh.fsds[0]->publish(i, {}, false);
  mesh.run(seconds(3));
  mesh.add(false);
  mesh.network.connect(1, 2, {});
  EXPECT_TRUE(mesh.run_until([&] { return mesh.same_items(); }, seconds(10)));
}

TEST(Node, AnyDifferenceIsFound) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    Mesh mesh(seed);
    mesh.line(2, {.loss_ppm = 100'000}, false);
    mesh.run(seconds(2));
    const std::uint64_t common = mesh.rng.below(3'000);
    std::vector<Hash> items;
    for (std::uint64_t i = 0; i < common; ++i) items.push_back(mesh.fsds[i % 2]->publish(i, {}, false));
    ASSERT_TRUE(mesh.run_until([&] { return mesh.same_items(); }, seconds(20)));
    mesh.network.cut_both(0, 1);
    mesh.run(seconds(15));
    const std::uint64_t left = mesh.rng.below(seed % 2 == 0 ? 5 : 700), right = 1 + mesh.rng.below(5);
    for (std::uint64_t i = 0; i < left; ++i) mesh.fsds[0]->publish(100'000 + i, {}, false);
    for (std::uint64_t i = 0; i < right; ++i) mesh.fsds[1]->publish(200'000 + i, {}, false);
    // What both gave up meanwhile must not come back.
    for (std::uint64_t i = 0; i < common / 10; ++i) {
      for (const auto& fsd : mesh.fsds) fsd->forget(items[i]);
    }
    mesh.run(seconds(2));
    mesh.network.mend_all();
    EXPECT_TRUE(mesh.run_until([&] { return mesh.same_items(); }, seconds(40))) << "seed " << seed;
    EXPECT_EQ(mesh.fsds[0]->items.size(), common - common / 10 + left + right);
  }
}

TEST(Node, SameSeedSameRun) {
  const auto run = [] {
    Mesh mesh(7);
    mesh.line(4, {.loss_ppm = 200'000}, false);
    mesh.run(seconds(2));
    mesh.fsds[0]->publish(1, {mesh.random_bytes(60'000)}, false);
    mesh.run(seconds(10));
    return mesh.network.counters();
  };
  EXPECT_EQ(run(), run());
}

TEST(Node, GarbageAndRefusedBundlesDoNoHarm) {
  Mesh mesh(8);
  mesh.line(2, {}, false);
  mesh.run(seconds(2));
  mesh.fsds[1]->believe = [](const codec::Bundle& bundle) { return bundle.bytes[0] != 9; };
  mesh.fsds[0]->publish(9, {}, false);
  const Hash good = mesh.fsds[0]->publish(10, {}, false);
  Rng rng(1);
  for (int i = 0; i < 200; ++i) {
    Bytes junk = mesh.random_bytes(rng.below(1300));
    if (i % 2 == 0 && junk.size() > 40)
      junk[0] = 'm', junk[1] = 1, junk[2] = static_cast<std::uint8_t>(1 + i % 3), junk[3] = 0;
    mesh.hosts[1]->core().on_frame(1, SimNetwork::address_of(0), junk, mesh.network.now());
  }
  mesh.run(seconds(1));
  EXPECT_TRUE(mesh.fsds[1]->items.contains(good));
  EXPECT_GE(mesh.hosts[1]->core().stats().bad_frames, 200u);
}

TEST(Node, ABlobWithWrongBytesIsRefusedAndFetchedElsewhere) {
  Mesh mesh(9);
  for (int i = 0; i < 3; ++i) mesh.add(false);
  mesh.network.connect(0, 1, {});
  mesh.network.connect(0, 2, {});
  mesh.network.connect(1, 2, {});
  mesh.run(seconds(2));
  const Bytes content = mesh.random_bytes(20'000);
  mesh.fsds[1]->publish(1, {content}, false);
  ASSERT_TRUE(mesh.run_until([&] { return mesh.all_blobs(); }, seconds(2)));
  mesh.add(false);
  codec::Blob& lie = mesh.fsds[1]->blobs.begin()->second;
  Bytes bent = copy_of(lie.data);
  bent[5] ^= 1;
  lie.data = SharedView(std::move(bent));
  mesh.network.connect(3, 1, {});
  mesh.network.connect(3, 2, {});
  EXPECT_TRUE(mesh.run_until([&] { return mesh.all_blobs(); }, seconds(20)));
}

TEST(Node, PeersAreReported) {
  Mesh mesh(10);
  mesh.line(2, {}, false);
  mesh.run(seconds(5));
  EXPECT_NE(mesh.fsds[0]->peers.find("\"name\":\"n1\""), std::string::npos) << mesh.fsds[0]->peers;
  EXPECT_NE(mesh.fsds[0]->peers.find("\"state\":\"connected\""), std::string::npos);
  EXPECT_EQ(mesh.fsds[0]->votes.size(), 1u);
}

std::uint64_t number_after(const std::string& text, const std::string& key) {
  const std::size_t at = text.find(key);
  return at == std::string::npos ? 0 : std::strtoull(text.c_str() + at + key.size(), nullptr, 10);
}

TEST(Node, ReceivedBytesAreCountedByKind) {
  Mesh mesh(12);
  mesh.line(2, {}, false);
  mesh.run(seconds(5));
  mesh.fsds[0]->publish(1, {mesh.random_bytes(20'000)}, false);  // asked for
  mesh.fsds[0]->publish(2, {mesh.random_bytes(9'000)}, true);    // rides along
  mesh.run(seconds(10));
  ASSERT_TRUE(mesh.all_blobs());
  const std::string& report = mesh.fsds[1]->peers;
  const std::uint64_t asked = number_after(report, "\"blobs\":"), pushed = number_after(report, "\"push\":");
  EXPECT_TRUE(asked > 20'000 && asked < 21'000) << report;
  EXPECT_TRUE(pushed > 9'000 && pushed < 11'000) << report;
  EXPECT_NE(report.find("\"received_unneeded_bytes\":0}"), std::string::npos) << report;
  EXPECT_EQ(number_after(mesh.fsds[0]->peers, "\"blobs\":"), 0u);
}

TEST_P(OverBoth, KeysAreRenewedUnderTrafficAndNobodyNotices) {
  Mesh mesh(13);
  mesh.line(2, {.delay = milliseconds(2), .jitter = milliseconds(1), .loss_ppm = GetParam() ? 0u : 100'000u},
            GetParam());
  mesh.run(seconds(5));
  for (std::uint64_t second = 0; second < 900; ++second) {
    mesh.fsds[second % 2]->publish(second, {mesh.random_bytes(2000)}, true);
    mesh.run(seconds(1));
  }
  EXPECT_TRUE(mesh.run_until([&] { return mesh.all_blobs() && mesh.same_items(); }, seconds(5)));
  mesh.run(seconds(10));
  for (const auto& fsd : mesh.fsds) {
    EXPECT_GE(number_after(fsd->peers, "\"rekeyed\":"), 5u) << fsd->peers;
    EXPECT_GE(number_after(fsd->peers, "\"connected_ms\":"), 880'000u) << "another session took over";
  }
}

}  // namespace
}  // namespace meshfs::sim
