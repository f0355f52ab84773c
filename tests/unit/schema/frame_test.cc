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
  EXPECT_EQ(*open_counted(kSession, frame), encode_packet(kPacket));
  EXPECT_EQ(open_counted(filled<crypto::AeadKey>(4), frame).code(), Errc::bad_bytes);
  EXPECT_TRUE(holds(encode_packet(kPacket), Bytes(50, 0x61)));  // the control
  EXPECT_FALSE(holds(frame, Bytes(4, 0x61)));
}

TEST(Frame, NewsOpenWithTheirSendersKeyOnlyAndShowNothing) {
  Rng rng(6);
  for (int i = 0; i < 50; ++i) {
    const News news = random_news(rng);
    const FrameHeader header{FrameKind::news, 0x01020304, rng.next()};
    const Bytes frame = seal_news(kSession, header, news), plain = encode_news(news);
    EXPECT_EQ(frame.size(), kFrameHeaderBytes + plain.size());
    EXPECT_EQ(*peek_frame(frame), header);
    EXPECT_EQ(*open_counted(kSession, frame), plain);
    EXPECT_EQ(open_counted(filled<crypto::AeadKey>(4), frame).code(), Errc::bad_bytes);
    EXPECT_EQ(open_shared(kNetwork, frame).code(), Errc::bad_bytes);
    EXPECT_FALSE(holds(frame, ByteView(plain).first(8)));
  }
}

