// Session set-up between two sides in every interleaving that chance finds, with loss, and with an attacker's replay.
#include "syncd/core/handshakes.h"

#include <gtest/gtest.h>

namespace meshfs::syncd {
namespace {

const Path kPath{1, {"peer", "peer"}};

struct Side {
  explicit Side(std::uint64_t number, std::uint64_t seed)
      : handshakes({NodeId{{static_cast<std::uint8_t>(number)}}, codec::Nonce{{static_cast<std::uint8_t>(number)}}, "n",
                    crypto::LinkKey{{7}}},
                   Rng(seed)) {}
  void take(const codec::Hello& hello, Instant now) {
    if (keys && keys->theirs.nonce == hello.nonce) {
      nudge = true;  // what Neighbours does: a packet under the key
      return;
    }
    if (auto done = handshakes.on_hello(kPath, false, hello, now)) keys = done;
  }
  void take_packet(std::uint32_t session) {
    Path path;
    if (keys && keys->mine.session == session) return;
    if (auto done = handshakes.answered(session, path)) {
      handshakes.forget(path);
      keys = done;
    }
  }
  Handshakes handshakes;
  std::optional<Session::Keys> keys;
  bool nudge = false;
};

// One side may hold keys of an attempt that the other gave up; the newer attempt replaces them.
bool agreed(const Side& a, const Side& b) { return a.keys && b.keys && a.keys->key == b.keys->key; }

TEST(Handshakes, BothSidesEndWithOneKeyWhateverIsLost) {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    Rng rng(seed);
    Side a(1, seed), b(2, seed + 1000);
    Instant now{1};
    if (rng.percent(70)) a.handshakes.begin(kPath, false, now);
    if (rng.percent(70) || !a.handshakes.under_way(kPath)) b.handshakes.begin(kPath, false, now);
    const unsigned loss = static_cast<unsigned>(rng.below(40));
    for (int step = 0; step < 30'000 && !agreed(a, b); ++step) {
      now = now + milliseconds(1);
      std::vector<Path> given_up;
      for (auto [from, to] : {std::pair{&a, &b}, std::pair{&b, &a}}) {
        for (const auto& due : from->handshakes.due(now, given_up)) {
          if (!rng.percent(loss)) to->take(due.hello, now);
        }
        if (std::exchange(from->nudge, false) && !rng.percent(loss)) to->take_packet(from->keys->theirs.session);
      }
      // One side gave up after seven losses: its next beacon starts over.
      if (!given_up.empty()) (a.keys ? b : a).handshakes.begin(kPath, false, now);
    }
    ASSERT_TRUE(a.keys && b.keys) << seed;
    ASSERT_EQ(a.keys->key, b.keys->key) << seed;
    EXPECT_EQ(a.keys->mine.session, b.keys->theirs.session);
    EXPECT_EQ(b.keys->mine.session, a.keys->theirs.session);
  }
}

TEST(Handshakes, AnOldHelloSentAgainCompletesNothing) {
  Side a(1, 1), b(2, 2);
  Instant now{1};
  std::vector<Path> given_up;
  std::vector<codec::Hello> overheard;
  a.handshakes.begin(kPath, false, now);
  for (int i = 0; i < 4; ++i) {
    for (const auto& due : a.handshakes.due(now, given_up)) overheard.push_back(due.hello), b.take(due.hello, now);
    for (const auto& due : b.handshakes.due(now, given_up)) a.take(due.hello, now);
  }
  ASSERT_TRUE(b.keys);
  Side again(2, 3);  // b restarted; somebody replays what a said to the old one
  for (const codec::Hello& hello : overheard) again.take(hello, now);
  EXPECT_FALSE(again.keys);
}

TEST(Handshakes, AreBounded) {
  Side a(1, 1);
  for (std::size_t i = 0; i < Handshakes::kMax; ++i) {
    EXPECT_TRUE(a.handshakes.begin({1, {std::to_string(i), ""}}, false, {}));
  }
  EXPECT_FALSE(a.handshakes.begin({1, {"one more", ""}}, false, {}));
  std::vector<Path> given_up;
  Instant now{1};
  for (int i = 0; i < 20; ++i, now = now + seconds(2)) (void)a.handshakes.due(now, given_up);
  EXPECT_EQ(given_up.size(), Handshakes::kMax);
  EXPECT_EQ(a.handshakes.wake(), kNever);
}

}  // namespace
}  // namespace meshfs::syncd
