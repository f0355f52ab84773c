// Records that are taken apart and put together again: the very same bytes, and nothing else is taken for one.
#include "schema/codec/squeezed.h"

#include <gtest/gtest.h>

#include "tests/unit/schema/example.h"
#include "tests/unit/schema/random_records.h"

namespace meshfs::codec {
namespace {

using namespace meshfs::testing;

Squeezed unpacked(const RecordParts& parts) {
  const auto size = static_cast<std::uint32_t>(parts.skeleton.size());
  return {parts.form, filled<DictionaryId>(9), parts.signature, size, parts.skeleton, parts.contents};
}

TEST(Squeezed, EveryRecordComesBackByteForByte) {
  Rng rng(5);
  const crypto::SigningKey key = random_key(rng);
  std::size_t with_contents = 0;
  for (int i = 0; i < 300; ++i) {
    const Commit commit = random_commit(rng, example_network(), key);
    const RecordParts parts = take_apart(commit);
    with_contents += parts.contents.empty() ? 0 : 1;
    const auto back = put_together(parts);
    ASSERT_TRUE(back.ok()) << back.failure().message;
    EXPECT_EQ(*back, (Bundle{ItemForm::commit, encode_commit(commit)}));
    EXPECT_EQ(*contents_size(parts.skeleton), parts.contents.size());

    const ProvenEntry proven = prove(commit, static_cast<std::uint32_t>(rng.below(commit.entries.size())));
    const auto alone = put_together(take_apart(proven));
    ASSERT_TRUE(alone.ok()) << alone.failure().message;
    EXPECT_EQ(*alone, (Bundle{ItemForm::proven, encode_proven(proven)}));

    const Bytes bytes = encode_squeezed(unpacked(parts));
    const auto travelled = decode_squeezed(bytes);
    ASSERT_TRUE(travelled.ok());
    EXPECT_EQ(*travelled, unpacked(parts));
    EXPECT_EQ(encode_squeezed(*travelled), bytes);
  }
  EXPECT_GT(with_contents, 50u);
}

TEST(Squeezed, SmallContentsLeaveNothingOfThemselvesInTheSkeleton) {
  Commit commit = example_commit(example_inline(200));
  commit.entries.push_back(example_inline(100));
  const RecordParts parts = take_apart(commit);
  EXPECT_EQ(parts.contents.size(), 300u);
  // Count, two lengths of which one takes two bytes, and the record of two empty files.
  commit.entries = {example_inline(0), example_inline(0)};
  commit.signature = {};
  EXPECT_EQ(parts.skeleton.size(), 4 + encode_commit(commit).size());
}

TEST(Squeezed, OneIdentityForEachForm) {
  const Commit commit = example_commit(example_inline(200));
  const Bundle plain{ItemForm::commit, encode_commit(commit)};
  const Bundle squeezed{ItemForm::squeezed, encode_squeezed(unpacked(take_apart(commit)))};
  EXPECT_EQ(identity_of(plain), identity_of(squeezed));
  Commit other = commit;
  other.signature.data[63] ^= 1;
  EXPECT_NE(identity_of(plain), identity_of({ItemForm::commit, encode_commit(other)}));
  // An entry alone is another item than its commit, and garbage is itself.
  EXPECT_NE(identity_of(plain), identity_of({ItemForm::proven, encode_proven(prove(commit, 0))}));
  EXPECT_NE(identity_of({ItemForm::commit, {1, 2}}), identity_of({ItemForm::commit, {1, 3}}));
  EXPECT_NE(identity_of({ItemForm::squeezed, {1, 2}}), identity_of({ItemForm::squeezed, {1, 3}}));
}

TEST(Squeezed, WhatDoesNotFitTogetherIsRefused) {
  const RecordParts sound = take_apart(example_commit(example_inline(200)));
  ASSERT_EQ(sound.skeleton[0], 1);  // one content, of 200 bytes: 0xc8 0x01
  ASSERT_TRUE(put_together(sound).ok());
  const auto refused = [&](auto bend, Errc code, const char* what) {
    RecordParts parts = sound;
    bend(parts);
    const auto outcome = put_together(parts);
    ASSERT_FALSE(outcome.ok()) << what;
    EXPECT_EQ(outcome.code(), code) << what << ": " << outcome.failure().message;
    EXPECT_FALSE(outcome.failure().message.empty());
  };
  refused([](auto& p) { p.contents.pop_back(); }, Errc::bad_bytes, "contents too short");
  refused([](auto& p) { p.contents.push_back(1); }, Errc::bad_bytes, "contents too long");
  refused([](auto& p) { p.skeleton = {}; }, Errc::bad_bytes, "nothing");
  refused([](auto& p) { p.skeleton[0] = 0; }, Errc::bad_bytes, "a length that is none");
  refused([](auto& p) { p.skeleton[0] = 2; }, Errc::bad_bytes, "a length too many");
  refused([](auto& p) { p.skeleton.insert(p.skeleton.begin(), {0xff, 0xff, 0x7f}); }, Errc::bad_bytes, "2 million");
  refused([](auto& p) { p.skeleton[2] = 3; }, Errc::too_large, "a content of 456 bytes");
  refused(
      [](auto& p) {
        p.skeleton[2] = 0x81;
        p.skeleton.insert(p.skeleton.begin() + 3, 0);
      },
      Errc::bad_bytes, "needless bytes");
  refused([](auto& p) { p.skeleton.pop_back(); }, Errc::bad_bytes, "half a record");
  refused([](auto& p) { p.form = ItemForm::proven; }, Errc::bad_bytes, "another form");
  refused(
      [](auto& p) {
        const Bytes whole = encode_commit(example_commit(example_inline(0)));
        p.skeleton.resize(3);
        p.skeleton.insert(p.skeleton.end(), whole.begin(), whole.end());
      },
      Errc::bad_bytes, "a signature in the skeleton");
  refused(
      [](auto& p) {
        Commit filled = example_commit(example_inline(5));
        filled.signature = {};
        const Bytes whole = encode_commit(filled);
        p.skeleton.resize(3);
        p.skeleton.insert(p.skeleton.end(), whole.begin(), whole.end());
      },
      Errc::bad_bytes, "a content that is there already");
}

TEST(Squeezed, AHostileBundleIsRefusedBeforeAnythingIsMade) {
  const Bytes sound = encode_squeezed(unpacked(take_apart(example_commit(example_inline(200)))));
  ASSERT_TRUE(decode_squeezed(sound).ok());
  for (std::size_t size = 0; size <= 1 + DictionaryId::kSize + crypto::Signature::kSize + 3; ++size) {
    EXPECT_FALSE(decode_squeezed(ByteView(sound).first(size)).ok()) << size;
  }
  const std::size_t sizes = 1 + DictionaryId::kSize + crypto::Signature::kSize;
  const auto with_sizes = [&](Bytes bytes) {
    Bytes bent(sound.begin(), sound.begin() + static_cast<std::ptrdiff_t>(sizes));
    bent.insert(bent.end(), bytes.begin(), bytes.end());
    bent.resize(bent.size() + 500);
    return decode_squeezed(bent);
  };
  EXPECT_TRUE(with_sizes({0xff, 0x01, 100}).ok());  // 255 bytes in a frame of 100
  EXPECT_EQ(with_sizes({100, 101}).code(), Errc::bad_bytes);
  EXPECT_EQ(with_sizes({100, 0}).code(), Errc::bad_bytes);
  EXPECT_EQ(with_sizes({0xff, 0xff, 0x7f, 100}).code(), Errc::too_large);        // 2 MiB of skeleton
  EXPECT_EQ(with_sizes({0xff, 0xff, 0xff, 0x01, 100}).code(), Errc::bad_bytes);  // a number of four bytes
  Bytes header_form = sound;
  header_form[0] = static_cast<std::uint8_t>(ItemForm::header);
  EXPECT_EQ(decode_squeezed(header_form).code(), Errc::unsupported);
}

}  // namespace
}  // namespace meshfs::codec
