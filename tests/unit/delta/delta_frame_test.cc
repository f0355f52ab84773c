// One run against one base or dictionary: sizes, limits, hostile frames.
#include "fsd/delta/delta_frame.h"

#include <zdict.h>

#include "schema/codec/zstd_frame.h"
#include "tests/unit/delta/version_fixture.h"

namespace meshfs::fsd {

TEST(DeltaFrame, AnEditOfABlobCostsWhatIsNew) {
  Rng rng(1);
  const Bytes base = random_bytes(rng, 40'000);
  Bytes plain = base;
  const Bytes edit = random_bytes(rng, 100);
  plain.insert(plain.begin() + 20'000, edit.begin(), edit.end());
  DeltaCodec codec;
  const auto frame = codec.make(plain, base);
  ASSERT_TRUE(frame);
  EXPECT_LE(frame->size(), 125u);
  const auto back = codec.apply(*frame, base, plain.size());
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(*back, plain);
  EXPECT_EQ(codec.make(plain, base), frame) << "working memory leaves no trace";
  Bytes other = base;
  other[10'000] ^= 1;
  EXPECT_NE(*codec.apply(*frame, other, plain.size()), plain) << "another base gives other bytes";
}

TEST(ZstdFrame, OnlyOneWholeFrameOfTodaysFormat) {
  const Bytes plain(1000, 'x');
  Bytes frame(ZSTD_compressBound(plain.size()));
  frame.resize(ZSTD_compress(frame.data(), frame.size(), plain.data(), plain.size(), 1));
  EXPECT_TRUE(codec::is_one_zstd_frame(frame));
  EXPECT_FALSE(codec::is_one_zstd_frame({}));
  EXPECT_FALSE(codec::is_one_zstd_frame(ByteView(frame).first(frame.size() - 1)));
  Bytes two = frame;
  two.insert(two.end(), frame.begin(), frame.end());
  EXPECT_FALSE(codec::is_one_zstd_frame(two));
  const Bytes skippable{0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4};  // RFC 8878, 3.1.2
  EXPECT_EQ(ZSTD_findFrameCompressedSize(skippable.data(), skippable.size()), skippable.size());
  EXPECT_FALSE(codec::is_one_zstd_frame(skippable));
  for (std::uint8_t version = 0x22; version <= 0x27; ++version) {  // 0.2 to 0.7, as zstd_legacy.h numbers them
    Bytes old = frame;
    old[0] = version;
    EXPECT_FALSE(codec::is_one_zstd_frame(old)) << "0." << version - 0x20;
    Bytes behind = frame;
    behind.insert(behind.end(), old.begin(), old.end());
    EXPECT_FALSE(codec::is_one_zstd_frame(behind)) << "behind a good one";
  }
}

TEST(DeltaFrame, NoFrameWhereThereIsNothingInCommon) {
  Rng rng(2);
  const Bytes base = random_bytes(rng, 40'000), other = random_bytes(rng, 40'000);
  EXPECT_FALSE(DeltaCodec().make(other, base));
  const Bytes text(30'000, 'x');  // compresses by itself: a base adds nothing
  EXPECT_FALSE(DeltaCodec().make(text, base));
  EXPECT_FALSE(DeltaCodec().make({}, base));
  EXPECT_FALSE(DeltaCodec().make(Bytes(kMaxRunBytes + 1, 'x'), base));
  EXPECT_FALSE(DeltaCodec().make(base, Bytes(kMaxBaseBytes + 1, 'x')));
}

TEST(DeltaFrame, HostileFramesAreRefused) {
  Rng rng(3);
  const Bytes base = random_bytes(rng, 4000);
  Bytes plain = base;
  plain[2000] ^= 1;
  DeltaCodec codec;
  const Bytes frame = *codec.make(plain, base);
  const auto code = [&](const Bytes& bytes, std::size_t size) {
    const auto result = codec.apply(bytes, base, size);
    return result.ok() ? std::optional<Errc>() : std::optional(result.code());
  };
  EXPECT_EQ(code(frame, plain.size()), std::nullopt);
  EXPECT_EQ(code(frame, plain.size() + 1), Errc::bad_bytes);
  EXPECT_EQ(code(frame, plain.size() - 1), Errc::bad_bytes);
  EXPECT_EQ(code(frame, 0), Errc::bad_bytes);
  EXPECT_EQ(code(frame, kMaxRunBytes + 1), Errc::too_large);
  for (std::size_t cut = 0; cut < frame.size(); ++cut)
    EXPECT_EQ(code(Bytes(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(cut)), plain.size()),
              Errc::bad_bytes);
  Bytes twice = frame;
  twice.insert(twice.end(), {0x28, 0xb5, 0x2f, 0xfd});
  twice.insert(twice.end(), frame.begin(), frame.end());
  EXPECT_EQ(code(twice, plain.size()), Errc::bad_bytes) << "two frames";
  Bytes longer = frame;
  longer.push_back(0);
  EXPECT_EQ(code(longer, plain.size()), Errc::bad_bytes) << "bytes behind the frame";
  Bytes window = frame;
  window[1] = 0x70;  // 16 MiB
  EXPECT_EQ(code(window, plain.size()), Errc::bad_bytes) << "a larger window";
  Bytes sized = frame;
  sized[0] = 0x20;
  EXPECT_EQ(code(sized, plain.size()), Errc::bad_bytes) << "a content size";
  // Two blocks of 128 KiB of one byte each, in 12 bytes.
  const Bytes bomb{0x00, 0x10, 0x02, 0x00, 0x10, 'x', 0x03, 0x00, 0x10, 'x'};
  EXPECT_EQ(code(bomb, 4000), Errc::bad_bytes);
}

TEST(DeltaFrame, ABaseThatIsADictionaryIsUsedAsOne) {
  Rng rng(4);
  std::string samples;
  std::vector<std::size_t> sizes;
  const auto record = [&] {
    return "{\"node\":\"roof" + std::to_string(rng.below(90)) + "\",\"temperature\":" + std::to_string(rng.below(40)) +
           ",\"humidity\":" + std::to_string(rng.below(100)) + ",\"battery\":3." + std::to_string(rng.below(1000)) +
           ",\"status\":\"operational\",\"interface\":\"wlan0\",\"time\":"
           "17640" +
           std::to_string(rng.below(100'000)) + "}";
  };
  for (int i = 0; i < 2000; ++i) {
    const std::string one = record();
    samples += one;
    sizes.push_back(one.size());
  }
  Bytes dictionary(4096);
  dictionary.resize(ZDICT_trainFromBuffer(dictionary.data(), dictionary.size(), samples.data(), sizes.data(),
                                          static_cast<unsigned>(sizes.size())));
  const std::string text = record();
  DeltaCodec codec;
  const auto frame = codec.make(as_bytes(text), dictionary);
  ASSERT_TRUE(frame);
  EXPECT_LE(frame->size(), 45u) << "of " << text.size();
  EXPECT_EQ(*codec.apply(*frame, dictionary, text.size()), copy_of(as_bytes(text)));
  dictionary.resize(20);
  EXPECT_FALSE(codec.make(as_bytes(text), dictionary)) << "a damaged dictionary is no base";
  EXPECT_EQ(codec.apply(*frame, dictionary, text.size()).code(), Errc::bad_bytes);
}

}  // namespace meshfs::fsd
