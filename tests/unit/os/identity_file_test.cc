#include "schema/os/identity_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace meshfs::os {
namespace {

namespace fs = std::filesystem;

class IdentityFile : public testing::Test {
 protected:
  IdentityFile() {
    crypto::start();
    state_ = fs::path(testing::TempDir()) / ("meshfs-identity-" + crypto::random_id<StoreId>().hex());
  }
  ~IdentityFile() override { fs::remove_all(state_); }

  static codec::Identity new_identity(const std::string& node) {
    const auto secret = crypto::random_id<crypto::Seed>();
    const auto node_seed = crypto::random_id<crypto::Seed>();
    const auto admin = crypto::SigningKey::from_seed(node_seed);
    codec::Genesis genesis;
    genesis.name = "valley";
    genesis.admins = {admin.public_key()};
    codec::sign_genesis(genesis, admin);
    return codec::make_identity(genesis, secret, node_seed, node);
  }
  [[nodiscard]] std::string state() const { return state_.string(); }

 private:
  fs::path state_;
};

TEST_F(IdentityFile, ComesBackAsWritten) {
  const auto identity = new_identity("roof");
  ASSERT_TRUE(os::write_identity(state(), identity).ok());
  const auto read = os::read_identity(state());
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(codec::encode_identity(*read), codec::encode_identity(identity));
  struct stat about {};
  ASSERT_EQ(stat(os::identity_path(state()).c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777, 0600u);
}

TEST_F(IdentityFile, IsNeverOverwritten) {
  ASSERT_TRUE(os::write_identity(state(), new_identity("first")).ok());
  const auto second = os::write_identity(state(), new_identity("second"));
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.code(), Errc::exists);
  EXPECT_EQ(os::read_identity(state())->member.name, "first");
  EXPECT_FALSE(fs::exists(os::identity_path(state()) + ".new"));
}

TEST_F(IdentityFile, IsReplacedWholeByALaterOne) {
  codec::Identity identity = new_identity("roof");
  ASSERT_TRUE(os::write_identity(state(), identity).ok());
  codec::rotate_device(identity, *identity.node_seed);
  ASSERT_TRUE(os::replace_identity(state(), identity).ok());
  const auto read = os::read_identity(state());
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, identity);
  struct stat about {};
  ASSERT_EQ(stat(os::identity_path(state()).c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777, 0600u);
  EXPECT_FALSE(fs::exists(os::identity_path(state()) + ".new"));
  EXPECT_FALSE(os::replace_identity(state() + "/nowhere", identity).ok());
}

TEST_F(IdentityFile, IsRefusedWhenOthersMayReadIt) {
  ASSERT_TRUE(os::write_identity(state(), new_identity("roof")).ok());
  ASSERT_EQ(chmod(os::identity_path(state()).c_str(), 0640), 0);
  const auto read = os::read_identity(state());
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.code(), Errc::denied);
  EXPECT_NE(read.failure().message.find("chmod 600"), std::string::npos);
}

TEST_F(IdentityFile, SaysWhenItIsMissingOrDamaged) {
  const auto missing = os::read_identity(state());
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.code(), Errc::not_found);
  ASSERT_TRUE(os::write_identity(state(), new_identity("roof")).ok());
  std::ofstream(os::identity_path(state()), std::ios::trunc) << "no identity";
  const auto damaged = os::read_identity(state());
  ASSERT_FALSE(damaged.ok());
  EXPECT_EQ(damaged.code(), Errc::bad_bytes);
}

}  // namespace
}  // namespace meshfs::os
