#include "tools/mesh/daemon_link.h"

#include <gtest/gtest.h>

#include "tests/unit/tools/fake_fsd.h"
#include "tools/mesh/conflict_list.h"
#include "tools/mesh/history.h"
#include "tools/mesh/merging.h"

namespace meshfs::tools {
namespace {

namespace local = codec::local;

local::Answer answer_to(const local::Ask& question, const std::string& text) {
  return {question.request, Errc::invalid, true, text};
}

local::Answer refusal_of(const local::Ask& question, Errc code, const std::string& text) {
  return {question.request, code, false, text};
}

std::string line(const std::string& version, const std::string& more) {
  return R"({"version":")" + version + R"(","author":"roof","when_ms":1,"what":["content"],"size":3,"content":")" +
         version + R"(","path":"f","here":true)" + more + "}";
}

constexpr const char* kNew = "aaaa000000000000";
constexpr const char* kMiddle = "aaaa111111111111";
constexpr const char* kOld = "bbbb000000000000";

// Three versions in pages of one or more; `read` gives nine bytes.
local::Answer history_of_three(const local::Ask& question) {
  const auto& fields = question.argument;
  if (question.verb == "read") return answer_to(question, "nine byte");
  if (fields.starts_with("none")) return refusal_of(question, Errc::not_found, "There never was a file none.");
  const bool second_page = fields.ends_with(kMiddle);
  if (second_page) return answer_to(question, R"({"kind":"file","versions":[)" + line(kOld, "") + R"(],"more":false})");
  return answer_to(question, R"({"kind":"file","versions":[)" + line(kNew, R"(,"current":true)") + "," +
                                 line(kMiddle, R"(,"conflict":true)") + R"(],"more":true})");
}

class DaemonLinkTest : public testing::Test {
 protected:
  DaemonLink connected() {
    auto link = DaemonLink::connect(socket_);
    EXPECT_TRUE(link.ok());
    return std::move(*link);
  }
  TestFolder folder_;
  std::string socket_ = folder_.path() + "/fsd.sock";
  Place place_{"/mesh", "f"};
};

TEST_F(DaemonLinkTest, AsksWithFieldsOfAnyBytes) {
  FakeFsd fsd(socket_, [](const local::Ask& question) { return answer_to(question, "[" + question.argument + "]"); });
  auto link = connected();
  const auto text = link.ask("log", {"a\xff b", "7", ""});
  ASSERT_TRUE(text.ok());
  const char kWanted[] =
      "[a\xff b\0"
      "7\0]";
  EXPECT_EQ(*text, std::string(kWanted, sizeof kWanted - 1));
  EXPECT_EQ(link.ask("again", {"x"}).value(), "[x]");
}

TEST_F(DaemonLinkTest, TellsFailuresApart) {
  auto code = Errc::not_found;
  std::string words = "No such file.";
  FakeFsd fsd(socket_, [&](const local::Ask& question) { return refusal_of(question, code, words); });
  auto link = connected();
  const auto missing = link.ask("log", {"f"});
  EXPECT_EQ(missing.code(), Errc::not_found);
  EXPECT_EQ(missing.failure().message, words);
  code = Errc::unsupported;
  words = "fsd does not know the question 'log'.";
  const auto older = link.ask("log", {"f"});
  EXPECT_EQ(older.code(), Errc::unsupported);
  EXPECT_NE(older.failure().message.find("different versions"), std::string::npos);
  EXPECT_EQ(DaemonLink::connect(folder_.path() + "/nothing").code(), Errc::closed);
}

TEST_F(DaemonLinkTest, SaysThatTheDaemonWentAwayOrIsSilent) {
  auto listener_only = std::make_unique<FakeFsd>(socket_, [](const local::Ask& question) {
    return local::Answer{question.request + 1000, Errc::invalid, true, "for somebody else"};
  });
  auto link = connected();
  const auto silent = link.ask("log", {"f"}, milliseconds(200));
  EXPECT_EQ(silent.code(), Errc::closed);
  listener_only.reset();
  EXPECT_EQ(link.ask("log", {"f"}, milliseconds(500)).code(), Errc::closed);
}

TEST_F(DaemonLinkTest, ReadsAHistoryPageByPage) {
  FakeFsd fsd(socket_, history_of_three);
  auto link = connected();
  std::vector<std::string> seen;
  ASSERT_TRUE(each_version(link, "f", [&](const Version& one) {
                seen.push_back(one.version);
                return true;
              }).ok());
  EXPECT_EQ(seen, (std::vector<std::string>{kNew, kMiddle, kOld}));
}

TEST_F(DaemonLinkTest, FindsVersionsByTheirFirstDigits) {
  FakeFsd fsd(socket_, history_of_three);
  auto link = connected();
  EXPECT_EQ(find_version(link, place_, "bbbb").value().version, kOld);
  EXPECT_EQ(find_version(link, place_, "aaaa1").value().version, kMiddle);
  EXPECT_EQ(find_version(link, place_, "aaaa").code(), Errc::not_found);  // two begin so
  const auto unknown = find_version(link, place_, "cccc");
  EXPECT_EQ(unknown.code(), Errc::not_found);
  EXPECT_EQ(unknown.failure().message,
            "/mesh/f has no version cccc that this node knows: `mesh log /mesh/f` lists them.");
  for (const char* bad : {"", "abc", "xyzw", "0123456789abcdef0", "../x"}) {
    EXPECT_EQ(find_version(link, place_, bad).code(), Errc::invalid) << bad;
  }
  EXPECT_EQ(find_version(link, {"/mesh", "none"}, "aaaa").code(), Errc::not_found);
}

TEST_F(DaemonLinkTest, ReadsBytesToTheirEnd) {
  FakeFsd fsd(socket_, history_of_three);
  auto link = connected();
  std::string bytes;
  const Status read = read_version(link, place_, find_version(link, place_, kOld).value(), [&](std::string_view piece) {
    bytes += piece;
    return Status();
  });
  EXPECT_TRUE(read.ok());
  EXPECT_EQ(bytes, "nine byte");
  EXPECT_EQ(fsd.asked().back(), std::string("read|f|") + kOld + "|0|262144");
}

TEST_F(DaemonLinkTest, SettlesOnlyWhatTheUserSaw) {
  FakeFsd fsd(socket_, history_of_three);
  Asked asked{{folder_.path(), "f"}, connected()};
  auto conflict = read_conflict(asked.daemon, folder_.path(), "f");
  ASSERT_TRUE(conflict.ok());
  ASSERT_EQ(conflict->survivors.size(), 2u);
  EXPECT_TRUE(conflict->survivors[0].shown);
  EXPECT_TRUE(settle_unless_changed(asked, *conflict, "").ok());
  EXPECT_EQ(fsd.asked().back(), "settle|f|this");
  conflict->survivors.pop_back();  // as if the second had come after the user looked
  EXPECT_EQ(settle_unless_changed(asked, *conflict, "").code(), Errc::busy);
  EXPECT_TRUE(settle_unless_changed(asked, *conflict, kMiddle).ok());  // unless it is what was just written
}

}  // namespace
}  // namespace meshfs::tools
