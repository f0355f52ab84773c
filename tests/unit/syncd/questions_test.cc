// Far questions on their way through one node: who is asked, what comes back, what is dropped.
#include <gtest/gtest.h>

#include "syncd/core/questions.h"
#include "tests/unit/syncd/fakes.h"

namespace meshfs::syncd {
namespace {

namespace local = codec::local;

class Far : public testing::Test {
 protected:
  Far() { mail.around = {node(1), node(2), node(3)}; }
  codec::Question question(std::uint32_t number, std::uint8_t hops = 9) {
    codec::Question out;
    for (std::size_t i = 0; i < 4; ++i) out.id.data[i] = static_cast<std::uint8_t>(number >> (8 * i));
    out.asker.data[0] = 7;
    out.hops = hops;
    return out;
  }
  codec::Reply reply(std::uint32_t number) {
    codec::Reply out;
    for (std::size_t i = 0; i < 4; ++i) out.signature.data[i] = static_cast<std::uint8_t>(number >> (8 * i));
    return out;
  }
  // It comes, and fsd says whether it may go on.
  void comes(const NodeId& from, const codec::Question& what, bool pass_on,
             const std::optional<codec::Reply>& own = std::nullopt) {
    store.got.clear();
    questions.on_question(from, what, std::nullopt, now);
    for (const auto& message : store.got) {
      questions.on_judged({std::get<local::QuestionCame>(message).request, pass_on, own}, now);
    }
  }

  FakeMail mail;
  FakeStore store;
  Questions questions{mail, store};
  Instant now{1'000'000'000};
};

TEST_F(Far, GoesToAllButWhereItCameFromOnce) {
  mail.old = node(3);
  comes(node(1), question(1), true);
  auto asked = mail.take<codec::Question>();
  ASSERT_EQ(asked.size(), 1u) << "neither back, nor to one that does not know the message";
  EXPECT_EQ(asked[0].first, node(2));
  EXPECT_EQ(asked[0].second.hops, 8);
  comes(node(2), question(1), true);
  EXPECT_TRUE(mail.sent.empty()) << "seen before";
  EXPECT_TRUE(store.got.empty()) << "and not even judged";
}

TEST_F(Far, EndsWithTheLastHopAndWithoutASignature) {
  comes(node(1), question(1, 1), true, reply(1));
  EXPECT_TRUE(mail.take<codec::Question>().empty());
  questions.tick(now + Questions::kGather);
  EXPECT_EQ(mail.take<codec::Replies>().size(), 1u) << "but this node replies";
  comes(node(1), question(2), false);
  questions.tick(now + seconds(1));
  EXPECT_TRUE(mail.sent.empty());
}

TEST_F(Far, RepliesGoBackGatheredAndOnce) {
  comes(node(1), question(1), true);
  mail.sent.clear();
  codec::Replies replies{question(1).id, {}};
  for (std::uint32_t i = 0; i < 100; ++i) replies.replies.push_back(reply(i));
  questions.on_replies(replies, now);
  questions.on_replies(replies, now);  // another way round
  EXPECT_TRUE(mail.sent.empty()) << "they wait for others";
  EXPECT_EQ(questions.tick(now), now + Questions::kGather);
  questions.tick(now + Questions::kGather);
  const auto back = mail.take<codec::Replies>();
  ASSERT_EQ(back.size(), 2u);
  EXPECT_EQ(back[0].first, node(1));
  EXPECT_EQ(back[0].second.replies.size() + back[1].second.replies.size(), 100u);
  EXPECT_EQ(back[0].second.replies[0].hops, 1);
  questions.on_replies({question(2).id, {reply(1)}}, now);
  questions.tick(now + seconds(1));
  EXPECT_TRUE(mail.sent.empty()) << "nobody asked that";
}

TEST_F(Far, OurOwnRepliesGoToFsd) {
  questions.on_inquire(question(1), now);
  EXPECT_EQ(mail.take<codec::Question>().size(), 3u);
  questions.on_replies({question(1).id, {reply(1)}}, now);
  questions.tick(now + seconds(1));
  ASSERT_EQ(store.got.size(), 1u);
  EXPECT_EQ(std::get<codec::Replies>(store.got[0]).replies[0].hops, 1);
  questions.tick(now + Questions::kOpenFor);
  questions.on_replies({question(1).id, {reply(2)}}, now + Questions::kOpenFor);
  questions.tick(now + Questions::kOpenFor + seconds(1));
  EXPECT_EQ(store.got.size(), 1u) << "too late";
}

TEST_F(Far, MadeUpRepliesAreBounded) {
  for (std::uint32_t q = 0; q < 12; ++q) {
    comes(node(1), question(q), true);
    for (std::uint32_t i = 0; i < 3 * Questions::kMaxRepliesPassed; i += 64) {
      codec::Replies replies{question(q).id, {}};
      for (std::uint32_t k = 0; k < 64; ++k) replies.replies.push_back(reply(q << 16 | (i + k)));
      questions.on_replies(std::move(replies), now);
    }
  }
  mail.sent.clear();
  questions.tick(now + seconds(1));
  std::size_t passed = 0;
  for (const auto& [to, replies] : mail.take<codec::Replies>()) passed += replies.replies.size();
  EXPECT_EQ(passed, Questions::kMaxRepliesKnown);
  questions.tick(now + Questions::kOpenFor);
  now = now + Questions::kOpenFor;
  comes(node(2), question(99), true, reply(1));
  questions.tick(now + seconds(1));
  EXPECT_EQ(mail.take<codec::Replies>().size(), 1u) << "forgotten questions give their room back";
}

TEST_F(Far, ForgeriesInSomebodysNameCostHimNothing) {
  for (std::uint32_t i = 0; i < 40; ++i) comes(node(1), question(i), false);
  EXPECT_TRUE(mail.take<codec::Question>().empty());
  comes(node(2), question(1000), true);
  EXPECT_EQ(mail.take<codec::Question>().size(), 2u) << "he asks himself, by another way";
}

TEST_F(Far, RatesHoldPerNeighbourAndPerAskerAndRecover) {
  for (std::uint32_t i = 0; i < 200; ++i) comes(node(1), question(i), true);
  EXPECT_EQ(mail.take<codec::Question>().size(), 2u * 16);
  now = now + seconds(4);
  for (std::uint32_t i = 1000; i < 1200; ++i) comes(node(1), question(i), true);
  EXPECT_EQ(mail.take<codec::Question>().size(), 2u * 8) << "two a second";
}

}  // namespace
}  // namespace meshfs::syncd
