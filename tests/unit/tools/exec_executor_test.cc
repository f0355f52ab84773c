// A command's way from acceptance to result, and what a crash between any two steps leaves.
#include "tools/exec/executor.h"

#include <gtest/gtest.h>

#include "schema/vocab/rng.h"
#include "tests/unit/tools/exec_world.h"

namespace meshfs::exec {
namespace {

using records::State;

TEST(Executor, RunsAndTells) {
  TestDisk disk;
  Node node(disk);
  const Envelope one = node.envelope(1, "ping", {"h"});
  node.see({one});
  ASSERT_EQ(node.ports.jobs.size(), 1U);
  EXPECT_EQ(node.ports.jobs[0].argv.back(), "h");
  EXPECT_TRUE(disk.results.empty());  // what ends at once is told once
  node.end(one.id, 0);
  const auto& result = disk.results.at(one.id);
  EXPECT_EQ(result.state, State::done);
  EXPECT_EQ(result.output, "out");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.issuer, "office");
  EXPECT_EQ(result.arguments, std::vector<std::string>{"h"});
  node.see({one});
  node.see({one});
  EXPECT_EQ(disk.started.at(one.id), 1);
  EXPECT_TRUE(node.executor.ledger().find(one.id)->shown);
}

TEST(Executor, RefusesWithAResult) {
  TestDisk disk;
  Node node(disk);
  const Envelope one = node.envelope(1, "restart", {"x"}, kMember);
  node.see({one});
  EXPECT_EQ(node.state(one.id), State::refused);
  EXPECT_FALSE(disk.results.at(one.id).reason.empty());
  node.policy.rules.push_back({true, {Who{}}, {"restart"}, {}});
  node.see({one});  // a later policy makes nothing of what was refused
  EXPECT_TRUE(disk.started.empty());
}

TEST(Executor, FourAtOnceTheRestInOrder) {
  TestDisk disk;
  Node node(disk);
  std::vector<Envelope> all;
  for (std::uint64_t i = 0; i < 7; ++i) {
    all.push_back(node.envelope(i, "uptime"));
    all.back().when = WallMs{node.here.now.ms - static_cast<std::int64_t>(i)};
  }
  node.see(all);
  EXPECT_EQ(disk.started.size(), kMaxRunning);
  EXPECT_FALSE(disk.started.contains(id_of(0)));  // the newest
  EXPECT_EQ(node.state(id_of(0)), State::accepted);
  node.end(id_of(6), 1);
  EXPECT_EQ(node.state(id_of(6)), State::failed);
  EXPECT_EQ(disk.started.size(), kMaxRunning + 1);
}

TEST(Executor, AFullQueueLeavesTheRestInItsFolder) {
  TestDisk disk;
  Node node(disk);
  std::vector<Envelope> all;
  for (std::uint64_t i = 0; i < kMaxQueued + 50; ++i) all.push_back(node.envelope(i, "uptime"));
  node.see(all);
  EXPECT_LE(node.executor.ledger().all().size(), kMaxQueued + kMaxRunning);
  EXPECT_FALSE(node.executor.wait_reasons().empty());
}

TEST(Executor, NothingBeginsIfTheJournalCantBeWritten) {
  TestDisk disk;
  Node node(disk);
  const Envelope one = node.envelope(1, "uptime");
  node.ports.journal_fails = true;
  node.see({one});
  EXPECT_TRUE(disk.started.empty());
  node.ports.journal_fails = false;
  node.see({one});
  EXPECT_EQ(disk.started.at(one.id), 1);
}

TEST(Executor, TakingTheFileAwayTakesBackWhatHasNotBegun) {
  TestDisk disk;
  Node node(disk);
  Envelope one = node.envelope(1, "uptime");
  one.command->not_before = "2033-01-01T00:00:00Z";
  one.command->expires_after = "90d";
  one.when = WallMs{1'988'000'000'000};
  node.here.now = one.when;
  node.see({one});
  EXPECT_EQ(node.state(one.id), State::accepted);
  node.see({}, false);
  EXPECT_EQ(node.state(one.id), State::accepted);  // an incomplete look proves nothing
  node.see({});
  EXPECT_EQ(node.state(one.id), State::cancelled);
  node.see({one});
  EXPECT_TRUE(disk.started.empty());
}

TEST(Executor, PolicyAndTargetsAreAskedAgainWhenItBegins) {
  TestDisk disk;
  Node node(disk);
  Envelope one = node.envelope(1, "uptime"), two = node.envelope(2, "uptime");
  two.directory = "@backbone";
  for (Envelope* e : {&one, &two}) e->command->order = records::Order::farthest_first;
  node.see({one, two});
  EXPECT_TRUE(disk.started.empty());
  node.policy.rules.clear();
  node.here.groups.clear();
  node.tick(seconds(200));
  EXPECT_TRUE(disk.started.empty());
  EXPECT_EQ(node.state(one.id), State::refused);
  EXPECT_EQ(node.state(two.id), State::cancelled);
}

TEST(Executor, FarthestFirst) {
  TestDisk disk;
  Node node(disk);
  Envelope one = node.envelope(1, "uptime"), two = node.envelope(2, "uptime");
  one.command->order = two.command->order = records::Order::farthest_first;
  node.see({one});
  EXPECT_TRUE(disk.started.empty());
  node.ports.farther = false;
  node.tick(seconds(1));
  EXPECT_TRUE(disk.started.empty());
  node.ports.farther = true;
  node.tick(seconds(1));
  EXPECT_EQ(disk.started.size(), 1U);
  node.ports.farther = false;
  node.see({one, two});
  node.tick(node.policy.farthest_wait);
  EXPECT_EQ(disk.started.size(), 2U);
}

TEST(Executor, CancelReachesWhatWaitsAndWhatComesLater) {
  TestDisk disk;
  Node node(disk);
  Envelope waits = node.envelope(1, "uptime"), late = node.envelope(2, "uptime"),
           foreign = node.envelope(3, "ping", {"h"}, kMember);
  waits.command->order = records::Order::farthest_first;
  Envelope c1 = node.envelope(11, "cancel"), c2 = node.envelope(12, "cancel"), c3 = node.envelope(13, "cancel");
  c1.command->cancels = waits.id;
  c2.command->cancels = late.id;
  c3.command->cancels = foreign.id;
  node.see({waits});
  node.see({waits, c1, c2, c3});
  node.see({waits, c1, c2, c3, late, foreign});
  EXPECT_EQ(node.state(waits.id), State::cancelled);
  EXPECT_EQ(node.state(late.id), State::cancelled);
  EXPECT_EQ(node.state(c1.id), State::done);
  EXPECT_FALSE(disk.started.contains(late.id));
  EXPECT_TRUE(disk.started.contains(foreign.id));  // nobody takes back what is another's
  node.end(foreign.id, 0);
  Envelope c4 = node.envelope(14, "cancel", {}, kMember);
  c4.command->cancels = foreign.id;
  node.see({c4});
  EXPECT_EQ(node.state(c4.id), State::failed);
  EXPECT_EQ(node.state(foreign.id), State::done);
}

TEST(Executor, DryRunSaysWhatWouldRun) {
  TestDisk disk;
  Node node(disk);
  Envelope one = node.envelope(1, "set", {"a b"});
  one.command->dry_run = true;
  node.see({one});
  EXPECT_TRUE(disk.started.empty());
  EXPECT_EQ(node.state(one.id), State::done);
  EXPECT_EQ(disk.results.at(one.id).output, "/sbin/set 'a b'\n");
}

TEST(Executor, ALostJournalIsMadeGoodByTheOwnResults) {
  TestDisk disk;
  Envelope one, two;
  {
    Node node(disk);
    one = node.envelope(1, "uptime");
    two = node.envelope(2, "uptime");
    node.see({one, two});
    node.end(one.id, 0);
    node.pass(seconds(5));
    node.executor.progress(two.id, {"half", "", 4}, node.here);
    node.tick();
    EXPECT_EQ(node.state(two.id), State::running);
  }
  disk.journal.clear();
  Node node(disk);
  node.see({one, two});
  EXPECT_EQ(node.state(one.id), State::done);
  EXPECT_EQ(node.state(two.id), State::interrupted);
  EXPECT_EQ(disk.results.at(two.id).output, "half");
  EXPECT_EQ(disk.started.at(one.id), 1);
  EXPECT_EQ(disk.started.at(two.id), 1);
}

TEST(Executor, ResultsWaitForTheMount) {
  TestDisk disk;
  Node node(disk);
  const Envelope one = node.envelope(1, "uptime");
  node.see({one});
  node.ports.mount_away = true;
  node.end(one.id, 0);
  EXPECT_TRUE(disk.results.empty());
  node.ports.mount_away = false;
  node.tick();
  EXPECT_EQ(node.state(one.id), State::done);
}

// Everything that a node does, in one go; `power` loses what was not durable.
void live_through(TestDisk& disk, int steps, const std::vector<Envelope>& all, const World& world) {
  Node node(disk, steps);
  node.here.now = world.here.now;
  for (int round = 0; round < 8 && !node.ports.dead(); ++round) {  // one that may be undone after the other
    node.see(all);
    const std::vector<Job> jobs = std::exchange(node.ports.jobs, {});
    for (const Job& job : jobs)
      if (!node.ports.dead()) node.end(job.id, 0);
    if (!node.ports.dead()) node.tick(seconds(700));
  }
}

TEST(Executor, ACrashBetweenAnyTwoStepsRunsNothingTwice) {
  const World world;
  std::vector<Envelope> all;
  for (std::uint64_t i = 0; i < 6; ++i)
    all.push_back(world.envelope(i, i % 2 == 0 ? "uptime" : "set",
                                 i % 2 == 0 ? std::vector<std::string>{} : std::vector<std::string>{"x"}));
  all.push_back(world.envelope(20, "restart", {"x"}, kMember));
  all.push_back(world.envelope(21, "confirm"));
  all.back().command->confirms = id_of(1);
  int crashes = 0;
  for (const bool power : {false, true}) {
    for (int first = 1; first < 100; ++first) {
      for (int second = 1; second < 100; second += 9) {
        TestDisk disk;
        for (const int steps : {first, second, kLives}) {
          live_through(disk, steps, all, world);
          if (power) disk.journal.resize(disk.durable);
          ++crashes;
        }
        for (const auto& [id, times] : disk.started) ASSERT_EQ(times, 1) << id << " " << first << " " << second;
        for (const auto& [id, times] : disk.undone) ASSERT_EQ(times, 1) << id << " " << first << " " << second;
        // Each is told of, to the end: run, or interrupted where nobody knows.
        ASSERT_EQ(disk.results.size(), all.size());
        for (const auto& [id, result] : disk.results)
          ASSERT_TRUE(records::is_final(result.state)) << id << " " << first << " " << second;
      }
    }
  }
  EXPECT_GT(crashes, 3'000);
}

TEST(Executor, AJournalCutAtAnyByteRunsNothingTwiceWhoseResultIsInTheMesh) {
  const World world;
  TestDisk whole;
  std::vector<Envelope> all;
  for (std::uint64_t i = 0; i < 4; ++i)
    all.push_back(world.envelope(i, i % 2 == 0 ? "uptime" : "set",
                                 i % 2 == 0 ? std::vector<std::string>{} : std::vector<std::string>{"x"}));
  live_through(whole, kLives, all, world);
  std::size_t last = SIZE_MAX;
  for (std::size_t cut = 0; cut <= whole.journal.size(); ++cut) {
    const auto read = Ledger::read(std::string_view(whole.journal).substr(0, cut));
    ASSERT_FALSE(read.damaged);
    if (std::exchange(last, read.good_bytes) == read.good_bytes) continue;  // the same to a daemon that starts
    TestDisk disk = whole;
    disk.journal.resize(read.good_bytes);
    live_through(disk, kLives, all, world);
    for (const auto& [id, times] : disk.started) ASSERT_EQ(times, 1) << id << " " << cut;
  }
}

}  // namespace
}  // namespace meshfs::exec
