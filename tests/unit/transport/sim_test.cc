// The simulated network itself: what simulations rely on beyond the contract of links.
#include "transport/sim/sim_network.h"

#include <gtest/gtest.h>

namespace meshfs::transport {
namespace {

using Mode = SimNetwork::Mode;
using Node = SimNetwork::Node;

struct Heard {
  Instant when;
  Node from;
  Bytes frame;
  bool operator==(const Heard&) const = default;
};

struct Line {  // 0 - 1 - 2 - ...
  SimNetwork net;
  std::vector<std::vector<Heard>> heard;
  std::vector<std::vector<std::string>> said;  // stream events, per node

  Line(std::size_t count, const EdgeQuality& quality, std::uint64_t seed = 1) : net(seed), heard(count), said(count) {
    for (Node i = 0; i < count; ++i) {
      net.add_node();
      if (i > 0) net.connect(i - 1, i, quality);
      for (const Mode mode : {Mode::datagram, Mode::stream}) {
        net.link(i, mode).set_events({[this, i](const LinkAddress& from, ByteView frame) {
                                        heard[i].push_back({net.now(), *SimNetwork::node_of(from), copy_of(frame)});
                                      },
                                      [this, i](const LinkAddress& peer) { said[i].push_back("up " + peer.text); },
                                      [this, i](const LinkAddress& peer) { said[i].push_back("gone " + peer.text); },
                                      [this, i](const LinkAddress& peer) { said[i].push_back("room " + peer.text); }});
      }
    }
  }
  PacketLink& air(Node i) { return net.link(i, Mode::datagram); }
  PacketLink& stream(Node i) { return net.link(i, Mode::stream); }
  void run(Duration time) { net.run_until(net.now() + time); }
};

Bytes text(const std::string& s) { return copy_of(as_bytes(s)); }

TEST(SimNetwork, DelayAndRateAddUp) {
  Line line(2, {.delay = milliseconds(5), .bytes_per_second = 1000});
  ASSERT_TRUE(line.air(0).send(SimNetwork::address_of(1), Bytes(100)).ok());
  ASSERT_TRUE(line.air(0).send(SimNetwork::address_of(1), Bytes(100)).ok());
  line.run(seconds(1));
  ASSERT_EQ(line.heard[1].size(), 2U);
  EXPECT_EQ(line.heard[1][0].when - Instant{}, milliseconds(105));
  EXPECT_EQ(line.heard[1][1].when - Instant{}, milliseconds(205));
  EXPECT_EQ(line.net.bytes_on(0, 1), 200U);
  EXPECT_EQ(line.net.bytes_on(1, 0), 0U);
}

std::vector<Heard> noisy_run(std::uint64_t seed) {
  Line line(3,
            {.delay = milliseconds(2),
             .jitter = milliseconds(9),
             .loss_ppm = 200'000,
             .duplicate_ppm = 50'000,
             .reorder_ppm = 50'000,
             .corrupt_ppm = 50'000},
            seed);
  for (int i = 0; i < 2000; ++i) {
    EXPECT_TRUE(line.air(1).send_all(text("frame " + std::to_string(i))).ok());
    line.run(milliseconds(1));
  }
  line.run(seconds(1));
  const auto& c = line.net.counters();
  EXPECT_EQ(c.frames, 4000U);
  EXPECT_EQ(c.transmissions, 2000U);  // each heard by two
  EXPECT_NEAR(static_cast<double>(c.lost), 800, 120);
  EXPECT_NEAR(static_cast<double>(c.duplicated), 160, 60);
  EXPECT_NEAR(static_cast<double>(c.corrupted), 160, 60);
  EXPECT_EQ(c.delivered, c.frames - c.lost + c.duplicated);
  return line.heard[2];
}

TEST(SimNetwork, OneSeedIsOneRunAndTheChancesAreWhatWasAsked) {
  const auto first = noisy_run(11);
  EXPECT_EQ(noisy_run(11), first);
  EXPECT_NE(noisy_run(12), first);
}

TEST(SimNetwork, CutsAreOneWayAndActOnFramesUnderWay) {
  Line line(2, {.delay = milliseconds(10)});
  const LinkAddress zero = SimNetwork::address_of(0), one = SimNetwork::address_of(1);
  ASSERT_TRUE(line.air(0).send(one, text("under way")).ok());
  line.run(milliseconds(5));
  line.net.cut(0, 1);
  ASSERT_TRUE(line.air(0).send(one, text("into the cut")).ok());
  ASSERT_TRUE(line.air(1).send(zero, text("the other way")).ok());
  line.run(seconds(1));
  EXPECT_TRUE(line.heard[1].empty());
  ASSERT_EQ(line.heard[0].size(), 1U);
  line.net.mend(0, 1);
  ASSERT_TRUE(line.air(0).send(one, text("mended")).ok());
  line.run(seconds(1));
  ASSERT_EQ(line.heard[1].size(), 1U);
  EXPECT_EQ(line.heard[1][0].frame, text("mended"));
}

TEST(SimNetwork, PartitionsSplitByGroup) {
  Line line(4, {});
  line.net.partition({0, 0, 1, 1});
  for (Node i = 0; i < 4; ++i) ASSERT_TRUE(line.air(i).send_all(text("x")).ok());
  line.run(seconds(1));
  EXPECT_EQ(line.heard[1].size(), 1U);
  EXPECT_EQ(line.heard[2].size(), 1U);
  line.net.mend_all();
  ASSERT_TRUE(line.air(1).send_all(text("y")).ok());
  line.run(seconds(1));
  EXPECT_EQ(line.heard[2].size(), 2U);
}

TEST(SimNetwork, AStreamOutlivesAShortCutAndEndsInALongOne) {
  Line line(2, {.delay = milliseconds(3)});
  const LinkAddress one = SimNetwork::address_of(1);
  line.stream(0).connect(one);
  line.run(seconds(1));
  ASSERT_EQ(line.said[0], std::vector<std::string>{"up node 1"});
  ASSERT_EQ(line.said[1], std::vector<std::string>{"up node 0"});

  line.net.cut_both(0, 1);
  for (const char* word : {"a", "b", "c"}) ASSERT_TRUE(line.stream(0).send(one, text(word)).ok());
  line.run(seconds(9));
  EXPECT_TRUE(line.heard[1].empty());
  line.net.mend_both(0, 1);
  ASSERT_TRUE(line.stream(0).send(one, text("d")).ok());
  line.run(seconds(1));
  ASSERT_EQ(line.heard[1].size(), 4U);
  EXPECT_EQ(line.heard[1][0].frame, text("a"));
  EXPECT_EQ(line.heard[1][3].frame, text("d"));

  line.net.cut(1, 0);  // acknowledgements missing end it as well
  line.run(seconds(11));
  EXPECT_EQ(line.said[0].back(), "gone node 1");
  EXPECT_EQ(line.said[1].back(), "gone node 0");
  EXPECT_EQ(line.stream(0).send(one, text("x")).code(), Errc::unreachable);
  line.stream(0).connect(one);
  line.run(seconds(1));
  EXPECT_EQ(line.said[0].size(), 3U) << "a connection across a cut is refused";
  EXPECT_EQ(line.said[0].back(), "gone node 1");
}

TEST(SimNetwork, LossCostsAStreamTimeButNoFrame) {
  const auto took = [](std::uint32_t loss_ppm) {
    Line line(2, {.delay = milliseconds(2), .loss_ppm = loss_ppm});
    line.stream(0).connect(SimNetwork::address_of(1));
    line.run(milliseconds(100));
    for (std::uint8_t i = 0; i < 200; ++i) {
      EXPECT_TRUE(line.stream(0).send(SimNetwork::address_of(1), Bytes{i}).ok());
      line.run(milliseconds(1));
    }
    line.run(seconds(5));
    EXPECT_EQ(line.heard[1].size(), 200U);
    for (std::size_t i = 0; i < line.heard[1].size(); ++i) EXPECT_EQ(line.heard[1][i].frame[0], i);
    return line.heard[1].back().when;
  };
  EXPECT_GT(took(300'000), took(0));
}

TEST(SimNetwork, ANodeThatIsDownIsSilentAndItsStreamsBreak) {
  Line line(3, {});
  line.stream(1).connect(SimNetwork::address_of(0));
  line.stream(1).connect(SimNetwork::address_of(2));
  line.run(seconds(1));
  line.net.set_up(1, false);
  ASSERT_TRUE(line.air(0).send_all(text("x")).ok());
  ASSERT_TRUE(line.air(1).send_all(text("y")).ok());
  line.run(seconds(1));
  EXPECT_TRUE(line.heard[1].empty());
  EXPECT_TRUE(line.heard[0].empty());
  EXPECT_EQ(line.said[0].back(), "gone node 1");
  EXPECT_EQ(line.said[2].back(), "gone node 1");
  line.net.set_up(1, true);
  line.stream(0).connect(SimNetwork::address_of(1));
  line.run(seconds(1));
  EXPECT_EQ(line.said[0].back(), "up node 1");
}

TEST(SimNetwork, CarriesTheTrafficOfAThousandNodes) {
  Line line(1000, {.delay = milliseconds(1), .loss_ppm = 100'000});
  for (int round = 0; round < 50; ++round) {
    for (Node i = 0; i < 1000; ++i) ASSERT_TRUE(line.air(i).send_all(Bytes(100)).ok());
    line.run(milliseconds(10));
    for (auto& h : line.heard) h.clear();
  }
  EXPECT_EQ(line.net.counters().frames, 50U * 1998U);
}

}  // namespace
}  // namespace meshfs::transport
