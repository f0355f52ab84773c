// JSON-RPC 2.0: the examples of the specification, and bytes of every other kind.
#include "tools/mesh/rpc_frame.h"

#include <gtest/gtest.h>

#include "schema/vocab/rng.h"

namespace meshfs::tools {
namespace {

int called = 0;

std::optional<RpcOutcome> method(RpcTicket, const std::string& name, const Json& params) {
  ++called;
  if (name == "echo") return RpcOutcome{json_text(params), 0, {}};
  if (name == "fail") return RpcOutcome::failed(kRpcOurs - 4, "There is no such thing.");
  return RpcOutcome::failed(kRpcNoMethod, "There is no method.");
}

std::string answer(std::string_view line) { return RpcSession(method).take(line); }

Json parsed(const std::string& text) {
  const auto json = parse_json(text);
  EXPECT_TRUE(json.ok()) << text;
  return json.ok() ? *json : Json{};
}
std::int64_t code_of(std::string_view line) { return parsed(answer(line)).at("error").at("code").count(); }

TEST(RpcFrame, AnswersWithTheIdThatWasGiven) {
  EXPECT_EQ(answer(R"({"jsonrpc": "2.0", "method": "echo", "params": {"a": [1, true, "x"]}, "id": 7})"),
            R"({"jsonrpc": "2.0", "result": {"a": [1, true, "x"]}, "id": 7})");
  for (const char* id : {"1", "-5", "\"x\"", "null", "9007199254740991", "\"\"", "0.5"}) {
    const std::string request = std::string(R"({"jsonrpc":"2.0","method":"echo","id":)") + id + "}";
    EXPECT_TRUE(answer(request).ends_with("\"id\": " + std::string(id) + "}")) << answer(request);
  }
  EXPECT_EQ(answer(R"({"jsonrpc":"2.0","method":"fail","id":1})"),
            R"({"jsonrpc": "2.0", "error": {"code": -32004, "message": "There is no such thing."}, "id": 1})");
}

TEST(RpcFrame, AFaultHasTheCodeOfTheSpecification) {
  EXPECT_EQ(code_of(R"({"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz])"), -32700);
  EXPECT_EQ(code_of("nonsense"), -32700);
  EXPECT_EQ(code_of(R"({"jsonrpc": "2.0", "method": "foobar", "id": "1"})"), -32601);
  EXPECT_EQ(code_of(R"({"jsonrpc": "2.0", "method": 1, "params": "bar"})"), -32600);
  EXPECT_EQ(code_of(R"({"jsonrpc": "2.0", "method": "echo", "params": 1, "id": 1})"), -32600);
  EXPECT_EQ(code_of(R"({"jsonrpc": "2.0", "method": "echo", "params": null, "id": 1})"), -32600);
  EXPECT_EQ(code_of(R"({"jsonrpc": "1.0", "method": "echo", "id": 1})"), -32600);
  EXPECT_EQ(code_of(R"({"method": "echo", "id": 1})"), -32600);
  EXPECT_EQ(code_of(R"({"jsonrpc": "2.0", "method": "echo", "id": [1]})"), -32600);
  EXPECT_EQ(code_of(R"({"jsonrpc": "2.0", "method": "echo", "id": 1e999})"), -32600);
  EXPECT_EQ(code_of(R"({"jsonrpc": "2.0", "method": "echo", "params": [1], "id": 1})"), -32602);
  EXPECT_EQ(code_of("[]"), -32600);
  EXPECT_EQ(code_of("1"), -32600);
  EXPECT_EQ(code_of(std::string(18, '[') + std::string(18, ']')), -32700);
  EXPECT_EQ(code_of("\"" + std::string(kMaxRpcLine, 'x') + "\""), -32700);
}

TEST(RpcFrame, NotificationsAreDoneInSilence) {
  called = 0;
  EXPECT_EQ(answer(R"({"jsonrpc": "2.0", "method": "echo"})"), "");
  EXPECT_EQ(answer(R"([{"jsonrpc": "2.0", "method": "echo"}, {"jsonrpc": "2.0", "method": "foobar"}])"), "");
  EXPECT_EQ(called, 3);
  EXPECT_EQ(answer(""), "");
  EXPECT_EQ(answer("  \r"), "");
  EXPECT_EQ(called, 3);
}

TEST(RpcFrame, ABatchIsAnsweredAsOne) {
  const Json all =
      parsed(answer(R"([{"jsonrpc": "2.0", "method": "echo", "id": "1"}, {"jsonrpc": "2.0", "method": "echo"},
      1, {"foo": "boo"}, {"jsonrpc": "2.0", "method": "foobar", "id": "5"}])"));
  ASSERT_EQ(all.list.size(), 4u);
  EXPECT_EQ(all.list[0].at("id").text, "1");
  EXPECT_EQ(all.list[1].at("error").at("code").count(), -32600);
  EXPECT_EQ(all.list[2].at("error").at("code").count(), -32600);
  EXPECT_EQ(all.list[3].at("error").at("code").count(), -32601);
  std::string many = "[0";
  for (std::size_t i = 0; i < kMaxRpcBatch; ++i) many += ",0";
  EXPECT_EQ(code_of(many + "]"), -32600);
}

// "later" is answered by whoever settles its ticket, which the params name.
struct Later {
  std::map<std::string, RpcTicket> tickets;
  RpcSession session{[this](RpcTicket ticket, const std::string& name, const Json& params) {
    if (name != "later") return method(ticket, name, params);
    tickets[params.at("as").text] = ticket;
    return std::optional<RpcOutcome>();
  }};
  std::string settle(const std::string& as) { return session.settle(tickets.at(as), {"\"" + as + "\"", 0, {}}); }
};

TEST(RpcSession, WhoWaitsHoldsUpNobody) {
  Later later;
  EXPECT_EQ(later.session.take(R"({"jsonrpc": "2.0", "method": "later", "params": {"as": "a"}, "id": 1})"), "");
  EXPECT_EQ(later.session.take(R"({"jsonrpc": "2.0", "method": "later", "params": {"as": "b"}, "id": 2})"), "");
  EXPECT_EQ(parsed(later.session.take(R"({"jsonrpc": "2.0", "method": "echo", "id": 3})")).at("id").count(), 3);
  EXPECT_EQ(later.settle("b"), R"({"jsonrpc": "2.0", "result": "b", "id": 2})");
  EXPECT_EQ(later.settle("b"), "");  // once
  EXPECT_EQ(later.settle("a"), R"({"jsonrpc": "2.0", "result": "a", "id": 1})");
  EXPECT_EQ(later.session.settle(later.tickets.at("a") + 100, {"1", 0, {}}), "");
  // A notification waits, too, and says nothing.
  EXPECT_EQ(later.session.take(R"({"jsonrpc": "2.0", "method": "later", "params": {"as": "c"}})"), "");
  EXPECT_EQ(later.settle("c"), "");
}

TEST(RpcSession, ABatchIsAnsweredWhenItsLastIsKnown) {
  Later later;
  EXPECT_EQ(later.session.take(R"([{"jsonrpc": "2.0", "method": "later", "params": {"as": "a"}, "id": 1},
      {"jsonrpc": "2.0", "method": "echo", "id": 2}, {"jsonrpc": "2.0", "method": "later", "params": {"as": "b"}, "id": 3},
      {"jsonrpc": "2.0", "method": "later", "params": {"as": "silent"}}])"),
            "");
  EXPECT_EQ(later.settle("b"), "");
  EXPECT_EQ(later.settle("silent"), "");
  EXPECT_EQ(parsed(later.session.take(R"({"jsonrpc": "2.0", "method": "echo", "id": 9})")).at("id").count(), 9);
  const Json all = parsed(later.settle("a"));
  ASSERT_EQ(all.list.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(all.list[i].at("id").count(), static_cast<std::int64_t>(i + 1));
  EXPECT_EQ(all.list[2].at("result").text, "b");
}

TEST(RpcLines, AreCutHoweverTheyCome) {
  RpcLines lines;
  std::string got;
  for (const char c : std::string("one\n\ntwo\nrest")) {
    lines.take({&c, 1});
    while (auto line = lines.next()) got += "[" + line->text + "]";
  }
  EXPECT_EQ(got, "[one][][two]");
  EXPECT_EQ(lines.rest()->text, "rest");
  EXPECT_FALSE(lines.rest().has_value());
}

TEST(RpcLines, OneThatIsTooLongIsToldOnceAndSkipped) {
  RpcLines lines;
  std::size_t told = 0, after = 0;
  const auto look = [&] {
    while (auto line = lines.next()) {
      told += line->too_long ? 1 : 0;
      after += line->text == "after" ? 1 : 0;
      EXPECT_LE(line->text.size(), kMaxRpcLine);
    }
  };
  const std::string piece(100'000, 'x');
  for (int i = 0; i < 50; ++i) {
    lines.take(piece);
    look();
  }
  EXPECT_FALSE(lines.rest().has_value());
  lines.take("\nafter\n" + std::string(kMaxRpcLine + 1, 'y') + "\nafter\n" + std::string(kMaxRpcLine, 'z') + "\n");
  look();
  EXPECT_EQ(told, 2u);
  EXPECT_EQ(after, 2u);
}

TEST(RpcFrame, JsonOfOthersComesOutCleanAndOnOneLine) {
  const Json json = parsed("{\"a\":\n[1.5, -0, 1e300, 1e999, \"x\\n\xff\", null, false, {}]}");
  const std::string text = json_text(json);
  EXPECT_EQ(text, R"({"a": [1.5, -0, 1.0000000000000001e+300, null, "x\n\udcff", null, false, {}]})");
  EXPECT_EQ(json_text(parsed(text)), text);
}

// Lines that something changed on their way: an answer that is JSON, or none, and never a method that was not named.
TEST(RpcFrame, AnyBytesGetAnAnswerOrNone) {
  const std::string good =
      R"([{"jsonrpc": "2.0", "method": "echo", "params": {"a": [1, "b\u00e9"]}, "id": 7}, {"jsonrpc": "2.0", "method": "fail", "id": "x"}])";
  constexpr std::string_view kPieces[]{"{",    "}",   "[",   "]",       "\"",   ":",  ",",
                                       "null", "1e9", "\\u", "\\ud800", "\xff", "\n", "-"};
  Rng rng(2);
  std::size_t faults = 0, answers = 0;
  for (int round = 0; round < 50000; ++round) {
    std::string line = good;
    for (std::uint64_t i = rng.below(5); i < 5; ++i) {
      const auto at = rng.below(line.size() + 1);
      if (rng.percent(40)) {
        line.insert(at, kPieces[rng.below(std::size(kPieces))]);
      } else if (rng.percent(50)) {
        line.erase(at, rng.below(8));
      } else if (at < line.size()) {
        line[at] = static_cast<char>(rng.below(256));
      }
    }
    const std::string text = answer(line);
    if (text.empty()) continue;
    ++answers;
    ASSERT_EQ(text.find('\n'), std::string::npos) << text;
    const auto json = parse_json(text);
    ASSERT_TRUE(json.ok()) << text;
    if (json->kind == Json::Kind::object) {
      ++faults;
      ASSERT_EQ(json->at("jsonrpc").text, "2.0") << text;
      ASSERT_TRUE(json->members.contains("id")) << text;
      ASSERT_TRUE(json->members.contains("result") != json->members.contains("error")) << text;
    }
  }
  EXPECT_GT(faults, 1000u);
  EXPECT_GT(answers, faults);
}

}  // namespace
}  // namespace meshfs::tools
