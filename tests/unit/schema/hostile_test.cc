// Bytes made to hurt: amplification, cycles, flipped bits, noise. Each is refused, at once, and each has a control that passes.
#include <gtest/gtest.h>

#include <chrono>

#include "schema/codec/packing.h"
#include "tests/unit/schema/example.h"
#include "tests/unit/schema/random_records.h"

namespace meshfs::codec {
namespace {

using namespace meshfs::testing;

// Generous: what is refused takes microseconds, what these guard against takes minutes or gigabytes.
constexpr auto kAtOnce = std::chrono::seconds(2);

template <class Action>
void expect_at_once(Action action) {
  const auto start = std::chrono::steady_clock::now();
  action();
  EXPECT_LT(std::chrono::steady_clock::now() - start, kAtOnce);
}

// A message as it travels: length of the packed head, head, bulk.
Bytes message_of(ByteView head, ByteView bulk = {}) {
  const auto length = static_cast<std::uint32_t>(head.size());
  Bytes out;
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<std::uint8_t>(length >> shift));
  out.insert(out.end(), head.begin(), head.end());
  out.insert(out.end(), bulk.begin(), bulk.end());
  return out;
}

// Head and bulk of 512 blobs of one byte, the first of 64 KiB. In words: root, Message (one data word, one pointer), tag of
// the list, then three per blob: two of data (kind, encoding, plain size; size), pointer to the hash.
constexpr std::size_t kFirstBlob = 4;
constexpr std::size_t kBlobWords = 3;
struct Parts {
  Words head;
  Bytes bulk;
};
Parts many_blobs() {
  Blobs blobs;
  blobs.blobs.assign(kMaxWants, {filled<Hash>(1), BlobKind::chunk, BlobEncoding::plain, 1, {7}});
  blobs.blobs[0].plain_size = kMaxChunkBytes;
  blobs.blobs[0].data = Bytes(kMaxChunkBytes, 7);
  const Bytes bytes = encode_message(blobs);
  const std::size_t length = bytes[0] + 0x100u * bytes[1] + 0x10000u * bytes[2];
  Result<Words> words = unpack(ByteView(bytes).subspan(4, length), 1 << 20);
  return {std::move(*words), Bytes(bytes.begin() + 4 + static_cast<std::ptrdiff_t>(length), bytes.end())};
}

std::uint64_t get(const Words& words, std::size_t at) {
  std::uint64_t value;
  std::memcpy(&value, words.begin() + at, sizeof value);
  return value;
}
void set(Words& words, std::size_t at, std::uint64_t value) {
  std::memcpy(static_cast<void*>(words.begin() + at), &value, sizeof value);
}

TEST(Hostile, BlobsThatClaimBulkThatIsNotThereAreRefused) {
  Parts parts = many_blobs();
  ASSERT_TRUE(decode_message(message_of(pack(parts.head), parts.bulk)).ok());  // the control: as it was
  for (std::size_t i = 1; i < kMaxWants; ++i) {  // each claims 64 KiB as the first does: 32 MiB out of 90 kB
    for (std::size_t word = 0; word < 2; ++word) {
      set(parts.head, kFirstBlob + kBlobWords * i + word, get(parts.head, kFirstBlob + word));
    }
  }
  expect_at_once([&] {
    const auto decoded = decode_message(message_of(pack(parts.head), parts.bulk));
    ASSERT_FALSE(decoded.ok());
    EXPECT_EQ(decoded.code(), Errc::bad_bytes) << decoded.failure().message;
  });
}

TEST(Hostile, BulkThatNobodyClaimsIsRefused) {
  Parts parts = many_blobs();
  parts.bulk.push_back(7);
  EXPECT_FALSE(decode_message(message_of(pack(parts.head), parts.bulk)).ok());
}

TEST(Hostile, OneSharedPointerIsRefusedToo) {
  Parts parts = many_blobs();
  const std::size_t pointer = kFirstBlob + 2;
  set(parts.head, pointer + 2 * kBlobWords,  // within every limit, but aliased
      get(parts.head, pointer + kBlobWords) - (std::uint64_t{kBlobWords} << 2));
  EXPECT_FALSE(decode_message(message_of(pack(parts.head), parts.bulk)).ok());
}

TEST(Hostile, PackedZeroesDoNotBlowUp) {
  Bytes bomb;
  while (bomb.size() < kMaxCommitBytes) bomb.insert(bomb.end(), {0x00, 0xff});  // 234 MB unpacked
  expect_at_once([&] {
    EXPECT_EQ(decode_commit(bomb).code(), Errc::too_large);
    EXPECT_EQ(decode_message(message_of(bomb)).code(), Errc::too_large);
    EXPECT_EQ(local::decode_to_fsd(message_of(bomb)).code(), Errc::too_large);
  });
}

// Calls every decoder; true if one accepts.
bool anybody_accepts(ByteView bytes) {
  return decode_commit(bytes).ok() || decode_proven(bytes).ok() || decode_signed_header(bytes).ok() ||
         decode_entry(kSharedVolume, bytes).ok() || decode_list(bytes).ok() || decode_genesis(bytes).ok() ||
         decode_member(bytes).ok() || decode_identity(bytes).ok() || decode_beacon(bytes).ok() ||
         decode_hello(bytes).ok() || decode_packet(bytes).ok() || decode_message(bytes).ok() ||
         decode_news(bytes).ok() || local::decode_to_syncd(bytes).ok() || local::decode_to_fsd(bytes).ok();
}

TEST(Hostile, CyclesAreRefused) {
  for (const std::uint64_t pointers : {1u, 2u, 8u, 100u}) {
    Words words = kj::heapArray<capnp::word>(pointers);
    for (std::size_t i = 0; i < pointers; ++i) {  // struct without data whose pointers all point to the first word
      set(words, i, (pointers << 48) | ((0xffffffffu - static_cast<std::uint32_t>(i) * 1u) << 2 & 0xfffffffcu));
    }
    expect_at_once([&] {
      EXPECT_FALSE(anybody_accepts(pack(words)));
      EXPECT_FALSE(anybody_accepts(message_of(pack(words))));
    });
  }
}

TEST(Hostile, NoiseIsRefused) {
  Rng rng(9);
  EXPECT_FALSE(anybody_accepts({}));
  for (int i = 0; i < 20'000; ++i) {
    const Bytes noise = random_bytes(rng, rng.below(120));
    // A packet, want or local list may be empty, so that a few bytes of zeroes can be one: only noise that says nothing.
    if (!anybody_accepts(noise)) continue;
    const auto packet = decode_packet(noise);
    ASSERT_LT(noise.size(), 24u) << to_hex(noise);
    if (packet.ok()) {
      ASSERT_TRUE(packet->pieces.empty());
    }
  }
}

TEST(Hostile, NoFlippedBitOfACommitVerifies) {
  Rng rng(10);
  const NetworkId network = example_network();
  const DeviceKey key{example_key().public_key().data};
  std::vector<Commit> commits = {example_commit(example_file()), example_commit(example_edit()),
                                 example_commit(example_tombstones(3))};
  commits.push_back(
      sign_commit(network, example_header(), {example_file(), example_directory(), example_rename()}, example_key()));
  for (const Commit& commit : commits) {
    const Bytes good = encode_commit(commit);
    ASSERT_TRUE(verify_header(network, signed_header(*decode_commit(good)), key));  // the control
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
      Bytes bad = good;
      bad[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
      const Result<Commit> decoded = decode_commit(bad);
      ASSERT_FALSE(decoded.ok() && verify_header(network, signed_header(*decoded), key)) << "bit " << bit;
    }
  }
  EXPECT_FALSE(verify_header(random_fixed<NetworkId>(rng), signed_header(commits[0]), key));
  EXPECT_FALSE(verify_header(network, signed_header(commits[0]), random_fixed<DeviceKey>(rng)));
}

TEST(Hostile, NoFlippedBitOfAProvenEntryProves) {
  const Commit commit = sign_commit(example_network(), example_header(),
                                    {example_file(), example_directory(), example_rename()}, example_key());
  const DeviceKey key{example_key().public_key().data};
  const Bytes good = encode_proven(prove(commit, 1));
  ASSERT_TRUE(proves(*decode_proven(good)));  // the control
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes bad = good;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    const Result<ProvenEntry> decoded = decode_proven(bad);
    ASSERT_FALSE(decoded.ok() && proves(*decoded) && verify_header(example_network(), decoded->header, key))
        << "bit " << bit;
  }
}

