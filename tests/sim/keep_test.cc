// Nodes that hold only a part of all content, in virtual time: they drop and fetch, and nothing is ever lost to the network.
//
// Oracles: `sets` equal at quiescence, whatever a node keeps; `copies` every content that shows is whole on some node.
#include <gtest/gtest.h>

#include "tests/sim/sim_node.h"
#include "tests/unit/core/world.h"

namespace meshfs::sim {
namespace {

using transport::EdgeQuality;
using transport::SimNetwork;

constexpr std::uint64_t kDisk = 100'000'000;

fsd::KeepRules rules(const std::vector<std::string>& lines) {
  fsd::KeepRules out;
  for (const std::string& line : lines) EXPECT_TRUE(out.add(line).ok()) << line;
  return out;
}

class SmallMesh {
 public:
  SmallMesh(std::size_t nodes, std::uint32_t loss_ppm, std::uint64_t seed) : network(seed) {
    const crypto::Seed secret = test_seed(77, 7);
    const codec::Genesis genesis = test_genesis(secret, 0);
    const EdgeQuality quality{.delay = milliseconds(2), .jitter = milliseconds(1), .loss_ppm = loss_ppm};
    for (std::size_t i = 0; i < nodes; ++i) {
      const auto identity = test_identity(genesis, secret, i, "n" + std::to_string(i));
      const auto number = network.add_node();
      node.push_back(std::make_unique<SimNode>(network, number, identity, identity, SimHost::Options{.seed = seed}));
      if (i > 0) network.connect(number - 1, number, quality);
    }
    for (auto& one : node) one->start();
  }
  ~SmallMesh() {
    for (auto& one : node) one->host().stop();
  }
  void keep(std::size_t who, const std::vector<std::string>& lines) {
    node[who]->replica().keep(rules(lines), kDisk);
    node[who]->after_change();
  }
  void pass(Duration time) { network.run_until(network.now() + time); }
  template <class Condition>
  bool until(Duration limit, const Condition& condition) {
    for (const Instant end = network.now() + limit; network.now() < end; pass(milliseconds(250))) {
      if (condition()) return true;
    }
    return condition();
  }
  bool write(std::size_t who, const std::string& path, const std::string& text) {
    const bool done = node[who]->write(path, text);
    if (done && text.size() > 300) contents[path] = {text.size(), crypto::hash_of(as_bytes(text))};
    return done;
  }
  bool holds(std::size_t who, const std::string& path) {
    return node[who]->running() && node[who]->store().blobs.has(contents.at(path).root);
  }
  std::size_t copies(const std::string& path) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < node.size(); ++i) count += holds(i, path) ? 1 : 0;
    return count;
  }
  std::string check_copies() {
    for (const auto& [path, content] : contents) {
      if (copies(path) == 0) return path + " is whole nowhere";
    }
    return {};
  }
  std::string check_sets() {
    for (std::size_t i = 1; i < node.size(); ++i) {
      if (node[i]->replica().status().sets != node[0]->replica().status().sets) return "node " + std::to_string(i);
    }
    return {};
  }

  SimNetwork network;
  std::vector<std::unique_ptr<SimNode>> node;
  std::map<std::string, codec::ChunkedContent> contents;
};

std::string text_for(std::size_t number, std::size_t size) {
  std::string out = "file " + std::to_string(number) + " ";
  while (out.size() < size) out += static_cast<char>('a' + (out.size() * (number + 3)) % 26);
  return out;
}

// Six nodes with room for 8 kB each, 30 kB written: everybody must leave most of it to others.
void fill(SmallMesh& mesh) {
  for (std::size_t i = 0; i < mesh.node.size(); ++i) mesh.keep(i, {"budget 8K"});
  mesh.pass(seconds(15));
  for (std::size_t i = 0; i < 15; ++i) {
    ASSERT_TRUE(mesh.write(i % mesh.node.size(), "f" + std::to_string(i), text_for(i, 2000)));
    mesh.pass(seconds(3));
  }
}

