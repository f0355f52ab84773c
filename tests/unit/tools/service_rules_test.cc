// The rules of the service runner that need no system: patterns, limits, pacing, definitions, options, texts.
#include <gtest/gtest.h>

#include "schema/typed/patterns.h"
#include "schema/vocab/rng.h"
#include "tools/mesh/json.h"
#include "tools/service/collection.h"
#include "tools/service/difference.h"
#include "tools/service/ledger.h"
#include "tools/service/options.h"
#include "tools/service/pacing.h"
#include "tools/service/patterns.h"
#include "tools/service/report.h"

namespace meshfs::service {
namespace {

bool matches(const std::string& pattern, std::string_view path) { return Patterns::parse({pattern})->matches(path); }
bool leads(const std::string& pattern, std::string_view folder) {
  return Patterns::parse({pattern})->may_lead_to(folder);
}

TEST(ServicePatterns, Table) {
  EXPECT_TRUE(matches("nodes/*/stats/*.json", "nodes/roof/stats/x.json"));
  EXPECT_FALSE(matches("nodes/*/stats/*.json", "nodes/roof/stats/x.txt"));
  EXPECT_FALSE(matches("nodes/*/stats/*.json", "nodes/roof/stats/.x.json"));  // a temporary
  EXPECT_FALSE(matches("nodes/*/stats/*.json", "nodes/roof/more/stats/x.json"));
  EXPECT_TRUE(matches("alerts/**", "alerts/a"));
  EXPECT_TRUE(matches("alerts/**", "alerts/a/b/c"));
  EXPECT_FALSE(matches("alerts/**", "alerts"));
  EXPECT_FALSE(matches("alerts/**", "alerts/.git/c"));
  EXPECT_TRUE(matches("**/card.json", "card.json"));
  EXPECT_TRUE(matches("**/card.json", "nodes/roof/card.json"));
  EXPECT_FALSE(matches("**/card.json", ".mesh/card.json"));
  EXPECT_TRUE(matches("a?c", "abc"));
  EXPECT_TRUE(matches(".hidden/*", ".hidden/x"));
  EXPECT_TRUE(leads("nodes/*/stats/*.json", ""));
  EXPECT_TRUE(leads("nodes/*/stats/*.json", "nodes/roof/stats"));
  EXPECT_FALSE(leads("nodes/*/stats/*.json", "nodes/roof/other"));
  EXPECT_FALSE(leads("nodes/*/stats/*.json", "nodes/roof/stats/x.json"));
  EXPECT_TRUE(leads("alerts/**", "alerts/a/b"));
  EXPECT_FALSE(leads("**", ".mesh"));
  for (const std::string bad :
       {"", "/a", "a//b", "a/../b", "a/", ".", ".mesh/x", "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y"})
    EXPECT_FALSE(Patterns::parse({bad})) << bad;
  EXPECT_FALSE(Patterns::parse({}));
}

// The obvious way, exponential and short.
bool slow(const std::string& pattern, const std::string& path) {
  const auto cut = [](const std::string& text) { return std::min(text.find('/'), text.size()); };
  if (pattern.empty() || path.empty()) return pattern.empty() && path.empty();
  const std::size_t p = cut(pattern), n = cut(path);
  const std::string pattern_rest = pattern.substr(std::min(p + 1, pattern.size())),
                    path_rest = path.substr(std::min(n + 1, path.size()));
  if (pattern.substr(0, p) == "**" && pattern_rest.empty())
    return path[0] != '.' && (path_rest.empty() || slow("**", path_rest));
  if (pattern.substr(0, p) == "**") return slow(pattern_rest, path) || (path[0] != '.' && slow(pattern, path_rest));
  return typed::name_matches(pattern.substr(0, p), path.substr(0, n)) && slow(pattern_rest, path_rest);
}

TEST(ServicePatterns, AsTheSlowWaySays) {
  Rng rng(8);
  const char* const parts[] = {"a", "b", "*", "**", "a*", ".c"};
  const char* const names[] = {"a", "b", "ab", ".c", "d"};
  int both = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string pattern = parts[rng.below(6)], path = names[rng.below(5)];
    for (std::uint64_t n = rng.below(4); n > 0; --n) pattern += std::string("/") + parts[rng.below(6)];
    for (std::uint64_t n = rng.below(5); n > 0; --n) path += std::string("/") + names[rng.below(5)];
    ASSERT_EQ(matches(pattern, path), slow(pattern, path)) << pattern << "  " << path;
    if (!matches(pattern, path)) continue;
    ++both;
    for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1))
      ASSERT_TRUE(leads(pattern, path.substr(0, slash))) << pattern << "  " << path;
  }
  EXPECT_GT(both, 1'000);
}

File sized(std::size_t bytes) { return {std::string(bytes, 'x'), "", "", "", 0}; }

