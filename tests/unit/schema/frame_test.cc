// Frames, session keys and invites.
#include <gtest/gtest.h>

#include "tests/unit/schema/example.h"
#include "tests/unit/schema/random_records.h"

namespace meshfs::codec {
namespace {

using namespace meshfs::testing;

const crypto::LinkKey kKey = filled<crypto::LinkKey>(3);

TEST(Frame, OpensWithItsKeyOnly) {
  const FrameHeader header{FrameKind::packet, 0x01020304, 0x1112131415161718};
  const Bytes payload{1, 2, 3};
  const Bytes frame = seal_frame(kKey, header, payload);
  ASSERT_EQ(frame.size(), kFrameHeaderBytes + 3);
  EXPECT_EQ(*peek_frame(frame), header);
  EXPECT_EQ(copy_of(*open_frame(kKey, frame)), payload);
  EXPECT_EQ(open_frame(filled<crypto::LinkKey>(4), frame).code(), Errc::bad_bytes);
}

TEST(Frame, APacketSealedAtOnceIsTheSameFrame) {
  Rng rng(5);
  for (int i = 0; i < 50; ++i) {
    Packet packet;
    packet.acks = {{7, 9}};
    for (std::uint64_t n = 0; n < rng.below(5); ++n) packet.pieces.push_back({n + 1, 0, 50, random_bytes(rng, 50)});
    const FrameHeader header{FrameKind::packet, 0x01020304, rng.next()};
    EXPECT_EQ(seal_packet(kKey, header, packet), seal_frame(kKey, header, encode_packet(packet)));
  }
}

TEST(Frame, NewsSealedAtOnceIsTheSameFrame) {
  Rng rng(6);
  for (int i = 0; i < 50; ++i) {
    const News news = random_news(rng);
    const FrameHeader header{FrameKind::news, 0, rng.next()};
    const Bytes frame = seal_news(kKey, header, news);
    EXPECT_EQ(frame, seal_frame(kKey, header, encode_news(news)));
    EXPECT_EQ(*peek_frame(frame), header);
  }
}

TEST(Frame, NoFlippedBitAndNoPieceOpens) {
  const Bytes good = seal_frame(kKey, {FrameKind::beacon, 0, 9}, encode_beacon(example_beacon()));
  ASSERT_TRUE(open_frame(kKey, good).ok());  // the control
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes bad = good;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    ASSERT_FALSE(open_frame(kKey, bad).ok()) << bit;
  }
  for (std::size_t size = 0; size < good.size(); ++size)
    ASSERT_FALSE(open_frame(kKey, ByteView(good).first(size)).ok());
}

TEST(Frame, SaysWhatIsWrong) {
  Bytes frame = seal_frame(kKey, {FrameKind::hello, 0, 0}, {});
  EXPECT_TRUE(peek_frame(frame).ok());
  frame[1] = 2;
  EXPECT_EQ(peek_frame(frame).code(), Errc::unsupported);
  frame[1] = 1;
  frame[2] = 5;
  EXPECT_EQ(peek_frame(frame).code(), Errc::bad_bytes);
  frame[2] = 4;
  frame.resize(kMaxFrameBeforeAuth);
  EXPECT_TRUE(peek_frame(frame).ok());
  frame.resize(kMaxFrameBeforeAuth + 1);
  EXPECT_EQ(peek_frame(frame).code(), Errc::too_large);
  frame[2] = 3;
  frame.resize(kMaxFrameAfterAuth);
  EXPECT_TRUE(peek_frame(frame).ok());
  frame.resize(kMaxFrameAfterAuth + 1);
  EXPECT_EQ(peek_frame(frame).code(), Errc::too_large);
}

TEST(Frame, ALargestBeaconFitsADatagram) {
  Rng rng(1);
  Beacon beacon = example_beacon();
  for (SetSummary& set : beacon.sets) set = {set.set, ~0ULL, random_fixed<Fingerprint>(rng)};
  EXPECT_LE(kFrameHeaderBytes + encode_beacon(beacon).size(), 256u);
}

TEST(Session, BothSidesDeriveOneKey) {
  Rng rng(2);
  const Hello a = random_hello(rng);
  const Hello b = random_hello(rng);
  Hello other = b;
  other.nonce.data[0] ^= 1;
  EXPECT_EQ(session_key(kKey, a, b), session_key(kKey, b, a));
  EXPECT_NE(session_key(kKey, a, b), session_key(kKey, a, other));
  EXPECT_NE(session_key(kKey, a, b), session_key(filled<crypto::LinkKey>(4), a, b));
}

TEST(Invite, AMistypedTokenIsToldApart) {
  Rng rng(3);
  const Identity identity = random_identity(rng);
  const std::string token = encode_invite({identity.genesis, identity.network_secret});
  ASSERT_TRUE(decode_invite(token).ok());
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string typo = token;
    typo[i] = typo[i] == 'A' ? 'B' : 'A';
    ASSERT_FALSE(decode_invite(typo).ok()) << i;
    if (i >= 8) {
      ASSERT_NE(decode_invite(typo).failure().message.find("mistyped"), std::string::npos);
    }
  }
  EXPECT_NE(decode_invite(token.substr(0, token.size() - 1)).failure().message.find("mistyped"), std::string::npos);
  EXPECT_NE(decode_invite("hello").failure().message.find("no invite"), std::string::npos);
  EXPECT_FALSE(decode_invite("").ok());
  EXPECT_FALSE(decode_invite("meshfs1-").ok());
  EXPECT_FALSE(decode_invite("meshfs1-" + std::string(100'000, 'A')).ok());
}

TEST(Invite, ItsSecretMustBeThatOfItsNetwork) {
  Rng rng(4);
  const Identity identity = random_identity(rng);
  EXPECT_FALSE(decode_invite(encode_invite({identity.genesis, random_fixed<crypto::Seed>(rng)})).ok());
}

TEST(Identity, ANewOneIsCompleteAndDiffersEachTime) {
  Rng rng(5);
  const Identity founder = random_identity(rng);
  const auto seed = random_fixed<crypto::Seed>(rng);
  const Identity one = make_identity(founder.genesis, founder.network_secret, seed, "router-7");
  const Identity two = make_identity(founder.genesis, founder.network_secret, seed, "router-7");
  ASSERT_TRUE(decode_identity(encode_identity(one)).ok());
  EXPECT_TRUE(verify_member(one.member, network_id(founder.genesis), founder.genesis.admission_key));
  EXPECT_FALSE(verify_member(one.member, example_network(), founder.genesis.admission_key));
  EXPECT_EQ(one.member.node, two.member.node);
  EXPECT_NE(author_tag(one.member.device, one.member.store), author_tag(two.member.device, two.member.store));
  EXPECT_NE(node_volume(one.member.node), node_volume(founder.member.node));
  EXPECT_EQ(set_of(node_volume(one.member.node)), SetId::nodes);
}

}  // namespace
}  // namespace meshfs::codec
