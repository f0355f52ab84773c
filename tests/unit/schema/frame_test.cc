// Frames, credentials and invites.
#include <gtest/gtest.h>

#include "tests/unit/schema/example.h"
#include "tests/unit/schema/random_records.h"

namespace meshfs::codec {
namespace {

using namespace meshfs::testing;

const crypto::AeadKey kSession = filled<crypto::AeadKey>(3);
const crypto::SivKey kNetwork(filled<crypto::LinkKey>(3));
const Packet kPacket{{{7, 9}}, {{1, 0, 50, Bytes(50, 0x61)}}};

bool holds(ByteView bytes, ByteView part) {
  return std::search(bytes.begin(), bytes.end(), part.begin(), part.end()) != bytes.end();
}

TEST(Frame, APacketOpensWithItsKeyOnlyAndShowsNothing) {
  const FrameHeader header{FrameKind::packet, 0x01020304, 0x1112131415161718};
  const Bytes frame = seal_packet(kSession, header, kPacket);
  ASSERT_EQ(frame.size(), kFrameHeaderBytes + encode_packet(kPacket).size());
  EXPECT_EQ(*peek_frame(frame), header);
  EXPECT_EQ(*open_packet(kSession, frame), encode_packet(kPacket));
  EXPECT_EQ(open_packet(filled<crypto::AeadKey>(4), frame).code(), Errc::bad_bytes);
  EXPECT_TRUE(holds(encode_packet(kPacket), Bytes(50, 0x61)));  // the control
  EXPECT_FALSE(holds(frame, Bytes(4, 0x61)));
}

TEST(Frame, NewsAndBeaconsOpenWithTheNetworksKeyOnlyAndShowNothing) {
  Rng rng(6);
  for (int i = 0; i < 50; ++i) {
    const News news = random_news(rng);
    const FrameHeader header{FrameKind::news, 0, rng.next()};
    const Bytes frame = seal_news(kNetwork, header, news), plain = encode_news(news);
    EXPECT_EQ(frame, seal_shared(kNetwork, header, plain));
    EXPECT_EQ(*peek_frame(frame), header);
    EXPECT_EQ(*open_shared(kNetwork, frame), plain);
    EXPECT_EQ(open_shared(crypto::SivKey(filled<crypto::LinkKey>(4)), frame).code(), Errc::bad_bytes);
    EXPECT_FALSE(holds(frame, ByteView(plain).first(8)));
  }
  // Two that differ anywhere have nothing in common: whoever listens can't compare them.
  const Bytes one = seal_shared(kNetwork, {FrameKind::beacon, 0, 1}, Bytes(200)),
              two = seal_shared(kNetwork, {FrameKind::beacon, 0, 2}, Bytes(200));
  EXPECT_FALSE(holds(two, ByteView(one).subspan(kFrameHeaderBytes, 8)));
}

template <class Open>
void expect_no_change_opens(const Bytes& good, const Open& open) {
  ASSERT_TRUE(open(good).ok());  // the control
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes bad = good;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    ASSERT_FALSE(open(bad).ok()) << bit;
  }
  for (std::size_t size = 0; size < good.size(); ++size) ASSERT_FALSE(open(ByteView(good).first(size)).ok());
}

TEST(Frame, NoFlippedBitAndNoPieceOpens) {
  expect_no_change_opens(seal_shared(kNetwork, {FrameKind::beacon, 0, 9}, encode_beacon(example_beacon())),
                         [](ByteView frame) { return open_shared(kNetwork, frame); });
  expect_no_change_opens(seal_packet(kSession, {FrameKind::packet, 5, 9}, kPacket),
                         [](ByteView frame) { return open_packet(kSession, frame); });
}

TEST(Frame, SaysWhatIsWrong) {
  Bytes frame = plain_header({FrameKind::handshake, 0, 1});
  frame.resize(kFrameHeaderBytes);
  EXPECT_TRUE(peek_frame(frame).ok());
  frame[1] = 1;
  EXPECT_EQ(peek_frame(frame).code(), Errc::unsupported);
  frame[1] = kWireVersion;
  frame[2] = 6;
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

TEST(Credential, ProvesAMemberAndItsLinkKeyAndNothingElse) {
  Rng rng(2);
  const Identity identity = random_identity(rng);
  const LinkIdentity link = link_identity_of(identity);
  const NetworkId network = network_id(identity.genesis);
  const auto judged = [&](ByteView bytes, const crypto::DhPublic& key, const NetworkId& of) {
    return verify_credential(bytes, key, of, link.admission_key);
  };
  const crypto::DhPublic key = crypto::DhKey(link.secret).public_key();
  const Result<Member> member = judged(link.credential, key, network);
  ASSERT_TRUE(member.ok());
  EXPECT_EQ(*member, identity.member);
  EXPECT_EQ(judged(link.credential, filled<crypto::DhPublic>(1), network).code(), Errc::denied);  // somebody else's
  EXPECT_EQ(judged(link.credential, key, example_network()).code(), Errc::denied);
  EXPECT_FALSE(judged({}, key, network).ok());
  for (std::size_t bit = 0; bit < link.credential.size() * 8; ++bit) {
    Bytes bad = link.credential;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    ASSERT_FALSE(judged(bad, key, network).ok()) << bit;
  }
  // Its device is another one than that of the member record.
  Identity other = identity;
  other.device_seed = random_fixed<crypto::Seed>(rng);
  EXPECT_EQ(
      judged(link_identity_of(other).credential, crypto::DhKey(link_identity_of(other).secret).public_key(), network)
          .code(),
      Errc::denied);
  EXPECT_LE(link.credential.size(), kMaxCredentialBytes);
  Identity longest = identity;
  longest.member.name = std::string(32, 'x');
  EXPECT_LE(link_identity_of(longest).credential.size(), kMaxCredentialBytes);
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
