// Broadcast keys: our own and its successors; those of others, said or told, asked for, doubted; frames under them.
#include <gtest/gtest.h>

#include "syncd/core/heard_keys.h"
#include "tests/unit/schema/example.h"
#include "tests/unit/syncd/fakes.h"

namespace meshfs::syncd {
namespace {

using codec::BroadcastKey, codec::BroadcastKeys;

codec::Nonce boot(std::uint8_t n) { return meshfs::testing::filled<codec::Nonce>(n); }
crypto::LinkKey seed(std::uint8_t n) { return meshfs::testing::filled<crypto::LinkKey>(n); }
codec::News some_news() { return {{}, {meshfs::testing::filled<codec::NewsKey>(1)}, {}, false}; }

TEST(OwnBroadcastKey, IsDrawnAnewWithEachGenerationAndTellsWhoseItIs) {
  const std::uint32_t sender = broadcast_sender(node(1), boot(1));
  EXPECT_EQ(sender & 0xff, 0u);
  EXPECT_NE(sender, broadcast_sender(node(1), boot(2)));
  EXPECT_NE(sender, broadcast_sender(node(2), boot(1)));
  OwnBroadcastKey own(seed(1), sender);
  EXPECT_NE(own.told().key, OwnBroadcastKey(seed(2), sender).told().key);
  std::set<crypto::AeadKey> keys;
  for (std::uint32_t i = 0; i < 600; ++i) {
    const BroadcastKey told = own.told();
    EXPECT_TRUE(keys.insert(told.key).second);
    EXPECT_EQ(broadcast_sender(told.id), sender);
    EXPECT_NE(told.id, sender);
    own.replace(Instant{0});
    EXPECT_TRUE(later(own.id(), told.id));
    EXPECT_FALSE(later(told.id, own.id()));
  }
}

TEST(OwnBroadcastKey, CountsAnewAndIsReplacedAfterADayOfUse) {
  OwnBroadcastKey own(seed(1), 0x100);
  Instant now{seconds(5).ns};
  EXPECT_EQ(own.due(), kNever) << "one that is not used lasts";
  for (std::uint64_t i = 1; i <= 3; ++i) {
    const Bytes frame = own.seal(some_news(), now);
    EXPECT_EQ(codec::peek_frame(frame)->counter, i);
    EXPECT_EQ(codec::peek_frame(frame)->session, own.id());
    now = now + seconds(1);
  }
  EXPECT_EQ(own.due(), Instant{seconds(5).ns} + OwnBroadcastKey::kUse);
  EXPECT_FALSE(own.replace(own.due()));
  EXPECT_EQ(own.due(), kNever);
  EXPECT_EQ(codec::peek_frame(own.seal(some_news(), now))->counter, 1u);
  own.shut_out(now);
  EXPECT_EQ(own.due(), now + OwnBroadcastKey::kOnceMore);
  EXPECT_TRUE(own.replace(own.due()));
  EXPECT_EQ(own.due(), kNever);
}

// Node 1 hears others; 10, 11 and 12 are its neighbours in session.
struct Keys : ::testing::Test {
  Keys() { now = now + seconds(1000); }
  // Somebody whose beacon is heard.
  struct Other {
    NodeId id;
    OwnBroadcastKey own;
  };
  Other other(std::uint8_t n) {
    keys.heard(node(n), boot(n), 1, false, now);
    return {node(n), OwnBroadcastKey(seed(n), broadcast_sender(node(n), boot(n)))};
  }
  std::optional<HeardKeys::Question> ask() {
    auto out = keys.question(1, near, now);
    keys.asked(now);
    return out;
  }
  // As Neighbours do, for so long.
  std::vector<HeardKeys::Question> pass(Duration span) {
    std::vector<HeardKeys::Question> out;
    const Instant end = now + span;
    while (std::min(keys.due(), end) < end) {
      now = std::max(now, keys.due());
      if (auto one = ask()) out.push_back(std::move(*one));
    }
    now = end;
    return out;
  }
  Errc open(Other& from) { return open(from.own.seal(some_news(), now)); }
  Errc open(const Bytes& frame) {
    const auto opened = keys.open(*codec::peek_frame(frame), frame, now);
    return opened ? Errc::closed : opened.code();
  }
  static constexpr Errc kOpened = Errc::closed;
  void answer(const HeardKeys::Question& question, const BroadcastKey& key) { keys.on_keys(question.to, {{key}}, now); }
  static BroadcastKey wrong(std::uint32_t id, std::uint8_t n = 77) {
    return {id, meshfs::testing::filled<crypto::AeadKey>(n)};
  }

