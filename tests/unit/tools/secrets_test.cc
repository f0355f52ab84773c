// Secrets that people carry: passphrases of invites, root keys in files, tokens as pictures.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tools/mesh/passphrase.h"
#include "tools/mesh/qr.h"
#include "tools/mesh/root_file.h"
#include "tools/mesh/text_file.h"

namespace meshfs::tools {
namespace {

TEST(Passphrase, OpensWhatItSealedAndNothingElse) {
  crypto::start();
  const auto seed = crypto::random_id<crypto::Seed>();
  const Bytes salt(codec::kTokenSalt, 7);
  const auto sealed = seal_seed(seed, "open sesame", salt);
  ASSERT_TRUE(sealed.ok());
  EXPECT_EQ(sealed->size(), codec::kSealedSeed);
  const auto opened = open_seed(*sealed, "open sesame", salt);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(*opened, seed);
  EXPECT_EQ(open_seed(*sealed, "open sesamE", salt).code(), Errc::denied);
  EXPECT_EQ(open_seed(*sealed, "open sesame", Bytes(codec::kTokenSalt, 8)).code(), Errc::denied);
  Bytes bent = *sealed;
  bent[3] ^= 1;
  EXPECT_EQ(open_seed(bent, "open sesame", salt).code(), Errc::denied);
}

TEST(RootFile, ComesBackAndIsNeverOverwritten) {
  crypto::start();
  const std::string path = testing::TempDir() + "meshfs-root-" + crypto::random_id<StoreId>().hex();
  const auto seed = crypto::random_id<crypto::Seed>();
  EXPECT_EQ(read_root(path).code(), Errc::not_found);
  ASSERT_TRUE(write_root(path, seed).ok());
  EXPECT_EQ(write_root(path, crypto::random_id<crypto::Seed>()).code(), Errc::exists);
  const auto back = read_root(path);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(*back, seed);
  ASSERT_EQ(chmod(path.c_str(), 0640), 0);
  EXPECT_EQ(read_root(path).code(), Errc::denied);
  EXPECT_NE(read_root(path).failure().message.find("chmod 600 " + path), std::string::npos);
  ASSERT_EQ(chmod(path.c_str(), 0600), 0);
  for (const std::string& wrong : {std::string("no key"), "meshfs-root1 " + seed.hex().substr(1), std::string()}) {
    ASSERT_TRUE(write_text(path, wrong));
    EXPECT_EQ(read_root(path).code(), Errc::bad_bytes) << wrong;
  }
  unlink(path.c_str());
}

TEST(QrCode, HasEveryLineOfOneWidth) {
  const std::string code = qr_code(std::string(300, 'a'));
  if (code.empty()) GTEST_SKIP() << "built without libqrencode";
  std::size_t width = 0, lines = 0;
  for (std::size_t from = 0, end; (end = code.find('\n', from)) != code.npos; from = end + 1, ++lines) {
    std::size_t here = 0;
    for (std::size_t i = from; i < end; ++i) here += (code[i] & 0xc0) != 0x80 ? 1 : 0;
    if (lines == 0) width = here;
    EXPECT_EQ(here, width);
  }
  EXPECT_GT(lines, 20u);
  EXPECT_LE(lines, 45u);
  EXPECT_EQ(qr_code(std::string(10'000, 'a')), "");
}

}  // namespace
}  // namespace meshfs::tools
