#include "tools/mesh/json.h"

#include <gtest/gtest.h>

namespace meshfs::tools {
namespace {

TEST(Json, ReadsWhatFsdShows) {
  const auto json = parse_json(R"({"network":"valley","files":12,"syncd_connected":true,"rtt":1.5,
                                   "sets":[{"set":"shared","count":3,"fingerprint":"0a"}],"none":null})");
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(json->at("network").text, "valley");
  EXPECT_EQ(json->at("files").count(), 12);
  EXPECT_TRUE(json->at("syncd_connected").truth);
  EXPECT_DOUBLE_EQ(json->at("rtt").number, 1.5);
  ASSERT_EQ(json->at("sets").list.size(), 1u);
  EXPECT_EQ(json->at("sets").list[0].at("count").count(), 3);
  EXPECT_EQ(json->at("none").kind, Json::Kind::null);
  EXPECT_EQ(json->at("absent").count(), 0);
}

TEST(Json, ReadsEscapes) {
  const auto json = parse_json(R"("a\n\"\\\u00e9\u20ac\ud800")");
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(json->text, "a\n\"\\\xc3\xa9\xe2\x82\xac\xef\xbf\xbd");
}

TEST(Json, RefusesWhatIsNone) {
  for (const char* bad : {"", "{", "[1,", "{\"a\"}", "{\"a\":1,}", "\"open", "\"\\q\"", "\"\\u12g4\"", "1 2", "nul",
                          "-", "1e", "\"a\nb\""}) {
    EXPECT_FALSE(parse_json(bad).ok()) << bad;
  }
}

TEST(Json, NestsToItsLimitAndNoDeeper) {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']');
  };
  EXPECT_TRUE(parse_json(nested(kMaxJsonDepth + 1)).ok());
  EXPECT_FALSE(parse_json(nested(kMaxJsonDepth + 2)).ok());
  EXPECT_FALSE(parse_json(std::string(1'000'000, '[')).ok());
}

TEST(Json, QuotesAnyBytes) {
  EXPECT_EQ(json_quoted("plain \xc3\xa9"), "\"plain \xc3\xa9\"");
  EXPECT_EQ(json_quoted("a\"b\\c\n\x1b"), R"("a\"b\\c\n\u001b")");
  EXPECT_EQ(json_quoted("\xff\xc3("), R"("\udcff\udcc3(")");
  EXPECT_EQ(json_quoted("\xed\xa0\x80"), R"("\udced\udca0\udc80")");  // a surrogate is no character
}

TEST(Json, AnyNameComesBackAsItWas) {
  std::string all;
  for (int byte = 1; byte < 256; ++byte) all += static_cast<char>(byte);
  for (const std::string& name :
       {all, std::string("\xf0\x9f\x97\xba map"), std::string("caf\xe9"), std::string("\xed\xb2\x80")}) {
    const auto read = parse_json(json_quoted(name));
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(read->text, name);
  }
}

TEST(Json, ReadsPairsOfSurrogates) {
  const auto json = parse_json(R"("\ud83d\uddfa \ud83dx \ud83d\u0041")");
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(json->text,
            "\xf0\x9f\x97\xba \xef\xbf\xbdx \xef\xbf\xbd"
            "A");
}

TEST(Json, WritesObjectsAndLists) {
  const auto one = JsonObject().text("name", "a\"b").number("size", -3).truth("here", true).raw("list", "[1]").done();
  EXPECT_EQ(one, R"({"name": "a\"b", "size": -3, "here": true, "list": [1]})");
  EXPECT_EQ(json_list({}), "[]");
  EXPECT_TRUE(parse_json(json_list({one, one})).ok());
}

TEST(Printable, KeepsATerminalSafe) {
  EXPECT_EQ(printable("map.pdf"), "map.pdf");
  EXPECT_EQ(printable("\x1b[2J"), "\\x1b[2J");
  EXPECT_EQ(printable("a\nb\x7f"), "a\\x0ab\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");  // CSI as a single C1 character
  EXPECT_EQ(printable("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");  // overlong
}

}  // namespace
}  // namespace meshfs::tools
