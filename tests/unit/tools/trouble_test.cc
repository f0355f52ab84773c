#include "tools/mesh/trouble.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tools/mesh/doctor_checks.h"

namespace meshfs::tools {
namespace {

Json parsed(const std::string& text) {
  auto json = parse_json(text);
  EXPECT_TRUE(json.ok()) << text;
  return json.ok() ? *json : Json();
}

const std::string kPeer = R"({"state":"connected","in_sync":{"network":true,"shared":true}})";

std::int64_t wrong_ones(const std::string& status, const std::string& peers) {
  const auto findings = judge_view(parsed(status), parsed("{\"peers\":[" + peers + "]}"), "/mesh");
  return std::count_if(findings.begin(), findings.end(), [](const Finding& one) {
    const bool wrong = one.verdict == Verdict::bad || one.verdict == Verdict::warning;
    EXPECT_EQ(wrong, !one.repair.empty()) << one.what;  // whatever is wrong comes with what to do
    return wrong;
  });
}

TEST(Trouble, FindsNothingWhereAllIsWell) {
  EXPECT_EQ(wrong_ones(R"({"syncd_connected":true,"conflicts":0,"flagged":false,"pending":0})", kPeer), 0);
}

TEST(Trouble, FindsEachThingThatIsWrong) {
  EXPECT_EQ(wrong_ones(R"({"syncd_connected":false})", kPeer), 1);
  EXPECT_EQ(wrong_ones(R"({"syncd_connected":true})", ""), 1);
  EXPECT_EQ(wrong_ones(R"({"syncd_connected":true})", R"({"state":"silent"})"), 1);
  EXPECT_EQ(wrong_ones(R"({"syncd_connected":true})", R"({"state":"refused","reason":"told us: revoked"})"), 1);
  EXPECT_EQ(wrong_ones(R"({"syncd_connected":true})", R"({"state":"refused","reason":"told it: revoked"})"), 0);
  EXPECT_EQ(wrong_ones(R"({"syncd_connected":true,"conflicts":2})", kPeer), 1);
  EXPECT_EQ(wrong_ones(R"({"syncd_connected":true,"flagged":true})", kPeer), 1);
  EXPECT_EQ(wrong_ones(R"({"syncd_connected":true,"flagged":true,"read_only":"two stores"})", kPeer), 1);
  EXPECT_EQ(wrong_ones(R"({"syncd_connected":true,"pending":3})", kPeer), 1);
  EXPECT_EQ(wrong_ones(R"({"syncd_connected":true,"read_only":"the disk is full"})", kPeer), 1);
  EXPECT_EQ(wrong_ones(R"({"syncd_connected":true,"store":{"free":1000,"total":9000000}})", kPeer), 1);
  EXPECT_EQ(wrong_ones(R"({"syncd_connected":true,"store":{"free":8000000,"total":9000000,"read_only":true}})", kPeer),
            1);
  EXPECT_EQ(wrong_ones(R"({"syncd_connected":true,"store":{"free":8000000,"total":9000000}})", kPeer), 0);
}

// One neighbour may not have heard yet who was let in; where nobody else is in sync it is a matter for an admin.
TEST(Trouble, OneRefusalAmongNeighboursIsNoDisaster) {
  const auto verdict = [](const std::string& peers) {
    return judge_view(parsed(R"({"syncd_connected":true})"), parsed("{\"peers\":[" + peers + "]}"), "/mesh")[1].verdict;
  };
  const std::string refuses = R"({"state":"refused","reason":"told us: no member"})";
  EXPECT_EQ(verdict(refuses), Verdict::bad);
  EXPECT_EQ(verdict(refuses + "," + kPeer), Verdict::warning);
  EXPECT_EQ(verdict(kPeer), Verdict::good);
}

TEST(Trouble, CountsNeighbours) {
  const auto counts = count_neighbours(
      parsed("{\"peers\":[" + kPeer + R"(,{"state":"silent","in_sync":{"shared":false}},{"state":"heard"}]})"));
  EXPECT_EQ(counts.known, 3);
  EXPECT_EQ(counts.in_sync, 1);
  EXPECT_EQ(counts.silent, 1);
}

TEST(Trouble, JudgesDisks) {
  constexpr std::int64_t kMB = 1'000'000;
  EXPECT_EQ(judge_disk(500 * kMB, 1000 * kMB, false, "/s").verdict, Verdict::good);
  EXPECT_EQ(judge_disk(40 * kMB, 1000 * kMB, false, "/s").verdict, Verdict::warning);
  EXPECT_EQ(judge_disk(9 * kMB, 1000 * kMB, false, "/s").verdict, Verdict::bad);
  EXPECT_EQ(judge_disk(500 * kMB, 1000 * kMB, true, "/s").verdict, Verdict::bad);
  EXPECT_EQ(judge_disk(6 * kMB, 8 * kMB, false, "/s").verdict, Verdict::good);  // a small flash, mostly empty
}

TEST(Trouble, JudgesClocks) {
  constexpr std::int64_t kNow = 1'800'000'000'000, kMinute = 60'000;
  EXPECT_EQ(judge_clock(kNow, kNow + kMinute, true).verdict, Verdict::good);
  EXPECT_EQ(judge_clock(kNow, kNow, false).verdict, Verdict::warning);
  EXPECT_EQ(judge_clock(kNow, kNow + 20 * kMinute, true).verdict, Verdict::bad);
  EXPECT_EQ(judge_clock(kNow, kNow - 20 * kMinute, true).verdict, Verdict::bad);
  EXPECT_EQ(judge_clock(kNow, 12'345, true).verdict, Verdict::warning);  // a network without any clock
  EXPECT_NE(judge_clock(kNow, 0, true).verdict, Verdict::bad);           // no mesh is mounted: nothing to compare with
}

TEST(Trouble, AnEngineInTroubleIsAWarningAndOneThatWorksReplacesNeighbours) {
  const auto judged = [](const std::string& engine) {
    return judge_view(parsed(R"({"syncd_connected":true})"), parsed(R"({"peers":[],"bulletins":[)" + engine + "]}"),
                      "/mesh");
  };
  const auto find = [](const std::vector<Finding>& all, const std::string& subject) {
    for (const Finding& one : all) {
      if (one.subject == subject) return one;
    }
    return Finding{Verdict::unknown, "", "", ""};
  };
  const auto well = judged(R"({"name":"bmx7","up":true,"trouble":"","nodes":3,"different":1})");
  EXPECT_EQ(find(well, "bmx7").verdict, Verdict::good);
  EXPECT_EQ(find(well, "neighbours").verdict, Verdict::good);
  EXPECT_NE(find(well, "neighbours").what.find("3 nodes"), std::string::npos);
  const auto ill = judged(R"({"name":"bmx7","up":false,"trouble":"its folder is missing","nodes":0})");
  EXPECT_EQ(find(ill, "bmx7").verdict, Verdict::warning);
  EXPECT_EQ(find(ill, "bmx7").what, "its folder is missing");
  EXPECT_EQ(find(ill, "neighbours").verdict, Verdict::warning);
  EXPECT_EQ(count_neighbours(parsed(R"({"peers":[],"bulletins":[{"nodes":3,"different":1}]})")).engine_behind, 1);
}

}  // namespace
}  // namespace meshfs::tools
