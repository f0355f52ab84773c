// librsync for one run: round trips, and bombs that never go off.
#include "fsd/delta/run_delta.h"

#include <zstd.h>

#include "tests/unit/delta/version_fixture.h"

namespace meshfs::fsd {

TEST(RunDelta, AnEditCostsABlockOrTwo) {
  Rng rng(21);
  const Bytes base = random_bytes(rng, 200'000);
  Bytes plain = base;
  plain.insert(plain.begin() + 100'000, 50, 'x');
  const auto signature = sign_run(base);
  ASSERT_TRUE(signature.ok());
  EXPECT_LE(signature->size(), base.size() / 25);
  const auto delta = delta_run(plain, *signature);
  ASSERT_TRUE(delta.ok() && delta->has_value());
  EXPECT_LE((*delta)->size(), 1200u);
  const auto back = patch_run(base, **delta, plain.size());
  ASSERT_TRUE(back.ok()) << back.failure().message;
  EXPECT_EQ(*back, plain);
}

TEST(RunDelta, AnySizeComesOutAsItWas) {
  Rng rng(22);
  const Bytes base = random_bytes(rng, kMaxSignedBytes);
  for (const std::size_t signed_bytes : {std::size_t{1}, std::size_t{1023}, std::size_t{1025}, kMaxSignedBytes}) {
    const ByteView from = ByteView(base).first(signed_bytes);
    const Bytes signature = *sign_run(from);
    EXPECT_LE(signature.size(), signed_bytes / 20 + 64);
    for (const std::size_t size : {std::size_t{1}, std::size_t{1024}, std::size_t{5000}, kMaxDeltaRun}) {
      Bytes plain(base.end() - static_cast<std::ptrdiff_t>(size), base.end());
      const auto delta = delta_run(plain, signature);
      ASSERT_TRUE(delta.ok());
      if (!*delta) continue;
      const auto back = patch_run(from, **delta, size);
      ASSERT_TRUE(back.ok()) << signed_bytes << ' ' << size;
      EXPECT_EQ(*back, plain);
    }
  }
  EXPECT_EQ(sign_run({}).code(), Errc::bad_bytes);
  EXPECT_EQ(sign_run(Bytes(kMaxSignedBytes + 1)).code(), Errc::too_large);
  EXPECT_EQ(delta_run({}, *sign_run(base)).code(), Errc::bad_bytes);
  EXPECT_EQ(delta_run(Bytes(kMaxDeltaRun + 1), *sign_run(base)).code(), Errc::too_large);
}

// The strong sums are BLAKE2b-256 of the blocks, whichever library computes them.
TEST(RunDelta, ASignatureIsLibrsyncsFormat) {
  Rng rng(26);
  const Bytes base = random_bytes(rng, 1500);
  const Bytes signature = *sign_run(base);
  ASSERT_EQ(signature.size(), 12u + 2 * 36);
  EXPECT_EQ(to_hex(ByteView(signature).first(12)), "727301470000040000000020") << "magic, block of 1,024, sum of 32";
  const ByteView blocks[] = {ByteView(base).first(1024), ByteView(base).subspan(1024)};
  for (std::size_t i = 0; i < 2; ++i)
    EXPECT_EQ(*Hash::from(ByteView(signature).subspan(12 + 36 * i + 4, 32)), crypto::hash_of(blocks[i]));
}

TEST(RunDelta, NoDeltaWhereThereIsNothingInCommon) {
  Rng rng(23);
  const auto delta = delta_run(random_bytes(rng, 100'000), *sign_run(random_bytes(rng, 100'000)));
  ASSERT_TRUE(delta.ok());
  EXPECT_FALSE(*delta);
}

static void set_number(Bytes& bytes, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
}

TEST(RunDelta, FalseSignaturesAreRefused) {
  Rng rng(24);
  const Bytes good = *sign_run(random_bytes(rng, 50'000)), plain = random_bytes(rng, 50'000);
  for (const auto& [at, value] : std::initializer_list<std::pair<std::size_t, std::uint32_t>>{{0, 0x72730136},
                                                                                              {0, 0},
                                                                                              {4, 0},
                                                                                              {4, 1},
                                                                                              {4, 1023},
                                                                                              {4, 0x7fffffff},
                                                                                              {4, 0xffffffff},
                                                                                              {8, 0},
                                                                                              {8, 31},
                                                                                              {8, 33}}) {
    Bytes bad = good;
    set_number(bad, at, value);
    EXPECT_EQ(delta_run(plain, bad).code(), Errc::bad_bytes) << at << ' ' << value;
  }
  for (const std::size_t size : {std::size_t{0}, std::size_t{3}, std::size_t{12}, good.size() - 1})
    EXPECT_EQ(delta_run(plain, ByteView(good).first(size)).code(), Errc::bad_bytes);
  EXPECT_EQ(delta_run(plain, Bytes(kMaxSignatureBytes + 1)).code(), Errc::too_large);
}

// Each place of the run would be compared with each of 500 strong sums.
TEST(RunDelta, ASignatureOfEqualWeakSumsIsNotUsed) {
  Rng rng(25);
  const Bytes plain(kMaxDeltaRun, 0);
  Bytes signature = *sign_run(Bytes(500 * 1024, 0));
  for (std::size_t at = 12; at < signature.size(); at += 36)
    for (std::size_t i = 4; i < 36; ++i) signature[at + i] = static_cast<std::uint8_t>(rng.next());
  const auto delta = delta_run(plain, signature);
  ASSERT_TRUE(delta.ok());
  EXPECT_FALSE(*delta);
  const auto honest = delta_run(plain, *sign_run(Bytes(500 * 1024, 0)));
  EXPECT_TRUE(honest.ok() && honest->has_value()) << "equal blocks are equal sums, once";
}

// A delta of these commands behind its magic, zipped.
static Bytes zipped(const Bytes& commands) {
  Bytes delta{0x72, 0x73, 0x02, 0x36};
  delta.insert(delta.end(), commands.begin(), commands.end());
  Bytes frame(ZSTD_compressBound(delta.size()));
  frame.resize(ZSTD_compress(frame.data(), frame.size(), delta.data(), delta.size(), 3));
  return frame;
}

TEST(RunDelta, CommandsAreWalkedBeforeTheyRun) {
  const Bytes base(1000, 'b');
  const auto code = [&](const Bytes& commands, std::size_t size) {
    const auto result = patch_run(base, zipped(commands), size);
    return result.ok() ? std::nullopt : std::optional(result.code());
  };
  EXPECT_EQ(code({2, 'a', 'b', 0x45, 0, 7, 0}, 9), std::nullopt) << "two bytes, then seven of the base";
  EXPECT_EQ(code({2, 'a', 'b', 0x45, 0, 7, 0}, 10), Errc::bad_bytes) << "less than declared";
  EXPECT_EQ(code({2, 'a', 'b', 0x45, 0, 7, 0}, 8), Errc::too_large) << "more than declared";
  EXPECT_EQ(code({2, 'a', 'b'}, 2), Errc::bad_bytes) << "no end";
  EXPECT_EQ(code({2, 'a', 'b', 0, 0}, 2), Errc::bad_bytes) << "something behind the end";
  EXPECT_EQ(code({3, 'a', 'b'}, 3), Errc::bad_bytes) << "a cut literal";
  EXPECT_EQ(code({0x41, 0, 0}, 1), Errc::bad_bytes) << "a literal of nothing";
  EXPECT_EQ(code({0x44, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0}, 1), Errc::bad_bytes) << "a huge literal";
  EXPECT_EQ(code({0x45, 0, 0, 0}, 1), Errc::bad_bytes) << "a copy of nothing: librsync 2.3 hangs or fails on it";
  EXPECT_EQ(code({0x46, 0, 0x03, 0xe9, 0}, 1001), Errc::bad_bytes) << "past the base's end";
  EXPECT_EQ(code({0x54, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0, 0, 0, 1, 0}, 1), Errc::bad_bytes)
      << "lengths that librsync would cut to 32 bits";
  EXPECT_EQ(code({0x55, 0}, 1), Errc::bad_bytes) << "an unknown command";
}

// Under 200 bytes in transit; librsync would write 10 GB.
TEST(RunDelta, BombsDoNotGoOff) {
  const Bytes base(kMaxSignedBytes, 'b');
  Bytes copies;  // each of 256 KiB
  for (int i = 0; i < 40'000; ++i) copies.insert(copies.end(), {0x4f, 0, 0, 0, 0, 0, 0x04, 0, 0});
  copies.push_back(0);
  EXPECT_LE(zipped(copies).size(), 200u);
  EXPECT_EQ(patch_run(base, zipped(copies), kMaxDeltaRun).code(), Errc::too_large);
  const Bytes zeros(50 << 20, 0);
  Bytes frame(ZSTD_compressBound(zeros.size()));
  frame.resize(ZSTD_compress(frame.data(), frame.size(), zeros.data(), zeros.size(), 1));
  EXPECT_EQ(patch_run(base, frame, kMaxDeltaRun).code(), Errc::bad_bytes) << "50 MB of zeros";
  EXPECT_EQ(patch_run(base, Bytes(100, 'x'), 10).code(), Errc::bad_bytes);
  EXPECT_EQ(patch_run(base, {}, 10).code(), Errc::bad_bytes);
}

}  // namespace meshfs::fsd
