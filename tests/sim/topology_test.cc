// Topologies are what they say, and the bounds drawn from them are those that a pencil finds.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/sim/topology.h"
#include "tests/sim/wanderers.h"

namespace meshfs::sim {
namespace {

using transport::SimNetwork;

Topology made(const std::string& kind, std::size_t nodes, std::uint64_t seed = 1) {
  Rng rng(seed);
  return Topology::make(kind, nodes, rng);
}

TEST(Topology, EdgesDiameterAndTheFewestWhoReachAll) {
  const Topology line = made("line", 10);
  EXPECT_EQ(line.edges.size(), 9u);
  EXPECT_EQ(diameter(line), 9u);
  EXPECT_EQ(eccentricity(line, 4), 5u);
  EXPECT_EQ(dominating_set(line, 0), 9u);  // the last one only listens

  const Topology grid = made("grid", 25);
  EXPECT_EQ(grid.edges.size(), 40u);
  EXPECT_EQ(diameter(grid), 8u);

  const Topology domain = made("domain", 12);
  EXPECT_EQ(domain.edges.size(), 66u);
  EXPECT_EQ(diameter(domain), 1u);
  EXPECT_EQ(dominating_set(domain, 3), 1u);
}

TEST(Topology, IslandsHangByOneThinLink) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const Topology islands = made("islands", 20, seed);
    EXPECT_LT(diameter(islands), 20u);  // it hangs together: else this would not return
    std::size_t thin = 0;
    for (const Topology::Edge& edge : islands.edges) {
      const bool across = (edge.a < 10) != (edge.b < 10);
      EXPECT_EQ(across, edge.thin);
      thin += edge.thin ? 1 : 0;
    }
    EXPECT_EQ(thin, 1u);
  }
}

TEST(Topology, RandomHasAboutSevenNeighboursAndOneSeedIsOneGraph) {
  const auto ends = [](const Topology& topology) {
    std::vector<std::pair<SimNetwork::Node, SimNetwork::Node>> out;
    for (const Topology::Edge& edge : topology.edges) out.emplace_back(edge.a, edge.b);
    return out;
  };
  const Topology random = made("random", 300, 7);
  EXPECT_EQ(ends(made("random", 300, 7)), ends(random));
  EXPECT_NE(ends(made("random", 300, 8)), ends(random));
  EXPECT_GT(random.edges.size(), 300u * 5 / 2);
  EXPECT_LT(random.edges.size(), 300u * 8 / 2);
}

// A beacon from everybody each second: how many pairs ever hear each other, and how many at a time.
TEST(Wanderers, AreMostlyApartAndMeetInTheEnd) {
  SimNetwork network(5);
  const Topology all = made("mobile", 12);
  for (std::size_t i = 0; i < all.nodes; ++i) network.add_node();
  all.connect(network, {});
  std::set<std::pair<std::string, SimNetwork::Node>> met;
  for (SimNetwork::Node i = 0; i < 12; ++i) {
    transport::PacketLink::Events events;
    events.on_frame = [&met, i](const transport::LinkAddress& from, ByteView) { met.emplace(from.key, i); };
    network.link(i, SimNetwork::Mode::datagram).set_events(std::move(events));
  }
  Wanderers wanderers(network, 9);
  wanderers.start();
  std::uint64_t heard_at_once = 0;
  for (int second = 0; second < 300; ++second) {
    const std::uint64_t before = network.counters().delivered;
    for (SimNetwork::Node i = 0; i < 12; ++i) {
      ASSERT_TRUE(network.link(i, SimNetwork::Mode::datagram).send_all(as_bytes("here")).ok());
    }
    network.run_until(network.now() + seconds(1));
    heard_at_once += network.counters().delivered - before;
  }
  EXPECT_LT(heard_at_once / 300, 12u * 11 / 4);
  EXPECT_GT(heard_at_once / 300, 6u);
  EXPECT_GT(met.size(), 12u * 11 * 8 / 10);
  EXPECT_GT(wanderers.meetings(), 66u);
  wanderers.gather();
  const std::uint64_t before = network.counters().delivered;
  for (SimNetwork::Node i = 0; i < 12; ++i) {
    ASSERT_TRUE(network.link(i, SimNetwork::Mode::datagram).send_all(as_bytes("here")).ok());
  }
  network.run_until(network.now() + seconds(1));
  EXPECT_EQ(network.counters().delivered - before, 12u * 11);
}

}  // namespace
}  // namespace meshfs::sim
