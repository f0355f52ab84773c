// Whom of many to want: the pure choice, and whole cores in crowded places.
#include "syncd/core/overlay.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "syncd/core/neighbours.h"
#include "tests/unit/syncd/fake_members.h"
#include "tests/unit/syncd/fake_mesh.h"

namespace meshfs::sim {
namespace {

using syncd::Neighbours;
using syncd::Overlay;

std::vector<NodeId> some_ids(std::size_t count, std::uint64_t salt) {
  std::vector<NodeId> out;
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back(*NodeId::from(crypto::hash_of(as_bytes(std::to_string(salt * 1000 + i))).view()));
  }
  std::ranges::sort(out);
  return out;
}

using Graph = std::map<NodeId, std::set<NodeId>>;
Graph graph_of(const std::vector<NodeId>& all) {
  Graph out;
  for (const NodeId& a : all) {
    for (const NodeId& b : Overlay::wanted(a, all)) out[a].insert(b), out[b].insert(a);
  }
  return out;
}
// Hops from the first to the furthest; nothing if some are not reached.
std::optional<std::size_t> width(const Graph& graph) {
  std::map<NodeId, std::size_t> at{{graph.begin()->first, 0}};
  std::vector<NodeId> next{graph.begin()->first};
  std::size_t most = 0;
  for (std::size_t i = 0; i < next.size(); ++i) {
    for (const NodeId& b : graph.at(next[i])) {
      if (!at.emplace(b, at.at(next[i]) + 1).second) continue;
      most = std::max(most, at.at(b));
      next.push_back(b);
    }
  }
  return next.size() == graph.size() ? std::optional(most) : std::nullopt;
}

TEST(Overlay, FewWantEachOther) {
  const auto all = some_ids(Overlay::kDegreeAll + 1, 1);
  for (const NodeId& id : all) EXPECT_EQ(Overlay::wanted(id, all).size(), Overlay::kDegreeAll);
  EXPECT_TRUE(Overlay::wanted(all[0], {}).empty());
  EXPECT_TRUE(Overlay::wanted(all[0], {all[0]}).empty());
}

TEST(Overlay, ManyHangTogetherByAboutSixEach) {
  for (const std::size_t count : {12u, 20u, 60u, 250u}) {
    for (std::uint64_t salt = 0; salt < 10; ++salt) {
      const Graph graph = graph_of(some_ids(count, salt));
      std::size_t sum = 0, most = 0;
      for (const auto& [id, others] : graph) sum += others.size(), most = std::max(most, others.size());
      const auto hops = width(graph);
      ASSERT_TRUE(hops) << count;
      EXPECT_LE(*hops, 6u) << count;
      EXPECT_LE(sum, 8 * count);
      EXPECT_GE(sum, 4 * count);
      EXPECT_LE(most, 16u);
    }
  }
}

TEST(Overlay, ANewcomerChangesTheChoiceOfFew) {
  for (std::uint64_t salt = 0; salt < 10; ++salt) {
    auto all = some_ids(61, salt);
    const NodeId newcomer = all[static_cast<std::size_t>(salt) * 6];
    const Graph after = graph_of(all);
    std::erase(all, newcomer);
    const Graph before = graph_of(all);
    std::size_t lost = 0;  // sessions between the others that nobody wants any more
    for (const auto& [id, others] : before) {
      for (const NodeId& other : others) lost += after.at(id).contains(other) ? 0 : 1;
    }
    EXPECT_LE(lost / 2, 10u);
  }
}

std::size_t sessions(const Mesh& mesh, std::size_t node) { return mesh.hosts[node]->core().stats().sessions; }

// First all that start at once hear only some and keep sessions with those; later about six each are left, and stay.
TEST(Overlay, SixtyInOneDomain) {
  for (const std::uint32_t loss : {0u, 200'000u}) {
    Mesh mesh(21);
    for (int i = 0; i < 60; ++i) mesh.add(false);
    for (SimNetwork::Node i = 0; i < 60; ++i) {
      for (SimNetwork::Node k = 0; k < i; ++k) mesh.network.connect(i, k, {.loss_ppm = loss});
    }
    mesh.run(seconds(600));
    const auto survey = [&] {
      std::size_t sum = 0, most = 0;
      for (std::size_t i = 0; i < 60; ++i) sum += sessions(mesh, i), most = std::max(most, sessions(mesh, i));
      EXPECT_LE(most, 20u);
      return sum;
    };
    const std::size_t settled = survey();
    mesh.fsds[5]->publish(1, {mesh.random_bytes(200)}, true);
    mesh.run(seconds(5));
    EXPECT_TRUE(mesh.same_items() && mesh.all_blobs());
    std::uint64_t broadcasts = 0, pushes = 0, messages = 0;
    for (const auto& host : mesh.hosts) {
      broadcasts += host->core().stats().broadcasts;
      pushes += host->core().stats().pushes;
    }
    mesh.run(seconds(300));
    for (const auto& host : mesh.hosts) messages += host->core().stats().messages_out;
    EXPECT_EQ(survey(), settled);  // nobody comes and goes
    mesh.run(seconds(300));
    for (const auto& host : mesh.hosts) messages -= host->core().stats().messages_out;
    if (loss == 0) {
      EXPECT_EQ(messages, 0u);
    }
    std::printf("60 nodes, %u %% loss: %.1f sessions each; one item: %llu broadcasts, %llu copies\n", loss / 10'000,
                static_cast<double>(settled) / 60, static_cast<unsigned long long>(broadcasts),
                static_cast<unsigned long long>(pushes));
    EXPECT_LE(settled, 60 * 10u);
    EXPECT_GE(settled, 60 * 5u);
    EXPECT_LE(broadcasts + pushes, 40u);
  }
}

// Two crowds of 14 that do not hear each other but for two nodes, and those do not want each other.
struct TwoCrowds : Mesh {
  static constexpr std::size_t kCrowd = 14;
  SimNetwork::Node a = 0, b = 0;  // the bridge

  explicit TwoCrowds(std::uint64_t seed) : Mesh(seed) {
    choose_bridge();
    for (SimNetwork::Node i = 0; i < 2 * kCrowd; ++i) {
      add(false);
      for (SimNetwork::Node k = 0; k < i; ++k) {
        if (i / kCrowd == k / kCrowd) network.connect(i, k, {});
      }
    }
  }
  void choose_bridge() {
    std::vector<NodeId> ids;
    for (std::size_t i = 0; i < 2 * kCrowd; ++i) {
      ids.push_back(fake_member("n" + std::to_string(i)).member.node);
    }
    const auto wants = [&](SimNetwork::Node self, SimNetwork::Node other) {
      const auto first = ids.begin() + static_cast<std::ptrdiff_t>(self / kCrowd * kCrowd);
      std::vector<NodeId> heard(first, first + kCrowd);
      heard.push_back(ids[other]);
      std::ranges::sort(heard);
      const auto wanted = Overlay::wanted(ids[self], heard);
      return std::ranges::find(wanted, ids[other]) != wanted.end();
    };
    for (a = 0; a < kCrowd; ++a) {
      for (b = kCrowd; b < 2 * kCrowd; ++b) {
        if (!wants(a, b) && !wants(b, a)) return;
      }
    }
    FAIL() << "every pair wants each other";
  }
  bool arrives(Duration limit) {
    return run_until([&] { return same_items() && all_blobs(); }, limit);
  }
};

TEST(Overlay, SetsThatStayApartAreHealedOverABridgeThatNobodyWants) {
  TwoCrowds mesh(22);
  mesh.run(seconds(300));
  mesh.fsds[0]->publish(1, {mesh.random_bytes(3000)}, false);
  mesh.fsds[TwoCrowds::kCrowd]->publish(2, {mesh.random_bytes(3000)}, false);
  mesh.run(seconds(60));
  EXPECT_FALSE(mesh.same_items());
  const std::size_t before = sessions(mesh, mesh.a);
  mesh.network.connect(mesh.a, mesh.b, {});
  EXPECT_TRUE(mesh.arrives(Neighbours::kSilence));
  EXPECT_EQ(sessions(mesh, mesh.a), before + 1);
  // It stays a bridge, however seldom it is crossed.
  mesh.run(Neighbours::kUnused * 3);
  EXPECT_EQ(sessions(mesh, mesh.a), before + 1);
  mesh.fsds[1]->publish(3, {mesh.random_bytes(3000)}, false);
  EXPECT_TRUE(mesh.arrives(seconds(1)));
}

// No beacon needs to tell: what a neighbour without a session says to have, and nobody else brings, makes it a bridge.
TEST(Overlay, NewsFindABridgeThatNobodyWants) {
  TwoCrowds mesh(23);
  mesh.run(seconds(300));
  const std::size_t before = sessions(mesh, mesh.a);
  mesh.network.connect(mesh.a, mesh.b, {});
  mesh.run(seconds(600));
  EXPECT_EQ(sessions(mesh, mesh.a), before);  // equal sets need none
  const Instant began = mesh.network.now();
  mesh.fsds[1]->publish(1, {mesh.random_bytes(3000)}, false);
  EXPECT_TRUE(mesh.arrives(seconds(2)));
  std::printf("over an unknown bridge after %lld ms\n", static_cast<long long>(to_ms(mesh.network.now() - began)));
  mesh.fsds[TwoCrowds::kCrowd + 1]->publish(2, {mesh.random_bytes(3000)}, false);
  EXPECT_TRUE(mesh.arrives(seconds(1)));
}

// Whoever shuts down or loses its session leaves the choice, and others take its place.
TEST(Overlay, WhoIsLostIsReplaced) {
  Mesh mesh(24);
  for (int i = 0; i < 20; ++i) mesh.add(false);
  for (SimNetwork::Node i = 0; i < 20; ++i) {
    for (SimNetwork::Node k = 0; k < i; ++k) mesh.network.connect(i, k, {});
  }
  mesh.run(seconds(600));
  for (SimNetwork::Node dead = 0; dead < 10; ++dead) mesh.network.set_up(dead, false);
  const auto all_have = [&] {
    for (std::size_t i = 10; i < 20; ++i) {
      if (mesh.fsds[i]->items != mesh.fsds[15]->items || !mesh.fsds[i]->needs.empty()) return false;
    }
    return true;
  };
  mesh.fsds[15]->publish(1, {mesh.random_bytes(3000)}, false);
  mesh.run(seconds(60));
  EXPECT_TRUE(all_have());
  std::size_t sum = 0;
  for (std::size_t i = 10; i < 20; ++i) sum += sessions(mesh, i);
  EXPECT_GE(sum, 40u);  // where the dead were noticed, all of nine others are wanted
  mesh.fsds[16]->publish(2, {mesh.random_bytes(3000)}, false);
  EXPECT_TRUE(mesh.run_until(all_have, seconds(1)));
}

}  // namespace
}  // namespace meshfs::sim
