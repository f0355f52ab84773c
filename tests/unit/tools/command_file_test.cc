// What `mesh run` writes, and whom it waits for.
#include "tools/mesh/command_file.h"

#include <gtest/gtest.h>

#include "tools/mesh/targets.h"

namespace meshfs::tools {
namespace {

CommandFile sample() {
  CommandFile out;
  out.verb = "config-set";
  out.arguments = {"a b", "quote\"\n$(x)"};
  out.targets = {"roof", "@backbone"};
  out.not_before = "2027-01-31T12:30:00Z";
  out.expires_after = "2h";
  out.confirm_within = "5m";
  out.reason = "why not";
  out.dry_run = out.farthest_first = true;
  return out;
}

TEST(CommandFile, ComesBackAsItWasWritten) {
  const auto json = parse_json(command_text(sample()));
  ASSERT_TRUE(json.ok());
  const CommandFile back = read_command(*json);
  EXPECT_EQ(command_text(back), command_text(sample()));
  EXPECT_EQ(back.arguments, sample().arguments);
  EXPECT_EQ(json->at("order").text, "farthestFirst");
  CommandFile least;
  least.verb = "uptime";
  EXPECT_EQ(command_text(least), "{\"verb\": \"uptime\"}\n");
}

TEST(CommandFile, RefusesWhatNoNodeWouldTake) {
  EXPECT_TRUE(check_command(sample()).ok());
  for (const char* verb : {"", "Upper", "-x", "9x", "a b", "../x", "abcdefghijklmnopqrstuvwxyz0123456"}) {
    CommandFile bad = sample();
    bad.verb = verb;
    EXPECT_FALSE(check_command(bad).ok()) << verb;
  }
  for (const char* span : {"5", "m", "-5m", "5w", "0s", "91d", "123456s", "5 m"}) {
    CommandFile bad = sample();
    bad.expires_after = span;
    EXPECT_FALSE(check_command(bad).ok()) << span;
  }
  CommandFile bad = sample();
  bad.confirm_within = "1d";
  EXPECT_FALSE(check_command(bad).ok());
  bad = sample();
  bad.arguments.emplace_back("\xff");
  EXPECT_FALSE(check_command(bad).ok());
  bad.arguments.back() = "\\udc80 as text, and \\\\udc80";
  EXPECT_TRUE(check_command(bad).ok());
  bad.arguments.back() = std::string(kMaxCommandBytes, 'x');
  EXPECT_FALSE(check_command(bad).ok());
}

TEST(CommandFile, TargetsAreWords) {
  EXPECT_EQ(*split_targets("roof"), (std::vector<std::string>{"roof"}));
  EXPECT_EQ(*split_targets("roof,@b,site=school,roof"), (std::vector<std::string>{"roof", "@b", "site=school"}));
  for (const char* bad : {"", "roof,", ",roof", "../x", "a/b", ".", ".hidden", "\xff"})
    EXPECT_FALSE(split_targets(bad).ok()) << bad;
  std::string many = "n0";
  for (int i = 1; i <= 64; ++i) many += ",n" + std::to_string(i);
  EXPECT_FALSE(split_targets(many).ok());
  EXPECT_EQ(command_directory({"roof"}), "roof");
  for (const std::vector<std::string>& all : {std::vector<std::string>{"all"}, {"@b"}, {"a=b"}, {"roof", "school"}})
    EXPECT_EQ(command_directory(all), "all");
}

TEST(CommandFile, TimesAreOfTheRecordType) {
  const WallMs now{1'800'000'000'000};  // 2027-01-15T08:00:00Z
  EXPECT_EQ(*command_moment("2027-01-31T12:30", now), "2027-01-31T12:30:00Z");
  EXPECT_EQ(*command_moment("2028-02-29T23:59:59Z", now), "2028-02-29T23:59:59Z");
  EXPECT_EQ(*command_moment("90m", now), "2027-01-15T09:30:00Z");
  EXPECT_EQ(*command_moment("1s", WallMs{now.ms + 1}), "2027-01-15T08:00:02Z");  // never before what was asked for
  for (const char* bad : {"", "tomorrow", "2027-02-29T00:00", "2027-13-01T00:00", "2027-01-31", "2027-01-31T24:00",
                          "2027-01-31 12:30", "2027-01-31T12:30:60", "99999d9"})
    EXPECT_FALSE(command_moment(bad, now).ok()) << bad;
  EXPECT_EQ(command_file_name(now, "uptime", 0x9f3c), "20270115T080000-uptime-00009f3c.json");
  EXPECT_TRUE(is_command_id(std::string(64, 'a')));
  EXPECT_FALSE(is_command_id(std::string(64, 'A')));
  EXPECT_FALSE(is_command_id(std::string(63, 'a')));
}

KnownNetwork valley() {
  return {{{"farm", {"site=farm", "kind=router"}}, {"roof", {"kind=router"}}, {"school", {"site=school"}}},
          {{"backbone", {"roof", "farm"}}, {"none", {}}},
          true};
}

TEST(Targets, AreFoundInWhatIsKnown) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(expected_nodes({"all"}, valley())->names, (Names{"farm", "roof", "school"}));
  EXPECT_EQ(expected_nodes({"roof"}, valley())->names, (Names{"roof"}));
  EXPECT_EQ(expected_nodes({"@backbone", "roof"}, valley())->names, (Names{"farm", "roof"}));
  EXPECT_EQ(expected_nodes({"kind=router", "site=school"}, valley())->names, (Names{"farm", "roof", "school"}));
  EXPECT_TRUE(expected_nodes({"@none"}, valley())->names.empty());
  for (const char* nobody : {"cellar", "@cellar", "site=cellar", "site=sch", "@"}) {
    const auto found = expected_nodes({"roof", nobody}, valley());
    ASSERT_FALSE(found.ok()) << nobody;
    EXPECT_EQ(found.code(), Errc::not_found);
    EXPECT_NE(found.failure().message.find(nobody[0] == '@' ? nobody + 1 : nobody), std::string::npos);
  }
}

TEST(Targets, AGroupThatMayNotBeSeenIsWaitedForAllTheSame) {
  KnownNetwork network = valley();
  network.groups.clear();
  network.groups_known = false;
  const auto found = expected_nodes({"@backbone", "school"}, network);
  ASSERT_TRUE(found.ok());
  EXPECT_FALSE(found->complete);
  EXPECT_EQ(found->names, (std::vector<std::string>{"school"}));
}

}  // namespace
}  // namespace meshfs::tools
