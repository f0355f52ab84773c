#include "tools/mesh/documents.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/unit/tools/fake_fsd.h"
#include "tools/mesh/command_table.h"

namespace meshfs::tools {
namespace {

TEST(Documents, TheManualHasEveryCommandOptionAndExitCode) {
  const std::string page = manual_of_mesh("1.2");
  for (const auto& group : command_groups()) {
    for (const auto& command : group.commands)
      EXPECT_NE(page.find("\\fBmesh " + roff(command.name) + "\\fR"), std::string::npos) << command.name;
  }
  for (const auto& option : kOptions) EXPECT_NE(page.find(roff(option.what)), std::string::npos) << option.name;
  for (const auto& one : exit_meanings()) EXPECT_NE(page.find(roff(one.meaning)), std::string::npos);
  EXPECT_NE(page.find("meshfs 1.2"), std::string::npos);
}

TEST(Documents, RoffIsHarmless) {
  EXPECT_EQ(roff(".TH a-b\\c"), "\\&.TH a\\-b\\ec");
  EXPECT_EQ(roff("'x"), "\\&'x");
  EXPECT_EQ(roff("a.b"), "a.b");
}

TEST(Documents, ADaemonsPageComesFromItsHelp) {
  const std::string help =
      "x: what it is.\nusage: x [--a VALUE]\n\nWords.\n\n  --a VALUE   the first,\n              in two lines\n  --b   "
      "      the second\nA note.\n";
  const std::string page = manual_of_daemon({"x", "does things", "Long."}, help, "1");
  EXPECT_NE(page.find(".SH SYNOPSIS\nx [\\-\\-a VALUE]\n"), std::string::npos) << page;
  EXPECT_NE(page.find(".TP\n\\fB\\-\\-a VALUE\\fR\nthe first,\nin two lines\n.TP\n\\fB\\-\\-b\\fR\nthe second\n"),
            std::string::npos)
      << page;
  EXPECT_NE(page.find(".PP\nA note.\n"), std::string::npos) << page;
}

TEST(Documents, AServiceOfSomebodyElseHasItsHelp) {
  const std::string help = "usage: y [OPTION]...\n\nDoes a thing.\nWatches it.\n\n  --a   an option\n";
  const std::string page = manual_of_daemon({"y", "a service of the mesh", ""}, help, "1");
  EXPECT_NE(page.find(".SH DESCRIPTION\nDoes a thing.\nWatches it.\n.SH OPTIONS\n"), std::string::npos) << page;
  EXPECT_NE(manual_of_daemon({"y", "a service", ""}, "", "1").find(".SH DESCRIPTION\n.SH OPTIONS\n"),
            std::string::npos);
}

// What bash offers after these words; the last is the one under the cursor.
std::string completed(const TestFolder& folder, const std::string& words) {
  const std::string script = "source mesh.completion; COMP_WORDS=(" + words +
                             "); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _mesh; printf '%s ' \"${COMPREPLY[@]}\" >out";
  folder.write("try.sh", script);
  EXPECT_EQ(std::system(("cd " + folder.path() + " && MESHFS_MOUNT=mesh bash try.sh 2>err").c_str()), 0);
  EXPECT_EQ(folder.read("err"), "");
  return folder.read("out");
}

TEST(Documents, CompletionOffersWhatFits) {
  TestFolder folder;
  folder.write("mesh.completion", bash_completion());
  folder.write("mesh/nodes/roof/x", "");
  folder.write("mesh/nodes/school/x", "");
  EXPECT_EQ(completed(folder, "mesh st"), "status ");
  EXPECT_EQ(completed(folder, "mesh con"), "conflicts ");
  EXPECT_EQ(completed(folder, "mesh wait x --n"), "--nodes ");
  EXPECT_EQ(completed(folder, "mesh --color always why x --on s"), "school ");
  EXPECT_EQ(completed(folder, "mesh run s"), "school ");
  EXPECT_EQ(completed(folder, "mesh run a"), "all ");
  EXPECT_EQ(completed(folder, "mesh ssh r"), "roof ");
  EXPECT_EQ(completed(folder, "mesh conflicts m"), "merge ");
  EXPECT_EQ(completed(folder, "mesh help wh"), "why ");
  EXPECT_EQ(completed(folder, "mesh log mesh.c"), "mesh.completion ");
  EXPECT_EQ(completed(folder, "mesh ls --color n"), "never ");
  EXPECT_EQ(completed(folder, "mesh log --nod"), " ");  // an option of another command
}

}  // namespace
}  // namespace meshfs::tools