TEST(Hostile, FieldsOfALaterVersionAreUnsupportedInWhatIsSigned) {
  // One data word more at the end of the entry: canonical, but nothing this version knows.
  const Bytes entry = canonical_bytes(kSharedVolume, example_tombstones(1));
  Result<Words> words = unpack(pack(words_from(entry)), 1 << 16);
  ASSERT_TRUE(decode_entry(kSharedVolume, pack(*words)).ok());
  const ObjectEntry object = example_file();
  const Words plain = words_from(canonical_bytes(kSharedVolume, object));
  const std::uint64_t root = get(plain, 0);
  const std::size_t data_words = root >> 32 & 0xffff;
  // Grow the data section to 30 words (ours has fewer, all beyond are unknown); pointers then move up.
  const std::size_t more = 30 - data_words;
  Words grown = kj::heapArray<capnp::word>(plain.size() + more);
  std::memset(grown.begin(), 0, grown.size() * sizeof(capnp::word));
  std::memcpy(grown.begin(), plain.begin(), (1 + data_words) * sizeof(capnp::word));
  std::memcpy(grown.begin() + 1 + data_words + more, plain.begin() + 1 + data_words,
              (plain.size() - 1 - data_words) * sizeof(capnp::word));
  set(grown, 0, (root & ~(std::uint64_t{0xffff} << 32)) | std::uint64_t{30} << 32);
  set(grown, 30, 1);
  const auto decoded = decode_entry(kSharedVolume, pack(grown));
  ASSERT_FALSE(decoded.ok());
  EXPECT_EQ(decoded.code(), Errc::unsupported) << decoded.failure().message;
  set(grown, 30, 0);  // the same with a zero: not canonical
  EXPECT_EQ(decode_entry(kSharedVolume, pack(grown)).code(), Errc::bad_bytes);
}

