// Two ends of one session renew their keys while frames are on their way, get lost, come late, or are somebody else's.
#include "syncd/core/session_keys.h"

#include <gtest/gtest.h>

namespace meshfs::syncd {
namespace {

template <class Fixed>
crypto::Secret<Fixed> filled(std::uint8_t byte) {
  crypto::Secret<Fixed> out;
  out.data.fill(byte);
  return out;
}

SessionKeys::Start start_of(bool initiator) {
  const auto one = filled<crypto::AeadKey>(1), other = filled<crypto::AeadKey>(2);
  return {initiator, initiator ? one : other, initiator ? other : one, filled<crypto::LinkKey>(initiator ? 3 : 4)};
}

codec::Packet packet_of(std::size_t size) {
  codec::Packet packet;
  packet.pieces.push_back({1, 0, static_cast<std::uint32_t>(size), Bytes(size, 7)});
  return packet;
}

class Renewal : public testing::Test {
 protected:
  Bytes sealed(SessionKeys& by, std::size_t size = 100) {
    return by.seal({codec::FrameKind::packet, 5, ++counter_}, packet_of(size));
  }
  bool opens(SessionKeys& by, const Bytes& frame) { return by.open(*codec::peek_frame(frame), frame, now_).ok(); }
  // So much is said that the keys are due.
  void use() {
    now_ = now_ + SessionKeys::kRenewAfter;
    ASSERT_TRUE(opens(answerer_, sealed(offerer_, SessionKeys::kRenewBytes)));
  }
  codec::Rekey offer() { return offerer_.due(now_).value(); }
  codec::Rekey answer_to(const codec::Rekey& offer) { return answerer_.take(offer, now_)->value(); }

