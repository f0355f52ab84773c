// What somebody in between may do to a handshake: nothing that is not noticed, and nothing that spoils it for the others.
#include <gtest/gtest.h>

#include "tests/unit/noise/vectors.h"

namespace meshfs::noise {
namespace {

using testing::Sides;
using testing::Vector;

crypto::DhKey key(std::uint8_t number) {
  crypto::DhSecret secret;
  secret.data.fill(number);
  return crypto::DhKey(secret);
}

// Both sides when message `i` is on its way.
Sides sides_at(const Vector& vector, std::size_t i) {
  Sides sides = testing::sides_after(vector, i);
  EXPECT_TRUE(sides.writer(i).write_message(vector.messages[i].payload).ok());
  return sides;
}

// True if `bytes` in place of message `i` is noticed: by its reader, or, where no key protects it yet (XX's first), by whoever
// reads the next message.
bool noticed(Sides sides, Pattern pattern, std::size_t i, ByteView bytes) {
  if (!sides.reader(i).read_message(bytes).ok()) return true;
  if (pattern != Pattern::xx || i != 0) return false;
  const Result<Bytes> next = sides.writer(1).write_message(as_bytes("payload"));
  return !next.ok() || !sides.reader(1).read_message(*next).ok();
}

TEST(NoiseHandshake, EveryFlippedBitIsNoticed) {
  for (const Vector& vector : testing::vectors()) {
    for (std::size_t i = 0; i < vector.handshake(); ++i) {
      const Sides sides = sides_at(vector, i);
      Bytes bytes = vector.messages[i].bytes;
      ASSERT_FALSE(noticed(sides, vector.pattern, i, bytes)) << "the message itself";
      for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
        bytes[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
        EXPECT_TRUE(noticed(sides, vector.pattern, i, bytes)) << "message " << i << " bit " << bit;
        bytes[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
      }
    }
  }
}

TEST(NoiseHandshake, EveryMessageCutShortOrMadeLongerIsNoticed) {
  for (const Vector& vector : testing::vectors()) {
    for (std::size_t i = 0; i < vector.handshake(); ++i) {
      const Sides sides = sides_at(vector, i);
      Bytes bytes = vector.messages[i].bytes;
      for (std::size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_TRUE(noticed(sides, vector.pattern, i, ByteView(bytes).first(size)))
            << "message " << i << " size " << size;
      }
      bytes.push_back(0);
      EXPECT_TRUE(noticed(sides, vector.pattern, i, bytes));
    }
  }
}

TEST(NoiseHandshake, EveryFlippedBitOfATransportMessageIsRefused) {
  for (const Vector& vector : testing::vectors()) {
    const std::size_t first = vector.handshake();
    Sides sides = testing::sides_after(vector, first);
    CipherState receive = sides.reader(first).split().receive;
    Bytes bytes = vector.messages[first].bytes, out;
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
      bytes[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
      EXPECT_EQ(receive.decrypt_with_ad({}, bytes, out).code(), Errc::bad_bytes);
      bytes[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    }
    EXPECT_TRUE(out.empty());
    EXPECT_TRUE(receive.decrypt_with_ad({}, bytes, out).ok()) << "forged ones took its nonce";
    EXPECT_EQ(receive.decrypt_with_ad({}, bytes, out).code(), Errc::bad_bytes) << "a replay";
  }
}

TEST(NoiseHandshake, ARefusedMessageSpoilsNothing) {
  for (const Vector& vector : testing::vectors()) {
    Sides sides = testing::sides_of(vector);
    for (std::size_t i = 0; i < vector.handshake(); ++i) {
      ASSERT_TRUE(sides.writer(i).write_message(vector.messages[i].payload).ok());
      Bytes forged = vector.messages[i].bytes;
      forged.back() ^= 1;
      const Bytes noise(forged.size(), 0x77), none;
      if (vector.pattern != Pattern::xx || i != 0) {
        EXPECT_FALSE(sides.reader(i).read_message(forged).ok());
        EXPECT_FALSE(sides.reader(i).read_message(noise).ok());
      }
      EXPECT_FALSE(sides.reader(i).read_message(none).ok());
      ASSERT_TRUE(sides.reader(i).read_message(vector.messages[i].bytes).ok());
    }
    EXPECT_EQ(sides.initiator.handshake_hash(), sides.responder.handshake_hash());
  }
}

TEST(NoiseHandshake, WrongKeysAndPrologues) {
  const crypto::DhKey alice = key(1), bob = key(2), mallory = key(3), fresh = key(4), other = key(5);
  const ByteView us = as_bytes("network 1");
  // IK to another than meant.
  HandshakeState to_bob(Pattern::ik, true, us, {alice, fresh, bob.public_key()});
  const Bytes hello = *to_bob.write_message(as_bytes("hello"));
  HandshakeState at_mallory(Pattern::ik, false, us, {mallory, other});
  EXPECT_EQ(at_mallory.read_message(hello).code(), Errc::bad_bytes);
  // Of another network, another pattern.
  HandshakeState elsewhere(Pattern::ik, false, as_bytes("network 2"), {bob, other});
  EXPECT_EQ(elsewhere.read_message(hello).code(), Errc::bad_bytes);
  HandshakeState with_xx(Pattern::xx, false, us, {bob, other});
  ASSERT_TRUE(with_xx.read_message(hello).ok());  // taken for a key and a payload
  EXPECT_EQ(to_bob.read_message(*with_xx.write_message({})).code(), Errc::bad_bytes);
  // Mallory answers in Bob's place, with all but his static key.
  HandshakeState as_bob(Pattern::ik, false, us, {bob, other});
  ASSERT_TRUE(as_bob.read_message(hello).ok());
  const Bytes honest = *as_bob.write_message({});
  HandshakeState to_mallory(Pattern::ik, true, us, {alice, fresh, mallory.public_key()});
  ASSERT_TRUE(at_mallory.read_message(*to_mallory.write_message({})).ok());
  EXPECT_EQ(to_bob.read_message(*at_mallory.write_message({})).code(), Errc::bad_bytes);
  EXPECT_TRUE(to_bob.read_message(honest).ok());
}

TEST(NoiseHandshake, Replays) {
  const crypto::DhKey alice = key(1), bob = key(2), first = key(3), second = key(4), third = key(5);
  HandshakeState initiator(Pattern::ik, true, {}, {alice, first, bob.public_key()});
  const Bytes hello = *initiator.write_message(as_bytes("hello"));
  HandshakeState responder(Pattern::ik, false, {}, {bob, second});
  ASSERT_TRUE(responder.read_message(hello).ok());
  EXPECT_EQ(responder.read_message(hello).code(), Errc::invalid) << "the same again in one handshake";
  const Bytes answer = *responder.write_message({});
  EXPECT_EQ(initiator.read_message(hello).code(), Errc::bad_bytes) << "its own, sent back";
  // A responder that keeps nothing can't tell an old first message (the specification's 7.7); whoever sends it again gets
  // nowhere: what comes back needs Alice's ephemeral key, and no message of that session opens in this one.
  HandshakeState again(Pattern::ik, false, {}, {bob, third});
  ASSERT_TRUE(again.read_message(hello).ok());
  const Bytes answer_to_nobody = *again.write_message({});
  ASSERT_TRUE(initiator.read_message(answer).ok());
  EXPECT_EQ(initiator.read_message(answer_to_nobody).code(), Errc::invalid);
  Bytes sealed, opened;
  ASSERT_TRUE(initiator.split().send.encrypt_with_ad({}, as_bytes("do it"), sealed).ok());
  CipherState old = responder.split().receive, replayed = again.split().receive;
  EXPECT_EQ(replayed.decrypt_with_ad({}, sealed, opened).code(), Errc::bad_bytes);
  EXPECT_TRUE(old.decrypt_with_ad({}, sealed, opened).ok());
  // An answer of an older handshake in a new one.
  HandshakeState anew(Pattern::ik, true, {}, {alice, third, bob.public_key()});
  ASSERT_TRUE(anew.write_message({}).ok());
  EXPECT_EQ(anew.read_message(answer).code(), Errc::bad_bytes);
}

// RFC 7748's points of low order: whoever sends one would know the secret beforehand.
TEST(NoiseHandshake, KeysThatGiveNoSecretAreRefused) {
  const char* const low[] = {
      "0000000000000000000000000000000000000000000000000000000000000000",
      "0100000000000000000000000000000000000000000000000000000000000000",
      "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
      "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  };
  const crypto::DhKey alice = key(1), bob = key(2), fresh = key(3), other = key(4);
  crypto::Secret<crypto::DhShared> shared;
  EXPECT_TRUE(alice.agree(bob.public_key(), shared));
  for (const char* hex : low) {
    const crypto::DhPublic point = *crypto::DhPublic::from(*from_hex(hex));
    EXPECT_FALSE(alice.agree(point, shared)) << hex;
    // As static key of the responder; as ephemeral key of either side.
    HandshakeState to_nobody(Pattern::ik, true, {}, {alice, fresh, point});
    EXPECT_EQ(to_nobody.write_message({}).code(), Errc::bad_bytes);
    HandshakeState responder(Pattern::ik, false, {}, {bob, other});
    Bytes hello = copy_of(point.view());
    hello.resize(96);
    EXPECT_EQ(responder.read_message(hello).code(), Errc::bad_bytes);
    HandshakeState initiator(Pattern::xx, true, {}, {alice, fresh});
    ASSERT_TRUE(initiator.write_message({}).ok());
    EXPECT_EQ(initiator.read_message(hello).code(), Errc::bad_bytes);
  }
}

TEST(NoiseHandshake, MessagesEndAt65535Bytes) {
  const crypto::DhKey alice = key(1), bob = key(2), fresh = key(3), other = key(4);
  const auto initiator = [&](Pattern pattern) {
    std::optional<crypto::DhPublic> remote;
    if (pattern == Pattern::ik) remote = bob.public_key();
    return HandshakeState(pattern, true, {}, {alice, fresh, remote});
  };
  for (const Pattern pattern : {Pattern::xx, Pattern::ik}) {
    HandshakeState state = initiator(pattern);
    const std::size_t beside = pattern == Pattern::xx ? 32 : 32 + 48 + 16;
    Bytes payload(kMaxMessage - beside + 1, 7);
    EXPECT_EQ(state.write_message(payload).code(), Errc::too_large);
    EXPECT_EQ(state.write_message(Bytes(kMaxMessage + 1)).code(), Errc::too_large);
    payload.pop_back();
    Bytes message = *state.write_message(payload);
    EXPECT_EQ(message.size(), kMaxMessage);
    HandshakeState responder(pattern, false, {}, {bob, other});
    HandshakeState another = responder;
    EXPECT_EQ(*responder.read_message(message), payload);
    message.push_back(0);
    EXPECT_EQ(another.read_message(message).code(), Errc::too_large);
  }
}

TEST(NoiseHandshake, TurnsAreKept) {
  const Vector& vector = testing::vectors()[0];
  Sides sides = testing::sides_of(vector);
  EXPECT_EQ(sides.responder.write_message({}).code(), Errc::invalid);
  EXPECT_EQ(sides.initiator.read_message(vector.messages[1].bytes).code(), Errc::invalid);
  Sides done = testing::sides_after(vector, 3);
  EXPECT_EQ(done.initiator.write_message({}).code(), Errc::invalid);
  EXPECT_EQ(done.responder.write_message({}).code(), Errc::invalid);
  EXPECT_EQ(done.initiator.read_message({}).code(), Errc::invalid);
  EXPECT_FALSE(done.initiator.my_turn() || done.responder.my_turn());
}

}  // namespace
}  // namespace meshfs::noise
