#include "tools/mesh/arguments.h"

#include <gtest/gtest.h>

#include "schema/codec/network.h"

namespace meshfs::tools {
namespace {

TEST(Arguments, SortsOptionsFromWords) {
  const auto arguments =
      parse_arguments({"join", "--state", "/s", "token", "--node", "roof", "--mount", "/m", "-l", "--json"});
  ASSERT_TRUE(arguments.ok());
  EXPECT_EQ(arguments->command, "join");
  EXPECT_EQ(arguments->words, std::vector<std::string>{"token"});
  EXPECT_EQ(arguments->state, "/s");
  EXPECT_EQ(arguments->mount, "/m");
  EXPECT_EQ(arguments->node, "roof");
  EXPECT_TRUE(arguments->has("-l"));
  EXPECT_TRUE(arguments->json);
}

TEST(Arguments, TwoDashesEndTheOptions) {
  const auto arguments = parse_arguments({"ls", "--", "--json"});
  ASSERT_TRUE(arguments.ok());
  EXPECT_EQ(arguments->words, std::vector<std::string>{"--json"});
  EXPECT_FALSE(arguments->json);
}

TEST(Arguments, NamesWhatIsWrong) {
  const auto unknown = parse_arguments({"ls", "--colour"});
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.failure().message, "There is no option --colour.");
  const auto missing = parse_arguments({"init", "valley", "--node"});
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.failure().message, "--node needs a value after it.");
}

TEST(Arguments, OptionsMayHaveTheirValueBehindAnEqualsSign) {
  const auto arguments = parse_arguments({"diff", "--version=ab=c", "--version", "d", "--limit=7", "x"});
  ASSERT_TRUE(arguments.ok());
  EXPECT_EQ(arguments->values("--version"), (std::vector<std::string>{"ab=c", "d"}));
  EXPECT_EQ(arguments->number("--limit", 1, 100).value(), 7);
  EXPECT_EQ(arguments->number("--nodes", 1, 100).value(), 100);
  EXPECT_FALSE(parse_arguments({"ls", "--json=yes"}).ok());
}

TEST(Arguments, NumbersAreNumbers) {
  for (const char* bad : {"", "x", "3x", "-1", "0", "99999999999999999999", "1.5"}) {
    const auto arguments = parse_arguments({"log", "--limit", bad});
    ASSERT_TRUE(arguments.ok());
    EXPECT_EQ(arguments->number("--limit", 1, 100).code(), Errc::invalid) << bad;
  }
}

TEST(Arguments, ColourFollowsTerminalEnvironmentAndOption) {
  EXPECT_TRUE(wants_colour(Colour::automatic, true, nullptr, "xterm"));
  EXPECT_TRUE(wants_colour(Colour::automatic, true, "", "xterm"));  // no-color.org: empty does not count
  EXPECT_FALSE(wants_colour(Colour::automatic, true, "1", "xterm"));
  EXPECT_FALSE(wants_colour(Colour::automatic, true, nullptr, "dumb"));
  EXPECT_FALSE(wants_colour(Colour::automatic, true, nullptr, nullptr));
  EXPECT_FALSE(wants_colour(Colour::automatic, false, nullptr, "xterm"));
  EXPECT_TRUE(wants_colour(Colour::always, false, "1", "dumb"));
  EXPECT_FALSE(wants_colour(Colour::never, true, nullptr, "xterm"));
  EXPECT_FALSE(parse_arguments({"ls", "--color", "sometimes"}).ok());
}

TEST(Settings, AreReadAsTheServicesReadThem) {
  const std::string text =
      "# comment\n#MESHFS_MOUNT=/no\n MESHFS_MOUNT=\"/a b\" \r\nMESHFS_MOUNTS=/no\nMESHFS_STATE=/s\n";
  EXPECT_EQ(setting_in(text, "MESHFS_MOUNT"), "/a b");
  EXPECT_EQ(setting_in(text, "MESHFS_STATE"), "/s");
  EXPECT_EQ(setting_in(text + "MESHFS_STATE=/last", "MESHFS_STATE"), "/last");
  EXPECT_EQ(setting_in(text, "MESHFS_PEERS"), "");
  EXPECT_EQ(setting_in("", "X"), "");
}

TEST(NodeName, ComesFromAnyHostName) {
  EXPECT_EQ(node_name_from_host("Roof.example.org"), "roof");
  EXPECT_EQ(node_name_from_host("my_router"), "my-router");
  EXPECT_EQ(node_name_from_host("-x-"), "x");
  EXPECT_EQ(node_name_from_host(""), "node");
  EXPECT_EQ(node_name_from_host("___"), "node");
  for (const char* host : {"A", "9lives", "\xff\xfe", "a.b", "this-is-a-very-long-host-name-of-more-than-thirty-two"}) {
    EXPECT_TRUE(codec::valid_node_name(node_name_from_host(host))) << host;
  }
}

TEST(Settings, OneIsSetAndTheOthersStay) {
  const std::string text = "# first\nMESHFS_PORT=1\n#MESHFS_PEERS=\"x\"\nMESHFS_PEERS=a\nMESHFS_PEERS=b\n";
  const std::string with = with_setting(text, "MESHFS_PEERS", "c d");
  EXPECT_EQ(with, "# first\nMESHFS_PORT=1\n#MESHFS_PEERS=\"x\"\nMESHFS_PEERS=\"c d\"\n");
  EXPECT_EQ(setting_in(with, "MESHFS_PEERS"), "c d");
  EXPECT_EQ(with_setting("A=1", "B", "2"), "A=1\nB=\"2\"\n");
  EXPECT_EQ(with_setting("", "B", ""), "B=\"\"\n");
}

}  // namespace
}  // namespace meshfs::tools
