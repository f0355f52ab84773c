// Neighbours whose path breaks and comes back, on whole cores: what their second handshake costs, what an old one sent again does
// to the session they have, and how long who was revoked meanwhile goes on knocking.
#include <gtest/gtest.h>

#include "tests/unit/syncd/fake_members.h"
#include "tests/unit/syncd/fake_mesh.h"

namespace meshfs::sim {
namespace {

// Two nodes, and all that the first says, kept.
struct Two {
  explicit Two(bool streams, std::uint64_t seed = 1) : mesh(seed) {
    mesh.line(2, {}, streams);
    for (std::size_t i = 0; i < 2; ++i) {
      mesh.hosts[i]->frame_filter = [this, i](ByteView frame) {
        const auto kind = codec::peek_frame(frame)->kind;
        const bool handshake = kind == codec::FrameKind::handshake || kind == codec::FrameKind::cookie;
        handshake_bytes += handshake ? frame.size() : 0;
        handshakes += handshake ? 1 : 0;
        if (i == 0 && kind != codec::FrameKind::beacon) said.push_back(copy_of(frame));
        return true;
      };
    }
  }
  bool meet() {
    return mesh.run_until([&] { return mesh.all_in_session(1); }, seconds(300));
  }
  void part() {
    mesh.network.cut_both(0, 1);
    EXPECT_TRUE(mesh.run_until([&] { return mesh.sessions() == 0; }, seconds(4000)));
    mesh.network.mend_all();
  }
  [[nodiscard]] std::string peers(std::size_t of) const {
    return mesh.hosts[of]->core().peers_json(mesh.network.now());
  }
  [[nodiscard]] bool tells(std::size_t of, const std::string& text) const {
    return peers(of).find(text) != std::string::npos;
  }
  // Sessions made by IK so far; all but the first.
  [[nodiscard]] std::size_t brief() const {
    const std::string told = peers(0), before = "\"handshakes\":{\"xx\":1,\"ik\":";
    const std::size_t at = told.find(before);
    return at == std::string::npos ? 0 : std::stoul(told.substr(at + before.size()));
  }
  void news_flows() {
    (void)mesh.fsds[0]->publish(++texts, {}, false);
    EXPECT_TRUE(mesh.run_until([&] { return mesh.same_items(); }, seconds(2)));
  }
  Mesh mesh;
  std::size_t handshake_bytes = 0, handshakes = 0;
  std::uint64_t texts = 0;
  std::vector<Bytes> said;
};

codec::Roster roster_of(std::size_t who) { return fake_welcome("n" + std::to_string(who)).roster; }
codec::Roster without_n1() {
  codec::Roster roster = roster_of(0);
  roster.denied = {fake_member("n1").member.device};
  return roster;
}

class Reunion : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Links, Reunion, testing::Bool(),
                         [](const auto& one) { return one.param ? "stream" : "datagram"; });

TEST_P(Reunion, CostsAFifthOfTheFirstHandshake) {
  Two two(GetParam());
  ASSERT_TRUE(two.meet());
  EXPECT_TRUE(two.tells(0, "\"handshakes\":{\"xx\":1,\"ik\":0"));
  const std::size_t first = two.handshake_bytes;
  EXPECT_GE(first, 1400u);
  for (int i = 0; i < 3; ++i) {
    two.part();
    two.handshake_bytes = 0;
    const std::size_t before = two.brief();
    ASSERT_TRUE(two.meet());
    two.mesh.run(seconds(1));
    const std::size_t made = two.brief() - before;
    EXPECT_TRUE(made == 1 || (GetParam() && made == 2)) << two.peers(0);  // a stream may come just after the datagrams
    for (std::size_t of = 0; of < 2; ++of) EXPECT_TRUE(two.tells(of, "\"handshake\":\"ik\"")) << two.peers(of);
    EXPECT_LE(two.handshake_bytes,
              made * (GetParam() ? 510 : 320));  // on a stream both begin: one first message for nothing
    two.news_flows();
  }
  std::printf("%zu bytes, later %zu\n", first, two.handshake_bytes);
}

TEST_P(Reunion, WithWhoRestartedIsByXx) {
  Two two(GetParam());
  ASSERT_TRUE(two.meet());
  two.mesh.hosts[1]->stop();
  two.mesh.hosts[1]->start();
  two.mesh.fsds[1]->greet();
  two.handshake_bytes = 0;
  ASSERT_TRUE(two.mesh.run_until(
      [&] { return two.mesh.all_in_session(1) && two.tells(0, "\"handshakes\":{\"xx\":2,\"ik\":0"); }, seconds(300)));
  EXPECT_LE(two.handshake_bytes,
            GetParam() ? 1710u : 1460u);  // a stream breaks before the beacon of the new life comes
  two.news_flows();
}

// The first node's frames of a session by IK, sent again from where it is: while the next session lives, and when there is none.
TEST(Reunions, AnOldHandshakeSentAgainDisplacesNothing) {
  Two two(false);
  ASSERT_TRUE(two.meet());
  two.part();
  two.said.clear();
  ASSERT_TRUE(two.meet());
  two.news_flows();
  const std::vector<Bytes> old = two.said;
  EXPECT_EQ(two.brief(), 1u);
  const auto again = [&] {
    for (const Bytes& frame : old) {
      (void)two.mesh.network.link(0, SimNetwork::Mode::datagram).send(SimNetwork::address_of(1), frame);
      two.mesh.run(milliseconds(20));
    }
  };
  two.part();
  ASSERT_TRUE(two.meet());
  const std::string made = two.peers(1).substr(two.peers(1).find("\"handshakes\""), 34);
  for (int i = 0; i < 20; ++i) {
    again();
    EXPECT_EQ(two.mesh.sessions(), 2u);
    two.news_flows();
    two.mesh.run(seconds(4));
  }
  EXPECT_TRUE(two.tells(1, made)) << two.peers(1);
  two.mesh.hosts[0]->stop();
  ASSERT_TRUE(two.mesh.run_until([&] { return two.mesh.hosts[1]->core().stats().sessions == 0; }, seconds(4000)));
  for (int i = 0; i < 20; ++i) {
    again();
    EXPECT_EQ(two.mesh.hosts[1]->core().stats().sessions, 0u);
    two.mesh.run(seconds(4));
  }
}

TEST_P(Reunion, WhoWasRevokedMeanwhileHearsItAndStops) {
  Two two(GetParam());
  ASSERT_TRUE(two.meet());
  two.mesh.network.cut_both(0, 1);
  two.mesh.run_until([&] { return two.mesh.sessions() == 0; }, seconds(4000));
  two.mesh.hosts[0]->to_syncd(without_n1());
  two.mesh.network.mend_all();
  ASSERT_TRUE(two.mesh.run_until(
      [&] { return two.tells(1, "\"state\":\"refused\",\"reason\":\"told us: this node was revoked"); }, seconds(300)));
  EXPECT_TRUE(two.tells(0, "\"state\":\"refused\",\"reason\":\"told it: this node was revoked")) << two.peers(0);
  EXPECT_EQ(two.mesh.sessions(), 0u);
  two.mesh.run(seconds(5));
  two.handshakes = 0;
  two.mesh.run(seconds(580));
  EXPECT_EQ(two.handshakes, 0u);
  two.mesh.run(seconds(4000));
  EXPECT_GT(two.handshakes, 0u);  // it asks now and then
  EXPECT_LE(two.handshakes, 8 * 8u);
  EXPECT_EQ(two.mesh.sessions(), 0u);
  two.mesh.hosts[0]->to_syncd(roster_of(0));
  EXPECT_TRUE(two.meet());
}

TEST_P(Reunion, WhoRestartsHearsItOnceMore) {
  Two two(GetParam());
  ASSERT_TRUE(two.meet());
  two.mesh.hosts[0]->to_syncd(without_n1());
  two.mesh.run(seconds(20));
  two.mesh.hosts[1]->stop();
  two.mesh.hosts[1]->start();
  two.mesh.fsds[1]->greet();
  ASSERT_TRUE(
      two.mesh.run_until([&] { return two.tells(1, "\"reason\":\"told us: this node was revoked"); }, seconds(300)));
  two.mesh.run(seconds(30));
  two.handshakes = 0;
  two.mesh.run(seconds(500));
  EXPECT_EQ(two.handshakes, 0u);
}

TEST_P(Reunion, WhoIsRevokedInSessionHearsItToo) {
  Two two(GetParam());
  ASSERT_TRUE(two.meet());
  two.mesh.hosts[0]->to_syncd(without_n1());
  two.mesh.run(milliseconds(50));
  EXPECT_EQ(two.mesh.sessions(), 0u);
  EXPECT_TRUE(two.tells(1, "\"reason\":\"told us: this node was revoked")) << two.peers(1);
  two.handshakes = 0;
  two.mesh.run(seconds(590));
  EXPECT_EQ(two.handshakes, 0u);
}

// A device that goes on all the same, as fast as it can, is told every ten seconds at most.
TEST(Reunions, WhoDoesNotHeedItIsToldNowAndThen) {
  Two two(false);
  two.mesh.hosts[0]->to_syncd(without_n1());
  two.mesh.run(seconds(1));
  std::size_t told = 0;
  two.mesh.hosts[0]->frame_filter = [&](ByteView frame) {
    told += codec::peek_frame(frame)->kind == codec::FrameKind::packet ? 1 : 0;
    return true;
  };
  for (int i = 0; i < 600; ++i) {
    two.mesh.hosts[1]->to_syncd(roster_of(1));  // its core forgets that it was refused
    two.mesh.run(milliseconds(100));
  }
  EXPECT_LE(told, 7u);
  EXPECT_EQ(two.mesh.sessions(), 0u);
}

}  // namespace
}  // namespace meshfs::sim