TEST(ServiceCollection, LastNamesAreLeftOutInWhateverOrderTheyCame) {
  Rng rng(3);
  for (int round = 0; round < 200; ++round) {
    Collection files({10, 100, 1000, 4});
    std::vector<std::string> names;
    for (int i = 0; i < 30; ++i) names.push_back("a/" + std::to_string(100 + i));
    for (std::size_t i = names.size(); i > 1; --i) std::swap(names[i - 1], names[rng.below(i)]);
    for (const std::string& name : names) (void)files.put(name, sized(50));
    ASSERT_EQ(files.files().size(), 10U);
    EXPECT_EQ(files.files().begin()->first, "a/100");
    EXPECT_EQ(files.files().rbegin()->first, "a/109");
    EXPECT_EQ(files.left_out(), 20U);
  }
}

TEST(ServiceCollection, ANodeCannotCrowdOutOthers) {
  Collection files({100, 1000, 10'000, 4});
  for (int i = 0; i < 500; ++i) (void)files.put("nodes/aaa/x/" + std::to_string(i), sized(10));
  EXPECT_EQ(files.files().size(), 25U);
  EXPECT_EQ(files.put("nodes/zzz/x/1", sized(10)), Collection::Put::changed);
  for (int i = 0; i < 25; ++i) (void)files.put("nodes/bbb/" + std::to_string(i), sized(400));
  EXPECT_NE(files.find("nodes/zzz/x/1"), nullptr);
  EXPECT_EQ(files.files().size(), 25U + 1 + 6);  // 6 * 400 <= 10,000 / 4
}

TEST(ServiceCollection, LimitsHoldWhateverComes) {
  Rng rng(5);
  const Limits limits{20, 64, 600, 3};
  Collection files(limits);
  for (int i = 0; i < 50'000; ++i) {
    const std::string path = "nodes/n" + std::to_string(rng.below(6)) + "/" + std::to_string(rng.below(12));
    const std::size_t action = rng.below(10);
    if (action == 0) {
      files.remove_below(path.substr(0, 8));
    } else if (action < 3) {
      files.remove(path);
    } else {
      (void)files.put(path, sized(rng.below(80)));
    }
    std::size_t bytes = 0;
    std::map<std::string, std::size_t> of;
    for (const auto& [name, file] : files.files()) {
      bytes += file.bytes.size();
      ++of[name.substr(0, 8)];
      ASSERT_LE(file.bytes.size(), 64U);
    }
    ASSERT_LE(bytes, 600U);
    ASSERT_LE(files.files().size(), 20U);
    for (const auto& [owner, count] : of) ASSERT_LE(count, 6U);
  }
  files.remove_below("nodes");
  EXPECT_TRUE(files.files().empty());
  EXPECT_EQ(files.put("nodes/n0/1", sized(64)), Collection::Put::changed);  // nothing is still counted
  EXPECT_EQ(files.put("nodes/n0/1", sized(64)), Collection::Put::same);
}

TEST(ServicePacing, SettlesButNotForEver) {
  Settling settling(milliseconds(200));
  EXPECT_EQ(settling.due(), kNever);
  Instant now{1};
  settling.changed(now);
  EXPECT_EQ(settling.due(), now + milliseconds(200));
  const Instant first = now;
  for (int i = 0; i < 30; ++i) settling.changed(now = now + milliseconds(100));
  EXPECT_EQ(settling.due(), first + kLongestSettle);
  settling.done();
  EXPECT_EQ(settling.due(), kNever);
  settling.changed(now);
  EXPECT_EQ(settling.due(), now + milliseconds(200));
  BackOff back_off(seconds(1), seconds(5));
  EXPECT_EQ(back_off.failed(), seconds(1));
  EXPECT_EQ(back_off.failed(), seconds(2));
  EXPECT_EQ(back_off.failed(), seconds(4));
  EXPECT_EQ(back_off.failed(), seconds(5));
  back_off.succeeded();
  EXPECT_EQ(back_off.failed(), seconds(1));
}

Service some_service() {
  Service out;
  out.name = "probe";
  out.patterns = {"a/*"};
  out.decide = [](const View&, WallMs) { return Result<Actions>(Actions{}); };
  out.hooks = {{"reload", {"/bin/true"}}};
  return out;
}

TEST(ServiceDefinition, WhatCannotWorkIsRefused) {
  EXPECT_TRUE(check_service(some_service()));
  const auto refused = [](auto change) {
    Service service = some_service();
    change(service);
    return !check_service(service).ok();
  };
  EXPECT_TRUE(refused([](Service& it) { it.name = "../x"; }));
  EXPECT_TRUE(refused([](Service& it) { it.name = ""; }));
  EXPECT_TRUE(refused([](Service& it) { it.patterns = {"/etc/*"}; }));
  EXPECT_TRUE(refused([](Service& it) { it.decide = nullptr; }));
  EXPECT_TRUE(refused([](Service& it) { it.hooks[0].argv = {"true"}; }));
  EXPECT_TRUE(refused([](Service& it) { it.check = {"sh"}; }));
  EXPECT_TRUE(refused([](Service& it) { it.settle = seconds(3); }));
}

TEST(ServiceDefinition, ActionsStayInTheirPlaces) {
  const auto refused = [](auto change) {
    Actions actions;
    change(actions);
    return !check_actions(some_service(), actions).ok();
  };
  EXPECT_FALSE(refused([](Actions& it) {
    it.renders = {{"a/b", "x"}, {"a/c", ""}};
    it.reload = {"reload"};
  }));
  for (const std::string bad : {"", "/etc/passwd", "../x", "a/../b", "a//b", "a/", ".written", "a/.b", "a\nfile b",
                                "status.json", "1/2/3/4/5/6/7/8/9"})
    EXPECT_TRUE(refused([&](Actions& it) { it.renders[bad] = "x"; })) << bad;
  EXPECT_TRUE(refused([](Actions& it) { it.renders[std::string("a\0b", 3)] = "x"; }));
  EXPECT_TRUE(refused([](Actions& it) { it.renders = {{"a", ""}, {"a/b", ""}}; }));
  EXPECT_TRUE(refused([](Actions& it) { it.renders["a"] = std::string(kMaxOutputBytes + 1, 'x'); }));
  EXPECT_TRUE(refused([](Actions& it) { it.publishes["a"] = "not declared"; }));
  EXPECT_TRUE(refused([](Actions& it) { it.reload = {"other"}; }));
  EXPECT_TRUE(refused([](Actions& it) { it.counters["a\"} 1\nb"] = 1; }));
}

TEST(ServiceOptions, GoodAndBad) {
  const Service service = some_service();
  const auto good = parse_options(service, {"--mount", "/m/", "--once", "--user", "nobody"}, "/mesh");
  ASSERT_TRUE(good);
  EXPECT_EQ(good->mount, "/m");
  EXPECT_EQ(good->run, "/run/meshfs/probe");
  EXPECT_EQ(good->state, "/var/lib/meshfs-probe");
  EXPECT_TRUE(good->once && good->sandbox && !good->dry_run);
  EXPECT_FALSE(parse_options(service, {"--no-sandbox"}, "/mesh")->sandbox);
  for (const std::vector<std::string>& bad : std::vector<std::vector<std::string>>{
           {"--mount"}, {"--mount", ""}, {"--mount", "--once"}, {"x"}, {"--other"}, {"-h"}, {"--once=1"}})
    EXPECT_FALSE(parse_options(service, bad, "/mesh")) << bad[0];
  EXPECT_NE(usage(service).find("a/*"), std::string::npos);
}

TEST(ServiceReport, IsJsonWhateverTheErrorSays) {
  Report report;
  report.service = "my-probe";
  report.last_error = "bad \"name\"\n\x1b[2J\xff";
  report.files = 3;
  report.counters["things"] = -4;
  const auto json = tools::parse_json(status_text(report));
  ASSERT_TRUE(json) << status_text(report);
  EXPECT_EQ(json->at("files").count(), 3);
  EXPECT_EQ(json->at("counters").at("things").count(), -4);
  EXPECT_NE(metrics_text(report).find("\nmeshfs_my_probe_things{service=\"my-probe\"} -4\n"), std::string::npos);
}

TEST(ServiceDifference, Lines) {
  EXPECT_EQ(line_difference("a\nb\nc\n", "a\nb\nc\n"), "");
  EXPECT_EQ(line_difference("a\nb\nc\n", "a\nx\ny\nc\n"), "-b\n+x\n+y\n");
  EXPECT_EQ(line_difference("", "a\n"), "+a\n");
  EXPECT_EQ(line_difference("a\na\n", "a\n"), "-a\n");
  EXPECT_EQ(line_difference("a", "a\n"), "(only the end of the last line differs)\n");
  EXPECT_EQ(line_difference("", "\x1b[2J\n"), "+\\x1b[2J\n");
  EXPECT_NE(line_difference("", std::string(1000, '\n')).find("(960 more lines)"), std::string::npos);
}

TEST(ServiceLedger, NoLineLeadsOutside) {
  const Ledger ledger{{"a", "b/c d"}, {"reload", "other"}};
  EXPECT_EQ(parse_ledger(ledger_text(ledger)), ledger);
  EXPECT_EQ(parse_ledger("file ../x\nfile /etc/passwd\nfile ok\nnonsense\nfile .written\nfile half"),
            (Ledger{{"ok"}, {}}));
  Rng rng(1);
  for (int i = 0; i < 5'000; ++i) {
    std::string text = ledger_text(ledger);
    for (int k = 0; k < 3; ++k) text[rng.below(text.size())] = "./\nfile due"[rng.below(11)];
    for (const std::string& path : parse_ledger(text).files) ASSERT_TRUE(is_output_path(path)) << text;
  }
}

}  // namespace
}  // namespace meshfs::service
