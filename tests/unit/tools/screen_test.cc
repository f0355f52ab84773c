#include "tools/mesh/screen.h"

#include <gtest/gtest.h>

#include "tools/mesh/event_line.h"
#include "tools/mesh/progress.h"
#include "tools/mesh/why_text.h"

namespace meshfs::tools {
namespace {

TEST(Screen, SaysAmountsInWords) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(999), "999 B");
  EXPECT_EQ(bytes_text(12'345), "12.3 kB");
  EXPECT_EQ(bytes_text(999'960), "1.0 MB");
  EXPECT_EQ(bytes_text(4'000'000'000), "4.0 GB");
  EXPECT_EQ(duration_text(430), "0.4 s");
  EXPECT_EQ(duration_text(12'000), "12 s");
  EXPECT_EQ(duration_text(180'000), "3 min");
  EXPECT_EQ(duration_text(7'800'000), "2 h 10 min");
  EXPECT_EQ(duration_text(5 * 86'400'000LL), "5 days");
  EXPECT_EQ(age_text(-1), "never");
  EXPECT_EQ(count_text(1, "node", "nodes"), "1 node");
}

TEST(Table, AlignsWhatPeopleSeeNotBytes) {
  Table table({{"NAME"}, {"SIZE", true}, {"WHO"}}, false);
  table.add({"caf\xc3\xa9", "7", "roof"});
  table.add({"a", "1234", ""});
  EXPECT_EQ(table.text(), "NAME  SIZE  WHO\ncaf\xc3\xa9     7  roof\na     1234\n");
}

TEST(Table, PaintCountsForNothing) {
  Table plain({{"A"}, {"B"}}, false), coloured({{"A"}, {"B"}}, true);
  for (Table* table : {&plain, &coloured}) table->add({{"x", Paint::bad}, "y"});
  std::string text = coloured.text();
  EXPECT_NE(text, plain.text());
  for (std::size_t at; (at = text.find('\x1b')) != std::string::npos;) text.erase(at, text.find('m', at) - at + 1);
  EXPECT_EQ(text, plain.text());
}

TEST(Progress, ShowsRateAndTimeLeft) {
  const auto line = progress_line("reading", 5'000'000, 20'000'000, seconds(5), Progress::Unit::bytes, 100);
  EXPECT_EQ(line, "reading  [#####...............]  5.0 MB of 20.0 MB  1.0 MB/s  0:15 left");
  EXPECT_EQ(progress_line("counting", 300, 0, seconds(2), Progress::Unit::things, 100), "counting  300  150/s");
  EXPECT_EQ(progress_line("waiting", 0, 3, seconds(2), Progress::Unit::things, 100),
            "waiting  [....................]  0 of 3");
  EXPECT_LT(progress_line("reading", 1, 2, seconds(1), Progress::Unit::bytes, 20).size(), 20u);
}

Json parsed(const std::string& text) {
  auto json = parse_json(text);
  EXPECT_TRUE(json.ok()) << text;
  return json.ok() ? *json : Json();
}

TEST(WhyText, SaysWhatANodeWaitsFor) {
  EXPECT_EQ(
      why_text(parsed(R"({"node":"school","answered":true,"state":"fetching","have":212,"of":640,
                               "from":[{"node":"roof","bytes_per_s":90000}],"seconds_left":720,"hops":3})"),
               "/mesh/map.pdf"),
      "/mesh/map.pdf on school: it has the entry, not the content: 212 of 640 chunks, fetching from roof at 90.0 kB/s, "
      "12 min left.\nschool is 3 hops away.");
  EXPECT_EQ(
      why_text(parsed(R"({"node":"farm","answered":true,"state":"refused","reason":"policy rule 4."})"), "/mesh/x"),
      "/mesh/x on farm: it refused the entry: policy rule 4.");
  EXPECT_EQ(why_text(parsed(R"({"node":"farm","answered":false,"last_heard_ms":259200000})"), "/mesh/x"),
            "farm did not answer: it is off, or no way leads there now. It was last heard 3 days ago.");
  EXPECT_EQ(why_text(parsed(R"({"node":"farm","answered":false,"last_heard_ms":-1})"), "/mesh/x"),
            "farm did not answer: it is off, or no way leads there now. It was never heard here.");
  EXPECT_EQ(why_text(parsed(R"({"node":"a\u001b[2J","answered":true,"state":"holds"})"), "/mesh/x"),
            "/mesh/x on a\\x1b[2J: it has the entry and the whole content.");
}

TEST(EventLine, ChoosesByPathAndSaysWhoDidWhat) {
  const auto moved =
      parsed(R"({"cursor":7,"what":"moved","path":"/b/new","from":"/a/old","kind":"file","author":"roof"})");
  EXPECT_TRUE(concerns(moved, ""));
  EXPECT_TRUE(concerns(moved, "a"));
  EXPECT_TRUE(concerns(moved, "b/new"));
  EXPECT_FALSE(concerns(moved, "b/ne"));
  EXPECT_FALSE(concerns(moved, "c"));
  EXPECT_FALSE(concerns(Json(), ""));
  EXPECT_TRUE(concerns(parsed(R"({"cursor":9,"what":"lost"})"), "anything"));
  EXPECT_TRUE(event_text(moved, false).ends_with("moved       /a/old -> /b/new  by roof")) << event_text(moved, false);
}

}  // namespace
}  // namespace meshfs::tools