  Instant now{0};
  HeardKeys keys;
  std::vector<NodeId> near{node(10), node(11), node(12)};
};

TEST_F(Keys, WhatASenderSaysOpensItsFramesOnce) {
  Other a = other(2);
  EXPECT_EQ(open(a), Errc::no_data);
  keys.on_keys(a.id, {{a.own.told()}}, now);
  const Bytes frame = a.own.seal(some_news(), now);
  const auto opened = keys.open(*codec::peek_frame(frame), frame, now);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened->node, a.id);
  EXPECT_EQ(*codec::decode_news(opened->payload), some_news());
  EXPECT_EQ(open(frame), Errc::exists);
  keys.on_keys(a.id, {{a.own.told()}}, now);  // said again: what was seen stays seen
  EXPECT_EQ(open(frame), Errc::exists);
  Bytes forged = a.own.seal(some_news(), now);
  forged.back() ^= 1;
  EXPECT_EQ(open(forged), Errc::bad_bytes);
  EXPECT_EQ(open(a), kOpened);
  EXPECT_TRUE(pass(seconds(100)).empty());
  // Two in a row, the other way round.
  const BroadcastKey before = a.own.told();
  a.own.replace(now);
  keys.on_keys(a.id, {{a.own.told()}}, now);
  keys.on_keys(a.id, {{before}}, now);
  now = now + HeardKeys::kOldKey;
  EXPECT_EQ(open(a), kOpened);
}

TEST_F(Keys, OfWhomNobodyHeardNothingIsKept) {
  OwnBroadcastKey own(seed(3), broadcast_sender(node(3), boot(3)));
  keys.on_keys(node(3), {{own.told()}}, now);
  EXPECT_EQ(open(own.seal(some_news(), now)), Errc::not_found);
  EXPECT_TRUE(keys.answer({{own.id()}}).empty());
  EXPECT_EQ(keys.due(), kNever) << "and nobody asked for it";
  Other a = other(2);
  keys.on_keys(a.id, {{a.own.told()}}, now);
  EXPECT_EQ(open(a), kOpened);
  keys.forget(a.id);  // gone
  EXPECT_EQ(open(a), Errc::not_found);
  Other b = other(4);
  keys.on_keys(b.id, {{b.own.told()}}, now);
  keys.heard(b.id, boot(5), 1, false, now);  // restarted
  EXPECT_EQ(open(b), Errc::not_found);
}

TEST_F(Keys, APulledOneWorksAndIsReplacedByTheSendersWordAlone) {
  Other a = other(2);
  const auto asked = pass(seconds(2));
  ASSERT_FALSE(asked.empty());
  EXPECT_EQ(asked[0].want.ids, std::vector{broadcast_sender(a.own.id())});
  keys.on_keys(node(11) == asked.back().to ? node(12) : node(11), {{wrong(a.own.id())}}, now);  // not asked
  EXPECT_EQ(open(a), Errc::no_data);
  answer(asked.back(), a.own.told());
  const Bytes frame = a.own.seal(some_news(), now);
  EXPECT_EQ(open(frame), kOpened);
  EXPECT_TRUE(pass(seconds(700)).empty());
  for (const NodeId& liar : near) keys.on_keys(liar, {{wrong(a.own.id())}}, now);
  EXPECT_EQ(open(a), kOpened);
  keys.on_keys(a.id, {{a.own.told()}}, now);  // now in its session
  EXPECT_EQ(open(frame), Errc::exists) << "the same key: what was seen stays seen";
  EXPECT_EQ(open(a), kOpened);
  const std::vector<BroadcastKey> known{a.own.told()};
  EXPECT_EQ(keys.answer({{broadcast_sender(a.own.id())}}), known);
  EXPECT_EQ(keys.answer({{a.own.id()}}), known);
  EXPECT_TRUE(keys.answer({{a.own.id() + 1}}).empty()) << "a later one is not here";
}

TEST_F(Keys, AWrongOneIsDoubtedOnceFramesDoNotOpen) {
  Other a = other(2);
  auto asked = pass(seconds(2));
  answer(asked.back(), wrong(a.own.id()));
  now = now + seconds(20);
  EXPECT_EQ(open(a), Errc::bad_bytes);
  asked = pass(seconds(1));
  ASSERT_EQ(asked.size(), 1u);
  answer(asked[0], a.own.told());
  EXPECT_EQ(open(a), kOpened);
  // A liar's turn, since somebody sent a forged frame: the right key comes back with the next frame.
  now = now + seconds(20);
  Bytes forged = a.own.seal(some_news(), now);
  forged.back() ^= 1;
  EXPECT_EQ(open(forged), Errc::bad_bytes);
  asked = pass(seconds(1));
  ASSERT_EQ(asked.size(), 1u);
  answer(asked[0], wrong(a.own.id()));
  EXPECT_EQ(open(a), kOpened);
  now = now + HeardKeys::kOldKey;
  EXPECT_EQ(open(a), kOpened);
  // Nor does a generation far ahead last.
  for (const std::uint32_t ahead : {100u, 200u}) {
    now = now + seconds(20);
    EXPECT_EQ(open(forged), Errc::bad_bytes);
    answer(pass(seconds(1)).at(0), wrong(broadcast_sender(a.own.id()) | ahead));
    now = now + seconds(20);
    EXPECT_EQ(open(a), Errc::no_data);
    answer(pass(seconds(1)).at(0), a.own.told());
    EXPECT_EQ(open(a), kOpened);
  }
  // What a sender said itself nobody doubts.
  keys.on_keys(a.id, {{a.own.told()}}, now);
  EXPECT_EQ(open(forged), Errc::bad_bytes);
  EXPECT_TRUE(pass(seconds(100)).empty());
}

TEST_F(Keys, ALaterGenerationIsAskedForAndEndsTheOneBefore) {
  for (const bool said : {true, false}) {
    Other a = other(said ? 2 : 3);
    if (said) {
      keys.on_keys(a.id, {{a.own.told()}}, now);
    } else {
      answer(pass(seconds(2)).back(), a.own.told());
    }
    now = now + seconds(20);
    const Bytes late = a.own.seal(some_news(), now), later_still = a.own.seal(some_news(), now);
    const std::uint32_t before = a.own.id();
    a.own.replace(now);
    EXPECT_EQ(open(a), Errc::no_data);
    const auto asked = pass(seconds(1));
    ASSERT_EQ(asked.size(), 1u);
    EXPECT_EQ(asked[0].want.ids, std::vector{a.own.id()});
    answer(asked[0], wrong(before));  // it has the old one only
    EXPECT_EQ(open(a), Errc::no_data);
    answer(pass(seconds(6)).back(), a.own.told());
    EXPECT_EQ(open(a), kOpened);
    EXPECT_EQ(open(late), kOpened) << "it was on its way";
    now = now + HeardKeys::kOldKey;
    EXPECT_NE(open(later_still), kOpened);
    EXPECT_EQ(open(a), kOpened);
    keys.forget(a.id);
  }
}

TEST_F(Keys, WhereSomebodyIsShutOutSuccessorsAreAskedForBeforeTheirFramesCome) {
  Other a = other(2), b = other(10);
  answer(pass(seconds(2)).back(), a.own.told());
  keys.on_keys(b.id, {{b.own.told()}}, now);
  keys.shut_out(now);
  a.own.shut_out(now);
  const auto asked = pass(seconds(2));
  ASSERT_FALSE(asked.empty());
  EXPECT_EQ(asked[0].want.ids, std::vector{a.own.id()}) << "b is in session and says it itself";
  answer(asked.back(), a.own.told());
  EXPECT_EQ(open(a), kOpened);
  // That one has no other: some questions in vain, then peace, and the old one counts on.
  keys.shut_out(now);
  EXPECT_LE(pass(seconds(3600)).size(), near.size() + HeardKeys::kInVain);
  EXPECT_EQ(keys.due(), kNever);
  EXPECT_EQ(open(a), kOpened);
}

TEST_F(Keys, QuestionsAreBounded) {
  std::vector<Other> many;
  for (std::uint8_t n = 50; n < 250; ++n) many.push_back(other(n));
  std::map<NodeId, int> turns;
  const auto first = pass(seconds(9));
  for (const auto& one : first) {
    EXPECT_LE(one.want.ids.size(), codec::kMaxBroadcastKeys);
    ++turns[one.to];
  }
  EXPECT_LE(first.size(), 9u) << "one a second";
  EXPECT_EQ(turns.size(), near.size());
  std::size_t ids = 0;
  for (const auto& one : pass(seconds(3600))) ids += one.want.ids.size();
  EXPECT_LE(ids, many.size() * 20) << "nobody has them: less and less often";
  // Frames of all ids there are, for a hundred seconds: one question a second at most.
  Other& a = many[0];
  keys.on_keys(a.id, {{a.own.told()}}, now);
  for (auto& one : many) {
    if (&one != &a) keys.forget(one.id);
  }
  std::size_t asked = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::uint32_t id = i % 2 == 0 ? broadcast_sender(a.own.id()) | static_cast<std::uint32_t>(i) % 256
                                        : static_cast<std::uint32_t>(i) * 0x9e3779b1;
    EXPECT_NE(open(codec::seal_news({}, {codec::FrameKind::news, id, 1}, some_news())), kOpened);
    asked += pass(milliseconds(10)).size();
  }
  EXPECT_GE(asked, 5u);
  EXPECT_LE(asked, 101u);
}

