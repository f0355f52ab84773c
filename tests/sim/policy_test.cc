// Policy in a whole mesh in virtual time: a revocation among nodes that are cut off, back-dated entries of the revoked device, relays
// that knew nothing of it.
//
// Oracles: `sets` equal at the end; `trees` equal; `quiet` nothing but beacons afterwards.
#include <gtest/gtest.h>

#include "tests/sim/sim_node.h"
#include "tests/unit/core/world.h"

namespace meshfs::sim {
namespace {

using transport::EdgeQuality;
using transport::SimNetwork;

// A line of five: admin, relay, relay, thief, and one that hears the second relay too.
class CutMesh {
 public:
  explicit CutMesh(std::uint64_t seed) : network(seed) {
    const EdgeQuality quality{.delay = milliseconds(2), .jitter = milliseconds(1), .loss_ppm = 50'000};
    const crypto::Seed secret = test_seed(78, 7);
    const codec::Genesis genesis = test_genesis(secret, 0);
    for (std::size_t i = 0; i < 5; ++i) {
      const auto identity = test_identity(genesis, secret, i, "n" + std::to_string(i));
      keys.push_back(identity.member.node);
      const auto number = network.add_node();
      node.push_back(std::make_unique<SimNode>(network, number, identity, identity, SimHost::Options{.seed = seed}));
      if (i > 0) network.connect(number - 1, number, quality);
      if (i == 4) network.connect(2, number, quality);  // nobody speaks to the thief any more: not the only way
    }
    for (auto& one : node) one->start();
  }
  ~CutMesh() {
    for (auto& one : node) one->host().stop();
  }
  // The link between the second and the third.
  void cut(bool is_cut) { is_cut ? network.cut_both(1, 2) : network.mend_both(1, 2); }
  void pass(Duration time) { network.run_until(network.now() + time); }
  std::string difference() {
    for (const std::size_t i : {1u, 2u, 4u}) {  // of the honest
      if (node[i]->replica().status().sets != node[0]->replica().status().sets)
        return "sets of node " + std::to_string(i);
      if (node[i]->dump() != node[0]->dump()) return "tree of node " + std::to_string(i);
    }
    return {};
  }
  // For people: what each node judges by and holds.
  std::string states() {
    std::string out;
    for (auto& one : node) {
      const auto status = one->replica().status();
      out += "\nepoch " + std::to_string(one->replica().epochs().highest()) + ", pending " +
             std::to_string(status.pending) + ", missing " + std::to_string(status.missing_blobs);
      for (const auto& set : status.sets)
        out += ", " + std::to_string(set.count) + " " + to_hex(set.fingerprint.view()).substr(0, 6);
      for (const auto& pending : one->replica().pending())
        out += "; " + pending.what + " waits for " + pending.waits_for;
    }
    return out;
  }
  bool settles_within(Duration limit) {
    for (const Instant end = network.now() + limit; network.now() < end; pass(milliseconds(500))) {
      if (difference().empty()) return true;
    }
    return difference().empty();
  }
  bool revoke(std::size_t who) {
    codec::Policy policy = *node[0]->replica().epochs().now().front();
    policy.fences.clear();
    policy.revoked = {keys[who]};
    const bool done = node[0]->replica().propose_policy(policy, {}).ok();
    node[0]->after_change();
    return done;
  }
  std::uint64_t messages() {
    std::uint64_t out = 0;
    // Of the honest: the thief goes on asking those who let it have no session.
    for (const std::size_t i : {0u, 1u, 2u, 4u}) out += node[i]->host().core().stats().messages_out;
    return out;
  }

  SimNetwork network;
  std::vector<std::unique_ptr<SimNode>> node;
  std::vector<NodeId> keys;
};

void run(std::uint64_t seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  CutMesh mesh(seed);
  Rng rng(seed);
  mesh.pass(seconds(20));
  for (std::size_t i = 0; i < 5; ++i) ASSERT_TRUE(mesh.node[i]->write("of-" + std::to_string(i), "before"));
  mesh.pass(seconds(20));
  ASSERT_EQ(mesh.difference(), "");

  mesh.cut(true);  // admin and one relay here; relay, thief and the one behind there
  ASSERT_TRUE(mesh.revoke(3));
  for (int i = 0; i < 12; ++i) {
    // The thief's clock says what it likes; its entries name the epoch it knows.
    const std::string path =
        rng.percent(50) ? "of-" + std::to_string(rng.below(5)) : "new-" + std::to_string(rng.below(4));
    (void)mesh.node[3]->write(path, "stolen " + std::to_string(i));
    if (rng.percent(40)) (void)mesh.node[4]->write(path, "on top " + std::to_string(i));
    if (rng.percent(40))
      (void)mesh.node[0]->write("of-" + std::to_string(rng.below(5)), "meanwhile " + std::to_string(i));
    mesh.pass(milliseconds(static_cast<std::int64_t>(rng.below(2000))));
  }
  if (rng.percent(50)) {
    mesh.node[2]->crash();
    mesh.pass(seconds(1));
    mesh.node[2]->start();
  }
  mesh.pass(seconds(5));
  EXPECT_NE(mesh.difference(), "");
  mesh.cut(false);
  const Instant healed = mesh.network.now();
  ASSERT_TRUE(mesh.settles_within(seconds(400))) << mesh.difference() << mesh.states();
  testing::Test::RecordProperty("settled_ms_" + std::to_string(seed),
                                static_cast<int>(to_ms(mesh.network.now() - healed)));
  for (const auto& [path, text] : mesh.node[1]->dump()) EXPECT_EQ(text.find("stolen"), std::string::npos) << path;
  EXPECT_FALSE(mesh.node[3]->write("late", "stolen"));

  mesh.pass(seconds(60));
  const std::uint64_t before = mesh.messages();
  mesh.pass(seconds(120));
  EXPECT_LE(mesh.messages() - before, 40u) << "it is not quiet";
}

TEST(PolicySim, ARevocationWinsBehindACut) {
  for (std::uint64_t seed = 1; seed <= 6 && !testing::Test::HasFatalFailure(); ++seed) run(seed);
}

// A revocation reaches the far end of five lossy hops within a minute, and what the node wrote before stays.
TEST(PolicySim, WithinAMinute) {
  CutMesh mesh(99);
  mesh.pass(seconds(20));
  ASSERT_TRUE(mesh.node[3]->write("note", "before"));
  mesh.pass(seconds(20));
  ASSERT_TRUE(mesh.revoke(3));
  const Instant revoked = mesh.network.now();
  bool known = false;
  while (!known && mesh.network.now() - revoked < seconds(60)) {
    mesh.pass(milliseconds(100));
    known = mesh.node[4]->replica().epochs().revoked(mesh.keys[3]);
  }
  EXPECT_TRUE(known);
  testing::Test::RecordProperty("known_after_ms", static_cast<int>(to_ms(mesh.network.now() - revoked)));
  EXPECT_EQ(mesh.node[4]->text_of("note"), "before");
}

}  // namespace
}  // namespace meshfs::sim
