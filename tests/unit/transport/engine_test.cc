// EngineProcess: its process does what the adapter does, and its end is no end of anything else.
#include "transport/engine/engine_process.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "tests/unit/transport/sms_world.h"

namespace meshfs::transport::contract {
namespace {

TEST(EngineConfig, OfTheCommandLine) {
  const auto parsed = [](std::string_view text) {
    const auto config = parse_engine(text);
    return config ? config->engine + "|" + config->path : config.failure().message;
  };
  EXPECT_EQ(parsed("bmx7"), "bmx7|");
  EXPECT_EQ(parsed("bmx6:/run/b"), "bmx6|/run/b");
  EXPECT_EQ(parsed("alfred:/run/alfred.sock"), "alfred|/run/alfred.sock");
  EXPECT_EQ(parsed("olsr"), "'olsr' is no mesh engine that carries pages; bmx7, bmx6 and alfred do");
  for (const char* text : {"", "bmx", "bmx7:", "bmx7:run", ":", "alfred:"}) EXPECT_FALSE(parse_engine(text)) << text;
  EXPECT_EQ(traits_of(*parse_engine("bmx7")).pages, 12U);
  EXPECT_EQ(traits_of(*parse_engine("bmx6")).page_bytes, 1'000U);
  EXPECT_FALSE(traits_of(*parse_engine("alfred")).rests);
}

TEST(EngineMessage, WhatIsCutIsNotOk) {
  EngineWriter writer(EngineSays::page);
  const ByteView whole = writer.field(as_bytes("key")).number(7).field({}).bytes();
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    EngineReader reader(whole.first(size));
    const bool right =
        reader.kind() == EngineSays::page && reader.text() == "key" && reader.number() == 7 && reader.field().empty();
    EXPECT_EQ(reader.ok() && right && !reader.more(), size == whole.size());
  }
}

class EngineWorld {
 public:
  EngineWorld() : sms("bmx7", false) {}
  std::unique_ptr<EngineProcess> make(std::size_t node, bool (*confine)(const std::string&) = nullptr) {
    const auto config = sms.config(node);
    auto forked = EngineProcess::fork({config.engine, config.runtime_dir, config.client}, sms.log(), confine, "");
    children.push_back(forked.process);
    return std::make_unique<EngineProcess>(sms.loop(), std::move(forked));
  }
  ~EngineWorld() {
    for (const pid_t child : children) {
      int status = 0;
      EXPECT_EQ(::waitpid(child, &status, 0), child);
      EXPECT_TRUE(WIFSIGNALED(status) || status == 0);
    }
  }
  SmsWorld sms;
  std::vector<pid_t> children;
};

TEST(EngineProcess, CarriesPagesAndEndsWithItsOwner) {
  EngineWorld world;
  const auto one = world.make(0), two = world.make(1);
  BulletinEar ear_one(*one), ear_two(*two);
  EXPECT_FALSE(ear_one.publish({{12, page_bytes(1, 1)}}).ok());
  std::vector<Page> all;
  for (std::size_t number = 0; number < 12; ++number)
    all.push_back({number, page_bytes(one->traits().page_bytes, number)});
  EXPECT_TRUE(ear_one.publish(all).ok());
  EXPECT_TRUE(world.sms.wait([&] { return ear_one.health.up && ear_one.health.trouble.empty(); }));
  EXPECT_EQ(ear_one.health.used_pages, 12U);
  for (const Page& page : all) EXPECT_TRUE(world.sms.wait([&] { return ear_two.has(page.number, page.bytes); }));
  EXPECT_TRUE(ear_one.pages.empty());
  EXPECT_FALSE(ear_one.called_back || ear_two.called_back);
  // Whoever listens anew hears everything.
  ear_two.pages.clear();
  BulletinEar again(*two);
  EXPECT_TRUE(world.sms.wait([&] { return again.has(11, all[11].bytes); }));
}

TEST(EngineProcess, ItsDeathIsTrouble) {
  EngineWorld world;
  const auto one = world.make(0);
  BulletinEar ear(*one);
  ASSERT_TRUE(world.sms.wait([&] { return ear.health.up; }));
  ::kill(world.children[0], SIGKILL);
  EXPECT_TRUE(world.sms.wait([&] { return ear.trouble_has("the process that speaks with bmx7 ended"); }));
  EXPECT_FALSE(ear.health.up);
  EXPECT_TRUE(ear.publish({{0, page_bytes(10, 1)}}).ok());
  const auto refused = world.make(0, [](const std::string&) { return false; });
  BulletinEar refused_ear(*refused);
  EXPECT_TRUE(world.sms.wait([&] { return refused_ear.trouble_has("ended"); }));
}

TEST(EngineProcess, PublishingDoesNotWaitForAStoppedProcess) {
  EngineWorld world;
  const auto one = world.make(0);
  const auto two = world.make(1);
  BulletinEar ear(*one), ear_two(*two);
  ASSERT_TRUE(world.sms.wait([&] { return ear.health.up && ear_two.health.up; }));
  ::kill(world.children[0], SIGSTOP);
  for (std::uint64_t round = 0; round < 100; ++round) {
    std::vector<Page> all;
    for (std::size_t number = 0; number < 12; ++number) all.push_back({number, page_bytes(3'900, round * 12 + number)});
    EXPECT_TRUE(ear.publish(std::move(all)).ok());
  }
  world.sms.run_for(milliseconds(50));
  ::kill(world.children[0], SIGCONT);
  EXPECT_TRUE(world.sms.wait([&] { return ear_two.has(11, page_bytes(3'900, 99 * 12 + 11)); }));
  EXPECT_TRUE(ear_two.has(0, page_bytes(3'900, 99 * 12)));
}

}  // namespace
}  // namespace meshfs::transport::contract
