#include "tools/mesh/command_table.h"

#include <gtest/gtest.h>

#include <set>

namespace meshfs::tools {
namespace {

TEST(CommandTable, NamesEachCommandOnceWithOptionsThatExist) {
  std::set<std::string_view> names;
  for (const auto& group : command_groups()) {
    EXPECT_FALSE(group.title.empty());
    for (const auto& command : group.commands) {
      EXPECT_TRUE(names.insert(command.name).second) << command.name;
      EXPECT_EQ(find_command(command_groups(), command.name), &command);
      EXPECT_EQ(command.run == nullptr, command.name == "help") << command.name;
      EXPECT_FALSE(command.summary.empty()) << command.name;
      EXPECT_LE(command.least_words, command.most_words) << command.name;
      for (const auto option : command.option_names()) EXPECT_EQ(option_named(option).name, option);
    }
  }
  for (const char* wanted :
       {"init",   "invite",  "join",      "link", "status", "peers",     "doctor", "ls",   "log",
        "cat",    "restore", "retention", "diff", "du",     "conflicts", "watch",  "wait", "why",
        "export", "import",  "verify",    "seal", "help",   "types",     "check",  "new",  "schema",
        "type",   "run",     "results",   "ssh",  "card",   "rpc"}) {
    EXPECT_TRUE(names.contains(wanted)) << wanted;
  }
  EXPECT_EQ(find_command(command_groups(), "nonsense"), nullptr);
}

TEST(CommandTable, EveryOptionBelongsToACommand) {
  for (const auto& option : kOptions) {
    bool taken = false;
    for (const auto& group : command_groups()) {
      for (const auto& command : group.commands) taken = taken || command.takes(option.name);
    }
    EXPECT_TRUE(taken) << option.name;
  }
}

TEST(CommandTable, UsageFitsTheScreenAndNamesEverything) {
  const std::string text = usage(command_groups());
  for (const auto& group : command_groups()) {
    for (const auto& command : group.commands) {
      EXPECT_NE(text.find("\n  " + std::string(command.name)), std::string::npos) << command.name;
    }
  }
  for (const auto& one : exit_meanings()) EXPECT_NE(text.find(one.meaning), std::string::npos);
  std::size_t line = 0;
  for (const char c : text) {
    line = c == '\n' ? 0 : line + 1;
    EXPECT_LE(line, 100u) << text;
  }
}

TEST(CommandTable, HelpShowsTheOptionsThatACommandTakesAndNoOthers) {
  const auto all = command_groups();
  const std::string text = help(*find_command(all, "log"));
  EXPECT_NE(text.find("--limit"), std::string::npos);
  EXPECT_EQ(text.find("--nodes"), std::string::npos);
  EXPECT_FALSE(find_command(all, "log")->takes("--nodes"));
  EXPECT_EQ(usage_line(*find_command(all, "diff")).find("[--version"),
            usage_line(*find_command(all, "diff")).rfind("[--version A"));
}

TEST(CommandTable, ExitCodesAreAllDifferent) {
  std::set<Exit> codes;
  for (const auto& one : exit_meanings()) EXPECT_TRUE(codes.insert(one.code).second);
  EXPECT_EQ(codes.size(), 9u);
}

}  // namespace
}  // namespace meshfs::tools
