// News by broadcast: whole cores of syncd on simulated links that reach several neighbours at once.
#include <gtest/gtest.h>

#include <algorithm>

#include "syncd/core/handshakes.h"
#include "syncd/core/neighbours.h"
#include "tests/sim/liar.h"
#include "tests/unit/syncd/fake_members.h"
#include "tests/unit/syncd/fake_mesh.h"

namespace meshfs::sim {
namespace {

constexpr std::size_t kLargest = 200;  // bytes of the largest frame without an item, in these tests

// Counts what leaves every node: one frame is one transmission, however many hear it.
struct Traffic {
  std::uint64_t broadcasts = 0, copies = 0,
                small = 0;  // news frames with an item, packets with one, news frames without
  void watch(SimHost& host) {
    host.frame_filter = [this](ByteView frame) {
      const bool large = frame.size() > kLargest;
      if (frame[2] == static_cast<std::uint8_t>(codec::FrameKind::news)) ++(large ? broadcasts : small);
      if (frame[2] == static_cast<std::uint8_t>(codec::FrameKind::packet) && large) ++copies;
      return true;
    };
  }
};

struct Field : Mesh {
  explicit Field(std::uint64_t seed) : Mesh(seed) {}

  void add_watched(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      add(false);
      traffic.watch(*hosts.back());
    }
  }
  void domain(std::size_t count, const EdgeQuality& quality) {
    add_watched(count);
    for (SimNetwork::Node i = 0; i < count; ++i) {
      for (SimNetwork::Node k = 0; k < i; ++k) network.connect(i, k, quality);
    }
  }
  // Random places in a strip, radio range for about `degree` neighbours; the nodes in the order of their places, each in range of
  // the one before it.
  void strip(std::size_t count, double length, double degree, const EdgeQuality& quality) {
    add_watched(count);
    std::vector<std::pair<double, double>> place;
    for (std::size_t i = 0; i < count; ++i) {
      place.emplace_back(length * static_cast<double>(rng.below(1'000'000)) / 1e6,
                         static_cast<double>(rng.below(1'000'000)) / 1e6);
    }
    std::sort(place.begin(), place.end());
    const double range2 = degree * length / 3.14159 / static_cast<double>(count);
    for (SimNetwork::Node i = 0; i < count; ++i) {
      for (SimNetwork::Node k = 0; k < i; ++k) {
        const double dx = place[i].first - place[k].first, dy = place[i].second - place[k].second;
        if (dx * dx + dy * dy < range2 || k + 1 == i) network.connect(i, k, quality), ++edges;
      }
    }
  }
  // Fewest hops from node 0 to each.
  std::vector<std::size_t> hops() const {
    std::vector<std::size_t> out(hosts.size(), SIZE_MAX);
    std::vector<SimNetwork::Node> next{0};
    out[0] = 0;
    for (std::size_t i = 0; i < next.size(); ++i) {
      for (const SimNetwork::Node k : network.neighbours(next[i])) {
        if (out[k] != SIZE_MAX) continue;
        out[k] = out[next[i]] + 1;
        next.push_back(k);
      }
    }
    return out;
  }
  Traffic traffic;
  std::size_t edges = 0;
};

double average(std::uint64_t sum, std::size_t of) { return static_cast<double>(sum) / static_cast<double>(of); }

// The aim of ten hops at 20 % loss; figures are printed.
TEST(News, TravelsTenLossyHopsForAboutOneTransmissionPerNode) {
  std::vector<std::int64_t> took;
  std::size_t nodes = 0, degrees = 0;
  Traffic sum;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    Field field(seed);
    field.strip(70, 5, 8, {.delay = milliseconds(2), .jitter = milliseconds(1), .loss_ppm = 200'000});
    const auto hops = field.hops();
    // Where more than ten are heard, some edges have none.
    ASSERT_TRUE(field.run_until([&] { return field.sessions() * 10 >= field.edges * 2 * 9; }, seconds(120))) << seed;
    field.run(seconds(40));
    field.traffic = {};
    constexpr std::size_t kItems = 8;
    for (std::uint64_t i = 0; i < kItems; ++i) {
      const Instant start = field.network.now();
      const Hash item = field.fsds[0]->publish(i, {field.random_bytes(200)}, true);
      field.run(seconds(5));
      ASSERT_TRUE(field.same_items() && field.all_blobs()) << seed;
      for (std::size_t n = 0; n < hops.size(); ++n) {
        if (hops[n] == 10) took.push_back(to_ms(field.fsds[n]->arrived.at(item) - start));
      }
    }
    nodes += hops.size() * kItems;
    degrees += 2 * field.edges * kItems;
    sum.broadcasts += field.traffic.broadcasts, sum.copies += field.traffic.copies, sum.small += field.traffic.small;
  }
  std::sort(took.begin(), took.end());
  ASSERT_GT(took.size(), 50u);
  std::printf(
      "10 hops at 20 %% loss: median %lld ms, p90 %lld ms; per node of %.1f neighbours %.2f broadcasts, %.2f copies, "
      "%.2f others\n",
      static_cast<long long>(took[took.size() / 2]), static_cast<long long>(took[took.size() * 9 / 10]),
      average(degrees, nodes), average(sum.broadcasts, nodes), average(sum.copies, nodes), average(sum.small, nodes));
  EXPECT_LE(took[took.size() * 9 / 10], 2000);
  EXPECT_LE(average(sum.broadcasts + sum.copies, nodes), 1.1);
}

TEST(News, InOneDomainAFewFramesServeAll) {
  for (const std::uint32_t loss : {0u, 200'000u}) {
    Field field(3);
    field.domain(20, {.loss_ppm = loss});
    field.run(seconds(60));
    field.traffic = {};
    field.fsds[0]->publish(1, {field.random_bytes(200)}, true);
    ASSERT_TRUE(field.run_until([&] { return field.same_items() && field.all_blobs(); }, seconds(5)));
    field.run(seconds(5));
    const Traffic& seen = field.traffic;
    std::printf("20 nodes, %u %% loss: %llu broadcasts, %llu copies, %llu others\n", loss / 10'000,
                static_cast<unsigned long long>(seen.broadcasts), static_cast<unsigned long long>(seen.copies),
                static_cast<unsigned long long>(seen.small));
    EXPECT_LE(seen.broadcasts + seen.copies, 20u);
    EXPECT_GE(seen.broadcasts, 1u);
    EXPECT_LE(seen.small, loss == 0 ? 20u : 400u);
  }
}

TEST(News, ALineKeepsItsSessions) {
  Field field(4);
  field.add_watched(5);
  for (SimNetwork::Node i = 0; i + 1 < 5; ++i) field.network.connect(i, i + 1, {});
  field.run(seconds(10));
  field.traffic = {};
  field.fsds[0]->publish(1, {field.random_bytes(200)}, true);
  field.run(seconds(2));
  EXPECT_TRUE(field.same_items());
  EXPECT_EQ(field.traffic.broadcasts + field.traffic.small, 0u);
  EXPECT_EQ(field.traffic.copies, 4u);
}

// Steady news of several nodes, all at once, on a bad link: everything arrives everywhere, and in frames together.
TEST(News, AStreamOfItemsArrivesWhole) {
  Field field(5);
  field.strip(30, 3, 8,
              {.delay = milliseconds(2), .loss_ppm = 200'000, .duplicate_ppm = 20'000, .reorder_ppm = 50'000});
  field.run(seconds(60));
  field.traffic = {};
  for (std::uint64_t i = 0; i < 300; ++i) {
    field.fsds[i % 3 * 10]->publish(i, {field.random_bytes(200)}, true);
    field.run(milliseconds(5));
  }
  EXPECT_TRUE(field.run_until([&] { return field.same_items() && field.all_blobs(); }, seconds(20)));
  field.run(seconds(2));
  const auto& seen = field.traffic;
  std::printf("300 items: %.2f frames per item and node, %.2f others\n",
              average(seen.broadcasts + seen.copies, 300 * 30), average(seen.small, 300 * 30));
}

// Four who hear each other, and what the first of them sent as news. A fifth, a member too, is in session with all and tells
// the test under which keys they broadcast.
struct Heard : Field {
  Heard() : Field(6) {
    domain(4, {});
    ear_number = network.add_node();
    for (SimNetwork::Node i = 0; i < 4; ++i) network.connect(i, ear_number, {});
    ear.emplace(network, ear_number, fake_welcome("ear"), Liar::Kind::told, 1);
    ear->heard = [](const codec::Message&) {};
    ear->start();
    codec::Beacon beacon;
    beacon.node = ear->speaker().node;
    beacon.boot = ear->speaker().boot;
    run(milliseconds(100));
    ear->tell_frame(codec::FrameKind::beacon, codec::encode_beacon(beacon));
    run(seconds(5));
    hosts[0]->frame_filter = [this](ByteView frame) {
      if (frame[2] == static_cast<std::uint8_t>(codec::FrameKind::news)) frames.push_back(copy_of(frame));
      return true;
    };
    publish(1);
  }
  void publish(std::uint64_t number) {
    frames.clear();
    fsds[0]->publish(number, {random_bytes(100)}, true);
    run(seconds(1));
    ASSERT_FALSE(frames.empty());
  }
  std::uint32_t id() const { return codec::peek_frame(frames.at(0))->session; }
  // Of node 0, as the ear knows it.
  crypto::AeadKey key() const { return ear->heard_keys().at(id()); }
  codec::News news() const { return *codec::decode_news(*codec::open_counted(key(), frames.at(0))); }
  void inject(ByteView frame) { hosts[1]->core().on_frame(1, SimNetwork::address_of(0), frame, network.now()); }
  syncd::Node::Stats stats(std::size_t of = 1) const { return hosts[of]->core().stats(); }
  void deny_ear(std::size_t at) {
    codec::Roster roster = fake_welcome("n" + std::to_string(at)).roster;
    roster.denied = {fake_member("ear").member.device};
    hosts[at]->to_syncd(roster);
  }

  SimNetwork::Node ear_number = 0;
  std::optional<Liar> ear;
  std::vector<Bytes> frames;
};

TEST(News, AFrameCountsOnce) {
  Heard heard;
  const auto before = heard.stats();
  EXPECT_GT(before.news_in, 0u);
  EXPECT_EQ(before.news_refused, 0u);
  for (int i = 0; i < 10; ++i) heard.inject(heard.frames[0]);
  EXPECT_EQ(heard.stats().news_in, before.news_in);
  EXPECT_EQ(heard.stats().news_refused, 10u);
}

// Whoever was a member once has it for ever.
TEST(News, TheNetworksKeyNeitherReadsNorForges) {
  Heard heard;
  const crypto::SivKey network(fake_network_key());
  EXPECT_FALSE(codec::open_shared(network, heard.frames[0]));
  const codec::News news = heard.news();
  const auto before = heard.stats();
  heard.inject(codec::seal_news(heard.key(), {codec::FrameKind::news, heard.id(), 1 << 20}, news));
  EXPECT_EQ(heard.stats().news_in, before.news_in + 1);  // the control: such a frame would count
  heard.inject(codec::seal_shared(network, {codec::FrameKind::news, heard.id(), (1 << 20) + 1}, encode_news(news)));
  crypto::AeadKey drawn;
  drawn.data = fake_network_key().data;
  heard.inject(codec::seal_news(drawn, {codec::FrameKind::news, heard.id(), (1 << 20) + 2}, news));
  EXPECT_EQ(heard.stats().bad_frames, before.bad_frames + 2);
  // Under the key, but as of nobody, and as of the next generation.
  for (const std::uint32_t id : {heard.id() ^ 0x10000, heard.id() + 1})
    heard.inject(codec::seal_news(heard.key(), {codec::FrameKind::news, id, (1 << 20) + 3}, news));
  EXPECT_EQ(heard.stats().news_unread, before.news_unread + 1);
  EXPECT_EQ(heard.stats().news_in, before.news_in + 1);
}

TEST(News, WhoIsDeniedCannotOpenTheNextFrame) {
  Heard heard;
  const crypto::AeadKey known = heard.key();
  const std::uint32_t id = heard.id();
  const codec::News news = heard.news();
  EXPECT_TRUE(codec::open_counted(known, heard.frames[0]));  // the control
  const auto read_of_ear = [&] {
    const auto was = heard.stats().news_in;
    heard.ear->tell_frame(codec::FrameKind::news, codec::encode_news(news));
    heard.run(milliseconds(10));
    return heard.stats().news_in - was;
  };
  EXPECT_EQ(read_of_ear(), 1u);
  for (std::size_t i = 0; i < 4; ++i) heard.deny_ear(i);
  heard.run(milliseconds(200));
  const auto others = heard.ear->heard_keys();
  EXPECT_EQ(read_of_ear(), 0u);
  const auto before = heard.stats();
  heard.publish(2);
  EXPECT_NE(heard.id(), id);
  EXPECT_EQ(syncd::broadcast_sender(heard.id()), syncd::broadcast_sender(id));
  for (const Bytes& frame : heard.frames) {
    for (const auto& [any, key] : heard.ear->heard_keys()) EXPECT_FALSE(codec::open_counted(key, frame));
  }
  EXPECT_EQ(heard.ear->heard_keys(), others);  // nobody told it another
  EXPECT_GT(heard.stats().news_in, before.news_in) << "the others read on";
  // What was on its way under the key of before counts for ten seconds, and then no more.
  const auto inject = [&](std::uint64_t counter) {
    const auto was = heard.stats().news_in;
    heard.inject(codec::seal_news(known, {codec::FrameKind::news, id, counter}, news));
    return heard.stats().news_in - was;
  };
  EXPECT_EQ(inject(1 << 20), 1u);
  heard.run(syncd::HeardKeys::kOldKey);
  EXPECT_EQ(inject((1 << 20) + 1), 0u);
  // One more, since somebody may have told it before hearing that it is denied.
  const std::uint32_t second = heard.id();
  heard.run(syncd::OwnBroadcastKey::kOnceMore);
  heard.publish(3);
  EXPECT_NE(heard.id(), second);
  const std::uint32_t third = heard.id();
  heard.run(syncd::OwnBroadcastKey::kOnceMore * 3);
  heard.publish(4);
  EXPECT_EQ(heard.id(), third);
  EXPECT_TRUE(heard.same_items());
}

// Whoever starts anew has another, and others read it.
TEST(News, ARestartIsAnotherKey) {
  Heard heard;
  const std::uint32_t id = heard.id();
  heard.fsds[0]->greet();
  heard.run(seconds(5));
  heard.publish(2);
  EXPECT_NE(syncd::broadcast_sender(heard.id()), syncd::broadcast_sender(id));
  EXPECT_TRUE(heard.same_items());
}

// Twenty hear each other and have some six sessions each. One starts anew: soon it reads all and all read it.
TEST(News, KeysArePulledFromNeighbours) {
  Field field(8);
  field.domain(20, {.loss_ppm = 100'000});
  field.run(seconds(600));
  EXPECT_LE(field.sessions(), 20u * 9u);
  field.hosts[5]->stop();
  field.hosts[5]->start();
  field.fsds[5]->greet();
  field.run(seconds(60));
  EXPECT_LE(field.hosts[5]->core().stats().sessions, 15u);
  const auto sum = [&](const auto& of) {
    std::uint64_t out = 0;
    for (const auto& host : field.hosts) out += of(host->core().stats());
    return out;
  };
  const auto read = [](const syncd::Node::Stats& stats) { return stats.news_in; };
  const auto unread = [](const syncd::Node::Stats& stats) { return stats.news_unread + stats.bad_frames; };
  for (const std::size_t from : {5u, 0u, 7u, 13u, 5u}) {
    const std::uint64_t was_read = sum(read), was_unread = sum(unread);
    field.fsds[from]->publish(field.rng.next(), {field.random_bytes(100)}, true);
    EXPECT_TRUE(field.run_until([&] { return field.same_items(); }, seconds(5)));
    field.run(seconds(2));
    EXPECT_GT(sum(read) - was_read, 19u) << from;
    EXPECT_EQ(sum(unread) - was_unread, 0u) << from;
  }
}

// A member that floods: what it may cost is bounded, and the others' news comes through beside it.
TEST(News, AFloodOfOneIsBounded) {
  Heard heard;
  codec::News news = heard.news();
  const auto before = heard.stats();
  const std::uint64_t offers = heard.fsds[1]->offers;
  for (std::uint64_t i = 0; i < 5000; ++i) {
    news.push.bundles = {{codec::ItemForm::header, heard.random_bytes(16)}};
    heard.inject(codec::seal_news(heard.key(), {codec::FrameKind::news, heard.id(), (1 << 20) + i}, news));
  }
  const auto burst = static_cast<std::uint64_t>(syncd::Neighbours::kNewsBudget.burst);
  EXPECT_LE(heard.stats().news_in - before.news_in, burst);
  EXPECT_GE(heard.stats().news_in - before.news_in, burst / 2);
  const Hash item = heard.fsds[2]->publish(9, {}, true);
  heard.run(milliseconds(500));
  EXPECT_LE(heard.fsds[1]->offers - offers, burst + 1);
  EXPECT_TRUE(heard.fsds[1]->items.contains(item));
}

// One that knows no news frames: its beacon and its half of the handshake by hand, then a session like any other.
TEST(News, AnOldPeerGetsItInItsSession) {
  Field field(7);
  field.domain(5, {});
  field.hosts[4]->stop();
  field.network.set_up(4, true);
  field.run(seconds(3));
  const codec::local::Welcome old = fake_welcome("old");
  syncd::Handshakes handshakes(
      {{{1}}, old.network, old.network_key, old.link_secret, old.roster, codec::kFeatureQuestions}, {},
      [](const syncd::Path&, const codec::Member&, bool let_in) { return let_in; });
  const syncd::Path path{1, SimNetwork::address_of(0)};
  std::vector<Bytes> to_old;
  auto& air = field.network.link(4, SimNetwork::Mode::datagram);
  transport::PacketLink::Events events;
  events.on_frame = [&](const transport::LinkAddress&, ByteView frame) { to_old.push_back(copy_of(frame)); };
  air.set_events(events);
  handshakes.begin(path, false, field.network.now());
  for (int i = 0; i < 3; ++i) {
    std::vector<syncd::Path> given_up;
    for (const auto& due : handshakes.due(field.network.now(), given_up))
      ASSERT_TRUE(air.send(path.address, due.frame));
    field.run(milliseconds(10));
    for (const Bytes& frame : std::exchange(to_old, {})) {
      if (frame[2] != static_cast<std::uint8_t>(codec::FrameKind::handshake)) continue;
      handshakes.on_handshake(path, false, codec::peek_frame(frame)->counter, frame, field.network.now());
    }
  }
  ASSERT_EQ(field.hosts[0]->core().stats().sessions, 4u);
  to_old.clear();
  field.traffic = {};
  field.fsds[0]->publish(1, {field.random_bytes(200)}, true);
  field.run(milliseconds(20));
  EXPECT_GE(field.traffic.broadcasts, 1u);
  const auto in_session = std::ranges::count_if(to_old, [](const Bytes& frame) {
    return frame[2] == static_cast<std::uint8_t>(codec::FrameKind::packet) && frame.size() > kLargest;
  });
  EXPECT_GE(in_session, 1);
  air.set_events({});
}

}  // namespace
}  // namespace meshfs::sim
