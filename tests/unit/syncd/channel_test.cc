// The parts that make messages out of lossy datagrams, each by itself, and two channels over a wire that loses.
#include <gtest/gtest.h>

#include <deque>
#include <set>

#include "schema/vocab/rng.h"
#include "syncd/core/datagram_channel.h"
#include "syncd/core/replay_window.h"
#include "syncd/core/stream_channel.h"

namespace meshfs::syncd {
namespace {

TEST(ReplayWindow, TakesEachCounterOnceAndNothingTooOld) {
  Rng rng(1);
  ReplayWindow window;
  std::set<std::uint64_t> seen;
  std::uint64_t newest = 0;
  for (int i = 0; i < 50'000; ++i) {
    const std::uint64_t jump = rng.percent(2) ? rng.below(3'000) : rng.below(3);
    const std::uint64_t back = rng.below(1'500);
    const std::uint64_t counter = rng.percent(50) ? newest + jump : newest - std::min(newest, back);
    const bool expected =
        counter > 0 && !seen.contains(counter) && (counter > newest || newest - counter < ReplayWindow::kBits);
    EXPECT_EQ(window.accept(counter), expected) << counter << " newest " << newest;
    if (expected) seen.insert(counter);
    newest = std::max(newest, expected ? counter : 0);
  }
}

TEST(StreamChannel, IsNotIdleWhileAnyClassWaits) {
  for (std::size_t p = 0; p < kPriorities; ++p) {
    StreamChannel channel;
    EXPECT_TRUE(channel.idle());
    EXPECT_EQ(channel.most_urgent(), kPriorities);
    ASSERT_TRUE(channel.queue(static_cast<Priority>(p), std::make_shared<const Bytes>(Bytes(10))));
    EXPECT_FALSE(channel.idle()) << p;
    EXPECT_EQ(channel.most_urgent(), p);
  }
}

// A hole stays for good, and would ride on every acknowledgement that follows.
TEST(CounterRanges, WhatWasToldEightTimesIsToldNoMore) {
  CounterRanges ranges;
  for (const std::uint64_t counter : {1u, 2u, 4u}) ranges.add(counter);
  const std::vector<codec::AckRange> both{{4, 4}, {1, 2}};
  for (std::size_t i = 0; i < CounterRanges::kTellings; ++i) {
    EXPECT_EQ(ranges.newest(9), both) << i;
    ranges.told();
  }
  EXPECT_TRUE(ranges.newest(9).empty());
  ranges.add(6);
  EXPECT_EQ(ranges.newest(9), (std::vector<codec::AckRange>{{6, 6}}));
  ranges.add(3);  // overtaken by others: nobody was told of it
  EXPECT_EQ(ranges.newest(9), (std::vector<codec::AckRange>{{6, 6}, {1, 4}}));
}

TEST(CounterRanges, MergesAndKeepsTheNewest) {
  CounterRanges ranges;
  for (const std::uint64_t counter : {5u, 7u, 6u, 1u, 10u, 9u, 2u, 5u}) ranges.add(counter);
  EXPECT_EQ(ranges.newest(9), (std::vector<codec::AckRange>{{9, 10}, {5, 7}, {1, 2}}));
  EXPECT_EQ(ranges.newest(1), (std::vector<codec::AckRange>{{9, 10}}));
  for (std::uint64_t counter = 20; counter < 400; counter += 2) ranges.add(counter);
  const auto all = ranges.newest(SIZE_MAX);
  EXPECT_EQ(all.size(), CounterRanges::kMaxRanges);
  EXPECT_EQ(all.front(), (codec::AckRange{398, 398}));
}

TEST(Reassembly, RefusesNonsenseAndBoundsItsMemory) {
  Reassembly reassembly;
  std::vector<SharedView> out;
  using Outcome = Reassembly::Outcome;
  EXPECT_EQ(reassembly.add({1, 90, 100, Bytes(11)}, out), Outcome::senseless);
  EXPECT_EQ(reassembly.add({0, 0, 1, Bytes(1)}, out), Outcome::senseless);
  EXPECT_EQ(reassembly.add({1, 0, 100, Bytes(50)}, out), Outcome::taken);
  EXPECT_EQ(reassembly.add({1, 50, 101, Bytes(51)}, out), Outcome::senseless);  // another size than said before
  EXPECT_EQ(reassembly.add({1, 50, 100, Bytes(50)}, out), Outcome::taken);
  EXPECT_EQ(out.size(), 1u);
  EXPECT_EQ(reassembly.add({1, 0, 100, Bytes(50)}, out), Outcome::taken);  // late repeat
  EXPECT_EQ(out.size(), 1u);
  Outcome last = Outcome::taken;
  std::uint64_t begun = 1;
  while (last == Outcome::taken && begun < 100) last = reassembly.add({++begun, 0, 256 * 1024, Bytes(10)}, out);
  EXPECT_EQ(last, Outcome::full);
  EXPECT_LE((begun - 2) * 256 * 1024, Reassembly::kMaxPartialBytes);
  EXPECT_EQ(reassembly.add({1'000'000, 0, 10, Bytes(10)}, out), Outcome::senseless);
}

// Two channels and a wire with delay and loss.
struct Wire {
  struct Frame {
    Instant at;
    bool to_b;
    std::uint64_t counter;
    codec::Packet packet;
  };
  explicit Wire(unsigned loss, std::size_t mtu_of_both = 1200, std::size_t takes_up_to = 9000)
      : loss_percent(loss), mtu(mtu_of_both), takes(takes_up_to) {}

  void run(Duration span) {
    const Instant end = now + span;
    for (; now < end; now = now + microseconds(250)) {
      while (!air.empty() && air.front().at <= now) {
        Frame frame = std::move(air.front());
        air.pop_front();
        EXPECT_TRUE(
            (frame.to_b ? b : a).on_packet(frame.counter, std::move(frame.packet), now, frame.to_b ? at_b : at_a));
      }
      flush(a, true, counter_a);
      flush(b, false, counter_b);
    }
  }
  void flush(DatagramChannel& from, bool to_b, std::uint64_t& counter) {
    from.flush(now, [&](const codec::Packet& packet) -> Result<std::uint64_t> {
      const std::uint64_t mine = ++counter;
      ++frames;
      const std::size_t size = codec::encode_packet(packet).size() + codec::kFrameHeaderBytes;
      EXPECT_LE(size, mtu);
      if (to_b) bytes_to_b += size;
      largest = std::max(largest, size);
      if (size > takes || rng.percent(loss_percent)) return mine;
      Instant& free = free_at[to_b ? 1 : 0];
      free = std::max(free, now) +
             nanoseconds(static_cast<std::int64_t>(static_cast<double>(size) * 1e9 / bytes_per_second));
      const Instant at = free + milliseconds(2) + nanoseconds(static_cast<std::int64_t>(rng.below(jitter_ns)));
      const auto later = [at](const Frame& one) { return one.at > at; };
      air.insert(std::find_if(air.begin(), air.end(), later), {at, to_b, mine, packet});
      return mine;
    });
  }

  unsigned loss_percent;
  std::size_t mtu, takes;
  std::uint64_t jitter_ns = 1;  // up to that later, each for itself
  double bytes_per_second = 1e12;
  std::array<Instant, 2> free_at{};  // each way, behind what is on it
  std::size_t bytes_to_b = 0, largest = 0;
  Rng rng{3};
  Instant now{1};
  DatagramChannel a{mtu, milliseconds(1)}, b{mtu, milliseconds(1)};
  std::uint64_t counter_a = 0, counter_b = 0, frames = 0;
  std::deque<Frame> air;
  std::vector<SharedView> at_a, at_b;
};

SharedBytes message(std::size_t size, Rng& rng) {
  Bytes out(size);
  for (auto& byte : out) byte = static_cast<std::uint8_t>(rng.next());
  return std::make_shared<const Bytes>(std::move(out));
}

TEST(DatagramChannel, DeliversEachMessageOnceWholeWhateverIsLost) {
  for (const unsigned loss : {0u, 10u, 30u, 50u}) {
    Wire wire(loss);
    Rng rng(loss);
    std::multiset<Bytes> sent;
    for (int i = 0; i < 60; ++i) {
      const auto one = message(1 + rng.below(30'000), rng);
      sent.insert(*one);
      ASSERT_TRUE(wire.a.queue(static_cast<Priority>(rng.below(3)), one));
    }
    wire.run(seconds(20));
    std::multiset<Bytes> got;
    for (const SharedView& one : wire.at_b) got.insert(copy_of(one));
    EXPECT_EQ(got, sent) << loss;
    EXPECT_TRUE(wire.a.idle());
    EXPECT_EQ(wire.a.wake(), kNever);
  }
}

// Frames grow to the link's mtu once one has arrived, and what is around content stays small.
TEST(DatagramChannel, FramesAreAsLargeAsArrivesAndNearlyAllContent) {
  for (const std::size_t takes : {9000u, 1232u}) {
    Wire wire(0, 1452, takes);
    Rng rng(12);
    const Priority priority = takes < 1452 ? Priority::bulk : Priority::control;
    for (int i = 0; i < 16; ++i) ASSERT_TRUE(wire.a.queue(priority, message(64 * 1024, rng)));
    wire.run(seconds(5));
    EXPECT_EQ(wire.at_b.size(), 16u) << takes;
    EXPECT_GT(wire.largest, 1400u);
    const double over = static_cast<double>(wire.bytes_to_b) / (16.0 * 64 * 1024);
    std::printf("frames of %zu bytes: %.3f of the content\n", std::min(wire.mtu, takes), over);
    EXPECT_LT(over, takes < 1452 ? 1.07 : 1.055);
  }
}

// What is late is not lost: where packets overtake each other few go out twice, and where some are lost that is still noticed.
TEST(DatagramChannel, WaitsForPacketsThatOthersOvertook) {
  for (const unsigned loss : {0u, 20u}) {
    for (const std::int64_t jitter_ms : {0, 1, 5, 20}) {
      Wire wire(loss);
      wire.jitter_ns = static_cast<std::uint64_t>(std::max<std::int64_t>(1, milliseconds(jitter_ms).ns));
      Rng rng(7);
      for (int i = 0; i < 60; ++i) ASSERT_TRUE(wire.a.queue(Priority::bulk, message(30'000, rng)));
      Instant done = wire.now;
      for (; wire.at_b.size() < 60 && done < Instant{} + seconds(60); done = wire.now) wire.run(milliseconds(10));
      EXPECT_EQ(wire.at_b.size(), 60u);
      const double over = static_cast<double>(wire.bytes_to_b) * (100 - loss) / 100 / (60 * 30'000);
      std::printf("%u %% loss, up to %lld ms of jitter: %.3f of the content arrived, %lld ms\n", loss,
                  static_cast<long long>(jitter_ms), over, static_cast<long long>(to_ms(done - Instant{})));
      EXPECT_LT(over, jitter_ms > 5 ? 1.5 : 1.12);  // twice the content where three newer ones counted as a loss
    }
  }
}

// At 1 Mbit/s a packet takes longer than an acknowledgement may wait on fast links: still there is none for each.
TEST(DatagramChannel, AcknowledgesASlowLinkSeldomAndALonePacketSoon) {
  Wire wire(0);
  wire.bytes_per_second = 125'000;
  Rng rng(8);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(wire.a.queue(Priority::bulk, message(12'500, rng)));
  Instant done = wire.now;
  for (; wire.at_b.size() < 50 && done < Instant{} + seconds(20); done = wire.now) wire.run(milliseconds(10));
  std::printf("%lld ms, %llu lost; ", static_cast<long long>(to_ms(done - Instant{})),
              static_cast<unsigned long long>(wire.a.traffic().lost));
  EXPECT_LE(done - Instant{}, milliseconds(5330));  // 5.29 s at that rate: what waits for its answer leaves no gap
  wire.run(milliseconds(200));
  std::printf("%llu frames, %llu acknowledgements, %.3f of the content\n",
              static_cast<unsigned long long>(wire.counter_a), static_cast<unsigned long long>(wire.counter_b),
              static_cast<double>(wire.bytes_to_b) / 625'000);
  EXPECT_LT(wire.counter_b * 2, wire.counter_a);
  EXPECT_LT(static_cast<double>(wire.bytes_to_b) / 625'000, 1.08);  // nothing twice
  ASSERT_TRUE(wire.a.queue(Priority::news, message(100, rng)));
  wire.run(milliseconds(12));  // there in 3 ms, 4 of waiting, 3 back
  EXPECT_TRUE(wire.a.idle());
}

TEST(DatagramChannel, NewsOvertakesBulk) {
  Wire wire(0);
  Rng rng(5);
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(wire.a.queue(Priority::bulk, message(200'000, rng)));
  wire.run(milliseconds(10));
  const auto news = message(300, rng);
  ASSERT_TRUE(wire.a.queue(Priority::news, news));
  wire.run(milliseconds(6));  // two milliseconds there, and at most one round trip for room in the window
  EXPECT_NE(std::find(wire.at_b.begin(), wire.at_b.end(), *news), wire.at_b.end());
  EXPECT_FALSE(wire.a.idle());
}

TEST(DatagramChannel, KnowsWhenNobodyAnswersAndStaysModest) {
  Wire wire(100);
  Rng rng(6);
  ASSERT_TRUE(wire.a.queue(Priority::news, message(100'000, rng)));
  wire.run(seconds(9));
  EXPECT_FALSE(wire.a.dead(wire.now));
  wire.run(seconds(2));
  EXPECT_TRUE(wire.a.dead(wire.now));
  EXPECT_LT(wire.frames, 100u);  // the first window, then a few probes
}

TEST(Channel, RefusesWhatIsOverItsLimit) {
  StreamChannel channel;
  Rng rng(7);
  std::size_t taken = 0;
  while (channel.queue(Priority::bulk, message(200'000, rng))) ++taken;
  EXPECT_EQ(taken, kMaxQueuedBytes[3] / 200'000);
  EXPECT_TRUE(channel.queue(Priority::news, message(10, rng)));  // other classes are not concerned
}

// Whatever else waits and however much of it: an urgent message is in the next packet.
TEST(Channel, UrgentPassesFullQueues) {
  for (const bool stream : {true, false}) {
    std::unique_ptr<Channel> channel = std::make_unique<StreamChannel>();
    if (!stream) channel = std::make_unique<DatagramChannel>(1200, milliseconds(1));
    Rng rng(9);
    for (const Priority p : {Priority::news, Priority::control, Priority::bulk}) {
      while (channel->queue(p, message(100'000, rng))) {
      }
    }
    int room = 3;  // some packets leave, then the link is full
    const auto send = [&](const codec::Packet&) -> Result<std::uint64_t> {
      if (room == 0) return Errc::no_space;
      return static_cast<std::uint64_t>(10 - room--);
    };
    channel->flush(Instant{1}, send);
    const auto urgent = message(100, rng);
    ASSERT_TRUE(channel->queue(Priority::urgent, urgent));
    std::vector<codec::Piece> first;
    channel->flush(Instant{1} + milliseconds(5), [&](const codec::Packet& packet) -> Result<std::uint64_t> {
      if (!first.empty()) return Errc::no_space;
      first = packet.pieces;
      return std::uint64_t{20};
    });
    ASSERT_FALSE(first.empty());
    EXPECT_EQ(first.front().data, SharedView(*urgent)) << stream;
  }
}

TEST(StreamChannel, SendsNewsFirstAndNothingTwice) {
  StreamChannel from, to;
  Rng rng(8);
  const auto bulk = message(150'000, rng), news = message(100, rng);
  from.queue(Priority::bulk, bulk);
  from.queue(Priority::news, news);
  std::vector<SharedView> delivered;
  std::uint64_t counter = 0;
  bool room = false;
  const auto send = [&](const codec::Packet& packet) -> Result<std::uint64_t> {
    if (!room) return Errc::no_space;
    EXPECT_TRUE(to.on_packet(++counter, packet, {}, delivered));
    return counter;
  };
  from.flush({}, send);
  EXPECT_TRUE(delivered.empty());
  room = true;
  from.flush({}, send);
  EXPECT_EQ(delivered, (std::vector<SharedView>{*news, *bulk}));
  EXPECT_TRUE(from.idle());
}

}  // namespace
}  // namespace meshfs::syncd
