// A member that turns hostile beside three whole nodes (real cores of fsd and syncd): whatever it does, they go on agreeing in
// their usual time, show nothing that it had no right to say, and what it may say ends in equal sets. Virtual time; what attacks cost
// real daemons in processor, memory and disk is tests/hostile.
#include <gtest/gtest.h>

#include "tests/sim/bad_bytes.h"
#include "tests/sim/faults.h"
#include "tests/sim/liar.h"
#include "tests/unit/core/world.h"

namespace meshfs::sim {
namespace {

using transport::SimNetwork;

constexpr std::size_t kHonest = 3, kRounds = 15;
constexpr transport::EdgeQuality kAir{.delay = milliseconds(2)};

// 0 - 1 - 2 - enemy; 0 is the admin. The enemy joined as an honest node, so everybody knows it.
class Valley {
 public:
  explicit Valley(std::uint64_t seed) : network_(seed), seed_(seed) {
    const crypto::Seed secret = test_seed(91, 7);
    const codec::Genesis genesis = test_genesis(secret, 0);
    for (std::size_t i = 0; i <= kHonest; ++i) {
      const auto identity = test_identity(genesis, secret, i, "n" + std::to_string(i));
      const auto number = network_.add_node();
      node.push_back(std::make_unique<SimNode>(network_, number, identity, identity, SimHost::Options{}));
      node.back()->set_clock({0, true});
      if (i > 0) network_.connect(number - 1, number, kAir);
      node.back()->start();
      identities_.push_back(identity);
    }
    pass(seconds(10));
    node[kHonest]->crash();
    pass(seconds(5));
  }
  ~Valley() {
    liar_.reset();
    for (std::size_t i = 0; i < kHonest; ++i) node[i]->host().stop();
  }
  void pass(Duration time) { network_.run_until(network_.now() + time); }

  void revoke_the_enemy() {
    codec::Policy policy = *node[0]->replica().epochs().now().front();
    policy.revoked = {identities_[kHonest].member.node};
    const auto made = node[0]->replica().propose_policy(policy, {});
    ASSERT_TRUE(made.ok()) << made.failure().message;
    node[0]->after_change();
    pass(seconds(5));
    for (std::size_t i = 0; i < kHonest; ++i) ASSERT_EQ(node[i]->replica().epochs().highest(), 1u) << i;
  }
  std::size_t members_at(std::size_t which) { return node[which]->replica().nodes().size(); }

  void turn_hostile(Liar::Kind kind) {
    if (kind == Liar::Kind::revoked) revoke_the_enemy();
    const codec::Identity& enemy = identities_[kHonest];
    const codec::Identity& admin = identities_[0];
    Liar::Stage stage{network_.link(kHonest, SimNetwork::Mode::datagram), [this] { return network_.now(); },
                      [this](Instant at, std::function<void()> what) { network_.at(at, std::move(what)); },
                      SimNode::kWallStart};
    liar_ = std::make_unique<Liar>(stage, codec::local::welcome_of(enemy), kind, seed_);
    liar_->sign_with({enemy, codec::author_tag(admin.member), 1000, seed_});
    network_.set_up(kHonest, true);
    liar_->start();
    pass(seconds(2));
  }
  void end_hostility() {
    liar_->stop();
    pass(seconds(20));
  }

  struct Rounds {
    double mean_ms = 0, slowest_ms = 0;
    bool all = true;
  };
  // Files written at one honest end in turns, until the other shows them.
  Rounds write() {
    Rounds out;
    for (std::size_t round = 0; round < kRounds; ++round) {
      SimNode& from = *node[round % 2 == 0 ? 0 : kHonest - 1];
      SimNode& to = *node[round % 2 == 0 ? kHonest - 1 : 0];
      const std::string name = "honest-" + std::to_string(++written_), text(200, 'h');
      EXPECT_TRUE(from.write(name, text));
      const Instant at = network_.now();
      while (to.text_of(name) != text && network_.now() - at < seconds(20)) pass(milliseconds(1) / 4);
      out.all &= to.text_of(name) == text;
      const double ms = static_cast<double>((network_.now() - at).ns) / 1e6;
      out.mean_ms += ms / kRounds;
      out.slowest_ms = std::max(out.slowest_ms, ms);
      pass(milliseconds(700));
    }
    return out;
  }
  std::map<std::string, std::string> dump(std::size_t which) { return node[which]->dump(); }
  Liar& liar() { return *liar_; }

  std::vector<std::unique_ptr<SimNode>> node;

