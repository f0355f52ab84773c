// Nodes that join in virtual time: out of reach of who invited them, and in his reach again.
#include <gtest/gtest.h>

#include "tests/sim/sim_node.h"
#include "tests/unit/core/world.h"

namespace meshfs::sim {
namespace {

using transport::SimNetwork;

//  0 ==cut== 1 -- 2 -- 3 -- 4 -- 5 -- 6        0 invites; 1 is a member; 2 to 6 join, 7 behind 6 with the invite of 2
class Joining {
 public:
  explicit Joining(std::uint64_t seed, std::uint32_t loss_ppm = 0) : network(seed), seed_(seed), loss_ppm_(loss_ppm) {
    for (std::uint64_t i = 0; i < 2; ++i) add(identity(i), true);
    pass(seconds(10));
    for (std::uint64_t i = 2; i < 7; ++i) {
      codec::Invitation one;
      one.key = invite(i).public_key();
      one.until.ms = 7LL * 24 * 3'600'000;
      EXPECT_TRUE(node[0]->replica().invite(one).ok());
      node[0]->after_change();
    }
    pass(seconds(10));
  }
  ~Joining() {
    for (auto& one : node) one->host().stop();
  }
  void pass(Duration time) { network.run_until(network.now() + time); }
  crypto::SigningKey invite(std::uint64_t number) const {
    return crypto::SigningKey::from_seed(test_seed(seed_ * 100 + number, 60));
  }
  codec::Identity identity(std::uint64_t i) const {
    const crypto::Seed secret = test_seed(seed_, 7);
    return test_identity(test_genesis(secret, 0), secret, i, "n" + std::to_string(i));
  }
  void join(std::uint64_t i, std::uint64_t by) {
    codec::Identity one = identity(i);
    const crypto::SigningKey key = invite(by);
    codec::sign_member(one.member, codec::network_id(one.genesis), crypto::SigningKey::from_seed(*one.node_seed), &key);
    add(one, false);
  }
  void add(const codec::Identity& one, bool admitted) {
    const auto number = network.add_node();
    node.push_back(std::make_unique<SimNode>(network, number, one, one, SimHost::Options{.seed = seed_}));
    node.back()->admitted = admitted;
    if (number > 0) network.connect(number - 1, number, {.delay = milliseconds(2), .loss_ppm = loss_ppm_});
    node.back()->start();
  }
  std::size_t members_at(std::size_t who) {
    std::size_t out = 0;
    for (const auto& line : node[who]->replica().nodes()) out += line.role == "member" ? 1 : 0;
    return out;
  }
  std::uint64_t said() const {
    std::uint64_t sum = 0;
    for (const auto& one : node) sum += one->host().core().stats().messages_out;
    return sum;
  }
  void expect_equal_and_quiet() {
    const auto sets = node[0]->replica().status().sets;
    for (std::size_t i = 0; i < node.size(); ++i) {
      EXPECT_EQ(node[i]->replica().status().sets, sets) << "node " << i << ", seed " << seed_;
      EXPECT_EQ(node[i]->replica().status().pending, 0u) << "node " << i;
    }
    const std::uint64_t before = said();
    pass(seconds(60));
    EXPECT_EQ(said(), before) << "nothing but beacons";
  }

  SimNetwork network;
  std::vector<std::unique_ptr<SimNode>> node;

 private:
  std::uint64_t seed_;
  std::uint32_t loss_ppm_;
};

TEST(Joining, OutOfReachOfTheInviterAndInItAgain) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    Joining mesh(seed, seed % 2 == 0 ? 100'000 : 0);
    mesh.network.cut_both(0, 1);
    for (std::uint64_t i = 2; i < 7; ++i) {
      mesh.join(i, i);
      EXPECT_TRUE(mesh.node.back()->write("early-" + std::to_string(i), "written before it was let in"));
    }
    mesh.pass(seconds(120));
    EXPECT_EQ(mesh.members_at(1), 1u) << "nobody can let them in";
    EXPECT_FALSE(mesh.node[1]->text_of("early-2"));
    EXPECT_NE(mesh.node[4]->replica().status().standing, "");
    mesh.network.mend_both(0, 1);
    mesh.pass(seconds(180));
    for (std::size_t i = 0; i < 7; ++i) {
      EXPECT_EQ(mesh.members_at(i), 6u) << "node " << i << ", seed " << seed;
      EXPECT_TRUE(mesh.node[i]->text_of("early-6")) << "node " << i << ", seed " << seed;
      EXPECT_EQ(mesh.node[i]->replica().status().standing, "");
    }
    mesh.expect_equal_and_quiet();
  }
}

TEST(Joining, TwoWithOneInviteEndWithOneMemberAndPeace) {
  Joining mesh(9);
  mesh.network.cut_both(0, 1);
  mesh.join(2, 2);
  mesh.join(3, 3);
  mesh.join(4, 2);
  mesh.pass(seconds(60));
  mesh.network.mend_both(0, 1);
  mesh.pass(seconds(120));
  EXPECT_EQ(mesh.members_at(1), 3u);
  const std::string one = mesh.node[2]->replica().status().standing, other = mesh.node[4]->replica().status().standing;
  EXPECT_NE(one.empty(), other.empty());
  EXPECT_NE((one + other).find("used already by n"), std::string::npos) << one << other;
  mesh.expect_equal_and_quiet();
}

// What it wrote is offered again and again, and nobody may take it: they compare, but seldom.
TEST(Joining, OneThatIsNeverLetInIsComparedWithSeldom) {
  Joining mesh(10);
  mesh.join(2, 2);
  mesh.pass(seconds(30));
  mesh.join(3, 2);  // the same invite
  ASSERT_TRUE(mesh.node[3]->write("early", "nobody will see this"));
  mesh.pass(seconds(300));
  EXPECT_NE(mesh.node[3]->replica().status().standing.find("used already by n2"), std::string::npos);
  const std::uint64_t before = mesh.said();
  mesh.pass(seconds(3600));
  const std::uint64_t said = mesh.said() - before;
  std::printf("in an hour, by all: %llu messages\n", static_cast<unsigned long long>(said));
  EXPECT_LE(said, 400u);
  EXPECT_FALSE(mesh.node[2]->text_of("early"));
  EXPECT_LE(mesh.node[2]->replica().status().pending, 8u);
}

TEST(Joining, ACrashOfTheInviterGivesNoUseTwice) {
  for (std::uint64_t seed = 20; seed < 26; ++seed) {
    Joining mesh(seed);
    mesh.join(2, 2);
    for (int i = 0; i < 40; ++i) {  // somewhere between answer and flush
      mesh.pass(milliseconds(static_cast<std::int64_t>(20 + seed)));
      if (i % 8 == 3) mesh.node[0]->crash(), mesh.node[0]->start();
    }
    mesh.join(3, 2);
    mesh.pass(seconds(120));
    EXPECT_EQ(mesh.members_at(1), 2u) << seed;
    mesh.expect_equal_and_quiet();
  }
}

}  // namespace
}  // namespace meshfs::sim
