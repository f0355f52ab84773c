#include <gtest/gtest.h>

#include "tests/unit/tools/fake_fsd.h"
#include "tools/mesh/conflict_list.h"
#include "tools/mesh/merging.h"

namespace meshfs::tools {
namespace {

TEST(Conflicts, KnowTheFileThatASiblingBelongsTo) {
  EXPECT_EQ(main_path("a/plan.txt~conflict-roof-20261120"), "a/plan.txt");
  EXPECT_EQ(main_path("plan.txt"), "plan.txt");
  EXPECT_EQ(main_path("x~conflict-y/plan.txt"), "x~conflict-y/plan.txt");
  EXPECT_EQ(main_path("~conflict-odd"), "~conflict-odd");
}

TEST(Conflicts, ListEachPathOnce) {
  const auto view = parse_json(R"({"conflicts":[{"path":"/b"},{"path":"/a/c"},{"path":"/b"}]})");
  EXPECT_EQ(conflicting_paths(*view), (std::vector<std::string>{"b", "a/c"}));
}

TEST(Conflicts, GiveNamesThatSayWhoseAndWhen) {
  constexpr std::int64_t kWhen = 1'795'201'442'000;  // 2026-11-20 19:04:02 UTC
  EXPECT_EQ(name_for("docs/map.pdf", "roof", kWhen), "docs/map.roof-20261120-190402.pdf");
  EXPECT_EQ(name_for("docs.d/README", "roof", kWhen), "docs.d/README.roof-20261120-190402");
  EXPECT_EQ(name_for(".profile", "roof", kWhen), ".profile.roof-20261120-190402");
  EXPECT_LE(name_for(std::string(255, 'n'), "roof", kWhen).size(), 255u);
}

TEST(Conflicts, MarkWhatDiffersAndSeeMarksThatStay) {
  TestFolder folder;
  folder.write("a", "same\nours\nend\n");
  folder.write("b", "same\ntheirs\nend\n");
  ASSERT_TRUE(
      mark_differences(folder.path() + "/a", "roof", folder.path() + "/b", "school", folder.path() + "/out").ok());
  EXPECT_EQ(folder.read("out"), "same\n<<<<<<< roof\nours\n=======\ntheirs\n>>>>>>> school\nend\n");
  EXPECT_TRUE(has_marks(folder.path() + "/out"));
  EXPECT_FALSE(has_marks(folder.path() + "/a"));
}

}  // namespace
}  // namespace meshfs::tools