TEST(Frame, ABeaconOpensWithTheNetworksKeyOnlyAndShowsNothing) {
  Rng rng(6);
  for (int i = 0; i < 50; ++i) {
    const FrameHeader header{FrameKind::beacon, 0, rng.next()};
    const Bytes plain = encode_beacon(random_beacon(rng)), frame = seal_shared(kNetwork, header, plain);
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
                         [](ByteView frame) { return open_counted(kSession, frame); });
  expect_no_change_opens(seal_news(kSession, {FrameKind::news, 5, 9}, {{}, {filled<NewsKey>(1)}, {}, true}),
                         [](ByteView frame) { return open_counted(kSession, frame); });
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

// A network with a credential of one of its nodes.
struct Shown {
  explicit Shown(Identity identity, const std::optional<Proof>& proof = {})
      : who(std::move(identity)), link(link_identity_of(who, proof)), network(network_id(who.genesis)) {}
  Errc judged(const Roster& roster) const { return judged(roster, link.credential); }
  Errc judged(const Roster& roster, ByteView bytes) const {
    const auto shown = verify_credential(bytes, crypto::DhKey(link.secret).public_key(), network);
    if (!shown) return shown.code();
    return lets_in(roster, bytes, network) ? Errc::exists : Errc::denied;
  }
  Identity who;
  LinkIdentity link;
  NetworkId network;
};

TEST(Credential, ProvesAMemberAndItsLinkKeyAndNothingElse) {
  Rng rng(2);
  const Shown shown(random_identity(rng));
  const Roster roster = first_roster(shown.who);
  const crypto::DhPublic key = crypto::DhKey(shown.link.secret).public_key();
  const Result<Member> member = verify_credential(shown.link.credential, key, shown.network);
  ASSERT_TRUE(member.ok());
  EXPECT_EQ(*member, shown.who.member);
  const auto of = [&](const crypto::DhPublic& link, const NetworkId& network) {
    return verify_credential(shown.link.credential, link, network).code();
  };
  EXPECT_EQ(of(filled<crypto::DhPublic>(1), shown.network), Errc::denied);  // somebody else's
  EXPECT_EQ(of(key, example_network()), Errc::denied);
  EXPECT_NE(shown.judged(roster, {}), Errc::exists);
  for (std::size_t bit = 0; bit < shown.link.credential.size() * 8; ++bit) {
    Bytes bad = shown.link.credential;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    // An invitation's signature says nothing of an admin.
    if (shown.judged(roster, bad) != Errc::exists) continue;
    ASSERT_FALSE(shown.who.member.invitation.is_zero()) << bit;
  }
  // Its device is another one than that of the member record.
  Identity other = shown.who;
  other.device_seed = random_fixed<crypto::Seed>(rng);
  EXPECT_EQ(Shown(other).judged(roster), Errc::denied);
}

TEST(Credential, TheRosterDecidesWhoComesIn) {
  Rng rng(7);
  const Identity admin = random_identity(rng);
  const crypto::SigningKey invite = random_key(rng);
  const auto seed = random_fixed<crypto::Seed>(rng);
  const std::string longest(32, 'x');
  const Shown candidate(make_identity(admin.genesis, admin.network_secret, seed, longest, &invite));
  Roster roster = first_roster(admin);
  EXPECT_EQ(candidate.judged(roster), Errc::denied);
  roster.open = true;  // we are none ourselves
  EXPECT_EQ(candidate.judged(roster), Errc::exists);
  roster.open = false;
  roster.invites = {random_key(rng).public_key(), invite.public_key()};
  EXPECT_EQ(candidate.judged(roster), Errc::exists);
  roster.invites.clear();
  roster.devices = {candidate.who.member.device};
  EXPECT_EQ(candidate.judged(roster), Errc::exists);
  roster.denied = roster.devices;
  roster.open = true;
  EXPECT_EQ(candidate.judged(roster), Errc::denied);

  // Let in by an admin of whom we know: nobody has to have heard of it.
  roster = first_roster(admin);
  Proof proof{{candidate.who.member.node, candidate.who.member.invitation, author_tag(admin.member), true, {}},
              admin.member};
  sign_admission(proof.admission, candidate.network, crypto::SigningKey::from_seed(admin.device_seed));
  const Shown let_in(candidate.who, proof);
  EXPECT_EQ(let_in.judged(roster), Errc::exists);
  EXPECT_LE(let_in.link.credential.size(), kMaxCredentialBytes);
  std::printf("credential of a member: %zu bytes\n", let_in.link.credential.size());
  for (const auto bend :
       {+[](Proof& p) { p.admission.guest = false; }, +[](Proof& p) { p.admission.node.data[3] ^= 1; },
        +[](Proof& p) { p.admitter.epoch += 1; }, +[](Proof& p) { p.admitter.device.data[3] ^= 1; }}) {
    Proof bent = proof;
    bend(bent);
    EXPECT_EQ(Shown(candidate.who, bent).judged(roster), Errc::denied);
  }
  roster.admins = {random_key(rng).public_key()};  // the admitter is no admin
  EXPECT_EQ(let_in.judged(roster), Errc::denied);
  roster = first_roster(admin);
  roster.denied = {admin.member.device};  // or its key was replaced
  EXPECT_EQ(let_in.judged(roster), Errc::denied);
}

TEST(Token, AMistypedOneIsToldApart) {
  Rng rng(3);
  const std::string token = encode_token(random_token(rng));
  ASSERT_TRUE(decode_token(token).ok());
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string typo = token;
    typo[i] = typo[i] == 'A' ? 'B' : 'A';
    ASSERT_FALSE(decode_token(typo).ok()) << i;
    if (i >= 8) {
      ASSERT_NE(decode_token(typo).failure().message.find("mistyped"), std::string::npos);
    }
  }
  EXPECT_NE(decode_token(token.substr(0, token.size() - 1)).failure().message.find("mistyped"), std::string::npos);
  EXPECT_NE(decode_token("hello").failure().message.find("no invite"), std::string::npos);
  EXPECT_FALSE(decode_token("").ok());
  EXPECT_FALSE(decode_token("meshfs1-").ok());
  EXPECT_FALSE(decode_token("meshfs1-" + std::string(100'000, 'A')).ok());
}

TEST(Identity, ANewOneIsCompleteAndDiffersEachTime) {
  Rng rng(5);
  const Identity founder = random_identity(rng);
  const NetworkId network = network_id(founder.genesis);
  const auto seed = random_fixed<crypto::Seed>(rng);
  const crypto::SigningKey invite = random_key(rng);
  const Identity one = make_identity(founder.genesis, founder.network_secret, seed, "router-7", &invite);
  const Identity two = make_identity(founder.genesis, founder.network_secret, seed, "router-7");
  ASSERT_TRUE(decode_identity(encode_identity(one)).ok());
  EXPECT_TRUE(signed_by_node(one.member, network));
  EXPECT_FALSE(signed_by_node(one.member, example_network()));
  EXPECT_TRUE(signed_by_invite(one.member, network, invite.public_key()));
  EXPECT_FALSE(signed_by_invite(one.member, network, random_key(rng).public_key()));
  EXPECT_EQ(one.member.node, two.member.node);
  EXPECT_NE(author_tag(one.member), author_tag(two.member));
  EXPECT_NE(node_volume(one.member.node), node_volume(founder.member.node));
  EXPECT_EQ(set_of(node_volume(one.member.node)), SetId::nodes);
}

TEST(Identity, RotatesItsDeviceAndStaysTheNode) {
  Rng rng(6);
  const Identity founder = random_identity(rng);
  const auto seed = random_fixed<crypto::Seed>(rng);
  const Identity before = make_identity(founder.genesis, founder.network_secret, seed, "router-7");
  Identity after = before;
  rotate_device(after, seed);
  EXPECT_EQ(after.member.node, before.member.node);
  EXPECT_EQ(after.member.epoch, before.member.epoch + 1);
  EXPECT_NE(after.member.device, before.member.device);
  EXPECT_NE(author_tag(after.member), author_tag(before.member));
  EXPECT_TRUE(decode_identity(encode_identity(after)).ok());
  after.node_seed.reset();  // kept elsewhere
  EXPECT_TRUE(decode_identity(encode_identity(after)).ok());
  ASSERT_EQ(after.former.size(), 1u);
  EXPECT_EQ(after.former[0], (FormerDevice{before.member.store, before.device_seed}));
  for (std::size_t i = 0; i < kMaxFormerDevices; ++i) rotate_device(after, seed);
  EXPECT_EQ(after.former.size(), kMaxFormerDevices);
  EXPECT_NE(after.former.back(), (FormerDevice{before.member.store, before.device_seed})) << "the oldest went";
  EXPECT_TRUE(decode_identity(encode_identity(after)).ok());
}

}  // namespace
}  // namespace meshfs::codec
