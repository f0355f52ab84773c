// Changes that are undone unless somebody confirms them.
#include <gtest/gtest.h>

#include "tests/unit/tools/exec_world.h"

namespace meshfs::exec {
namespace {

using records::State;

TEST(Executor, ConfirmedByTheIssuer) {
  TestDisk disk;
  Node node(disk);
  const Envelope one = node.envelope(1, "set", {"x"});
  node.see({one});
  node.end(one.id, 0);
  EXPECT_EQ(node.state(one.id), State::unconfirmed);
  Envelope yes = node.envelope(2, "confirm");
  yes.command->confirms = one.id;
  Envelope foreign = node.envelope(3, "confirm", {}, kMember);
  foreign.command->confirms = one.id;
  node.see({one, foreign});
  EXPECT_EQ(node.state(one.id), State::unconfirmed);
  node.see({one, yes});
  EXPECT_EQ(node.state(one.id), State::done);
  node.tick(seconds(3'600));
  EXPECT_TRUE(disk.undone.empty());
}

TEST(Executor, ConfirmedByReachingTheNetworkButNotAtOnce) {
  TestDisk disk;
  Node node(disk);
  const Envelope one = node.envelope(1, "set", {"x"});
  node.see({one});
  node.end(one.id, 0);
  node.here.heard = node.here.up + seconds(1);
  node.tick(seconds(2));
  EXPECT_EQ(node.state(one.id), State::unconfirmed);
  node.here.heard = node.here.up + kSettle;
  node.tick(kSettle);
  EXPECT_EQ(node.state(one.id), State::done);
}

TEST(Executor, UndoneOnceIfNobodyConfirms) {
  TestDisk disk;
  Node node(disk);
  Envelope one = node.envelope(1, "set", {"x"});
  one.command->confirm_within = "2m";
  node.see({one});
  node.end(one.id, 0);
  node.tick(seconds(119));
  EXPECT_TRUE(disk.undone.empty());
  node.ports.mount_away = true;  // undoing needs no mesh
  node.tick(seconds(1));
  EXPECT_EQ(disk.undone.at(one.id), 1);
  EXPECT_EQ(node.ports.jobs.back().argv, (std::vector<std::string>{"/sbin/set-back", "x"}));
  node.end(one.id, 0);
  node.tick(seconds(500));
  node.ports.mount_away = false;
  node.tick();
  EXPECT_EQ(node.state(one.id), State::undone);
  EXPECT_EQ(disk.undone.at(one.id), 1);
}

TEST(Executor, WhatFailsHalfWayIsUndoneAtOnce) {
  TestDisk disk;
  Node node(disk);
  const Envelope one = node.envelope(1, "set", {"x"});
  node.see({one});
  node.end(one.id, 3);
  EXPECT_EQ(disk.undone.at(one.id), 1);
  EXPECT_EQ(node.state(one.id), State::running);  // its end is not told before it is known
  EXPECT_EQ(disk.results.at(one.id).output, "out");
  node.end(one.id, 0);
  EXPECT_EQ(node.state(one.id), State::undone);
  EXPECT_NE(disk.results.at(one.id).reason.find("exit code 3"), std::string::npos);
  node.tick(seconds(10'000));
  EXPECT_EQ(disk.undone.at(one.id), 1);
  // What can't be undone says both.
  const Envelope two = node.envelope(2, "set", {"x"});
  node.see({two});
  node.end(two.id, 3);
  node.end(two.id, 4);
  EXPECT_EQ(node.state(two.id), State::failed);
  EXPECT_NE(disk.results.at(two.id).reason.find("exit code 4"), std::string::npos);
  // What never began has nothing to undo.
  const Envelope three = node.envelope(3, "set", {"x"});
  node.see({three});
  node.executor.ended(three.id, {-1, "no such file", {}, {}, false}, node.here);
  node.tick(seconds(10));
  EXPECT_EQ(node.state(three.id), State::failed);
  EXPECT_FALSE(disk.undone.contains(three.id));
}

TEST(Executor, ThePowerGoesWhileAFailedOneIsUndone) {
  TestDisk disk;
  Envelope one;
  {
    Node node(disk);
    one = node.envelope(1, "set", {"x"});
    node.see({one});
    node.end(one.id, 3);
  }
  Node node(disk);
  node.tick(seconds(10'000));
  EXPECT_EQ(disk.undone.at(one.id), 1);
  EXPECT_EQ(node.state(one.id), State::interrupted);
}

TEST(Executor, OneOfAKindMayBeUndoneAtATime) {
  TestDisk disk;
  Node node(disk);
  const Envelope one = node.envelope(1, "set", {"x"}), two = node.envelope(2, "set", {"y"}),
                 other = node.envelope(3, "ping", {"h"});
  node.see({one, two, other});
  EXPECT_EQ(disk.started.count(two.id), 0U);
  EXPECT_EQ(disk.started.at(other.id), 1);
  node.end(one.id, 0);
  node.tick(seconds(1));
  EXPECT_EQ(node.state(one.id), State::unconfirmed);
  EXPECT_EQ(disk.started.count(two.id), 0U);
  EXPECT_EQ(node.state(two.id), State::accepted);
  node.here.heard = node.here.up + kSettle;
  node.tick(kSettle);
  node.tick();
  EXPECT_EQ(node.state(one.id), State::done);
  EXPECT_EQ(disk.started.at(two.id), 1);
}

TEST(Executor, UnconfirmedSurvivesARestartWithoutAMesh) {
  TestDisk disk;
  Envelope one;
  {
    Node node(disk);
    one = node.envelope(1, "set", {"x"});
    node.see({one});
    node.end(one.id, 0);
  }
  Node node(disk);
  node.here.reconciled = false;
  node.catalogue.clear();  // how to undo it stands in the journal
  node.tick(seconds(599));
  EXPECT_TRUE(disk.undone.empty());
  node.tick(seconds(2));
  EXPECT_EQ(disk.undone.at(one.id), 1);
  { Node again(disk); }
  Node last(disk);
  last.tick(seconds(10'000));
  EXPECT_EQ(disk.undone.at(one.id), 1);
  EXPECT_EQ(last.state(one.id), State::interrupted);
}

}  // namespace
}  // namespace meshfs::exec
