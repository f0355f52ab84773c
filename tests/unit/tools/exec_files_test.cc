// Files: the journal under damage, paths that lead elsewhere, what is shipped.
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "schema/crypto/hash.h"
#include "tools/exec/catalogue.h"
#include "tools/exec/checked_file.h"
#include "tools/exec/journal_file.h"
#include "tools/exec/output_keeper.h"
#include "tools/exec/owner_files.h"
#include "tools/exec/text_of_file.h"

namespace meshfs::exec {
namespace {

namespace fs = std::filesystem;

struct Folder {
  Folder() {
    char name[] = "/tmp/mesh-exec-test.XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { fs::remove_all(path); }
  std::string put(const std::string& name, const std::string& text) const {
    std::ofstream(path + "/" + name, std::ios::binary) << text;
    return path + "/" + name;
  }
  std::string path;
};

const std::string kId(64, '1'), kKey(64, 'a');

std::string lines_of(char digit) {
  Known known;
  known.key = kKey;
  known.when = known.until = WallMs{5};
  const std::string id(64, digit);
  return accepted_line(id, known) + began_line(id, WallMs{6});
}

TEST(JournalFile, KeepsWhatWasAppended) {
  const Folder folder;
  {
    auto opened = JournalFile::open(folder.path + "/state");
    ASSERT_TRUE(opened) << opened.failure().message;
    ASSERT_TRUE(opened->file.append(lines_of('1'), true));
    const auto second = JournalFile::open(folder.path + "/state");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.code(), Errc::busy);
  }
  auto again = JournalFile::open(folder.path + "/state");
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->ledger.find(kId)->began_once);
  EXPECT_EQ(again->file.lines(), 2U);
  ASSERT_TRUE(again->file.replace(lines_of('2')));
  ASSERT_TRUE(again->file.append(lines_of('3'), true));
  again = Errc::closed;
  const auto last = JournalFile::open(folder.path + "/state");
  EXPECT_EQ(last->ledger.find(kId), nullptr);
  EXPECT_NE(last->ledger.find(std::string(64, '2')), nullptr);
  EXPECT_NE(last->ledger.find(std::string(64, '3')), nullptr);
}

TEST(JournalFile, ATornLineIsCutAndWhatFollowsIsWhole) {
  const std::string whole = lines_of('1');
  for (std::size_t cut = 0; cut < whole.size(); cut += 7) {
    const Folder folder;
    folder.put("journal", whole.substr(0, cut));
    {
      auto opened = JournalFile::open(folder.path);
      ASSERT_TRUE(opened);
      ASSERT_FALSE(opened->damaged);
      ASSERT_TRUE(opened->file.append(lines_of('2'), true));
    }
    const auto again = JournalFile::open(folder.path);
    ASSERT_FALSE(again->damaged) << cut;
    ASSERT_NE(again->ledger.find(std::string(64, '2')), nullptr);
  }
}

TEST(JournalFile, DamageInTheMiddleIsSaid) {
  const Folder folder;
  std::string text = lines_of('1') + lines_of('2');
  text[20] = static_cast<char>(text[20] ^ 1);
  folder.put("journal", text);
  const auto opened = JournalFile::open(folder.path);
  ASSERT_TRUE(opened);
  EXPECT_TRUE(opened->damaged);
  EXPECT_NE(opened->ledger.find(std::string(64, '2')), nullptr);
}

TEST(CheckedFile, FollowsNoLinks) {
  const Folder folder;
  fs::create_directories(folder.path + "/below/in");
  folder.put("outside", "secret");
  folder.put("below/in/file", "x");
  fs::create_symlink("../outside", folder.path + "/below/link");
  fs::create_symlink("in", folder.path + "/below/folder-link");
  fs::create_symlink("..", folder.path + "/below/in/up");
  const std::string root = folder.path + "/below";
  const auto good = [&](const std::string& below) { return check_file({root + below, root, "", ""}).ok(); };
  EXPECT_TRUE(good("/in/file"));
  EXPECT_TRUE(good("/in/new"));
  EXPECT_TRUE(good("/new"));
  EXPECT_FALSE(good("/link"));
  EXPECT_FALSE(good("/folder-link/file"));
  EXPECT_FALSE(good("/folder-link/new"));
  EXPECT_FALSE(good("/in/up/in/file"));
  EXPECT_FALSE(good("/no/new"));
  EXPECT_FALSE(check_file({root + "/../outside", root, "", ""}));
}

TEST(CheckedFile, ACopyHasTheHashOrIsNotUsed) {
  const Folder folder;
  const std::string image = folder.put("image", "firmware"), copy = folder.path + "/staging/copy";
  const std::string hash = crypto::hash_of(as_bytes("firmware")).hex();
  EXPECT_FALSE(check_file({image, folder.path, std::string(64, '0'), copy}));
  const Status good = check_file({image, folder.path, hash, copy});
  ASSERT_TRUE(good) << good.failure().message;
  EXPECT_EQ(text_of_file(copy, 100), "firmware");
  EXPECT_FALSE(check_file({folder.path + "/none", folder.path, hash, copy}));
  EXPECT_FALSE(check_file({folder.path + "/staging", folder.path, hash, copy}));
}

TEST(OutputKeeper, KeepsBothEndsWhateverThePieces) {
  for (const std::size_t piece : {1UL, 100UL, 65'536UL, 262'144UL}) {
    std::string all;
    for (std::size_t i = 0; all.size() < 400'000; ++i) all += std::to_string(i) + "\n";
    OutputKeeper keeper;
    for (std::size_t at = 0; at < all.size(); at += piece) keeper.add(std::string_view(all).substr(at, piece));
    const Output output = keeper.output();
    EXPECT_EQ(output.bytes, all.size());
    EXPECT_EQ(output.first, all.substr(0, 65'536));
    EXPECT_EQ(output.last, all.substr(all.size() - 65'536));
  }
}

TEST(OwnerFiles, WhatIsShippedIsGood) {
  const Folder folder;
  const std::string policy =
      folder.put("commands.toml", text_of_file(std::string(SHIPPED_VERBS) + "/commands.toml", 100'000).value());
  fs::create_directory(folder.path + "/verbs");
  for (const std::string from : {SHIPPED_VERBS, EXAMPLE_VERBS})
    for (const auto& one : fs::directory_iterator(from))
      if (one.path().extension() == ".toml" && one.path().filename() != "commands.toml")
        folder.put("verbs/" + one.path().filename().string(), text_of_file(one.path(), 100'000).value());
  const auto files = read_owner_files(policy, folder.path + "/verbs");
  ASSERT_TRUE(files) << files.failure().message;
  EXPECT_TRUE(files->faults.empty()) << files->faults.front();
  EXPECT_EQ(files->catalogue.size(), 10U);
  // As shipped: members look, and change nothing.
  for (const auto& [name, verb] : files->catalogue) {
    Bound bound(verb.parameters.size(), {"x"});
    const bool allowed = permission_of(files->policy, {"office", kKey, {"admins"}, {}}, name, &verb, bound).by_node;
    EXPECT_EQ(allowed, name == "ping" || name == "uptime" || name == "traceroute") << name;
  }
}

TEST(OwnerFiles, WhatOthersCanWriteIsNotBelieved) {
  const Folder folder;
  const std::string policy = folder.put("commands.toml", "");
  fs::create_directory(folder.path + "/verbs");
  const std::string verb = folder.put("verbs/x.toml", "verb = \"x\"\nargv = [\"/bin/true\"]\n");
  EXPECT_EQ(read_owner_files(policy, folder.path + "/verbs")->catalogue.size(), 1U);
  ::chmod(verb.c_str(), 0666);
  EXPECT_EQ(read_owner_files(policy, folder.path + "/verbs")->faults.size(), 1U);
  ::chmod(policy.c_str(), 0664);
  EXPECT_FALSE(read_owner_files(policy, folder.path + "/verbs"));
  EXPECT_FALSE(read_owner_files(folder.path + "/none", folder.path + "/verbs"));
}

}  // namespace
}  // namespace meshfs::exec