TEST(Packing, UnpacksWhatItPacksAndNothingCutShort) {
  Rng rng(11);
  for (int i = 0; i < 500; ++i) {
    Bytes bytes(8 * rng.below(600));
    const auto zeroes = static_cast<unsigned>(rng.below(101));
    for (auto& byte : bytes) byte = rng.percent(zeroes) ? 0 : static_cast<std::uint8_t>(rng.next());
    const Words words = words_from(bytes);
    const Bytes packed = pack(words);
    const auto back = unpack(packed, words.size());
    ASSERT_TRUE(back.ok());
    ASSERT_EQ(copy_of(bytes_of(*back)), bytes);
    ASSERT_LE(packed.size(), bytes.size() + bytes.size() / 8 + 16);
    if (words.size() > 0) {
      ASSERT_EQ(unpack(packed, words.size() - 1).code(), Errc::too_large);
    }
  }
  EXPECT_EQ(pack(words_from(*from_hex("0800000003000200"
                                      "19000000aa010000"))),
            *from_hex("510803023119aa01"));  // the documentation's example
  EXPECT_EQ(unpack(*from_hex("ff01"), 9).code(), Errc::bad_bytes);
  EXPECT_EQ(unpack(*from_hex("00"), 9).code(), Errc::bad_bytes);
  EXPECT_EQ(unpack(*from_hex("ff010203040506070801"), 9).code(), Errc::bad_bytes);
}

}  // namespace
}  // namespace meshfs::codec
