#include "tools/mesh/place.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "tests/unit/tools/fake_fsd.h"

namespace meshfs::tools {
namespace {

class PlaceTest : public testing::Test {
 protected:
  PlaceTest() : before_(std::filesystem::current_path()) {
    folder_.write("mesh/.mesh/status", "{}");
    folder_.write("mesh/docs/map.pdf", "x");
    folder_.write("outside.txt", "x");
    std::filesystem::create_directory_symlink(folder_.path() + "/mesh/docs", folder_.path() + "/shortcut");
    std::filesystem::create_symlink("nowhere", folder_.path() + "/mesh/link");
    arguments_.mount = folder_.path() + "/mesh";
  }
  ~PlaceTest() override { std::filesystem::current_path(before_); }

  void expect(const std::string& word, const std::string& path) {
    const auto place = find_place(arguments_, word);
    ASSERT_TRUE(place.ok()) << word << ": " << place.failure().message;
    EXPECT_EQ(place->path, path) << word;
    EXPECT_EQ(place->mount, folder_.path() + "/mesh") << word;
  }

  TestFolder folder_;
  std::filesystem::path before_;
  Arguments arguments_;
};

TEST_F(PlaceTest, FindsTheMeshAboveAnyPath) {
  expect(folder_.path() + "/mesh/docs/map.pdf", "docs/map.pdf");
  expect(folder_.path() + "/mesh//docs/./../docs/map.pdf/", "docs/map.pdf");
  expect(folder_.path() + "/mesh", "");
  expect(folder_.path() + "/mesh/", "");
  expect(folder_.path() + "/mesh/gone/with/its/folder", "gone/with/its/folder");
  expect(folder_.path() + "/shortcut/map.pdf", "docs/map.pdf");
  expect(folder_.path() + "/mesh/link", "link");  // the link itself, not what it points to
  std::filesystem::current_path(folder_.path() + "/mesh/docs");
  expect("map.pdf", "docs/map.pdf");
  expect("../new", "new");
  expect(".", "docs");
}

TEST_F(PlaceTest, SaysWhatIsWrongWithAPathOutside) {
  const auto outside = find_place(arguments_, folder_.path() + "/outside.txt");
  ASSERT_FALSE(outside.ok());
  EXPECT_EQ(outside.code(), Errc::invalid);
  EXPECT_EQ(outside.failure().message,
            folder_.path() + "/outside.txt lies outside the mesh: give a path below " + folder_.path() + "/mesh.");
  std::filesystem::current_path(folder_.path());
  const auto meant = find_place(arguments_, "docs/map.pdf");
  ASSERT_FALSE(meant.ok());
  EXPECT_NE(meant.failure().message.find("did you mean " + folder_.path() + "/mesh/docs/map.pdf?"), std::string::npos)
      << meant.failure().message;
  EXPECT_EQ(find_place(arguments_, "").code(), Errc::invalid);
}

TEST_F(PlaceTest, SaysThatNothingIsMounted) {
  std::filesystem::remove_all(folder_.path() + "/mesh/.mesh");
  const auto place = find_place(arguments_, folder_.path() + "/mesh/docs/map.pdf");
  ASSERT_FALSE(place.ok());
  EXPECT_EQ(place.code(), Errc::closed);
}

}  // namespace
}  // namespace meshfs::tools
