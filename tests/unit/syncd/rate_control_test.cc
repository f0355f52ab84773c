// RateControl against a model of a link in virtual time: one bottleneck with a queue, random loss behind it, and beside it
// a flow that does what TCP does (AIMD). Checked are utilisation, queueing delay and shares, never single steps.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <vector>

#include "schema/vocab/rng.h"
#include "syncd/core/rate_control.h"
#include "syncd/core/round_trip.h"

namespace meshfs::syncd {
namespace {

constexpr std::size_t kPacket = 1200;

struct Link {
  double bytes_per_second = 2.5e6;     // 20 Mbit/s
  Duration delay = milliseconds(1);    // one way
  Duration queue = milliseconds(100);  // drop-tail, at that rate
  unsigned loss_percent = 0;           // behind the bottleneck
  double burst = 0;                    // bytes that pass at once after a rest (a token bucket's)
};

// Everything is a packet of kPacket bytes; acknowledgements come back undisturbed after the delay.
class World {
 public:
  World(const Link& link, std::uint64_t seed) : link_(link), rng_(seed) {}

  RateControl ours{kPacket, milliseconds(1)};
  bool tcp_on = false;
  Duration others_run{};        // how long the processor may be away, at random
  bool little_to_send = false;  // a packet now and then
  std::uint64_t ours_arrived = 0, ours_lost = 0, tcp_arrived = 0;
  Duration worst_queue{}, queue_sum{};
  std::uint64_t queue_samples = 0;

  void run(Duration span) {
    const Instant end = now_ + span;
    for (; now_ < end; now_ = now_ + microseconds(200)) {
      if (!processor()) continue;
      arrivals();
      ours.on_turn(paced_, now_);
      while (in_flight_ + kPacket <= ours.window() && now_ >= ours.next_send()) {
        if (little_to_send && !rng_.percent(1)) {
          ours.on_idle();
          break;
        }
        in_flight_ += kPacket;
        ours.on_sent(kPacket, now_);
        send(true);
      }
      paced_ = in_flight_ + kPacket <= ours.window();
      if (tcp_on) {
        while (tcp_in_flight_ < tcp_window_) tcp_in_flight_ += 1, send(false);
      }
    }
  }
  void set_link(const Link& link) { link_ = link; }
  void fill_queue() { busy_ = now_ + link_.queue; }
  void count_anew() {
    ours_arrived = ours_lost = tcp_arrived = queue_samples = 0, worst_queue = queue_sum = Duration{};
  }
  [[nodiscard]] Duration mean_queue() const {
    return queue_sum / static_cast<std::int64_t>(std::max<std::uint64_t>(1, queue_samples));
  }

 private:
  bool processor() {
    if (others_run == Duration{}) return true;
    if (now_ < back_at_) return false;
    if (rng_.percent(10))
      back_at_ = now_ + nanoseconds(static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(others_run.ns))));
    return true;
  }
  struct Packet {
    Instant sent, back;  // back: its acknowledgement, or the time when the sender sees the loss
    std::uint64_t stamp;
    bool mine, lost;
  };
  void send(bool mine) {
    busy_ =
        std::max(busy_, now_ + nanoseconds(static_cast<std::int64_t>(link_.burst * 1e9 / link_.bytes_per_second)) * -1);
    const Duration waits = std::max(busy_ - now_, Duration{});
    bool lost = waits > link_.queue;
    if (!lost) busy_ = busy_ + nanoseconds(static_cast<std::int64_t>(kPacket * 1e9 / link_.bytes_per_second));
    if (mine) {
      worst_queue = std::max(worst_queue, waits);
      queue_sum = queue_sum + waits;
      ++queue_samples;
    }
    lost = lost || rng_.percent(link_.loss_percent);
    air_.push_back({now_, std::max(busy_, now_) + link_.delay * 2, ours.stamp(), mine, lost});
  }
  void arrivals() {
    while (!air_.empty() && air_.front().back <= now_) {
      const Packet packet = air_.front();
      air_.pop_front();
      if (packet.mine) {
        in_flight_ -= kPacket;
        if (packet.lost) {
          ++ours_lost;
          ours.on_lost(packet.stamp, now_);
        } else {
          ++ours_arrived;
          ours.on_acked(kPacket, now_ - packet.sent, packet.stamp, now_);
        }
        continue;
      }
      tcp_in_flight_ -= 1;
      if (!packet.lost) {
        ++tcp_arrived;
        tcp_window_ += tcp_window_ < threshold_ ? 1 : 1 / tcp_window_;
      } else if (packet.sent > tcp_cut_) {
        tcp_cut_ = now_;
        threshold_ = tcp_window_ = std::max(2.0, tcp_window_ * 0.7);
      }
    }
  }