  Instant now_{0};
  std::uint64_t counter_ = 0;
  SessionKeys offerer_{start_of(true), now_}, answerer_{start_of(false), now_};
};

TEST_F(Renewal, GoesOnWithoutLosingAFrame) {
  for (std::uint64_t round = 1; round <= 300; ++round) {  // phases wrap
    use();
    const codec::Rekey first = offer();
    EXPECT_FALSE(offerer_.due(now_));  // once
    const Bytes early = sealed(offerer_), other_early = sealed(answerer_);
    const codec::Rekey second = answer_to(first);
    const Bytes between = sealed(answerer_);  // the offerer cannot read new ones yet
    EXPECT_EQ(codec::peek_frame(between)->phase, static_cast<std::uint8_t>(round - 1));
    ASSERT_TRUE(offerer_.take(second, now_));
    const Bytes fresh = sealed(offerer_);
    EXPECT_EQ(codec::peek_frame(fresh)->phase, static_cast<std::uint8_t>(round));
    EXPECT_TRUE(opens(answerer_, fresh));
    EXPECT_TRUE(opens(answerer_, early));  // overtaken
    EXPECT_TRUE(opens(offerer_, other_early));
    EXPECT_TRUE(opens(offerer_, between));
    EXPECT_TRUE(opens(offerer_, sealed(answerer_)));
    EXPECT_EQ(offerer_.renewed(), round);
    EXPECT_EQ(answerer_.renewed(), round);
  }
}

TEST_F(Renewal, OldFramesAreReadForTenSecondsMore) {
  use();
  const Bytes early = sealed(offerer_);
  ASSERT_TRUE(offerer_.take(answer_to(offer()), now_));
  now_ = now_ + (SessionKeys::kOldKey + seconds(60));
  EXPECT_TRUE(opens(answerer_, early));  // nobody used the new key yet
  EXPECT_TRUE(opens(answerer_, sealed(offerer_)));
  now_ = now_ + (SessionKeys::kOldKey - milliseconds(1));
  EXPECT_TRUE(opens(answerer_, early));
  now_ = now_ + milliseconds(1);
  EXPECT_FALSE(opens(answerer_, early));
}

// What leaked before a renewal opens nothing that is said after it, in either direction, unless somebody took part in it.
TEST_F(Renewal, AThiefOfTodaysKeysReadsNothingTomorrow) {
  use();
  SessionKeys stolen_offerer = offerer_, stolen_answerer = answerer_;
  const codec::Rekey first = offer(), second = answer_to(first);
  ASSERT_TRUE(offerer_.take(second, now_));
  const Bytes told = sealed(offerer_);
  ASSERT_TRUE(opens(answerer_, told));
  const Bytes replied = sealed(answerer_);
  for (SessionKeys* thief : {&stolen_offerer, &stolen_answerer}) {
    EXPECT_FALSE(opens(*thief, told));
    EXPECT_FALSE(opens(*thief, replied));
  }
  // The control: with the seed of one end, it can.
  ASSERT_TRUE(stolen_answerer.take(first, now_));
  EXPECT_TRUE(opens(stolen_answerer, told));
}

TEST_F(Renewal, IsDueByTimeAndUse) {
  now_ = now_ + SessionKeys::kRenewAnyway * 30;
  EXPECT_FALSE(offerer_.due(now_));  // never used
  (void)sealed(offerer_);
  now_ = now_ + SessionKeys::kRenewAnyway;
  EXPECT_FALSE(offerer_.due(now_));  // hardly: an exchange of keys is as much
  offerer_ = SessionKeys(start_of(true), now_);
  (void)sealed(offerer_);
  now_ = now_ + SessionKeys::kRenewAfter;
  EXPECT_FALSE(offerer_.due(now_));  // too little
  (void)sealed(offerer_, SessionKeys::kRenewBytes);
  EXPECT_TRUE(offerer_.due(now_));
  offerer_ = SessionKeys(start_of(true), now_);
  (void)sealed(offerer_, SessionKeys::kRenewBytes);
  now_ = now_ + (SessionKeys::kRenewAfter - milliseconds(1));
  EXPECT_FALSE(offerer_.due(now_));  // too young
  offerer_ = SessionKeys(start_of(true), now_);
  (void)sealed(offerer_, SessionKeys::kUsedBytes);
  now_ = now_ + SessionKeys::kRenewAnyway;
  EXPECT_TRUE(offerer_.due(now_));
  (void)sealed(answerer_, SessionKeys::kRenewBytes);
  EXPECT_FALSE(answerer_.due(now_));  // waits to be asked
}

TEST_F(Renewal, OutOfTurnIsRefused) {
  const crypto::DhPublic key = crypto::DhKey(filled<crypto::DhSecret>(9)).public_key();
  EXPECT_FALSE(answerer_.take({1, key}, now_));  // too soon
  EXPECT_FALSE(offerer_.take({1, key}, now_));   // nobody asked
  use();
  EXPECT_FALSE(answerer_.take({2, key}, now_));
  EXPECT_FALSE(answerer_.take({0, key}, now_));
  EXPECT_FALSE(answerer_.take({1, crypto::DhPublic()}, now_));  // agrees on zero
  EXPECT_EQ(answerer_.renewed(), 0u);
  const codec::Rekey first = offer();
  const codec::Rekey second = answer_to(first);
  EXPECT_FALSE(answerer_.take(first, now_));  // again
  ASSERT_TRUE(offerer_.take(second, now_));
  EXPECT_FALSE(offerer_.take(second, now_));
  EXPECT_TRUE(opens(answerer_, sealed(offerer_)));  // nothing of it harmed
}

TEST_F(Renewal, WithoutAnAnswerTheSessionEnds) {
  use();
  (void)offer();
  now_ = now_ + (SessionKeys::kPatience - milliseconds(1));
  EXPECT_FALSE(offerer_.spent(now_));
  now_ = now_ + milliseconds(1);
  EXPECT_TRUE(offerer_.spent(now_));
}

TEST_F(Renewal, AFrameSaysItsPhaseUnderTheTag) {
  Bytes frame = sealed(offerer_);
  frame[3] = 1;
  EXPECT_FALSE(opens(answerer_, frame));
  frame[3] = 0;
  EXPECT_TRUE(opens(answerer_, frame));
}

}  // namespace
}  // namespace meshfs::syncd
