#include "fsd/fuse/owners.h"

#include <gtest/gtest.h>

namespace meshfs::fsd::fuse {
namespace {

constexpr Instant kNow{1'000'000'000'000};
constexpr uid_t kNameless = 3'123'456'789;

TEST(Owners, RootIsNumberZero) {
  Owners owners;
  EXPECT_EQ(owners.user(0, kNow), (codec::Owner{0, ""}));
  EXPECT_EQ(owners.group(0, kNow), (codec::Owner{0, ""}));
  EXPECT_EQ(owners.uid({0, ""}, kNow), 0U);
}

TEST(Owners, NamesTravelAndComeBack) {
  Owners owners;
  const codec::Owner daemon = owners.user(1, kNow);  // Debian's fixed users
  EXPECT_EQ(daemon, (codec::Owner{0, "daemon"}));
  EXPECT_EQ(owners.uid(daemon, kNow), 1U);
  EXPECT_EQ(owners.gid(owners.group(1, kNow), kNow), 1U);
}

TEST(Owners, NumbersWithoutNameStayNumbers) {
  Owners owners;
  EXPECT_EQ(owners.user(kNameless, kNow), (codec::Owner{kNameless, ""}));
  EXPECT_EQ(owners.uid({kNameless, ""}, kNow), kNameless);
}

TEST(Owners, UnknownNamesAreNobody) {
  Owners owners;
  EXPECT_EQ(owners.uid({0, "surely-no-such-user"}, kNow), Owners::kNobody);
  EXPECT_EQ(owners.gid({0, "surely-no-such-group"}, kNow), Owners::kNobody);
}

TEST(Owners, ManyNamesDoNotGrowTheTables) {
  Owners owners;
  for (std::size_t i = 0; i < Owners::kMaxKept + 10; ++i) {
    EXPECT_EQ(owners.uid({0, "no-user-" + std::to_string(i)}, kNow), Owners::kNobody);
  }
  EXPECT_EQ(owners.uid({0, "daemon"}, kNow), 1U);
}

}  // namespace
}  // namespace meshfs::fsd::fuse