TEST(Keep, SmallNodesLoseNothing) {
  for (const std::uint64_t seed : {1u, 2u, 3u}) {
    SmallMesh mesh(6, seed == 3 ? 50'000 : 0, seed);
    fill(mesh);
    const auto settled = [&] {
      for (auto& one : mesh.node) {
        const auto keep = one->replica().keep();
        if (keep.fetching_bytes > 0 || (keep.kept_bytes > 8192 && !keep.gone.over_budget)) return false;
      }
      return mesh.check_sets().empty();
    };
    EXPECT_TRUE(mesh.until(seconds(600), settled)) << "seed " << seed;
    EXPECT_EQ(mesh.check_sets(), "") << "seed " << seed;
    EXPECT_EQ(mesh.check_copies(), "") << "seed " << seed;
    std::uint64_t dropped = 0, placeholders = 0;
    for (auto& one : mesh.node) {
      dropped += one->replica().keep().gone.dropped;
      placeholders += one->replica().keep().placeholders;
      EXPECT_EQ(one->replica().status().files, mesh.node[0]->replica().status().files);
      EXPECT_EQ(one->replica().status().missing_blobs, 0u) << "a placeholder asks for nothing";
    }
    EXPECT_GT(dropped, 0u);
    EXPECT_GT(placeholders, 20u);
  }
}

// The oracle sees a copy too few: each node drops everything by force, whoever else has it.
TEST(Keep, TheOracleFindsWhatForceLost) {
  SmallMesh mesh(3, 0, 9);
  ASSERT_TRUE(mesh.write(0, "f", text_for(1, 2000)));
  ASSERT_TRUE(mesh.until(seconds(60), [&] { return mesh.copies("f") == 3; }));
  mesh.pass(seconds(15));
  EXPECT_EQ(mesh.check_copies(), "");
  std::size_t done = 0;
  for (auto& one : mesh.node) {
    ASSERT_TRUE(one->replica().drop("f", true, [&](const fsd::Evictions::Dropped&) { ++done; }).ok());
    one->after_change();
    ASSERT_TRUE(mesh.until(seconds(60), [&, before = done] { return done > 0 && done >= before; }));
    mesh.pass(seconds(15));
  }
  EXPECT_EQ(mesh.check_copies(), "f is whole nowhere");
}

TEST(Keep, TheLastCopyStaysWithoutForce) {
  SmallMesh mesh(3, 0, 4);
  ASSERT_TRUE(mesh.write(1, "f", text_for(1, 2000)));
  ASSERT_TRUE(mesh.until(seconds(60), [&] { return mesh.copies("f") == 3; }));
  mesh.pass(seconds(15));
  // All at once: they must not trust each other's word.
  std::vector<fsd::Evictions::Dropped> outcomes;
  for (auto& one : mesh.node) {
    ASSERT_TRUE(one->replica().drop("f", false, [&](const auto& dropped) { outcomes.push_back(dropped); }).ok());
    one->after_change();
  }
  ASSERT_TRUE(mesh.until(seconds(60), [&] { return outcomes.size() == 3; }));
  EXPECT_GE(mesh.copies("f"), 1u);
  // One after the other, with promises over: two go, the last says why it stays.
  for (int round = 0; round < 3; ++round) {
    for (auto& one : mesh.node) {
      mesh.pass(seconds(15));
      outcomes.clear();
      ASSERT_TRUE(one->replica().drop("f", false, [&](const auto& dropped) { outcomes.push_back(dropped); }).ok());
      one->after_change();
      ASSERT_TRUE(mesh.until(seconds(60), [&] { return outcomes.size() == 1; }));
    }
  }
  EXPECT_EQ(mesh.copies("f"), 1u);
  // Whoever still has it alone is told why.
  std::size_t stayed = 0;
  for (auto& one : mesh.node) {
    mesh.pass(seconds(15));
    outcomes.clear();
    ASSERT_TRUE(one->replica().drop("f", false, [&](const auto& dropped) { outcomes.push_back(dropped); }).ok());
    one->after_change();
    ASSERT_TRUE(mesh.until(seconds(60), [&] { return outcomes.size() == 1; }));
    if (outcomes.front().stayed == 0) continue;
    ++stayed;
    EXPECT_EQ(outcomes.front().why_stayed.front().why, "no other node in reach says that it has it");
  }
  EXPECT_EQ(stayed, 1u);
  EXPECT_EQ(mesh.check_copies(), "");
}

// The nodes between leave it out too: they fetch it to hand it on.
TEST(Keep, ContentPassesThroughWhoLeavesItOut) {
  SmallMesh mesh(4, 0, 6);
  for (std::size_t i = 1; i < 4; ++i) mesh.keep(i, {"not *", "budget 8K"});
  ASSERT_TRUE(mesh.write(0, "f", text_for(1, 2000)));
  ASSERT_TRUE(mesh.until(seconds(60), [&] { return mesh.node[3]->text_of("f").has_value(); }));
  mesh.pass(seconds(20));
  EXPECT_EQ(mesh.copies("f"), 1u);
  std::optional<Status> outcome;
  mesh.node[3]->replica().note_time(mesh.network.now());
  (void)mesh.node[3]->replica().fetch(mesh.contents.at("f"), 0, 2000, [&](Status status) { outcome = status; });
  mesh.node[3]->after_change();
  EXPECT_TRUE(mesh.until(seconds(25), [&] { return outcome.has_value(); }));
  EXPECT_TRUE(outcome && outcome->ok());
  EXPECT_TRUE(mesh.holds(3, "f"));
}

TEST(Keep, OpeningFetchesAndSilenceIsNamed) {
  SmallMesh mesh(3, 0, 5);
  mesh.keep(2, {"not *"});
  ASSERT_TRUE(mesh.write(0, "f", text_for(1, 2000)));
  ASSERT_TRUE(mesh.write(0, "g", text_for(2, 5000)));  // too large to ride along with the news
  ASSERT_TRUE(mesh.until(seconds(60), [&] { return mesh.copies("f") == 2 && mesh.node[2]->text_of("g").has_value(); }));
  EXPECT_FALSE(mesh.holds(2, "f"));
  std::optional<Status> outcome;
  const auto open = [&](const std::string& path) {
    outcome.reset();
    mesh.node[2]->replica().note_time(mesh.network.now());
    (void)mesh.node[2]->replica().fetch(mesh.contents.at(path), 0, 5000, [&](Status status) { outcome = status; });
    mesh.node[2]->after_change();
  };
  open("f");
  EXPECT_TRUE(mesh.until(seconds(5), [&] { return outcome.has_value(); }));
  EXPECT_TRUE(outcome && outcome->ok());
  EXPECT_TRUE(mesh.holds(2, "f"));
  // Nobody who has it is in reach: an answer after half a minute, and a line that names who was heard.
  mesh.node[0]->crash();
  mesh.node[1]->crash();  // what just passed through is forgotten with it
  mesh.node[1]->store().blobs.lose(mesh.contents.at("g").root);
  mesh.node[1]->start();
  open("g");
  EXPECT_FALSE(mesh.until(seconds(25), [&] { return outcome.has_value(); }));
  EXPECT_TRUE(mesh.until(seconds(10), [&] { return outcome.has_value(); }));
  EXPECT_EQ(outcome ? outcome->code() : Errc::io, Errc::unreachable);
  ASSERT_FALSE(mesh.node[2]->notes.empty());
  EXPECT_NE(mesh.node[2]->notes.back().find("/g could not be fetched"), std::string::npos)
      << mesh.node[2]->notes.back();
  EXPECT_NE(mesh.node[2]->notes.back().find("no node in reach"), std::string::npos) << mesh.node[2]->notes.back();
}

}  // namespace
}  // namespace meshfs::sim
