#include "syncd/core/casts.h"

#include <gtest/gtest.h>

#include "tests/unit/syncd/fakes.h"

namespace meshfs::syncd {
namespace {

class CastsTest : public ::testing::Test, public Airs {
 protected:
  std::vector<Air> airs() const override { return all; }
  void send_news(LinkId, const std::optional<NodeId>& to, codec::News news) override {
    sent.emplace_back(to, std::move(news));
  }
  void graft(const NodeId&, Instant) override {}

  static HeaderHash key(std::size_t n) {
    HeaderHash out;
    out.data[0] = static_cast<std::uint8_t>(n >> 8);
    out.data[1] = static_cast<std::uint8_t>(n);
    return out;
  }
  bool begin(std::size_t n, std::vector<NodeId> lacking, bool at_once, std::size_t bytes = 100, bool urgent = false,
             std::size_t copies = 0) {
    Parcel parcel;
    parcel.news.plain = codec::Bundle{codec::ItemForm::commit, Bytes(bytes, static_cast<std::uint8_t>(n))};
    parcel.news.urgent = urgent;
    const auto shared = std::make_shared<const Parcel>(std::move(parcel));
    return casts.begin(all[0], {1, key(n), shared, &*shared->news.plain, std::move(lacking), copies, at_once}, now);
  }
  void pass(Duration span) {
    for (const Instant end = now + span; now < end; now = now + microseconds(100)) casts.tick(now, repairs);
  }
  // Frames with items, and how often each was in one.
  std::size_t frames() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(sent, [](const auto& one) { return !one.second.push.bundles.empty(); }));
  }
  std::vector<NodeId> asked() const {
    std::vector<NodeId> out;
    for (const auto& [to, news] : sent) {
      if (news.ask) out.push_back(*to);
    }
    return out;
  }

