// The card service's rules: what it says, what it remembers, and that a link that flaps is said once.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "schema/vocab/rng.h"
#include "tools/card/card_rules.h"
#include "tools/card/lingering.h"
#include "tools/mesh/json.h"

namespace meshfs::card {
namespace {

constexpr std::int64_t kHour = to_ms(kNeighbourStays);

service::View view_of(const std::string& settings = "", const std::string& neighbours = "") {
  service::View out;
  out.node = "roof";
  out.key = std::string(64, 'a');
  out.local = {{"settings", settings},   {"addresses", "fd00::1\n10.0.0.1\n"}, {"model", "Box 2"}, {"system", "Debian"},
               {"groups", "backbone\n"}, {"neighbours", neighbours},           {"card", ""}};
  return out;
}

// Decides and remembers, as the runner does.
service::Actions decide(service::View& view, std::int64_t now_ms) {
  auto actions = decide_card(view, WallMs{now_ms});
  EXPECT_TRUE(actions) << actions.failure().message;
  if (!actions) return {};
  view.memory = actions->memory;
  return *actions;
}

std::vector<std::string> list_in(const service::Actions& actions, const std::string& key) {
  std::vector<std::string> out;
  const auto card = tools::parse_json(actions.publishes.at("card.json"));
  EXPECT_TRUE(card.ok());
  for (const auto& one : card->at(key).list) out.push_back(one.text);
  return out;
}
using Names = std::vector<std::string>;

TEST(Card, SaysWhatIsKnown) {
  service::View view = view_of("MESHFS_LABELS=\"site=school\"\nMESHFS_PLACE=\"48,11\"\n", "farm\ntower\n");
  const auto actions = decide(view, 1'000);
  const auto card = tools::parse_json(actions.publishes.at("card.json"));
  ASSERT_TRUE(card.ok());
  EXPECT_EQ(card->at("name").text, "roof");
  EXPECT_EQ(card->at("key").text, view.key);
  EXPECT_EQ(card->at("place").text, "48,11");
  EXPECT_EQ(card->at("model").text, "Box 2");
  EXPECT_EQ(list_in(actions, "labels"), Names{"site=school"});
  EXPECT_EQ(list_in(actions, "groups"), Names{"backbone"});
  EXPECT_EQ(list_in(actions, "addresses"), (Names{"fd00::1", "10.0.0.1"}));
  EXPECT_EQ(list_in(actions, "neighbours"), (Names{"farm", "tower"}));
  EXPECT_FALSE(actions.wake_at);
  EXPECT_EQ(actions.publishes, decide(view, 2'000).publishes);
}

TEST(Card, WrongSettingsChangeNothing) {
  EXPECT_EQ(decide_card(view_of("MESHFS_LABELS=school"), WallMs{1}).code(), Errc::invalid);
  service::View unread = view_of();
  unread.local.erase("settings");
  EXPECT_FALSE(decide_card(unread, WallMs{1}));
}

TEST(Card, WhoGoesStaysAnHour) {
  service::View view = view_of("", "farm\ntower\n");
  (void)decide(view, 1'000);
  view.local["neighbours"] = "tower\n";
  auto actions = decide(view, 5'000);
  EXPECT_EQ(list_in(actions, "neighbours"), (Names{"farm", "tower"}));
  EXPECT_EQ(actions.wake_at, WallMs{5'000 + kHour});
  actions = decide(view, 5'000 + kHour - 1);
  EXPECT_EQ(list_in(actions, "neighbours"), (Names{"farm", "tower"}));
  actions = decide(view, 5'000 + kHour);
  EXPECT_EQ(list_in(actions, "neighbours"), Names{"tower"});
  EXPECT_FALSE(actions.wake_at);
  view.local["neighbours"] = "farm\ntower\n";
  EXPECT_EQ(list_in(decide(view, 6'000 + kHour), "neighbours"), (Names{"farm", "tower"}));
}

TEST(Card, AfterAStartTheCardOfBeforeCounts) {
  service::View view = view_of("", "tower\n");
  view.local["card"] = R"({"name":"roof","neighbours":["farm","tower"],"addresses":["10.9.9.9"]})";
  auto actions = decide(view, 1'000);
  EXPECT_EQ(list_in(actions, "neighbours"), (Names{"farm", "tower"}));
  EXPECT_EQ(list_in(actions, "addresses"), (Names{"fd00::1", "10.0.0.1", "10.9.9.9"}));
  view.local["card"] = R"({"neighbours":["stranger"]})";  // only at the start
  actions = decide(view, 1'000 + kHour);
  EXPECT_EQ(list_in(actions, "neighbours"), Names{"tower"});
  EXPECT_EQ(list_in(actions, "addresses"), (Names{"fd00::1", "10.0.0.1"}));
  for (const char* garbage : {"[", "[1]", "7", R"({"neighbours":[1,{"a":"b"}]})"}) {
    service::View other = view_of("", "tower\n");
    other.local["card"] = garbage;
    EXPECT_EQ(list_in(decide(other, 1), "neighbours"), Names{"tower"}) << garbage;
  }
}

TEST(Card, OnlyLinksInSyncAreNeighbours) {
  EXPECT_EQ(neighbours_of_peers(R"({"peers":[
      {"name":"tower","state":"connected","in_sync":{"nodes":true,"shared":true}},
      {"name":"farm","state":"connected","in_sync":{"nodes":true,"shared":true}},
      {"name":"behind","state":"connected","in_sync":{"nodes":true,"shared":false}},
      {"name":"silent","state":"silent","in_sync":{"nodes":true}},
      {"name":"new","state":"connected","in_sync":{}},
      {"name":"../x","state":"connected","in_sync":{"nodes":true}},
      {"name":"a\nb","state":"connected","in_sync":{"nodes":true}}]})"),
            "farm\ntower\n");
  EXPECT_EQ(neighbours_of_peers("{"), "");
  EXPECT_EQ(groups_of_status(R"({"node_id":"ab","groups":{"x":["cd"],"z":["cd","ab"],"a":["ab"]}})"), "a\nz\n");
  EXPECT_EQ(groups_of_status(""), "");
}

TEST(Card, TooManyLeaveThoseThatAreThere) {
  Lingering some(seconds(100), 3);
  some.see({"a", "b", "c"}, WallMs{0});
  some.see({"b", "c"}, WallMs{10});
  some.see({"c"}, WallMs{20});
  some.see({"c", "d"}, WallMs{30});
  EXPECT_EQ(some.names(), (Names{"b", "c", "d"}));  // "a" went first
  some.see({"v", "w", "x", "y", "z"}, WallMs{40});
  EXPECT_EQ(some.names(), (Names{"v", "w", "x"}));
}

TEST(Card, ForeignMemoryIsSkipped) {
  Lingering some(seconds(100), 30);
  some.recall("a 5\n\n b\nc x\nd -1\ne 99999999999999999999\n 7\nf 0");
  EXPECT_EQ(some.names(), (Names{"a", "f"}));
}

// Against the plain rule: what was there within the last hour. Links come and go at random, the service restarts, time passes; each time it
// decides when something changed or when it asked to be woken, and at no other.
TEST(Card, SaysWhoWasThereWithinTheHourAndNothingElse) {
  const Names all = {"a", "b", "c", "d", "e"};
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    Rng rng(seed);
    service::View view = view_of();
    std::map<std::string, std::int64_t> seen;  // last, or -1
    std::int64_t now = 1'000'000;
    std::set<std::string> present;
    for (int step = 0; step < 300; ++step) {
      for (const std::string& name : all)
        if (rng.percent(20)) present.contains(name) ? (void)present.erase(name) : (void)present.insert(name);
      std::string lines;
      for (const std::string& name : present) lines += name + '\n';
      for (const std::string& name : present) seen[name] = now;
      view.local["neighbours"] = lines;
      auto actions = decide(view, now);
      const std::int64_t until = now + static_cast<std::int64_t>(rng.below(rng.percent(10) ? 2 * kHour : 60'000)) + 1;
      while (true) {
        Names expected;
        for (const auto& [name, at] : seen)
          if (present.contains(name) || now - at < kHour) expected.push_back(name);
        ASSERT_EQ(list_in(actions, "neighbours"), expected) << "seed " << seed << ", step " << step;
        if (!actions.wake_at || actions.wake_at->ms > until) break;
        ASSERT_GT(actions.wake_at->ms, now);
        now = actions.wake_at->ms;
        actions = decide(view, now);
      }
      now = until;
      for (const std::string& name : present) seen[name] = now;
    }
  }
}

TEST(Card, ALinkThatFlapsAllDayIsSaidOnce) {
  service::View view = view_of("", "tower\n");
  const auto first = decide(view, 1'000).publishes;
  for (std::int64_t now = 20'000; now < 24 * kHour; now += 20'000) {
    view.local["neighbours"] = now % 40'000 == 0 ? "tower\n" : "";
    view.local["addresses"] = now % 60'000 == 0 ? "fd00::1\n10.0.0.1\n" : "10.0.0.1\n";
    ASSERT_EQ(decide(view, now).publishes, first) << now;
  }
}

}  // namespace
}  // namespace meshfs::card
