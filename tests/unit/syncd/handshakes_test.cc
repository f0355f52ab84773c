// Session set-up between two sides in every interleaving that chance finds, with loss, and what an attacker may send.
#include <gtest/gtest.h>

#include "schema/vocab/rng.h"
#include "tests/unit/syncd/handshake_sides.h"

namespace meshfs::syncd {
namespace {

TEST(Handshakes, BothSidesEndWithOneSessionWhateverIsLost) {
  int both_began = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Rng rng(seed);
    Side a("a", seed), b("b", seed);
    Instant now{1};
    const bool first = rng.percent(70), second = rng.percent(70);
    if (first) a.handshakes.begin(kPath, false, now);
    if (second || !first) b.handshakes.begin(kPath, false, now);
    both_began += first && second ? 1 : 0;
    const unsigned loss = static_cast<unsigned>(rng.below(40));
    for (int step = 0; step < 30'000 && !agreed(a, b); ++step) {
      now = now + milliseconds(1);
      for (auto [from, to] : {std::pair{&a, &b}, std::pair{&b, &a}}) {
        for (const Bytes& frame : from->says(now)) {
          if (!rng.percent(loss)) to->take(frame, now);
        }
      }
      if (a.keys && !agreed(a, b) && step % 5 == 0) b.stray(a.keys->theirs.session, now);
      if (b.keys && !agreed(a, b) && step % 5 == 0) a.stray(b.keys->theirs.session, now);
      // One side gave up: its next beacon starts over.
      if (std::exchange(a.gave_up, false) || std::exchange(b.gave_up, false)) b.handshakes.begin(kPath, false, now);
    }
    ASSERT_TRUE(agreed(a, b)) << seed;
    expect_one_session(a, b);
  }
  EXPECT_GT(both_began, 50);
}

// Three messages of one handshake, not delivered.
struct Three {
  Three() {
    a.handshakes.begin(kPath, false, now);
    first = a.says(now).at(0);
    b.take(first, now);
    second = b.says(now).at(0);
    a.take(second, now);
    third = a.says(now).at(0);
  }
  Instant now{1};
  Side a{"a"}, b{"b"};
  Bytes first, second, third;
};

TEST(Handshakes, ShowNobodyWhoSpeaks) {
  Three three;
  EXPECT_TRUE(three.a.keys && !three.b.keys);
  three.b.take(three.third, three.now);
  ASSERT_TRUE(three.b.keys);
  expect_one_session(three.a, three.b);
  EXPECT_EQ(three.a.met, std::vector<std::string>{"b"});
  EXPECT_EQ(three.b.met, std::vector<std::string>{"a"});
  const Bytes of_a = three.a.welcome.roster.credential;
  EXPECT_EQ(std::search(three.third.begin(), three.third.end(), of_a.begin() + 8, of_a.begin() + 24),
            three.third.end());
  std::printf("messages of %zu, %zu, %zu bytes\n", three.first.size(), three.second.size(), three.third.size());
  EXPECT_LE(three.second.size(), codec::kMaxFrameBeforeAuth);
}

TEST(Handshakes, NoFlippedBitCompletesOneAndNoneSpoilsIt) {
  Three three;
  for (std::size_t bit = codec::kPlainHeaderBytes * 8; bit < three.third.size() * 8; bit += 7) {
    Bytes bad = three.third;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    if (bit / 8 >= three.third.size() - 16) continue;  // mac2 is of cookies, and none was asked for
    three.b.take(bad, three.now);
    ASSERT_FALSE(three.b.keys) << bit;
  }
  three.b.take(three.third, three.now);
  EXPECT_TRUE(three.b.keys);
}

TEST(Handshakes, OldMessagesSentAgainCompleteNothing) {
  Three three;
  three.b.take(three.third, three.now);
  ASSERT_TRUE(three.b.keys);
  Side again("b", 3);  // b restarted; somebody replays what a said to the old one
  again.take(three.first, three.now);
  again.take(three.third, three.now);
  EXPECT_FALSE(again.keys);
  Side other("a", 4);  // a restarted, too
  other.handshakes.begin(kPath, false, three.now);
  other.take(three.second, three.now);
  EXPECT_FALSE(other.keys);
}

TEST(Handshakes, LateCopiesBeginNothing) {
  Three three;
  three.b.take(three.third, three.now);
  ASSERT_TRUE(three.b.keys);
  three.now = three.now + milliseconds(50);
  for (const Bytes* late : {&three.first, &three.third}) three.b.take(*late, three.now);
  EXPECT_TRUE(three.b.says(three.now).empty());
  EXPECT_FALSE(three.b.handshakes.under_way(kPath));
}

TEST(Handshakes, AThirdMessageThatGotLostIsSaidAgain) {
  Three three;
  three.now = three.now + milliseconds(50);
  // a thinks that all is well and sends packets, so b repeats its second.
  EXPECT_TRUE(three.b.says(three.now).empty());
  three.b.stray(three.a.keys->theirs.session + 1, three.now);  // of another session: nothing
  EXPECT_TRUE(three.b.says(three.now).empty());
  three.b.stray(three.a.keys->theirs.session, three.now);
  for (const Bytes& frame : three.b.says(three.now)) three.a.take(frame, three.now);
  const auto said = three.a.says(three.now);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(number_of(said[0]), 3u);
  three.b.take(said[0], three.now);
  ASSERT_TRUE(three.b.keys);
  expect_one_session(three.a, three.b);
}

TEST(Handshakes, StrangersAndThoseOfAnotherNetworkGetNoAnswer) {
  Instant now{1};
  Side b("b");
  codec::local::Welcome stranger = sim::fake_welcome("a");
  stranger.network_key.data[0] ^= 1;
  Side without_key("a", 1, &stranger);
  without_key.handshakes.begin(kPath, false, now);
  b.take(without_key.says(now).at(0), now);
  EXPECT_TRUE(b.says(now).empty());
  // Whoever has the network's key but no member record of it is answered, proves nothing, and gets no session.
  codec::local::Welcome forger = sim::fake_welcome("a");
  forger.link_secret.data[0] ^= 8;
  Side with_key("a", 2, &forger);
  with_key.handshakes.begin(kPath, false, now);
  b.take(with_key.says(now).at(0), now);
  with_key.take(b.says(now).at(0), now);
  b.take(with_key.says(now).at(0), now);
  EXPECT_FALSE(b.keys);
  EXPECT_TRUE(b.met.empty());
}

TEST(Handshakes, WhoIsRefusedGetsNoSessionAndMayComeAgain) {
  Three three;
  three.b.refuses = true;
  three.b.take(three.third, three.now);
  EXPECT_FALSE(three.b.keys);
  three.b.refuses = false;
  three.b.take(three.third, three.now);
  EXPECT_TRUE(three.b.keys);
}

// A crowd that comes at once is asked for cookies, and all get through.
TEST(Handshakes, ACrowdGetsThroughWithCookies) {
  Side b("b");
  std::vector<std::unique_ptr<Side>> crowd;
  Instant now{1};
  for (int i = 0; i < 100; ++i) {
    crowd.push_back(std::make_unique<Side>("m" + std::to_string(i)));
    crowd.back()->handshakes.begin(kPath, false, now);
  }
  std::size_t cookies = 0, done = 0;
  for (int ms = 0; ms < 4000 && done < crowd.size(); ++ms, now = now + milliseconds(1)) {
    for (std::size_t i = 0; i < crowd.size(); ++i) {
      const Path path{1, {std::to_string(i), ""}};
      for (const Bytes& frame : crowd[i]->says(now)) {
        if (b.handshakes.on_handshake(path, false, number_of(frame), frame, now)) ++done;
      }
    }
    std::vector<Path> given;
    for (const auto& due : b.handshakes.due(now, given)) {
      cookies += codec::peek_frame(due.frame)->kind == codec::FrameKind::cookie ? 1 : 0;
      crowd[std::stoul(due.path.address.key)]->take(due.frame, now);
    }
  }
  std::printf("100 at once: %zu cookies, %lld ms\n", cookies, static_cast<long long>(to_ms(now - Instant{})));
  EXPECT_EQ(done, crowd.size());
  EXPECT_GT(cookies, 20u);
}

TEST(Handshakes, WhatTakesAStreamsPlaceSaysSoWhoeverBegan) {
  for (const bool answered : {false, true}) {
    Instant now{1};
    Side a("a"), b("b");
    a.handshakes.begin(kPath, false, now);
    b.take(a.says(now).at(0), now);
    Side& asks = answered ? b : a;
    if (answered) (void)b.says(now);  // its answer left without the wish
    asks.handshakes.take_over(kPath, now);
    for (int i = 0; i < 2000 && !agreed(a, b); ++i, now = now + milliseconds(1)) {
      for (const Bytes& frame : b.says(now)) a.take(frame, now);
      for (const Bytes& frame : a.says(now)) b.take(frame, now);
    }
    ASSERT_TRUE(agreed(a, b));
    const Side& other = answered ? a : b;
    EXPECT_NE(other.keys->theirs.features & codec::kFeatureInstead, 0u) << answered;
  }
}

TEST(Handshakes, AreBounded) {
  Side a("a");
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