TEST_F(Keys, WhatNobodyTellsIsABridges) {
  Other a = other(2);
  EXPECT_EQ(keys.told_by_nobody(a.own.id()), std::nullopt);
  const auto asked = pass(seconds(20));
  EXPECT_GT(asked.size(), near.size());
  EXPECT_EQ(keys.told_by_nobody(a.own.id()), a.id);
  EXPECT_EQ(keys.told_by_nobody(a.own.id() ^ 0x100), std::nullopt);
  keys.on_keys(a.id, {{a.own.told()}}, now);
  EXPECT_EQ(keys.told_by_nobody(a.own.id()), std::nullopt);
}

TEST_F(Keys, OfTwoWhoseIdsBeginAlikeOneInSessionHasThePlace) {
  // Found by trying: 24 bits are soon the same.
  std::map<std::uint32_t, codec::Nonce> seen;
  codec::Nonce one, two;
  for (std::uint64_t i = 0;; ++i) {
    codec::Nonce nonce;
    for (std::size_t k = 0; k < 8; ++k) nonce.data[k] = static_cast<std::uint8_t>(i >> 8 * k);
    const auto [at, fresh] = seen.emplace(broadcast_sender(node(nonce.data[0] % 2 ? 2 : 3), nonce), nonce);
    if (fresh || at->second.data[0] % 2 == nonce.data[0] % 2) continue;
    one = at->second, two = nonce;
    break;
  }
  const auto who = [](const codec::Nonce& nonce) { return node(nonce.data[0] % 2 ? 2 : 3); };
  OwnBroadcastKey a(seed(1), broadcast_sender(who(one), one)), b(seed(2), broadcast_sender(who(two), two));
  keys.heard(who(one), one, 1, true, now);
  keys.on_keys(who(one), {{a.told()}}, now);
  keys.heard(who(two), two, 1, false, now);
  keys.on_keys(who(two), {{b.told()}}, now);
  EXPECT_EQ(open(a.seal(some_news(), now)), kOpened);
  keys.heard(who(two), two, 1, true, now);
  keys.on_keys(who(two), {{b.told()}}, now);
  EXPECT_EQ(open(b.seal(some_news(), now)), kOpened);
  EXPECT_EQ(open(a.seal(some_news(), now)), Errc::bad_bytes);
}

}  // namespace
}  // namespace meshfs::syncd
