// The records of commands as values: what people write is read, what is wrong is refused, any output fits into its record.
#include "tools/records/records.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "schema/records/built_in.h"
#include "schema/typed/check_record.h"
#include "schema/vocab/rng.h"
#include "tools/records/spans.h"
#include "tools/records/utf8.h"

namespace meshfs::records {
namespace {

const std::string kHex(64, 'a');

TEST(Records, ReadsWhatPeopleWrite) {
  const auto read = read_command(R"({"verb": "ping", "arguments": ["roof"], "targets": ["@backbone", "site=school"],
    "expiresAfter": "90m", "order": "farthestFirst", "dryRun": true, "fieldOfNextYear": {"a": [1]}})");
  ASSERT_TRUE(read) << read.failure().message;
  EXPECT_EQ(read->verb, "ping");
  EXPECT_EQ(read->arguments, std::vector<std::string>{"roof"});
  EXPECT_EQ(read->targets.size(), 2U);
  EXPECT_EQ(read->expires_after, "90m");
  EXPECT_EQ(read->order, Order::farthest_first);
  EXPECT_TRUE(read->dry_run);
}

TEST(Records, DefaultsAreTheSchemas) {
  const auto read = read_command(R"({"verb":"uptime"})");
  ASSERT_TRUE(read) << read.failure().message;
  Command expected;
  expected.verb = "uptime";
  EXPECT_EQ(*read, expected);
}

TEST(Records, WhatIsWrongIsRefusedWithOneSentence) {
  for (const char* text : {"",
                           "{",
                           "[]",
                           "3",
                           "{}",
                           R"({"verb":""})",
                           R"({"verb":"Ping"})",
                           R"({"verb":"-ping"})",
                           R"({"verb":7})",
                           R"({"verb":"ping","arguments":"roof"})",
                           R"({"verb":"ping","arguments":[3]})",
                           R"({"verb":"ping","arguments":["a\u0000b"]})",
                           R"({"verb":"ping","expiresAfter":"soon"})",
                           R"({"verb":"ping","expiresAfter":"1d; reboot"})",
                           R"({"verb":"ping","notBefore":"tomorrow"})",
                           R"({"verb":"ping","order":"nearestFirst"})",
                           R"({"verb":"ping","cancels":"abc"})",
                           R"({"verb":"ping\n"})",
                           R"({"verb":"ping","dryRun":"yes"})",
                           R"({"verb":"ping"} {"verb":"reboot"})"}) {
    const auto read = read_command(text);
    ASSERT_FALSE(read) << text;
    EXPECT_FALSE(read.failure().message.empty()) << text;
    EXPECT_EQ(read.failure().message.find('\n'), std::string::npos) << text;
  }
  std::string deep = R"({"verb":"ping","x":)" + std::string(5'000, '[') + std::string(5'000, ']') + "}";
  EXPECT_FALSE(read_command(deep));
  EXPECT_EQ(read_command(std::string(kMaxCommandText + 1, ' ')).code(), Errc::too_large);
  std::string many = R"({"verb":"ping","arguments":["a")";
  for (std::size_t i = 0; i < kMaxItems; ++i) many += R"(,"a")";
  EXPECT_FALSE(read_command(many + "]}"));
}

TEST(Records, AResultOfAnyOutputFitsItsQuotaAndIsReadAgain) {
  Rng rng(7);
  for (int round = 0; round < 40; ++round) {
    CommandResult result;
    result.command = kHex;
    result.node = "roof";
    result.verb = "logread";
    result.state = static_cast<State>(rng.below(kStates));
    result.output_bytes = rng.next();
    result.arguments.assign(rng.below(kMaxItems + 20), std::string(rng.below(2'000), '\x01'));
    result.reason.assign(rng.below(100'000), '\x02');
    const bool plain = rng.percent(50);
    const std::uint8_t one = static_cast<std::uint8_t>(rng.next());
    for (std::string* part : {&result.output, &result.output_end})
      for (std::size_t i = 0; i < kMaxOutputPart; ++i) part->push_back(static_cast<char>(plain ? one : rng.next()));
    const std::string text = write_result(result);
    ASSERT_LE(text.size(), kMaxResultText);
    const auto back = read_result(text);
    // The reader refuses NUL in any text; a writer that lets one through makes a result that nobody reads.
    ASSERT_TRUE(back) << back.failure().message;
    EXPECT_EQ(back->state, result.state);
    EXPECT_EQ(back->output_bytes, result.output_bytes);
  }
}

TEST(Records, OrdinaryOutputIsKeptWhole) {
  CommandResult result;
  result.command = kHex;
  result.verb = "uptime";
  for (int i = 0; i < 1'000; ++i) result.output += "a line of \xC3\xA4 log with \t tabs " + std::to_string(i) + "\n";
  result.output_end = result.output;
  result.state = State::done;
  result.exit_code = 0;
  const auto back = read_result(write_result(result));
  ASSERT_TRUE(back) << back.failure().message;
  EXPECT_EQ(*back, result);
}

TEST(Records, NumbersStandAsTextsToo) {
  const auto with = [](const std::string& member) {
    return read_result(R"({"command":")" + kHex + "\"," + member + "}");
  };
  EXPECT_EQ(with(R"("outputBytes":"18446744073709551615")")->output_bytes, UINT64_MAX);
  EXPECT_EQ(with(R"("outputBytes":7e2)")->output_bytes, 700U);
  EXPECT_EQ(with(R"("exitCode":"-2147483648")")->exit_code, INT32_MIN);
  EXPECT_EQ(with(R"("exitCode":"0x10")")->exit_code, 16);
  for (const char* wrong :
       {R"("outputBytes":-1)", R"("outputBytes":"-1")", R"("outputBytes":1.5)", R"("outputBytes":1e30)",
        R"("outputBytes":"18446744073709551616")", R"("exitCode":2147483648)", R"("exitCode":"")", R"("exitCode":" 1")",
        R"("exitCode":null)", R"("exitCode":"0x")"})
    EXPECT_FALSE(with(wrong)) << wrong;
}

TEST(Records, AStateOfALaterVersionIsUnknown) {
  EXPECT_EQ(read_result(R"({"command":")" + kHex + R"(","state":"resting"})")->state, State::unknown);
  EXPECT_EQ(read_result(R"({"command":")" + kHex + R"(","state":"unknown"})")->state, State::unknown);
  EXPECT_FALSE(read_result(R"({"command":")" + kHex + R"(","state":3})"));
}

TEST(Records, ACardTellsLabels) {
  const auto card = read_card(R"({"name":"roof","labels":["site=school"],"sshPort":2222})");
  ASSERT_TRUE(card) << card.failure().message;
  EXPECT_EQ(card->labels, std::vector<std::string>{"site=school"});
  EXPECT_FALSE(read_card(R"({"labels":[]})"));
  EXPECT_FALSE(read_card(R"({"name":"roof","labels":["site"]})"));
}

// The type's own checker is what fsd refuses files by: whoever reads more than it, or less, reads another record.
TEST(Records, WhatIsReadHereIsWhatTheCheckerOfTypesTakes) {
  const auto types = built_in_types();
  const auto type = std::ranges::find(types, "command", &typed::RecordType::name);
  const auto checker = typed::RecordChecker::make(*type);
  ASSERT_TRUE(checker);
  const std::vector<std::string> names = {"verb",  "arguments",     "targets", "notBefore", "expiresAfter", "dryRun",
                                          "order", "confirmWithin", "cancels", "confirms",  "reason",       "later"};
  const std::vector<std::string> values = {R"("ping")",
                                           R"(["a","b"])",
                                           "[]",
                                           R"([1])",
                                           R"("2025-01-31T12:00:00Z")",
                                           R"("90m")",
                                           R"("5d")",
                                           "true",
                                           R"("any")",
                                           R"("farthestFirst")",
                                           "\"" + kHex + "\"",
                                           R"("")",
                                           "null",
                                           "3",
                                           R"(["\u00e9"])",
                                           "{}",
                                           R"("Ping")",
                                           R"("nearest")"};
  Rng rng(17);
  int taken = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text = R"({"verb":"x")";
    for (std::uint64_t n = rng.below(4); n > 0; --n)
      text += ",\"" + names[rng.below(names.size())] + "\":" + values[rng.below(values.size())];
    text += "}";
    const auto read = read_command(text);
    const Status checked = checker->check(text);
    // Of a name that stands twice, the checker judges both.
    ASSERT_TRUE(read.ok() || !checked.ok()) << text << read.failure().message;
    const bool twice = std::ranges::any_of(
        names, [&](const auto& name) { return text.find("\"" + name + "\":") != text.rfind("\"" + name + "\":"); });
    if (!twice) {
      ASSERT_EQ(read.ok(), checked.ok()) << text << (checked ? "" : checked.failure().message);
    }
    taken += read ? 1 : 0;
  }
  EXPECT_GT(taken, 2'000);
  EXPECT_LT(taken, 15'000);
}

TEST(Records, AlteredTextNeverDoesHarm) {
  Rng rng(11);
  const std::string good =
      R"({"verb":"ping","arguments":["roof","2"],"targets":["all"],"expiresAfter":"2h","dryRun":false})";
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text = good;
    for (std::uint64_t n = 1 + rng.below(4); n > 0; --n) text[rng.below(text.size())] = static_cast<char>(rng.next());
    accepted += read_command(text).ok() ? 1 : 0;
  }
  EXPECT_GT(accepted, 0);
  EXPECT_LT(accepted, 20'000);
}

TEST(Spans, AreReadStrictly) {
  EXPECT_EQ(parse_span("90m"), seconds(5'400));
  EXPECT_EQ(parse_span("1d"), seconds(86'400));
  EXPECT_EQ(parse_span("99999d"), seconds(99'999LL * 86'400));
  for (const char* wrong : {"", "d", "1", "1w", "-1s", "1.5h", "100000s", " 1s", "1s "})
    EXPECT_FALSE(parse_span(wrong)) << wrong;
}

TEST(Spans, MomentsComeBack) {
  const auto when = parse_moment("2025-01-31T12:34:56Z");
  ASSERT_TRUE(when);
  EXPECT_EQ(when->ms, 1'738'326'896'000);
  EXPECT_EQ(moment_text(*when), "2025-01-31T12:34:56Z");
  for (const char* wrong :
       {"2025-02-30T00:00:00Z", "2025-01-31T24:00:00Z", "2025-01-31 12:00:00Z", "2025-01-31T12:00:00", ""})
    EXPECT_FALSE(parse_moment(wrong)) << wrong;
}

TEST(Utf8, BrokenBytesAreReplacedAndLimitsKept) {
  EXPECT_EQ(text_of("a\xFFz", 100).text, "a\xEF\xBF\xBDz");
  EXPECT_EQ(text_of("\xED\xA0\x80", 100).text, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(text_of("abcdef", 5).text, "abc");
  EXPECT_FALSE(text_of("abcdef", 5).whole);
  EXPECT_EQ(tail_text_of("abcdef", 5).text, "def");
  EXPECT_EQ(tail_text_of("\xC3\xA4\xC3\xA4", 5).text, "\xC3\xA4");
}

// Python's json and others write every letter beyond ASCII so.
TEST(Records, EscapedLettersAreLetters) {
  const auto command =
      read_command(R"({"verb":"say","arguments":["\u00e9t\u00e9 \ud83d\ude00","\u0041\n\\u0041\"","\ud83d!"]})");
  ASSERT_TRUE(command);
  EXPECT_EQ(command->arguments, (std::vector<std::string>{"été 😀", "A\n\\u0041\"", "\xef\xbf\xbd!"}));
  EXPECT_FALSE(read_command(R"({"verb":"ping","arguments":["\u00"]})"));
  EXPECT_FALSE(read_command(R"({"verb":"ping","arguments":["\udcff"]})"));  // stands for a byte in our own JSON
  EXPECT_FALSE(read_command("{\"verb\":\"ping\",\"arguments\":[\"\xff\"]}"));
}

}  // namespace
}  // namespace meshfs::records
