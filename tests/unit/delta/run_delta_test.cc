// librsync for one run: round trip, and bombs that never go off.
#include "fsd/delta/run_delta.h"
#include "tests/unit/delta/version_fixture.h"

namespace meshfs::fsd {

TEST(RunDelta, AnEditCostsABlockOrTwo) {
  Rng rng(21);
  const Bytes base = random_bytes(rng, 200'000);
  Bytes plain = base;
  plain.insert(plain.begin() + 100'000, 50, 'x');
  const auto signature = sign_run(base);
  ASSERT_TRUE(signature.ok());
  EXPECT_LE(signature->size(), base.size() / 20);
  const auto delta = delta_run(plain, *signature);
  ASSERT_TRUE(delta.ok() && delta->has_value());
  EXPECT_LE((*delta)->size(), 2500u);
  const auto back = patch_run(base, **delta, plain.size());
  ASSERT_TRUE(back.ok()) << back.failure().message;
  EXPECT_EQ(*back, plain);
}

}  // namespace meshfs::fsd
