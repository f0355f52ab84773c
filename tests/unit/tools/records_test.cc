// The records of commands as values: what people write is read, what is wrong is refused, any output fits into its record.
#include "tools/records/records.h"

#include <gtest/gtest.h>

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

TEST(Records, ACommandComesBackAsItWas) {
  Command command;
  command.verb = "config-set";
  command.arguments = {"network.lan.ipaddr", "",         "a \"quoted\" 'word'", "line\nline", "\x7f\x01",
                       "\xC3\xA4",           "$(reboot)"};
  command.targets = {"all"};
  command.expires_after = "3h";
  command.not_before = "2025-01-31T12:00:00Z";
  command.confirm_within = "10m";
  command.order = Order::farthest_first;
  command.reason = "because";
  command.cancels = kHex;
  const auto text = write_command(command);
  ASSERT_TRUE(text) << text.failure().message;
  const auto back = read_command(*text);
  ASSERT_TRUE(back) << back.failure().message;
  EXPECT_EQ(*back, command);
}

TEST(Records, NoCommandIsWrittenThatWouldBeReadAsAnother) {
  Command command;
  command.verb = "ping";
  command.arguments = {"\xff"};
  EXPECT_FALSE(write_command(command));
  command.arguments = {std::string("a\0b", 3)};
  EXPECT_FALSE(write_command(command));
  command.arguments = {std::string(kMaxCommandText, 'x')};
  EXPECT_FALSE(write_command(command));
  command.arguments.assign(kMaxItems + 1, "x");
  EXPECT_FALSE(write_command(command));
  command.arguments.clear();
  command.verb = "Ping";
  EXPECT_FALSE(write_command(command));
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

TEST(Records, ACardComesBack) {
  Card card;
  card.name = "roof";
  card.key = kHex;
  card.addresses = {"fd00::1", "10.0.0.1"};
  card.labels = {"site=school"};
  card.ssh_port = 2222;
  card.neighbours = {"farm", "school"};
  const auto text = write_card(card);
  ASSERT_TRUE(text) << text.failure().message;
  EXPECT_EQ(*read_card(*text), card);
  card.labels = {"site"};
  EXPECT_FALSE(write_card(card));
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
}

}  // namespace
}  // namespace meshfs::records