  Link link_;
  Rng rng_;
  Instant now_{1};
  Instant busy_{0}, back_at_{0};
  bool paced_ = false;
  std::deque<Packet> air_;
  std::size_t in_flight_ = 0;
  double tcp_window_ = 10, threshold_ = 1e9, tcp_in_flight_ = 0;
  Instant tcp_cut_{0};
};

// Share of the link that arrived as ours.
double use(const World& world, const Link& link, Duration span) {
  return static_cast<double>(world.ours_arrived * kPacket) * 1e9 / static_cast<double>(span.ns) / link.bytes_per_second;
}

// What one link gave in ten seconds, after it had time to learn. The median and the worst of several seeds.
struct Filled {
  double share = 0, loss = 0;
  Duration mean_queue{}, worst_queue{};
};
Filled fill(const Link& link, std::uint64_t seed) {
  const bool slow = link.bytes_per_second < 250'000;
  World world(link, seed);
  world.run(seconds(slow ? 15 : 3));  // 16 packets take 0.2 s there: it learns the loss slowly
  world.count_anew();
  world.run(seconds(10));
  return {use(world, link, seconds(10)), world.ours.loss(), world.mean_queue(), world.worst_queue};
}

TEST(RateControl, FillsALinkWhateverTheRadioLosesAndQueuesLittle) {
  for (const double mbit : {1.0, 2.0, 6.0, 20.0, 100.0}) {
    for (const unsigned loss : {0u, 5u, 20u, 40u, 50u}) {
      const Link link{.bytes_per_second = mbit * 125'000, .delay = milliseconds(2), .loss_percent = loss};
      std::vector<double> shares;
      Duration queue{}, worst{};
      for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const Filled filled = fill(link, seed * 100 + loss);
        shares.push_back(filled.share);
        queue = std::max(queue, filled.mean_queue);
        worst = std::max(worst, filled.worst_queue);
        EXPECT_NEAR(filled.loss, loss / 100.0, 0.15) << mbit << " " << loss;
      }
      std::sort(shares.begin(), shares.end());
      std::printf("%5.0f Mbit/s, %2u %% loss: %.3f used, %.3f at worst; queue at worst %.1f ms mean, %.1f ms\n", mbit,
                  loss, shares[10], shares[0], static_cast<double>(queue.ns) / 1e6,
                  static_cast<double>(worst.ns) / 1e6);
      EXPECT_GT(shares[10], 0.85 * (100 - loss) / 100) << mbit << " " << loss;
      EXPECT_GT(shares[0], 0.5 * (100 - loss) / 100) << mbit << " " << loss;
      // The window's least, and what may wait for its acknowledgement: here that does not wait, so it queues.
      const Duration packet = nanoseconds(static_cast<std::int64_t>(1e9 * kPacket / link.bytes_per_second));
      const Duration least = packet * 4 + RoundTrip::ack_delay(packet);
      EXPECT_LT(queue, RateControl::kQueue * 2 + least) << mbit << " " << loss;
      EXPECT_LT(worst, RateControl::kQueue * 3 + least) << mbit << " " << loss;
    }
  }
}

