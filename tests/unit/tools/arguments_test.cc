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
  EXPECT_TRUE(arguments->details);
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

}  // namespace
}  // namespace meshfs::tools
