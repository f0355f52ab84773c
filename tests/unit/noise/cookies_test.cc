// Who is let pass to the expensive part of a handshake: nobody without mac1, few without a cookie, each source seldom.
#include <gtest/gtest.h>

#include <map>

#include "schema/noise/cookies.h"
#include "schema/vocab/rng.h"

namespace meshfs::noise {
namespace {

using Verdict = CookieChecker::Verdict;

crypto::LinkKey seed(std::uint8_t number) {
  crypto::LinkKey key;
  key.data.fill(number);
  return key;
}

class Cookies : public ::testing::Test {
 protected:
  static constexpr std::string_view kResponder = "0123456789abcdef0123456789abcdef";
  Bytes message(CookieGenerator& of, std::string_view text = "a handshake message") {
    Bytes bytes = copy_of(as_bytes(text));
    of.add_macs(bytes, now);
    return bytes;
  }
  // A message, and a cookie in reply to it.
  void get_cookie(CookieGenerator& of, ByteView source, CookieChecker& from) {
    const Bytes first = message(of);
    ASSERT_TRUE(of.take_reply(from.cookie_reply(first, source, now), now).ok());
  }
  // Uses up what passes without a cookie.
  void load() {
    CookieGenerator crowd(as_bytes(kResponder));
    for (int i = 0; i < 1000; ++i) {
      if (checker.judge(message(crowd), as_bytes("crowd"), now) != Verdict::pass) return;
    }
    ADD_FAILURE() << "everything passes";
  }
  CookieChecker checker{as_bytes(kResponder), seed(1)};
  CookieGenerator generator{as_bytes(kResponder)};
  const ByteView home = as_bytes("fe80::1 port 7"), elsewhere = as_bytes("fe80::2 port 7");
  Instant now{seconds(1000).ns};
};

TEST_F(Cookies, Mac1AsAnotherImplementationHasIt) {
  Bytes responder;
  for (std::uint8_t i = 0; i < 32; ++i) responder.push_back(i);
  CookieGenerator known(responder);
  // key = blake2b(bytes(range(32)), digest_size=32, person="meshfs mac1"); blake2b(b"message", digest_size=16, key=key)
  EXPECT_EQ(to_hex(message(known, "message")),
            to_hex(as_bytes("message")) + "0e75df970abf6c93961608ab4c1a0c30" + "00000000000000000000000000000000");
}

TEST_F(Cookies, WithoutMac1NothingPasses) {
  Bytes good = message(generator);
  EXPECT_EQ(checker.judge(good, home, now), Verdict::pass);
  for (std::size_t bit = 0; bit < 8 * (good.size() - crypto::FrameTag::kSize); ++bit) {
    Bytes bad = good;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    EXPECT_EQ(checker.judge(bad, home, now), Verdict::drop) << bit;
  }
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(checker.judge(ByteView(good).first(size), home, now), Verdict::drop);
  }
  CookieGenerator other(as_bytes("another node, not this one......"));
  EXPECT_EQ(checker.judge(message(other), home, now), Verdict::drop);
  load();
  EXPECT_EQ(checker.judge(message(other), home, now), Verdict::drop) << "no cookies for strangers either";
}

TEST_F(Cookies, ACrowdIsAskedForCookiesAndWhoHasOnePasses) {
  load();
  const Bytes first = message(generator);
  ASSERT_EQ(checker.judge(first, home, now), Verdict::ask_for_cookie);
  const Bytes reply = checker.cookie_reply(first, home, now);
  EXPECT_EQ(reply.size(), kCookieReplyBytes);
  ASSERT_TRUE(generator.take_reply(reply, now).ok());
  const Bytes second = message(generator);
  EXPECT_EQ(checker.judge(second, elsewhere, now), Verdict::ask_for_cookie) << "a cookie is of one address";
  EXPECT_EQ(checker.judge(second, home, now), Verdict::pass);
  for (std::size_t bit = 8 * (second.size() - crypto::FrameTag::kSize); bit < 8 * second.size(); ++bit) {
    Bytes bad = second;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    EXPECT_EQ(checker.judge(bad, home, now), Verdict::ask_for_cookie) << bit;
  }
}

TEST_F(Cookies, RepliesAnswerOneMessageOnce) {
  const Bytes first = message(generator);
  const Bytes reply = checker.cookie_reply(first, home, now);
  EXPECT_NE(reply, checker.cookie_reply(first, home, now)) << "a nonce twice";
  for (std::size_t bit = 0; bit < 8 * reply.size(); ++bit) {
    Bytes bad = reply;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    EXPECT_EQ(generator.take_reply(bad, now).code(), Errc::bad_bytes) << bit;
  }
  EXPECT_FALSE(generator.take_reply(ByteView(reply).first(reply.size() - 1), now).ok());
  CookieGenerator silent(as_bytes(kResponder));
  EXPECT_FALSE(silent.take_reply(reply, now).ok()) << "nothing was asked";
  EXPECT_FALSE(silent.take_reply(checker.cookie_reply(Bytes(kMacsBytes), home, now), now).ok()) << "mac1 of zeroes";
  CookieChecker other(as_bytes("another node, not this one......"), seed(1));
  EXPECT_FALSE(generator.take_reply(other.cookie_reply(first, home, now), now).ok());
  EXPECT_TRUE(generator.take_reply(reply, now).ok());
  EXPECT_FALSE(generator.take_reply(reply, now).ok()) << "a replay";
  const Bytes second = message(generator, "another message");
  EXPECT_FALSE(generator.take_reply(reply, now).ok()) << "of an older message";
}

TEST_F(Cookies, CookiesLiveTwoMinutes) {
  now = Instant{kCookieLife.ns * 50};
  get_cookie(generator, home, checker);
  now = now + (kCookieLife - milliseconds(1));
  const Bytes old = message(generator);
  load();
  EXPECT_EQ(checker.judge(old, home, now), Verdict::pass);
  now = now + milliseconds(1);
  load();
  EXPECT_EQ(checker.judge(old, home, now), Verdict::ask_for_cookie) << "the secret is another one";
  const Bytes without = message(generator);
  EXPECT_TRUE(
      std::all_of(without.end() - crypto::FrameTag::kSize, without.end(), [](std::uint8_t b) { return b == 0; }));
}

TEST_F(Cookies, TwoNodesHaveDifferentSecrets) {
  CookieChecker other(as_bytes(kResponder), seed(2));
  get_cookie(generator, home, other);
  load();
  EXPECT_EQ(checker.judge(message(generator), home, now), Verdict::ask_for_cookie);
}

TEST_F(Cookies, EachSourceTwentyASecondAndFiveAtOnce) {
  get_cookie(generator, home, checker);
  int passed = 0;
  for (int i = 0; i < 50; ++i) passed += checker.judge(message(generator), home, now) == Verdict::pass ? 1 : 0;
  EXPECT_EQ(passed, CookieChecker::kSourceBurst);
  const Instant end = now + seconds(10);
  for (; now < end; now = now + milliseconds(1)) {
    passed += checker.judge(message(generator), home, now) == Verdict::pass ? 1 : 0;
  }
  EXPECT_GE(passed, 200);
  EXPECT_LE(passed, 200 + CookieChecker::kSourceBurst);
}

// 50,000 messages a second for ten seconds: of members without a cookie, and of one with a cookie at each of 20,000 addresses.
TEST_F(Cookies, WhatAFloodGetsThrough) {
  std::map<Verdict, int> forged, proven;
  Rng rng(7);
  CookieGenerator crowd(as_bytes(kResponder));
  std::vector<std::pair<Bytes, Bytes>> ready;  // source, message with a cookie for it
  for (int i = 0; i < 20'000; ++i) {
    CookieGenerator one(as_bytes(kResponder));
    Bytes source = copy_of(as_bytes(std::to_string(rng.next())));
    get_cookie(one, source, checker);
    ready.emplace_back(source, message(one));
  }
  for (int i = 0; i < 500'000; ++i) {
    now = now + microseconds(20);
    if (i % 2 == 0) {
      ++forged[checker.judge(message(crowd), as_bytes("any"), now)];
    } else {
      const auto& [source, bytes] = ready[rng.below(ready.size())];
      ++proven[checker.judge(bytes, source, now)];
    }
  }
  EXPECT_EQ(forged[Verdict::drop], 0);
  EXPECT_NEAR(forged[Verdict::pass], 200 + CookieChecker::kUnprovenBurst, 2);
  EXPECT_EQ(proven[Verdict::ask_for_cookie], 0);
  EXPECT_NEAR(proven[Verdict::pass], 500 + CookieChecker::kProvenBurst, 2);
}

// Somebody with a few addresses uses up his own places; of honest sources nearly all are served.
TEST_F(Cookies, AGreedySourceTakesNothingFromOthers) {
  CookieGenerator greedy(as_bytes(kResponder));
  get_cookie(greedy, home, checker);
  int passed = 0;
  for (int i = 0; i < 400; ++i) {
    for (int k = 0; k < 100; ++k) (void)checker.judge(message(greedy), home, now);
    CookieGenerator honest(as_bytes(kResponder));
    const Bytes source = copy_of(as_bytes("honest " + std::to_string(i)));
    get_cookie(honest, source, checker);
    passed += checker.judge(message(honest), source, now) == Verdict::pass ? 1 : 0;
    now = now + milliseconds(50);
  }
  EXPECT_GE(passed, 395);
}

}  // namespace
}  // namespace meshfs::noise