// A stream gives up and its session goes on with datagrams: the queue of `tbf rate 1mbit burst 16kb latency 50ms` is still full of the
// stream's bytes, and there is little to say at first.
TEST(RateControl, IsNotMisledByWhatWasInTheQueueBefore) {
  const Link link{.bytes_per_second = 125'000, .delay = microseconds(200), .queue = milliseconds(130), .burst = 16'384};
  World world(link, 21);
  world.little_to_send = true;
  world.run(milliseconds(100));
  world.fill_queue();
  world.run(milliseconds(400));
  world.little_to_send = false;
  world.run(seconds(4));
  world.count_anew();
  world.run(seconds(10));
  std::printf("%.3f used, %llu lost, queue %.1f ms mean, loss seen %.3f\n", use(world, link, seconds(10)),
              static_cast<unsigned long long>(world.ours_lost), static_cast<double>(world.mean_queue().ns) / 1e6,
              world.ours.loss());
  EXPECT_GT(use(world, link, seconds(10)), 0.95);
  EXPECT_LT(world.mean_queue(), milliseconds(50));  // four packets are 38 ms
  EXPECT_LT(world.ours_lost, 10u);                  // of 1,000
  EXPECT_LT(world.ours.loss(), 0.02);
  EXPECT_FALSE(world.ours.company());
}

TEST(RateControl, StartsFastEnough) {
  const Link link{.bytes_per_second = 2.5e6, .delay = milliseconds(2), .loss_percent = 20};
  World world(link, 3);
  world.run(milliseconds(500));
  EXPECT_GT(use(world, link, milliseconds(500)), 0.5);
}

// A sender that hardly gets its processor must not take that for a slow link.
TEST(RateControl, DoesNotBlameTheLinkForABusyProcessor) {
  const Link link{.bytes_per_second = 2.5e6, .delay = milliseconds(1)};
  World world(link, 5);
  world.others_run = milliseconds(30);
  world.run(seconds(3));
  world.count_anew();
  world.run(seconds(10));
  std::printf("busy processor: %.2f used\n", use(world, link, seconds(10)));
  EXPECT_GT(use(world, link, seconds(10)), 0.6);
}

TEST(RateControl, FollowsALinkThatChanges) {
  for (const double mbit : {5.0, 40.0}) {
    const Link link{.bytes_per_second = mbit * 125'000, .delay = milliseconds(1)};
    World world(Link{.bytes_per_second = 2.5e6, .delay = milliseconds(1)}, 9);
    world.run(seconds(3));
    world.set_link(link);
    world.run(seconds(3));
    world.count_anew();
    world.run(seconds(5));
    EXPECT_GT(use(world, link, seconds(5)), 0.85) << mbit;
    EXPECT_LT(world.mean_queue(), milliseconds(30)) << mbit;
  }
}

TEST(RateControl, SharesWithATcpFlow) {
  for (const int queue_ms : {10, 30, 100, 300}) {
    const Link link{.bytes_per_second = 2.5e6, .delay = milliseconds(1), .queue = milliseconds(queue_ms)};
    World world(link, 4);
    world.run(seconds(3));
    world.tcp_on = true;
    world.run(seconds(5));
    world.count_anew();
    world.run(seconds(40));
    const auto total = static_cast<double>(world.ours_arrived + world.tcp_arrived);
    const double ours = static_cast<double>(world.ours_arrived) / total;
    std::printf("queue of %d ms: we have %.2f beside TCP, company %d, both use %.2f\n", queue_ms, ours,
                world.ours.company(), total * kPacket / 40 / link.bytes_per_second);
    EXPECT_GT(ours, 0.2) << queue_ms;
    EXPECT_LT(ours, 0.8) << queue_ms;
    world.tcp_on = false;
    world.run(seconds(3));
    world.count_anew();
    world.run(seconds(5));
    EXPECT_GT(use(world, link, seconds(5)), 0.85) << queue_ms;
    EXPECT_LT(world.mean_queue(), milliseconds(30)) << queue_ms;
  }
}

TEST(RoundTrip, TheProbeWaitsTensOfMillisecondsAndBacksOff) {
  RoundTrip trip(milliseconds(1));
  for (int i = 0; i < 20; ++i) trip.on_sample(milliseconds(4));
  EXPECT_LE(trip.timeout(), milliseconds(13));
  for (int i = 0; i < 20; ++i) trip.on_timeout();
  EXPECT_EQ(trip.timeout(), milliseconds(1000));
  trip.on_progress();
  EXPECT_LE(trip.timeout(), milliseconds(13));
}

}  // namespace
}  // namespace meshfs::syncd
