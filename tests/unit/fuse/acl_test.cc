#include "fsd/fuse/acl.h"

#include <gtest/gtest.h>

namespace meshfs::fsd::fuse {
namespace {

constexpr Instant kNow{1'000'000'000'000};

class Lists : public testing::Test {
 protected:
  static Acl text(const char* text) { return *Acl::from_text(text); }
  std::string through_kernel(const Acl& acl) {
    return Acl::from_kernel(acl.to_kernel(owners, kNow), owners, kNow)->to_text();
  }
  Owners owners;
};

TEST_F(Lists, NamesTravelNumbersDoNot) {
  // daemon and bin are Debian's fixed users 1 and 2; nobody has the number behind '#'.
  const char* list = "u::7,u:bin:6,u:daemon:5,u:#3123456789:4,g::5,g:daemon:1,m::7,o::0";
  const Bytes blob = text(list).to_kernel(owners, kNow);
  EXPECT_EQ(blob.size(), 4u + 8u * 8u);
  EXPECT_EQ(blob[4 + 8], 2);      // ACL_USER
  EXPECT_EQ(blob[4 + 8 + 4], 1);  // daemon, the smallest number, first
  EXPECT_EQ(through_kernel(text(list)), "u::7,u:#3123456789:4,u:bin:6,u:daemon:5,g::5,g:daemon:1,m::7,o::0");
}

TEST_F(Lists, WhoIsUnknownHereIsLeftOutAndKept) {
  const Acl before = text("u::7,u:daemon:5,u:no-such-user-here:6,g::5,g:no-such-group:7,m::7,o::0");
  EXPECT_EQ(through_kernel(before), "u::7,u:daemon:5,g::5,m::7,o::0");
  Acl changed = text("u::7,u:daemon:1,g::5,m::7,o::0");
  changed.keep_unknown(before, owners, kNow);
  EXPECT_EQ(changed.to_text(), "u::7,u:daemon:1,u:no-such-user-here:6,g::5,g:no-such-group:7,m::7,o::0");
  Acl away = text("u::7,g::5,o::0");
  away.keep_unknown(before, owners, kNow);
  EXPECT_TRUE(away.is_minimal());
}

TEST_F(Lists, ModeAndListStayInStep) {
  Acl list = text("u::7,u:#5:7,g::5,m::4,o::1");
  EXPECT_EQ(list.mode(04000), 04741);
  list.chmod(0620);
  EXPECT_EQ(list.to_text(), "u::6,u:#5:7,g::5,m::2,o::0");
  Acl plain = text("u::7,g::5,o::1");
  plain.chmod(0644);
  EXPECT_EQ(plain.to_text(), "u::6,g::4,o::4");
}

TEST_F(Lists, InheritedListsGrantNoMoreThanTheMode) {
  std::uint16_t mode = 0664;
  EXPECT_EQ(text("u::7,u:#5:7,g::7,m::7,o::5").inherited(mode).to_text(), "u::6,u:#5:7,g::7,m::6,o::4");
  EXPECT_EQ(mode, 0664);
  mode = 02777;
  EXPECT_EQ(text("u::7,g::5,o::0").inherited(mode).to_text(), "u::7,g::5,o::0");
  EXPECT_EQ(mode, 02750);
}

TEST_F(Lists, OfStrangersNothingIsBelieved) {
  for (const char* bad :
       {"", "u::7", "u::7,g::7", "u::7,g::7,o::8", "u::7,g::7,o::7,o::7", "u::7,u:a:7,g::7,o::7", "x::7,g::7,o::7",
        "u::7,u:#x:7,g::7,m::7,o::7", "u::7,u:#99999999999:7,g::7,m::7,o::7", "u::7,u:a:7,u:a:1,g::7,m::7,o::7",
        "u::7,g::7,m:a:7,o::7", "u:7,g::7,o::7", ",,,", "u::7,g::7,o::", ":::7"}) {
    EXPECT_FALSE(Acl::from_text(bad).ok()) << bad;
  }
  std::string many = "u::7,g::7,m::7,o::7";
  for (int i = 0; i < 600; ++i) many += ",u:#" + std::to_string(i) + ":7";
  EXPECT_FALSE(Acl::from_text(many).ok());
  const Bytes good = text("u::7,u:#5:7,g::7,m::7,o::7").to_kernel(owners, kNow);
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(Acl::from_kernel({good.data(), size}, owners, kNow).ok()) << size;
  }
  Bytes wrong = good;
  wrong[6] = 9;  // permissions
  EXPECT_FALSE(Acl::from_kernel(wrong, owners, kNow).ok());
}

TEST_F(Lists, AmongTheAttributes) {
  codec::Attributes attributes;
  attributes.xattrs = {{"system.posix_acl_access", {'?'}}, {"user.a", {}}};
  EXPECT_FALSE(acl_of(attributes, kAccessAcl));
  EXPECT_TRUE(put_acl(attributes, kDefaultAcl, text("u::7,g::5,o::0")).ok());
  EXPECT_TRUE(put_acl(attributes, kAccessAcl, text("u::7,u:#5:7,g::5,m::7,o::0")).ok());
  ASSERT_EQ(attributes.xattrs.size(), 3u);
  EXPECT_EQ(attributes.xattrs[0].name, kAccessAcl);
  EXPECT_EQ(attributes.xattrs[1].name, kDefaultAcl);
  EXPECT_EQ(acl_of(attributes, kAccessAcl)->to_text(), "u::7,u:#5:7,g::5,m::7,o::0");
  EXPECT_TRUE(put_acl(attributes, kAccessAcl, text("u::7,g::5,o::0")).ok());
  EXPECT_EQ(attributes.xattrs.size(), 2u);
}

}  // namespace
}  // namespace meshfs::fsd::fuse
