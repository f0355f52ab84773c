// What a keeper gathers of its machine, and how it reaches the worker.
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tools/service/gathering.h"
#include "tools/service/input_feed.h"
#include "tools/service/options.h"

namespace meshfs::service {
namespace {

namespace fs = std::filesystem;

Input input_of(const std::string& name, std::function<std::optional<std::string>()> gather,
               Duration every = seconds(10)) {
  return {name, [gather = std::move(gather)](const Here&) { return gather(); }, every, {}};
}

struct Feed {
  explicit Feed(std::vector<Input> the_inputs) : inputs(std::move(the_inputs)), feed(inputs, {}, log) {}
  ServiceLog log{"test"};
  std::vector<Input> inputs;
  InputFeed feed;
  std::optional<InputLine> line = make_input_line();
};

TEST(ServiceInputs, OnlyChangesAreSentAndOnlyInTime) {
  std::string a = "1", b = "x";
  int asked = 0;
  Feed it({input_of(
               "a", [&] { return ++asked, a; }, seconds(2)),
           input_of(
               "b", [&] { return b; }, seconds(60))});
  it.feed.gather_all(Instant{} + seconds(100));
  EXPECT_EQ(it.feed.all(), (std::map<std::string, std::string>{{"a", "1"}, {"b", "x"}}));
  EXPECT_FALSE(it.feed.is_unsent());
  EXPECT_EQ(it.feed.next(), Instant{} + seconds(102));
  a = "2", b = "y";
  it.feed.gather_due(Instant{} + seconds(101));
  EXPECT_EQ(asked, 1);
  it.feed.gather_due(Instant{} + seconds(102));
  it.feed.send(it.line->keeper);
  EXPECT_FALSE(it.feed.is_unsent());
  const auto got = received_input(it.line->worker);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->index, 0U);
  EXPECT_EQ(got->bytes, "2");
  EXPECT_FALSE(received_input(it.line->worker));
  it.feed.gather_due(Instant{} + seconds(104));
  EXPECT_FALSE(it.feed.is_unsent());
}

TEST(ServiceInputs, WhatCannotBeHadStaysAsItWas) {
  std::optional<std::string> bytes = "known";
  Feed it({input_of("a", [&] { return bytes; }), input_of("never", [] { return std::nullopt; })});
  it.feed.gather_all(Instant{});
  bytes.reset();
  it.feed.gather_due(Instant{} + seconds(10));
  EXPECT_FALSE(it.feed.is_unsent());
  bytes = std::string(kMaxInputBytes + 1, 'x');
  it.feed.gather_due(Instant{} + seconds(20));
  EXPECT_FALSE(it.feed.is_unsent());
  EXPECT_EQ(it.feed.all(), (std::map<std::string, std::string>{{"a", "known"}}));
}

// A worker that waits for a hook reads nothing: the keeper must go on, and the newest bytes arrive when it reads again.
TEST(ServiceInputs, ALineThatIsFullHoldsNobody) {
  char letter = 'a';
  Feed it({input_of(
      "big", [&] { return std::string(kMaxInputBytes, letter); }, seconds(1))});
  it.feed.gather_all(Instant{});
  int sent = 0;
  for (int round = 1; round <= 20; ++round) {
    ++letter;
    it.feed.gather_due(Instant{} + seconds(round));
    it.feed.send(it.line->keeper);
    sent += it.feed.is_unsent() ? 0 : 1;
  }
  EXPECT_GE(sent, 1);  // one of the largest fits
  EXPECT_TRUE(it.feed.is_unsent());
  std::string last;
  const auto read = [&] {
    while (const auto got = received_input(it.line->worker)) last = got->bytes;
  };
  read();
  it.feed.send(it.line->keeper);
  EXPECT_FALSE(it.feed.is_unsent());
  read();
  EXPECT_EQ(last, std::string(kMaxInputBytes, letter));
}

TEST(ServiceInputs, AWorkerThatIsGoneIsNoTrouble) {
  std::string a = "1";
  Feed it({input_of("a", [&] { return a; })});
  it.feed.gather_all(Instant{});
  it.line->worker.reset();
  a = "2";
  it.feed.gather_due(Instant{} + seconds(10));
  it.feed.send(it.line->keeper);
}

TEST(ServiceInputs, FilesOfTheMachine) {
  char name[] = "/tmp/service-inputs.XXXXXX";
  const std::string folder = ::mkdtemp(name);
  const Here here{folder, "roof", folder + "/conf"};
  EXPECT_EQ(owners_settings(here), "");
  std::ofstream(folder + "/conf") << "A=1\n";
  EXPECT_EQ(owners_settings(here), "A=1\n");
  std::ofstream(folder + "/conf") << std::string(kMaxInputBytes + 1, 'x');
  EXPECT_EQ(owners_settings(here), std::nullopt);
  fs::create_directory(folder + "/.mesh");
  std::ofstream(folder + "/.mesh/peers") << "{}";
  EXPECT_EQ(file_of_mesh(".mesh/peers")(here), "{}");
  fs::remove(folder + "/conf");
  ASSERT_EQ(::mkfifo((folder + "/conf").c_str(), 0600), 0);
  EXPECT_EQ(owners_settings(here), std::nullopt);  // and it does not wait
  fs::remove_all(folder);
}

TEST(ServiceInputs, WhatCannotWorkIsRefused) {
  Service service;
  service.name = "x";
  service.decide = [](const View&, WallMs) { return Result<Actions>(Actions{}); };
  EXPECT_FALSE(check_service(service));  // looks at nothing
  const auto gather = [] { return std::optional<std::string>(""); };
  service.inputs = {input_of("a", gather)};
  EXPECT_TRUE(check_service(service)) << "inputs alone are enough";
  for (const char* bad : {"", "A", "a b", "1", "a/b"}) {
    service.inputs = {input_of(bad, gather)};
    EXPECT_FALSE(check_service(service)) << bad;
  }
  service.inputs = {input_of("a", gather), input_of("a", gather)};
  EXPECT_FALSE(check_service(service));
  service.inputs = {input_of("a", gather, milliseconds(10))};
  EXPECT_FALSE(check_service(service));
  service.inputs = {input_of("a", gather)};
  service.inputs[0].gather = nullptr;
  EXPECT_FALSE(check_service(service));
  service.inputs = std::vector<Input>(kMaxInputs + 1, input_of("a", gather));
  EXPECT_FALSE(check_service(service));
  Actions actions;
  actions.memory = std::string(kMaxMemoryBytes + 1, 'x');
  service.inputs = {input_of("a", gather)};
  EXPECT_FALSE(check_actions(service, actions));
}

TEST(ServiceInputs, SettingsAreAnOptionOfThoseThatHaveInputs) {
  Service service;
  service.name = "x";
  EXPECT_FALSE(parse_options(service, {"--settings", "/c"}, "/mesh"));
  service.inputs = {input_of("a", [] { return std::optional<std::string>(""); })};
  const auto options = parse_options(service, {"--settings", "/c"}, "/mesh");
  ASSERT_TRUE(options);
  EXPECT_EQ(options->settings, "/c");
  EXPECT_NE(usage(service).find("--settings"), std::string::npos);
}

}  // namespace
}  // namespace meshfs::service
