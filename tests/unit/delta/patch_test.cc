// Patches: what travels for which edit, and that nothing false is taken for true. Sizes are deterministic: the limits here
// are what was reached, rounded up.
#include "tests/unit/delta/version_fixture.h"

namespace meshfs::fsd {

static constexpr std::size_t kFileBytes = 10'000'000;

TEST(Patch, AHundredShiftingEditsOfAKilobyte) {
  Rng rng(11);
  Bytes bytes = random_bytes(rng, kFileBytes);
  const Version before(bytes);
  for (int i = 0; i < 100; ++i) {
    const auto at = bytes.begin() + static_cast<std::ptrdiff_t>(rng.below(bytes.size() - 1000));
    if (i % 2 == 0) {
      const Bytes edit = random_bytes(rng, 1000);
      bytes.insert(at, edit.begin(), edit.end());
    } else {
      bytes.erase(at, at + 1000);
    }
  }
  const Version next(bytes);
  const Travelled travelled = travel(next, before);
  EXPECT_LE(travelled.total(), 53'500u);
}

TEST(Patch, AHundredInsertionsOfAKilobyte) {
  Rng rng(12);
  Bytes bytes = random_bytes(rng, kFileBytes);
  const Version before(bytes);
  for (int i = 0; i < 100; ++i) {
    const auto at = bytes.begin() + static_cast<std::ptrdiff_t>(rng.below(bytes.size() - 1000));
    const Bytes edit = random_bytes(rng, 1000);
    bytes.insert(at, edit.begin(), edit.end());
  }
  const Version next(bytes);
  const Travelled travelled = travel(next, before);
  EXPECT_LE(travelled.total(), 103'500u);
}

TEST(Patch, TenThousandEditsOfTenBytes) {
  Rng rng(13);
  Bytes bytes = random_bytes(rng, kFileBytes);
  const Version before(bytes);
  for (int i = 0; i < 10'000; ++i) {
    const std::size_t at = rng.below(bytes.size() - 10);
    for (std::size_t j = 0; j < 10; ++j) bytes[at + j] = static_cast<std::uint8_t>(rng.next());
  }
  const Version next(bytes);
  const Travelled travelled = travel(next, before);
  EXPECT_LE(travelled.total(), 120'500u);
}

}  // namespace meshfs::fsd
