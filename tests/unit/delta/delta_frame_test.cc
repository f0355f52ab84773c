// One run against one base: sizes, limits, hostile frames.
#include "fsd/delta/delta_frame.h"
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
  EXPECT_LE(frame->size(), 140u);
  const auto back = codec.apply(*frame, base, plain.size());
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(*back, plain);
}

TEST(DeltaFrame, NoFrameWhereThereIsNothingInCommon) {
  Rng rng(2);
  const Bytes base = random_bytes(rng, 40'000), other = random_bytes(rng, 40'000);
  EXPECT_FALSE(DeltaCodec().make(other, base));
  const Bytes text(30'000, 'x');  // compresses by itself: a base adds nothing
  EXPECT_FALSE(DeltaCodec().make(text, base));
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
  EXPECT_EQ(code(frame, kMaxRunBytes + 1), Errc::too_large);
  for (std::size_t cut = 0; cut < frame.size(); ++cut)
    EXPECT_EQ(code(Bytes(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(cut)), plain.size()),
              Errc::bad_bytes);
  Bytes longer = frame;
  longer.push_back(0);
  EXPECT_EQ(code(longer, plain.size()), Errc::bad_bytes) << "bytes behind the frame";
  Bytes window = frame;
  window[1] = 0x70;  // 16 MiB
  EXPECT_EQ(code(window, plain.size()), Errc::bad_bytes) << "a larger window";
}

}  // namespace meshfs::fsd
