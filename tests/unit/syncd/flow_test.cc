// Content by several ways: two sources, ways of different speed, a way that dies, a way that loses. Judged by the time it
// takes and by the bytes that came over the links: nothing may come twice.
#include <gtest/gtest.h>

#include "tests/unit/syncd/fake_mesh.h"

namespace meshfs::sim {
namespace {

constexpr std::size_t kBlobs = 256;
constexpr std::uint32_t kBlobBytes = 16 * 1024;
constexpr double kPayload = kBlobs * kBlobBytes;

// 0 and 1 hold the content and see each other; 2 sees those that are open and asks for it.
struct Two {
  Two(bool streams, std::uint64_t first_rate, std::uint64_t second_rate) : mesh(11) {
    for (int i = 0; i < 3; ++i) mesh.add(streams);
    mesh.network.connect(0, 1, {});
    mesh.network.connect(0, 2, {.bytes_per_second = first_rate});
    mesh.network.connect(1, 2, {.bytes_per_second = second_rate});
  }
  void close(SimNetwork::Node source) { mesh.network.cut_both(source, 2); }
  void publish() {
    mesh.run(seconds(4));
    std::vector<Bytes> blobs;
    for (std::size_t i = 0; i < kBlobs; ++i) {
      blobs.push_back(mesh.random_bytes(kBlobBytes));
      const Hash hash = crypto::hash_of(blobs.back());
      mesh.fsds[1]->blobs[hash] = {hash,       codec::BlobKind::chunk, codec::BlobEncoding::plain,
                                   kBlobBytes, blobs.back(),           {}};
    }
    before = arrived_bytes();
    began = mesh.network.now();
    mesh.fsds[0]->publish(1, blobs, false);
  }
  [[nodiscard]] std::uint64_t arrived_bytes() const {
    return mesh.network.bytes_on(0, 2) + mesh.network.bytes_on(1, 2);
  }
  // Milliseconds until all is there.
  std::int64_t finish() {
    EXPECT_TRUE(mesh.run_until([&] { return mesh.fsds[2]->items.size() == 1 && mesh.all_blobs(); }, seconds(120)));
    return to_ms(mesh.network.now() - began);
  }
  [[nodiscard]] double share_of_payload() const { return static_cast<double>(arrived_bytes() - before) / kPayload; }

  Mesh mesh;
  std::uint64_t before = 0;
  Instant began{};
};

class Ways : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Links, Ways, testing::Bool(),
                         [](const auto& one) { return one.param ? "stream" : "datagram"; });

TEST_P(Ways, ASecondSourceMakesItFaster) {
  Two one(GetParam(), 1'000'000, 1'000'000);
  one.close(1);
  one.publish();
  const auto alone = one.finish();
  Two both(GetParam(), 1'000'000, 1'000'000);
  both.publish();
  const auto together = both.finish();
  std::printf("4 MB at 1 MB/s: %lld ms from one, %lld ms from two; %.3f and %.3f of the payload came\n",
              static_cast<long long>(alone), static_cast<long long>(together), one.share_of_payload(),
              both.share_of_payload());
  EXPECT_LE(static_cast<double>(together), 0.65 * static_cast<double>(alone));
  EXPECT_LE(both.share_of_payload(), one.share_of_payload() + 0.03);
}

TEST_P(Ways, ASlowSourceBesideAFastOneHindersNobody) {
  Two one(GetParam(), 100'000, 1'000'000);
  one.close(0);
  one.publish();
  const auto alone = one.finish();
  Two both(GetParam(), 100'000, 1'000'000);
  both.publish();
  const auto together = both.finish();
  std::printf("4 MB: %lld ms from the fast one, %lld ms with a slow one beside\n", static_cast<long long>(alone),
              static_cast<long long>(together));
  EXPECT_LE(static_cast<double>(together), 1.25 * static_cast<double>(alone));
}

TEST_P(Ways, AWayThatDiesIsReplaced) {
  for (const bool lost_first : {true, false}) {
    Two both(GetParam(), 1'000'000, 1'000'000);
    both.publish();
    both.mesh.network.at(both.mesh.network.now() + milliseconds(700), [&] { both.close(lost_first ? 0 : 1); });
    const auto took = both.finish();
    std::printf("4 MB, way %d dies: %lld ms, %.3f of the payload came\n", lost_first ? 0 : 1,
                static_cast<long long>(took), both.share_of_payload());
    EXPECT_LE(took, 9'000);
    EXPECT_LE(both.share_of_payload(), 1.35);  // what was under way when it died counts as sent there
  }
}

// The neighbour had nothing for a minute because its own way was cut: what it gets flows on, whatever was tried in vain
// before. Seen as a last node that slept for a minute beside a complete neighbour.
TEST_P(Ways, WhatComesLateToARelayFlowsOnAtOnce) {
  Mesh mesh(12);
  mesh.line(3, {.bytes_per_second = 1'000'000}, GetParam());
  mesh.run(seconds(4));
  std::vector<Bytes> blobs;
  for (std::size_t i = 0; i < kBlobs; ++i) blobs.push_back(mesh.random_bytes(kBlobBytes));
  mesh.fsds[0]->publish(1, blobs, false);
  ASSERT_TRUE(mesh.run_until([&] { return mesh.fsds[2]->blobs.size() > 10; }, seconds(5)));
  mesh.network.cut_both(0, 1);
  mesh.run(seconds(60));
  ASSERT_LT(mesh.fsds[1]->blobs.size(), kBlobs);
  mesh.network.mend_both(0, 1);
  const Instant mended = mesh.network.now();
  ASSERT_TRUE(mesh.run_until([&] { return mesh.fsds[1]->needs.empty(); }, seconds(120)));
  const auto relay = to_ms(mesh.network.now() - mended);
  const Instant relay_has_all = mesh.network.now();
  ASSERT_TRUE(mesh.run_until([&] { return mesh.all_blobs(); }, seconds(120)));
  const auto behind = to_ms(mesh.network.now() - relay_has_all);
  std::printf("4 MB: %lld ms after the relay, which took %lld ms\n", static_cast<long long>(behind),
              static_cast<long long>(relay));
  EXPECT_LE(behind, 500);
  EXPECT_LE(relay, 8000);  // 4 s at that rate, and until they hear of each other
}

}  // namespace
}  // namespace meshfs::sim
