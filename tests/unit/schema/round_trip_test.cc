// What is encoded decodes to the same, for random records of every type; cut short, or with anything appended, it is refused.
#include <gtest/gtest.h>

#include "tests/unit/schema/example.h"
#include "tests/unit/schema/random_records.h"

namespace meshfs::codec {
namespace {

using namespace meshfs::testing;

constexpr int kRounds = 300;

// Encoded, decoded and compared; then every prefix (long ones: a sample) and three kinds of trailing garbage.
template <class T, class Encode, class Decode>
void expect_round_trip(const T& value, Encode encode, Decode decode) {
  const Bytes bytes = encode(value);
  const auto back = decode(ByteView(bytes));
  ASSERT_TRUE(back.ok()) << back.failure().message << " " << to_hex(bytes);
  ASSERT_TRUE(*back == value) << to_hex(bytes);
  ASSERT_EQ(encode(*back), bytes);
  const std::size_t step = bytes.size() < 200 ? 1 : bytes.size() / 100;
  for (std::size_t size = 0; size < bytes.size(); size += step) {
    ASSERT_FALSE(decode(ByteView(bytes).first(size)).ok()) << "cut to " << size << ": " << to_hex(bytes);
  }
  for (const Bytes& more : {Bytes{0}, Bytes{0, 0}, Bytes{1, 1}}) {
    Bytes longer = bytes;
    longer.insert(longer.end(), more.begin(), more.end());
    ASSERT_FALSE(decode(ByteView(longer)).ok()) << "with " << to_hex(more) << ": " << to_hex(bytes);
  }
}

TEST(RoundTrip, Entry) {
  Rng rng(1);
  for (int i = 0; i < kRounds; ++i) {
    const VolumeTag volume = i % 2 == 0 ? kSharedVolume : random_fixed<VolumeTag>(rng);
    const Entry entry = random_entry(rng, volume);
    ASSERT_TRUE(check_entry(entry).ok()) << check_entry(entry).failure().message;
    expect_round_trip(
        entry, [&](const Entry& e) { return encode_entry(volume, e); },
        [&](ByteView b) { return decode_entry(volume, b); });
  }
}

TEST(RoundTrip, CommitHeaderAndProven) {
  Rng rng(2);
  const auto network = random_fixed<NetworkId>(rng);
  const crypto::SigningKey key = random_key(rng);
  for (int i = 0; i < kRounds / 3; ++i) {
    const Commit commit = random_commit(rng, network, key);
    expect_round_trip(commit, encode_commit, decode_commit);
    expect_round_trip(signed_header(commit), encode_signed_header, decode_signed_header);
    const auto index = static_cast<std::uint32_t>(rng.below(commit.entries.size()));
    const ProvenEntry proven = prove(commit, index);
    EXPECT_TRUE(proves(proven));
    expect_round_trip(proven, encode_proven, decode_proven);
  }
}

TEST(RoundTrip, HashList) {
  Rng rng(3);
  for (int i = 0; i < kRounds / 3; ++i) expect_round_trip(random_hash_list(rng), encode_list, decode_list);
}

TEST(RoundTrip, NetworkRecords) {
  Rng rng(4);
  for (int i = 0; i < kRounds / 10; ++i) {
    const Identity identity = random_identity(rng);
    expect_round_trip(identity.genesis, encode_genesis, decode_genesis);
    expect_round_trip(identity.member, encode_member, decode_member);
    EXPECT_LE(encode_member(identity.member).size(), kMaxInlineBytes);
    expect_round_trip(identity, encode_identity, decode_identity);
    expect_round_trip(random_invitation(rng), encode_invitation, decode_invitation);
    expect_round_trip(random_admission(rng), encode_admission, decode_admission);
    const Refusal refusal{random_fixed<AuthorTag>(rng), random_fixed<InvitationId>(rng), "used already"};
    expect_round_trip(refusal, encode_refusal, decode_refusal);
    const Token token = random_token(rng);
    const Result<Token> back = decode_token(encode_token(token));
    ASSERT_TRUE(back.ok()) << back.failure().message;
    EXPECT_EQ(*back, token);
  }
}

TEST(RoundTrip, BeaconHelloPacket) {
  Rng rng(5);
  for (int i = 0; i < kRounds / 3; ++i) {
    expect_round_trip(random_beacon(rng), encode_beacon, decode_beacon);
    expect_round_trip(random_hello(rng), encode_hello, decode_hello);
    expect_round_trip(random_packet(rng), encode_packet, decode_packet);
    expect_round_trip(random_news(rng), encode_news, decode_news);
  }
}

TEST(RoundTrip, Messages) {
  Rng rng(6);
  for (int i = 0; i < kRounds; ++i) {
    expect_round_trip(random_message(rng, static_cast<std::size_t>(i) % std::variant_size_v<Message>), encode_message,
                      decode_message);
  }
}

// Blobs of a shared message are views of it; what they show is the same, also once nobody else holds the message.
TEST(RoundTrip, SharedMessages) {
  Rng rng(8);
  for (int i = 0; i < kRounds; ++i) {
    const Message message = random_message(rng, static_cast<std::size_t>(i) % std::variant_size_v<Message>);
    expect_round_trip(message, encode_message,
                      [](ByteView bytes) { return decode_shared_message(SharedView(copy_of(bytes))); });
  }
  EXPECT_FALSE(decode_shared_message(SharedView()).ok());
}

TEST(RoundTrip, Local) {
  Rng rng(7);
  for (int i = 0; i < kRounds; ++i) {
    const auto which = static_cast<std::size_t>(i);
    expect_round_trip(random_to_syncd(rng, which % std::variant_size_v<local::ToSyncd>), local::encode_to_syncd,
                      local::decode_to_syncd);
    expect_round_trip(random_to_fsd(rng, which % std::variant_size_v<local::ToFsd>), local::encode_to_fsd,
                      local::decode_to_fsd);
  }
}

// Lists whose elements hold nothing but default values take no bytes: they must not look like amplification.
TEST(RoundTrip, ListsOfTheUsualCase) {
  local::Judged judged{1, {}};
  local::NeedBlobs needs;
  for (unsigned i = 0; i < kMaxWants; ++i) judged.bundles.push_back({local::Verdict::accepted, {}});
  for (unsigned i = 0; i < kMaxWants; ++i) needs.needs.emplace_back();
  const local::ToSyncd messages[] = {judged, needs};
  for (const auto& message : messages) {
    expect_round_trip(message, local::encode_to_syncd, local::decode_to_syncd);
  }
  Push push;
  for (unsigned i = 0; i < kMaxWants; ++i) push.bundles.push_back({ItemForm::commit, {1}});
  expect_round_trip(Message(push), encode_message, decode_message);
}

// The lists of one file name one base: it travels once for all of them.
TEST(RoundTrip, BasesTravelOnce) {
  Rng rng(8);
  WantBlobs wants;
  const std::vector<Hash> bases = random_list<Hash>(rng, 2, 0);
  for (int i = 0; i < 8; ++i) wants.wants.push_back({random_fixed<Hash>(rng), BlobKind::list, {}});
  const std::size_t without = encode_message(wants).size();
  for (auto& want : wants.wants) want.bases = bases;
  const std::size_t with = encode_message(wants).size();
  EXPECT_LE(without, 8 * 38 + 24);
  EXPECT_LE(with, without + 2 * 32 + 8 + 16);
  expect_round_trip(Message(wants), encode_message, decode_message);
}

TEST(RoundTrip, BulletinPage) {
  Rng rng(12);
  const crypto::SivKey key = page_key(filled<crypto::LinkKey>(7)), other = page_key(filled<crypto::LinkKey>(8));
  for (int i = 0; i < kRounds; ++i) {
    const BulletinPage page = random_page(rng);
    expect_round_trip(page, encode_page, decode_page);
    const Bytes sealed = seal_page(key, page);
    const auto back = open_page(key, sealed);
    ASSERT_TRUE(back.ok() && *back == page);
    EXPECT_FALSE(open_page(other, sealed).ok());
    Bytes changed = sealed;
    changed[rng.below(changed.size())] ^= 1;
    EXPECT_FALSE(open_page(key, changed).ok());
    EXPECT_FALSE(open_page(key, ByteView(sealed).first(rng.below(sealed.size()))).ok());
  }
}

// Compressed where that helps, and nothing but one frame of a bounded size is unpacked.
TEST(RoundTrip, Letter) {
  Rng rng(13);
  for (std::size_t i = 0; i < 100; ++i) {
    const Message message = random_message(rng, i % std::variant_size_v<Message>);
    const Bytes letter = encode_letter(message);
    EXPECT_LE(letter.size(), encode_message(message).size() + 1);
    const auto back = decode_letter(letter);
    ASSERT_TRUE(back.ok() && *back == message);
  }
  const Message long_one =
      Blobs{{Blob{filled<Hash>(1), BlobKind::chunk, BlobEncoding::plain, 60'000, SharedView(Bytes(60'000)), {}}}};
  const Bytes letter = encode_letter(long_one);
  EXPECT_LE(letter.size(), 200U);
  for (const Bytes& wrong : {Bytes{}, Bytes{2}, Bytes{1}, Bytes{1, 2, 3, 4, 5}, Bytes{0, 1, 2}}) {
    EXPECT_FALSE(decode_letter(wrong).ok());
  }
  Bytes longer = letter;
  longer.push_back(0);
  EXPECT_FALSE(decode_letter(longer).ok());
}

}  // namespace
}  // namespace meshfs::codec
