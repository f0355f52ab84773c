// What beacons cost in silence, and what beacons and handshakes of others than honest neighbours do.
#include <gtest/gtest.h>

#include "tests/unit/syncd/fake_mesh.h"

namespace meshfs::sim {
namespace {

constexpr std::size_t kKindAt = 2;      // in a frame
constexpr std::uint64_t kHeaders = 48;  // IPv6 and UDP

std::vector<Bytes> frames_of(Mesh& mesh, std::size_t host, codec::FrameKind kind,
                             const std::function<void()>& meanwhile) {
  std::vector<Bytes> out;
  mesh.hosts[host]->frame_filter = [&out, kind](ByteView frame) {
    if (frame[kKindAt] == static_cast<std::uint8_t>(kind)) out.push_back(copy_of(frame));
    return true;
  };
  meanwhile();
  mesh.hosts[host]->frame_filter = nullptr;
  return out;
}

// The aim is 2 bytes per second, node and link, whatever is stored.
TEST(Beacons, SilenceCostsLittleWhateverIsStored) {
  for (const std::uint64_t items : {0u, 2000u}) {
    Mesh mesh(1);
    mesh.line(3, {}, false);
    mesh.run(seconds(3));
    for (std::uint64_t i = 0; i < items; ++i) mesh.fsds[0]->publish(i, {}, false);
    mesh.run(seconds(1500));
    ASSERT_TRUE(mesh.same_items());
    const auto before = mesh.hosts[1]->core().stats();
    mesh.run(seconds(3600));
    const auto after = mesh.hosts[1]->core().stats();
    const std::uint64_t bytes = after.bytes_out - before.bytes_out + (after.frames_out - before.frames_out) * kHeaders;
    EXPECT_LE(static_cast<double>(bytes) / 3600, 0.8) << items;  // beacons of one fingerprint, nothing else
    EXPECT_GT(bytes, 0u);
    std::printf("%llu items: %.2f bytes per second\n", static_cast<unsigned long long>(items),
                static_cast<double>(bytes) / 3600);
  }
}

TEST(Beacons, OneOfAnEarlierLifeEndsNoSession) {
  Mesh mesh(2);
  mesh.line(2, {}, false);
  const std::vector<Bytes> old = frames_of(mesh, 1, codec::FrameKind::beacon, [&] { mesh.run(seconds(3)); });
  ASSERT_FALSE(old.empty());
  mesh.hosts[1]->start();
  mesh.fsds[1]->greet();
  ASSERT_TRUE(mesh.run_until([&] { return mesh.all_in_session(1); }, seconds(2)));
  mesh.run(seconds(3));
  const std::uint64_t before = mesh.hosts[0]->core().stats().frames_out;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(mesh.network.link(1, SimNetwork::Mode::datagram).send_all(old.front()));
    mesh.run(milliseconds(10));
    ASSERT_EQ(mesh.hosts[0]->core().stats().sessions, 1u);
  }
  EXPECT_LT(mesh.hosts[0]->core().stats().frames_out - before, 400u);
  mesh.fsds[0]->publish(5, {mesh.random_bytes(100)}, true);
  EXPECT_TRUE(mesh.run_until([&] { return mesh.same_items(); }, seconds(1)));
}

// Handshakes' messages sent again from elsewhere, 20,000 a second: answered as far as the budget goes, and the honest two go on.
TEST(Beacons, AFloodOfHandshakesIsBoundedAndHonestNodesConverge) {
  Mesh mesh(3);
  mesh.add(false);
  mesh.add(false);
  const SimNetwork::Node flooder = mesh.network.add_node();
  mesh.network.connect(0, 1, {});
  mesh.network.connect(0, flooder, {});
  const std::vector<Bytes> handshakes = frames_of(mesh, 1, codec::FrameKind::handshake, [&] { mesh.run(seconds(2)); });
  ASSERT_FALSE(handshakes.empty());
  mesh.run(seconds(2));
  const std::uint64_t before = mesh.hosts[0]->core().stats().frames_out;
  std::uint64_t text = 0;
  for (int ms = 0; ms < 3000; ++ms) {
    for (int i = 0; i < 20; ++i) {
      (void)mesh.network.link(flooder, SimNetwork::Mode::datagram)
          .send_all(handshakes[static_cast<std::size_t>(i) % handshakes.size()]);
    }
    if (ms % 100 == 0) mesh.fsds[static_cast<std::size_t>(ms / 100 % 2)]->publish(++text, {}, true);
    mesh.run(milliseconds(1));
  }
  const std::uint64_t sent = mesh.hosts[0]->core().stats().frames_out - before;
  std::printf("60,000 messages in 3 s: %llu frames sent\n", static_cast<unsigned long long>(sent));
  EXPECT_LT(sent, 6000u);
  EXPECT_TRUE(mesh.run_until([&] { return mesh.same_items(); }, seconds(5)));
}

TEST(Beacons, ThoseOfAnotherNetworkAreCountedAndNoMore) {
  Mesh mesh(4);
  mesh.line(2, {}, false);
  mesh.run(seconds(2));
  Bytes foreign;
  foreign = codec::seal_shared(crypto::SivKey({}), {codec::FrameKind::beacon, 0, 1}, codec::encode_beacon({}));
  const auto before = mesh.hosts[0]->core().stats();
  for (int i = 0; i < 100; ++i) (void)mesh.network.link(1, SimNetwork::Mode::datagram).send_all(foreign);
  mesh.run(seconds(1));
  const auto after = mesh.hosts[0]->core().stats();
  EXPECT_EQ(after.bad_frames - before.bad_frames, 100u);
  EXPECT_LT(after.frames_out - before.frames_out, 10u);
}

}  // namespace
}  // namespace meshfs::sim
