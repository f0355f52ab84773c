// Results of nodes: read, counted, drawn.
#include "tools/mesh/result_set.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "schema/vocab/rng.h"
#include "tools/mesh/json.h"
#include "tools/mesh/screen.h"

namespace meshfs::tools {
namespace {

const std::string kId(64, 'a');

std::string text_with(const std::string& members) { return "{\"command\": \"" + kId + "\"" + members + "}"; }

NodeResult result(const char* node, const std::string& members) {
  auto out = read_result(node, kId, text_with(members));
  EXPECT_TRUE(out.ok()) << members;
  return out.ok() ? *out : NodeResult{};
}

TEST(ResultSet, ReadsWhatTheRecordTypeSays) {
  const NodeResult one =
      result("roof", R"(, "state": "failed", "exitCode": 3, "output": "a\nb\n", "outputBytes": "70000",
    "tookMs": 250, "beganMs": "1800000000000", "reason": "because", "verb": "ping", "future": [1])");
  EXPECT_EQ(one.state, RunState::failed);
  EXPECT_EQ(one.exit_code, 3);
  EXPECT_EQ(one.output_bytes, 70000);
  EXPECT_EQ(one.took_ms, 250);
  EXPECT_EQ(one.began_ms, 1800000000000);
  EXPECT_EQ(one.reason, "because");
  EXPECT_EQ(result("roof", "").state, RunState::accepted);  // the first enumerant is the default
  EXPECT_EQ(result("roof", "").exit_code, -1);
  EXPECT_EQ(result("roof", R"(, "state": "resting")").state, RunState::unknown);
}

TEST(ResultSet, BelievesNoFileThatIsAboutSomethingElse) {
  EXPECT_FALSE(read_result("roof", std::string(64, 'b'), text_with("")).ok());
  EXPECT_FALSE(read_result("roof", kId, "{}").ok());
  EXPECT_FALSE(read_result("roof", kId, "").ok());
  EXPECT_FALSE(read_result("roof", kId, text_with("").substr(1)).ok());
  EXPECT_FALSE(read_result("roof", kId, text_with(", \"output\": \"" + std::string(kMaxResultBytes, 'x') + "\"")).ok());
}

TEST(ResultSet, TheVerdictIsTheWorstOfAll) {
  ResultSet set({"farm", "roof"});
  EXPECT_EQ(set.verdict(), Exit::timed_out);
  EXPECT_TRUE(set.take(result("farm", R"(, "state": "done", "exitCode": 0)")));
  EXPECT_FALSE(set.take(result("farm", R"(, "state": "done", "exitCode": 0)")));
  EXPECT_EQ(set.verdict(), Exit::timed_out);
  EXPECT_TRUE(set.take(result("roof", R"(, "state": "running")")));
  EXPECT_TRUE(set.take(result("roof", R"(, "state": "running", "output": "x")")));
  EXPECT_EQ(set.final_ones(), 1u);
  EXPECT_FALSE(set.complete());
  EXPECT_TRUE(set.take(result("roof", R"(, "state": "unconfirmed", "exitCode": 0)")));
  EXPECT_EQ(set.verdict(), Exit::ok);
  for (const char* state : {"failed", "refused", "cancelled", "expired", "interrupted", "undone", "resting"}) {
    set.take(result("roof", std::string(", \"state\": \"") + state + "\""));
    EXPECT_EQ(set.verdict(), Exit::failed) << state;
  }
  EXPECT_TRUE(set.take(result("school", R"(, "state": "accepted")")));  // nobody expected it
  EXPECT_EQ(set.verdict(), Exit::timed_out);
  EXPECT_EQ(ResultSet({}).verdict(), Exit::timed_out);
}

TEST(ResultTable, OneRowEachWithTheLastWords) {
  ResultSet set({"farm", "roof", "school"});
  set.take(result("farm", R"(, "state": "done", "exitCode": 0, "tookMs": 300, "output": "first\nlast\n\n")"));
  set.take(result("roof", R"(, "state": "refused", "reason": "not from you", "output": "x")"));
  EXPECT_EQ(result_table(set, false, {80, 24}),
            "NODE    STATE    EXIT   TIME  SAYS\n"
            "farm    done        0  0.3 s  last\n"
            "roof    refused     -      -  not from you\n"
            "school  waiting     -      -\n");
  EXPECT_EQ(result_line(set.all().at("farm")), "farm: done, exit code 0, 0.3 s");
  EXPECT_EQ(result_line(set.all().at("roof")), "roof: refused: not from you");
}

TEST(ResultTable, StaysWithinTheScreen) {
  std::vector<std::string> names;
  for (int i = 0; i < 50; ++i) names.push_back("node-" + std::to_string(i));
  ResultSet set(names);
  for (const auto& name : names)
    set.take(result(name.c_str(), R"(, "state": "done", "exitCode": 0, "output": ")" + std::string(500, 'w') + "\""));
  set.take(result("node-49", R"(, "state": "failed", "exitCode": 1)"));
  const std::string table = result_table(set, false, {60, 20});
  EXPECT_LE(std::count(table.begin(), table.end(), '\n'), 19);
  EXPECT_NE(table.find("node-49"), std::string::npos);  // what went wrong is never hidden behind what did not
  EXPECT_NE(table.find("and 33 more"), std::string::npos) << table;
  for (std::size_t at = 0, end; (end = table.find('\n', at)) != std::string::npos; at = end + 1)
    EXPECT_LE(columns_of(table.substr(at, end - at)), 60u);
  const std::string whole = result_table(set, false, {0, 0});
  EXPECT_EQ(std::count(whole.begin(), whole.end(), '\n'), 51);
}

TEST(ResultOutputs, EqualOnesAreSaidOnce) {
  ResultSet set({"farm", "roof", "school", "shed"});
  for (const char* name : {"farm", "school"})
    set.take(result(name, R"(, "state": "done", "exitCode": 0, "output": "same\n")"));
  set.take(result("roof", R"(, "state": "done", "exitCode": 0, "output": "other")"));
  EXPECT_EQ(result_outputs(set), "\n2 nodes said (farm, school):\nsame\n\nroof said:\nother\n");
}

TEST(ResultOutputs, SayWhatWasLeftOut) {
  ResultSet set({});
  set.take(result("farm", R"(, "state": "done", "output": "begin", "outputEnd": "end", "outputBytes": "2008")"));
  EXPECT_EQ(result_outputs(set), "\nfarm said:\nbegin\n[2.0 kB left out]\nend\n");
}

TEST(ResultOutputs, HostileBytesStayHarmless) {
  ResultSet set({});
  set.take(result("farm", R"(, "state": "failed\u001b[2J", "reason": "\u001b]0;x\u0007",
                            "output": "a\tb\r\n\u001b[2J\u0000\udcff", "exitCode": 7)"));
  for (const std::string& text : {result_table(set, false, {80, 24}), result_outputs(set), result_json(kId, set),
                                  result_line(set.all().at("farm"))}) {
    for (const char c : text) EXPECT_TRUE(c == '\n' || c == '\t' || static_cast<unsigned char>(c) >= 0x20) << text;
  }
  EXPECT_NE(result_outputs(set).find("a\tb\n"), std::string::npos);
}

TEST(ResultJson, IsOneLineThatProgramsRead) {
  ResultSet set({"farm", "roof"});
  set.take(result("farm", R"(, "state": "done", "exitCode": 0, "output": "a\nb\"")"));
  const std::string text = result_json(kId, set);
  EXPECT_EQ(text.find('\n'), std::string::npos);
  const auto json = parse_json(text);
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(json->at("verdict").text, "unanswered");
  EXPECT_EQ(json->at("results").list[0].at("output").text, "a\nb\"");
  EXPECT_EQ(json->at("results").list[1].at("state").text, "waiting");
}

// Whatever stands in a file of a node: it is read or refused, and what is shown stays within the screen.
TEST(ResultSet, AnyBytesAreReadOrRefused) {
  const std::string good = text_with(R"(, "state": "done", "exitCode": 0, "output": "a\nb", "outputBytes": "70000")");
  Rng rng(8);
  std::size_t taken = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string text = good;
    for (std::uint64_t i = rng.below(4); i < 4; ++i) text[rng.below(text.size())] = static_cast<char>(rng.below(256));
    if (rng.percent(20)) text.resize(rng.below(text.size()));
    auto one = read_result("roof", kId, text);
    if (!one) continue;
    ++taken;
    ResultSet set({"farm"});
    set.take(std::move(*one));
    const std::string table = result_table(set, false, {60, 20}) + result_outputs(set);
    for (const char c : table) ASSERT_TRUE(c == '\n' || c == '\t' || static_cast<unsigned char>(c) >= 0x20) << table;
  }
  EXPECT_GT(taken, 100u);
  EXPECT_LT(taken, 19000u);
}

}  // namespace
}  // namespace meshfs::tools
