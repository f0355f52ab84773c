#include "tools/messages/message_rules.h"

#include <gtest/gtest.h>

#include "tools/messages/name_lists.h"
#include "tools/messages/options.h"
#include "tools/messages/record_rules.h"
#include "transport/bmx/sms_slot.h"

namespace meshfs::messages {
namespace {

Bytes text(std::string_view words) { return copy_of(as_bytes(words)); }
File own(std::string_view words) { return {text(words), false, false}; }
File shown(std::string_view words) { return {text(words), true, false}; }
File half(std::string_view words) { return {text(words), false, true}; }

struct World {
  NodeSide node;
  std::vector<EngineSide> engines{{&transport::kBmx7, {}, {}}};

  void exported(const std::string& name, std::string_view words, std::size_t engine = 0) {
    engines[engine].files[name] = own(words);
    engines[engine].exported[name] = {transport::mark_of(as_bytes(words))};
  }
  void imported(const std::string& name, std::string_view words) {
    node.files[name] = shown(words);
    node.imported.insert(name);
  }
  [[nodiscard]] Steps plan(bool all = true) const { return plan_messages(node, engines, all); }
  // Nothing to do but what the lists say already.
  [[nodiscard]] bool rests() const {
    const Steps steps = plan();
    bool out = steps.node.show.empty() && steps.node.hide.empty();
    for (const EngineSteps& one : steps.engines) out = out && one.put.empty() && one.withdraw.empty();
    return out;
  }
};

TEST(MessageRules, NamesAreThoseOfThePlugin) {
  for (const char* good : {"a", "leases", "rc-rst", "a.b", "_", "-", "123456789012345"})
    EXPECT_TRUE(is_message_name(good)) << good;
  for (const char* bad : {"", ".", ".a", "a.", "a b", "a/b", "a:b", "1234567890123456", "\xc3\xa9", "a\n"})
    EXPECT_FALSE(is_message_name(bad)) << bad;
  EXPECT_TRUE(is_of_meshfs("meshfs-0"));
  EXPECT_TRUE(is_of_meshfs("meshfs-other"));
  EXPECT_FALSE(is_of_meshfs("meshfs"));
}

TEST(MessageRules, ForeignIsShownFollowsAndGoes) {
  World world;
  world.engines[0].files = {{"leases", own("one")}, {"meshfs-0", own("page")}};
  Steps steps = world.plan();
  EXPECT_EQ(steps.node.show, (Contents{{"leases", text("one")}}));
  EXPECT_EQ(steps.node.imported, Names{"leases"});
  EXPECT_TRUE(steps.engines[0].put.empty());

  world.imported("leases", "one");
  EXPECT_TRUE(world.rests());
  EXPECT_TRUE(world.plan().engines[0].published.empty());
  world.engines[0].files["leases"] = own("two");
  EXPECT_EQ(world.plan().node.show.at("leases"), text("two"));

  world.engines[0].files.erase("leases");
  EXPECT_EQ(world.plan().node.hide, Names{"leases"});
  EXPECT_TRUE(world.plan().node.imported.empty());
  // An engine is away: nobody knows.
  EXPECT_TRUE(world.plan(false).node.hide.empty());
  EXPECT_EQ(world.plan(false).node.imported, Names{"leases"});
  EXPECT_TRUE(world.plan(false).engines[0].published.empty());
}

TEST(MessageRules, OneIsImportedWithoutAListIfItLooksSo) {
  World world;
  world.engines[0].files["leases"] = own("two");
  world.node.files["leases"] = shown("one");  // the list was lost
  EXPECT_EQ(world.plan().node.show.at("leases"), text("two"));
}

TEST(MessageRules, OwnIsPublishedFollowsAndIsWithdrawn) {
  World world;
  world.node.files["greeting"] = own("hello");
  world.node.files["fixed"] = shown("read-only, but nobody imported it");
  Steps steps = world.plan();
  EXPECT_EQ(steps.engines[0].published, (Names{"fixed", "greeting"}));
  EXPECT_EQ(steps.engines[0].put.at("greeting"), text("hello"));
  EXPECT_TRUE(steps.node.show.empty());
  EXPECT_TRUE(steps.node.hide.empty());

  world.node.files.erase("fixed");
  world.exported("greeting", "hello");
  EXPECT_TRUE(world.rests());  // as after a restart: neither imported nor sent again
  EXPECT_EQ(world.plan().engines[0].published, Names{"greeting"});

  world.node.files["greeting"] = own("bye");
  steps = world.plan();
  EXPECT_EQ(steps.engines[0].put.at("greeting"), text("bye"));
  // Ended between list and file: the old one is known by its mark.
  world.engines[0].exported = steps.engines[0].exported;
  EXPECT_EQ(world.engines[0].exported.at("greeting").size(), 2U);
  EXPECT_EQ(world.plan().engines[0].put.at("greeting"), text("bye"));
  EXPECT_TRUE(world.plan().node.show.empty());

  world.node.files.clear();
  EXPECT_EQ(world.plan().engines[0].withdraw, Names{"greeting"});
  EXPECT_TRUE(world.plan().engines[0].exported.empty());
}

TEST(MessageRules, HalfAFileWaitsForItsWriter) {
  World world;
  world.exported("greeting", "hello");
  world.node.files = {{"greeting", half("")}, {"fresh", half("f")}};
  const Steps steps = world.plan();
  EXPECT_TRUE(steps.unfinished);
  EXPECT_TRUE(steps.engines[0].put.empty());
  EXPECT_TRUE(steps.engines[0].withdraw.empty());
  EXPECT_EQ(steps.engines[0].published, Names{"greeting"});
  EXPECT_EQ(steps.engines[0].exported, world.engines[0].exported);
  EXPECT_TRUE(steps.engines[0].refused.empty());
}

TEST(MessageRules, WhatAnEngineLostIsSentAgain) {
  World world;
  world.exported("greeting", "hello");
  world.node.files["greeting"] = own("hello");
  world.engines[0].files.clear();
  EXPECT_EQ(world.plan().engines[0].put.at("greeting"), text("hello"));
}

TEST(MessageRules, NobodysFileIsTaken) {
  World world;
  world.engines[0].files["leases"] = own("of another program");
  world.node.files["leases"] = own("of a person");
  Steps steps = world.plan();
  EXPECT_TRUE(steps.node.show.empty());
  EXPECT_TRUE(steps.engines[0].put.empty());
  EXPECT_NE(steps.engines[0].refused.at("leases").find("another program"), std::string::npos);

  // Another program writes in the place of an exported one: it has it from then on.
  world.engines[0].exported["leases"] = {transport::mark_of(as_bytes("of a person"))};
  steps = world.plan();
  EXPECT_TRUE(steps.engines[0].put.empty());
  EXPECT_TRUE(steps.engines[0].withdraw.empty());
  EXPECT_TRUE(steps.engines[0].exported.empty());
}

TEST(MessageRules, RefusedNamesHaveASentence) {
  World world;
  world.node.files = {{"meshfs-9", own("x")}, {"much too long a name", own("x")}, {"fine", own("x")}};
  const Steps steps = world.plan();
  EXPECT_EQ(steps.engines[0].published, Names{"fine"});
  EXPECT_EQ(steps.engines[0].refused.size(), 2U);
}

TEST(MessageRules, ANodeStaysUnderItsBytes) {
  World world;
  world.node.files["a"] = own(std::string(30'000, 'a'));
  world.exported("b", "b");
  world.node.files["b"] = own(std::string(29'960, 'b'));
  EXPECT_EQ(world.plan().engines[0].published, (Names{"a", "b"}));  // 60,000 with headers
  world.node.files["b"] = own(std::string(29'961, 'b'));
  EXPECT_EQ(world.plan().engines[0].published, Names{"b"});  // who is there already stays
  EXPECT_TRUE(world.plan().engines[0].refused.contains("a"));

  // Pages of meshfs keep what they may need: 48,000.
  world.engines[0].files["meshfs-0"] = own("page");
  EXPECT_EQ(room_for_messages(world.engines[0], {}), 12'000U);
  const Steps steps = world.plan();
  EXPECT_TRUE(steps.engines[0].published.empty());
  EXPECT_EQ(steps.engines[0].withdraw, Names{"b"});  // nothing stale is sent
}

TEST(MessageRules, Bmx6TakesShortOnes) {
  World world;
  world.engines[0].kind = &transport::kBmx6;
  world.engines[0].files["meshfs-0"] = own("page");
  world.node.files = {{"fits", own(std::string(240, 'x'))}, {"large", own(std::string(241, 'x'))}};
  EXPECT_EQ(world.plan().engines[0].published, Names{"fits"});
}

TEST(MessageRules, WhatOneEngineSaysIsNotSentByAnother) {
  World world;
  world.engines.push_back({&transport::kBmx6, {}, {}});
  world.engines[1].files["leases"] = own("one");
  world.imported("leases", "one");
  world.node.files["greeting"] = own("hello");
  const Steps steps = world.plan();
  EXPECT_EQ(steps.engines[0].published, Names{"greeting"});
  EXPECT_EQ(steps.engines[1].published, Names{"greeting"});
  EXPECT_TRUE(steps.node.show.empty());
}

TEST(NameLists, ComeBackWhole) {
  const Names names{"a", "b c"};
  EXPECT_EQ(names_from(text_of(names)), names);
  const Exported exported{{"a", {1, UINT64_MAX}}, {"b", {0}}};
  EXPECT_EQ(exported_from(text_of(exported)), exported);
  EXPECT_TRUE(exported_from("nonsense\nzzzzzzzzzzzzzzzz a\n0 b\n c\n").empty());
}

TEST(RecordRules, OwnRecordsOfOthersPrograms) {
  const transport::AlfredAddress mine{2, 0, 0, 0, 0, 1}, other{2, 0, 0, 0, 0, 2};
  transport::AlfredTable table;
  for (const std::uint8_t type :
       {std::uint8_t{64}, std::uint8_t{175}, std::uint8_t{176}, std::uint8_t{183}, std::uint8_t{184}})
    table[{mine, type}] = text("mine");
  table[{other, 65}] = text("other's");
  const Contents records = own_records(table, {mine});
  EXPECT_EQ(records, (Contents{{"64", text("mine")}, {"175", text("mine")}, {"184", text("mine")}}));

  const Files there{{"64", shown("old")}, {"175", own("somebody's")}, {"184", shown("mine")},
                    {"7", shown("gone")}, {"07", shown("no type")},   {"256", shown("no type")}};
  const NodeSteps steps = plan_records(there, records);
  EXPECT_EQ(steps.show, (Contents{{"64", text("mine")}}));
  EXPECT_EQ(steps.hide, Names{"7"});
}

TEST(MessageOptions, EnginesOfTheCommandLineOrTheEnvironment) {
  Environment environment;
  environment.bulletins = " bmx7  alfred:/run/a.sock ";
  auto options = parse_options({}, environment);
  ASSERT_TRUE(options.ok());
  ASSERT_EQ(options->engines.size(), 2U);
  EXPECT_EQ(options->engines[1].path, "/run/a.sock");
  EXPECT_EQ(options->mount, "/mesh");
  options = parse_options({"--mount", "/m/", "--node", "one", "bmx6:/run/b"}, environment);
  ASSERT_TRUE(options.ok());
  ASSERT_EQ(options->engines.size(), 1U);
  EXPECT_EQ(options->mount, "/m");
  EXPECT_EQ(options->node, "one");
  EXPECT_FALSE(parse_options({}, {}).ok());
  for (const std::vector<std::string>& bad : std::vector<std::vector<std::string>>{
           {"babel"}, {"--mount"}, {"--verbose"}, {"alfred", "alfred:/b"}, {"--node", "a/b", "bmx7"}})
    EXPECT_FALSE(parse_options(bad, environment).ok()) << bad[0];
}

}  // namespace
}  // namespace meshfs::messages