  const NodeId a = node(1), b = node(2), c = node(3), d = node(4);
  std::vector<Air> all{{1, milliseconds(1), 8, 1200, {a, b, c, d}}};
  const Duration settled = Casts::settled_after(all[0]);
  Instant now{1'000'000'000};
  std::vector<std::pair<std::optional<NodeId>, codec::News>> sent;
  std::vector<Casts::Repair> repairs;
  Casts casts{*this, Rng(1)};
};

TEST_F(CastsTest, AcknowledgedByAllItEndsAfterOneFrame) {
  ASSERT_TRUE(begin(1, {a, b, c}, true));
  casts.tick(now, repairs);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_FALSE(sent[0].first);
  casts.on_have(1, a, news_key(key(1)), true);
  casts.on_have(1, b, news_key(key(1)), false);
  casts.on_have(2, c, news_key(key(1)), false);
  EXPECT_EQ(casts.size(), 0u);
  pass(seconds(5));
  EXPECT_EQ(sent.size(), 1u);
  EXPECT_TRUE(repairs.empty());
}

TEST_F(CastsTest, ItsTurnComesWithinTheSpan) {
  ASSERT_TRUE(begin(1, {a, b, c}, false));
  casts.tick(now, repairs);
  EXPECT_TRUE(sent.empty());
  pass(milliseconds(3));  // a quarter of a millisecond's hop for each of eight
  EXPECT_EQ(frames(), 1u);
}

TEST_F(CastsTest, WhereFewAreHeardNobodyWaits) {
  for (const std::size_t heard : {Casts::kAtOnceUpTo, Casts::kAtOnceUpTo + 1}) {
    sent.clear();
    all[0].heard = heard;
    std::size_t at_once = 0;
    for (std::size_t n = 0; n < 20; ++n) {
      ASSERT_TRUE(begin(100 * heard + n, {a, b, c}, false));
      casts.tick(now, repairs);
      at_once += frames();
      for (const NodeId& who : {a, b, c}) casts.on_have(1, who, news_key(key(100 * heard + n)), false);
      pass(milliseconds(3));
      sent.clear();
    }
    if (heard <= Casts::kAtOnceUpTo) {
      EXPECT_EQ(at_once, 20u);
    } else {
      EXPECT_LT(at_once, 3u);
    }
  }
}

TEST_F(CastsTest, TwoSufficeWhereFourAreNearAndThreeWhereMoreAre) {
  ASSERT_TRUE(begin(1, {a}, true));
  pass(milliseconds(1));
  EXPECT_EQ(frames(), 0u);
  ASSERT_TRUE(begin(2, {a, b}, true));
  pass(milliseconds(1));
  EXPECT_EQ(frames(), 1u);
  all[0].near.push_back(node(5));
  ASSERT_TRUE(begin(3, {a, b}, true));
  pass(milliseconds(1));
  EXPECT_EQ(frames(), 1u);
  ASSERT_TRUE(begin(4, {a, b, c}, true));
  pass(milliseconds(1));
  EXPECT_EQ(frames(), 2u);
}

TEST_F(CastsTest, WhatNobodyLacksIsOnlySaid) {
  ASSERT_TRUE(begin(1, {a, b, c}, false));
  ASSERT_TRUE(begin(2, {a, b, c}, false, 100, false, Casts::kEnoughCopies));
  ASSERT_TRUE(begin(3, {}, false));
  for (const NodeId& who : {a, b}) casts.on_have(1, who, news_key(key(1)), false);
  pass(milliseconds(3));
  ASSERT_EQ(sent.size(), 1u);  // all three in one frame
  EXPECT_FALSE(sent[0].first);
  EXPECT_EQ(sent[0].second.have.size(), 3u);
  EXPECT_EQ(casts.size(), 2u);  // two lack answers
}

TEST_F(CastsTest, TheSilentAreAskedEverLaterThenPushed) {
  ASSERT_TRUE(begin(1, {a, b, c}, true));
  casts.on_have(1, b, news_key(key(1)), false);
  ASSERT_TRUE(begin(2, {a, b, c}, true));
  std::vector<std::size_t> when;
  for (int i = 0; i < 40; ++i) {
    when.push_back(asked().size());
    pass(settled);
  }
  EXPECT_EQ(asked(), (std::vector<NodeId>{a, b, c, a, b, c, a, b, c}));  // both items in one question
  EXPECT_EQ(when[1], 0u);
  EXPECT_EQ(when[2], 3u);
  EXPECT_EQ(when[3], 6u);
  EXPECT_EQ(when[4], 6u);
  EXPECT_EQ(when[5], 9u);
  EXPECT_EQ(repairs.size(), 5u);
  EXPECT_EQ(casts.size(), 0u);
  EXPECT_EQ(frames(), 1u);
}

TEST_F(CastsTest, WhoLacksItGetsItInItsSession) {
  ASSERT_TRUE(begin(1, {a, b, c}, true));
  pass(settled + milliseconds(1));
  casts.on_have(1, b, news_key(key(1)), false);
  casts.on_lack(1, a, news_key(key(1)), now);
  casts.on_lack(1, d, news_key(key(1)), now);  // never asked
  casts.on_have(1, c, news_key(key(1)), false);
  pass(milliseconds(2));
  ASSERT_EQ(repairs.size(), 1u);
  EXPECT_EQ(repairs[0].to, a);
  EXPECT_EQ(frames(), 1u);
  EXPECT_EQ(casts.size(), 0u);
}

TEST_F(CastsTest, ThreeWhoLackItGetOneMoreFrame) {
  ASSERT_TRUE(begin(1, {a, b, c}, true));
  pass(settled + milliseconds(1));
  for (const NodeId& who : {a, b, c}) casts.on_lack(1, who, news_key(key(1)), now);
  pass(milliseconds(2));
  EXPECT_EQ(frames(), 2u);
  EXPECT_TRUE(repairs.empty());
}

TEST_F(CastsTest, ItemsShareFramesAndFramesKeepThePace) {
  for (std::size_t n = 0; n < 90; ++n) ASSERT_TRUE(begin(n, {a, b, c}, true));
  casts.tick(now, repairs);
  EXPECT_EQ(frames(), 12u);  // eight of ~132 bytes in each
  sent.clear();
  for (std::size_t n = 100; n < 200; ++n) ASSERT_TRUE(begin(n, {a, b, c}, true, 900));
  casts.tick(now, repairs);
  EXPECT_EQ(frames(), static_cast<std::size_t>(Air::kPace.burst) - 12);
  const std::size_t before = frames();
  ASSERT_TRUE(begin(300, {a, b, c}, true, 900, true));  // urgent: the pace is not for it
  casts.tick(now, repairs);
  ASSERT_EQ(frames(), before + 1);
  EXPECT_EQ(sent.back().second.push.bundles[0].bytes[0], static_cast<std::uint8_t>(300));
  pass(Air::kPace.each * 10);
  EXPECT_GE(frames(), before + 10);
  EXPECT_LE(frames(), before + 12);
}

TEST_F(CastsTest, RefusesTooManyAndTooLarge) {
  EXPECT_FALSE(begin(1, {a, b, c}, true, 1200));
  EXPECT_TRUE(begin(1, {a, b, c}, true, 1000));
  std::size_t n = 2;
  while (begin(n, {a, b, c}, false)) ++n;
  EXPECT_EQ(n - 1, Casts::kMaxCasts);
  EXPECT_TRUE(begin(n, {a, b, c}, false, 100, true));
  while (begin(n, {a, b, c}, false, 100, true)) ++n;  // but those have a limit too
  EXPECT_LT(n, Casts::kMaxCasts + 200);
}

TEST_F(CastsTest, EveryFrameKeepsItsSize) {
  for (std::size_t n = 0; n < 300; ++n) {
    ASSERT_TRUE(begin(n, n % 3 == 0 ? std::vector<NodeId>{a, b, c} : std::vector<NodeId>{}, n % 2 == 0, 1 + n * 3));
  }
  pass(seconds(3));
  std::size_t largest = 0;
  for (const auto& [to, news] : sent)
    largest = std::max(largest, codec::kFrameHeaderBytes + codec::encode_news(news).size());
  EXPECT_LE(largest, all[0].room);
  EXPECT_GT(largest, all[0].room * 3 / 4);
}

TEST_F(CastsTest, EndsWithItsLinkAndItsSessions) {
  ASSERT_TRUE(begin(1, {a, b, c}, true));
  casts.tick(now, repairs);
  for (const NodeId& who : {a, b, c}) casts.on_session_end(who);
  pass(seconds(1));
  EXPECT_EQ(casts.size(), 0u);
  EXPECT_EQ(sent.size(), 1u);
  ASSERT_TRUE(begin(2, {a, b, c}, false));
  all.clear();
  now = now + seconds(1);
  EXPECT_EQ(casts.tick(now, repairs), kNever);
  EXPECT_EQ(casts.size(), 0u);
}

}  // namespace
}  // namespace meshfs::syncd