 private:
  SimNetwork network_;
  std::uint64_t seed_;
  std::vector<codec::Identity> identities_;
  std::unique_ptr<Liar> liar_;
  std::size_t written_ = 0;
};

std::size_t shown(const std::map<std::string, std::string>& dump, const std::string& stem) {
  return static_cast<std::size_t>(std::count_if(
      dump.begin(), dump.end(), [&](const auto& one) { return one.first.find("/" + stem) != std::string::npos; }));
}

class Hostile : public testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(Kinds, Hostile, testing::Range<std::size_t>(0, Liar::kAllKinds), [](const auto& one) {
  return std::string(Liar::name_of(static_cast<Liar::Kind>(one.param)));
});

TEST_P(Hostile, HonestNodesAgreeInTheirUsualTime) {
  const auto kind = static_cast<Liar::Kind>(GetParam());
  if (kind == Liar::Kind::told) GTEST_SKIP() << "says nothing of its own";
  Valley valley(7);
  const auto usual = valley.write();
  valley.turn_hostile(kind);
  const auto beside = valley.write();
  std::printf(
      "%s: said %llu messages and %llu frames; honest news %.1f ms in the mean and %.1f at most, usually %.1f and "
      "%.1f\n",
      Liar::name_of(kind), static_cast<unsigned long long>(valley.liar().messages()),
      static_cast<unsigned long long>(valley.liar().frames()), beside.mean_ms, beside.slowest_ms, usual.mean_ms,
      usual.slowest_ms);
  // Who is revoked gets no session to say anything in.
  const bool answers = kind == Liar::Kind::cells || kind == Liar::Kind::sketch || kind == Liar::Kind::beacons;
  const bool speaks = valley.liar().messages() + valley.liar().frames() > (answers ? 0 : 20);
  EXPECT_TRUE(speaks || kind == Liar::Kind::revoked);
  EXPECT_TRUE(usual.all);
  EXPECT_TRUE(beside.all);
  EXPECT_LE(beside.mean_ms, 1.2 * usual.mean_ms);
  valley.end_hostility();
  for (std::size_t i = 1; i < kHonest; ++i) EXPECT_EQ(valley.dump(i), valley.dump(0)) << i;
  const auto all = valley.dump(0);
  EXPECT_EQ(shown(all, "honest-"), 2 * kRounds);
  for (std::size_t i = 0; i < kHonest; ++i) {
    EXPECT_EQ(valley.node[i]->replica().epochs().highest(), kind == Liar::Kind::revoked ? 1u : 0u) << i;
    EXPECT_EQ(valley.members_at(i), kHonest + 1) << i;
  }
  for (const char* stem : {"forged-", "rule-", "..", "q/q/q", "promised-", "stolen-"})
    EXPECT_EQ(shown(all, stem), 0u) << stem;
  for (const char* stem : {"nodes/nodes", "clouds/clouds"}) EXPECT_EQ(shown(all, stem), 0u) << stem;
}

// The controls: what it may say does arrive, so that nothing above passes because nothing was heard.
TEST(HostileControl, WhatIsSoundArrives) {
  for (const auto& [kind, stem] : {std::pair(Liar::Kind::flood, "sound-"),
                                   {Liar::Kind::symlinks, "symlink-"},
                                   {Liar::Kind::twins, "twin-"},
                                   {Liar::Kind::dated, "dated-"}}) {
    Valley valley(8);
    valley.turn_hostile(kind);
    valley.end_hostility();
    for (std::size_t i = 0; i < kHonest; ++i) EXPECT_GT(shown(valley.dump(i), stem), 0u) << stem << i;
  }
}

TEST(SignedLies, MisnamedOnesAreSoundButForTheirNames) {
  const crypto::Seed secret = test_seed(91, 7);
  const auto identity = test_identity(test_genesis(secret, 0), secret, 1, "n1");
  SignedLies lies(identity, AuthorTag(), 5, 3);
  std::size_t refused = 0, verified = 0;
  for (int i = 0; i < 200; ++i) {
    const auto bundle = lies.path({1'790'000'000'000});
    const auto commit = codec::decode_commit(bundle.bytes);
    if (!commit.ok()) {
      EXPECT_NE(commit.failure().message.find("name"), std::string::npos) << commit.failure().message;
      ++refused;
    } else if (codec::verify_header(codec::network_id(identity.genesis), codec::signed_header(*commit),
                                    identity.member.device)) {
      ++verified;  // reserved names: sound as entries
    }
  }
  EXPECT_GT(refused, 100u);
  EXPECT_EQ(refused + verified, 200u);
}

TEST(BadBytes, AreRefusedWithoutWalkingThem) {
  Rng rng(4);
  for (int i = 0; i < 300; ++i) {
    const Bytes message = pointers(rng);
    EXPECT_LE(message.size(), 2000u);
    EXPECT_FALSE(codec::decode_message(message));
  }
}

}  // namespace
}  // namespace meshfs::sim
