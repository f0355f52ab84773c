// What only SmsFolder does: files on disk, daemons that come and go, and a sentence for each thing that can be wrong.
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "tests/unit/transport/sms_world.h"

namespace meshfs::transport::contract {
namespace {

namespace fs = std::filesystem;

std::unique_ptr<SmsFolder> open(SmsWorld& world, SmsFolder::Config config) {
  auto opened = SmsFolder::open(world.loop(), world.log(), std::move(config));
  EXPECT_TRUE(opened.ok());
  return std::move(*opened);
}

std::size_t bytes_in(const std::string& folder) {
  std::size_t out = 0;
  for (const auto& entry : fs::directory_iterator(folder)) out += 20 + entry.file_size();
  return out;
}

bool up(SmsWorld& world, BulletinEar& ear) {
  return world.wait([&] { return ear.health.up && ear.health.trouble.empty(); });
}

TEST(Sms, SlotsOfAPageAgreeOrAreNoPage) {
  for (const SmsKind* kind : {&kBmx7, &kBmx6}) {
    const Bytes a = page_bytes(kind->page_bytes, 1), b = page_bytes(kind->page_bytes, 2);
    std::vector<Bytes> of_a = to_slots(*kind, a), of_b = to_slots(*kind, b);
    ASSERT_EQ(of_a.size(), kind->slots);
    for (const Bytes& file : of_a) EXPECT_LE(file.size(), kind->slot_bytes);
    EXPECT_EQ(*from_slots(of_a), a);
    EXPECT_TRUE(to_slots(*kind, {}).empty());
    for (std::size_t part = 0; part < of_a.size(); ++part) {
      std::vector<Bytes> mixed = of_a, cut = of_a, flipped = of_a;
      mixed[part] = of_b[part];
      cut[part].pop_back();
      flipped[part].back() ^= 1;
      EXPECT_EQ(from_slots(mixed).has_value(), of_a.size() == 1);
      EXPECT_FALSE(from_slots(cut));
      EXPECT_FALSE(from_slots(flipped));
      for (std::size_t size = 0; size < 12; ++size) {
        cut[part].resize(size);
        EXPECT_FALSE(from_slots(cut));
      }
    }
  }
  EXPECT_FALSE(from_slots({}));
}

TEST(Sms, NeverMoreOnDiskThanThePluginsBear) {
  for (const auto& [engine, most] : {std::pair{"bmx7", 48'000U}, std::pair{"bmx6", 1'160U}}) {
    SmsWorld world(engine);
    BulletinEar ear(world.bulletin(0));
    const BulletinTraits& traits = world.bulletin(0).traits();
    for (std::uint64_t round = 0; round < 6; ++round) {
      for (std::size_t number = 0; number < traits.pages; ++number) {
        const bool full = (number + round) % 2 == 0;
        EXPECT_TRUE(ear.publish({{number, page_bytes(full ? traits.page_bytes : 0, round)}}).ok());
      }
      world.run_for(milliseconds(50));
      EXPECT_LE(bytes_in(world.dir(0) + "/sms/sendSms"), most);
    }
    for (std::size_t number = 0; number < traits.pages; ++number)
      (void)ear.publish({{number, page_bytes(traits.page_bytes, 7)}});
    EXPECT_FALSE(ear.publish({{0, Bytes(traits.page_bytes + 1)}}).ok());
    world.run_for(milliseconds(100));
    EXPECT_LE(bytes_in(world.dir(0) + "/sms/sendSms"), most);
  }
}

TEST(Sms, ForeignAndBrokenFilesAreNoPages) {
  SmsWorld world("bmx7");
  BulletinEar ear(world.bulletin(0));
  const std::string there = world.received(0) + "/" + std::string(56, 'a') + ":meshfs-0";
  const Bytes whole = to_slots(kBmx7, page_bytes(500, 1))[0];
  write_file(there, as_bytes("hello"));
  write_file(world.received(0) + "/" + std::string(56, 'a') + ":mdns", whole);
  write_file(world.received(0) + "/" + std::string(55, 'a') + ":meshfs-0", whole);
  write_file(world.received(0) + "/" + std::string(56, 'g') + ":meshfs-0", whole);
  write_file(world.received(0) + "/meshfs-0", whole);
  world.run_for(milliseconds(300));
  write_file(there, ByteView(whole).first(200));
  world.run_for(milliseconds(300));
  write_file(there, Bytes(100'000, 0xb5));
  world.run_for(milliseconds(300));
  EXPECT_EQ(ear.told, 0U);
  write_file(there, whole);
  EXPECT_TRUE(world.wait([&] { return ear.has(0, page_bytes(500, 1)); }));
  EXPECT_EQ(ear.told, 1U);
}

TEST(Sms, AFileThatVanishesAndComesBackIsNoNews) {
  SmsWorld world("bmx7");
  BulletinEar ear(world.bulletin(0));
  const std::string there = world.received(0) + "/" + std::string(56, 'a') + ":meshfs-b";
  const Bytes whole = to_slots(kBmx7, page_bytes(500, 1))[0];
  write_file(there, whole);
  ASSERT_TRUE(world.wait([&] { return ear.told == 1; }));
  fs::remove(there);
  world.run_for(milliseconds(400));
  write_file(there, whole);
  world.run_for(milliseconds(1500));
  EXPECT_EQ(ear.told, 1U);
  EXPECT_TRUE(ear.gone.empty());
  fs::remove(there);
  EXPECT_TRUE(world.wait([&] { return ear.gone.size() == 1; }));
}

TEST(Sms, ARestartedDaemonGetsNamesAndPagesAgain) {
  SmsWorld world("bmx7");
  BulletinEar one(world.bulletin(0)), three(world.bulletin(2));
  EXPECT_TRUE(one.publish({{0, page_bytes(300, 1)}}).ok());
  ASSERT_TRUE(world.wait([&] { return three.has(0, page_bytes(300, 1)); }));
  world.tell(0, "restart");
  EXPECT_TRUE(one.publish({{3, page_bytes(300, 2)}}).ok());
  EXPECT_TRUE(world.wait([&] { return three.has(3, page_bytes(300, 2)); }));
  EXPECT_TRUE(up(world, one));
  // The third node's daemon loses all it received, and gets it again.
  const std::size_t told = three.told;
  world.tell(2, "restart");
  EXPECT_TRUE(world.wait([&] { return fs::exists(world.received(2)) && !fs::is_empty(world.received(2)); }));
  world.run_for(milliseconds(1500));
  EXPECT_EQ(three.told, told);
  EXPECT_TRUE(three.gone.empty());
}

TEST(Sms, LostRegistrationsAreNoticedByWhatIsNotShown) {
  SmsWorld world("bmx7");
  BulletinEar one(world.bulletin(0)), two(world.bulletin(1));
  (void)one.publish({{0, page_bytes(300, 1)}});
  ASSERT_TRUE(world.wait([&] { return two.has(0, page_bytes(300, 1)); }));
  world.run_for(milliseconds(700));
  world.tell(0, "syncSms=-meshfs-0 syncSms=-meshfs-1");
  (void)one.publish({{0, page_bytes(300, 2)}});
  EXPECT_TRUE(world.wait([&] { return two.has(0, page_bytes(300, 2)); }));
  EXPECT_TRUE(up(world, one));
}

TEST(Sms, OwnPagesOfAnEarlierProcessAreNotTold) {
  SmsWorld world("bmx7");
  {
    BulletinEar one(world.bulletin(0));
    (void)one.publish({{0, page_bytes(300, 1)}, {5, page_bytes(300, 2)}});
    ASSERT_TRUE(world.wait([&] { return fs::exists(world.received(2)) && !fs::is_empty(world.received(2)); }));
  }
  world.close(0);
  world.open(0);
  BulletinEar one(world.bulletin(0)), three(world.bulletin(2));
  world.run_for(milliseconds(800));
  EXPECT_EQ(one.told, 0U);
  EXPECT_TRUE(three.has(5, page_bytes(300, 2)));
  (void)one.publish({{0, page_bytes(300, 3)}});
  EXPECT_TRUE(world.wait([&] { return three.has(0, page_bytes(300, 3)); }));
  EXPECT_FALSE(fs::exists(world.sent(0, "meshfs-5")));
  EXPECT_EQ(one.told, 0U);
}

TEST(Sms, WhoCopiesOurPageIsAStranger) {
  SmsWorld world("bmx7");
  BulletinEar one(world.bulletin(0));
  (void)one.publish({{0, page_bytes(300, 1)}});
  ASSERT_TRUE(world.wait([&] { return !fs::is_empty(world.received(0)); }));
  world.run_for(milliseconds(300));
  write_file(world.received(0) + "/" + std::string(56, 'a') + ":meshfs-0", file_bytes(world.sent(0, "meshfs-0")));
  EXPECT_TRUE(world.wait([&] { return one.told == 1; }));
  (void)one.publish({{0, page_bytes(300, 2)}});
  world.run_for(milliseconds(700));
  EXPECT_EQ(one.told, 1U);
}

// --- one sentence for each thing that is wrong, and recovery

TEST(SmsTrouble, NoEngineNoPluginThenBoth) {
  SmsWorld world("bmx7", false);
  auto config = world.config(0);
  config.runtime_dir = world.dir(0) + "/later";
  const auto folder = open(world, config);
  BulletinEar ear(*folder);
  EXPECT_TRUE(ear.publish({{0, page_bytes(40, 1)}}).ok());
  EXPECT_TRUE(world.wait([&] { return ear.trouble_has("does not run with the folder"); }));
  EXPECT_FALSE(ear.health.up);
  fs::create_directories(config.runtime_dir);
  EXPECT_TRUE(world.wait([&] { return ear.trouble_has("without its sms plugin"); }));
  // Here it comes: another daemon's folder, moved to where it is expected.
  fs::remove(config.runtime_dir);
  fs::create_directory_symlink(world.dir(0), config.runtime_dir);
  EXPECT_TRUE(up(world, ear)) << ear.health.trouble;
  EXPECT_TRUE(world.wait([&] { return fs::exists(world.sent(0, "meshfs-0")); }));
  fs::remove(config.runtime_dir);
  EXPECT_TRUE(world.wait([&] { return !ear.health.up; }));
  fs::create_directory_symlink(world.dir(1), config.runtime_dir);
  EXPECT_TRUE(world.wait([&] { return fs::exists(world.sent(1, "meshfs-0")); }));
  fs::remove(config.runtime_dir);
}

TEST(SmsTrouble, ClientNotFoundOrNotAProgram) {
  SmsWorld world("bmx7", false);
  auto config = world.config(0);
  config.client = world.dir(0) + "/no-such-program";
  const auto folder = open(world, config);
  BulletinEar ear(*folder);
  EXPECT_TRUE(world.wait([&] { return ear.trouble_has("is not there: install bmx7"); }));
  EXPECT_FALSE(ear.health.up);
  write_file(config.client, as_bytes("no program"));
  EXPECT_TRUE(world.wait([&] { return ear.trouble_has("can't be started"); }));
  fs::remove(config.client);
  fs::create_symlink(world.config(0).client, config.client);
  EXPECT_TRUE(up(world, ear)) << ear.health.trouble;
  EXPECT_TRUE(world.wait([&] { return ear.health.engine == "BMX7 stand-in revision 1"; }));
}

TEST(SmsTrouble, NameRefusedAndDeadDaemonAndNoAnswer) {
  SmsWorld world("bmx7", false);
  world.tell(0, "refuse");
  const auto folder = open(world, world.config(0));
  BulletinEar ear(*folder);
  EXPECT_TRUE(
      world.wait([&] { return ear.trouble_has("refused to send our files (syncSms): ERROR syncSms value meshfs-0"); }));
  EXPECT_FALSE(ear.health.up);
  world.tell(0, "accept");
  EXPECT_TRUE(up(world, ear)) << ear.health.trouble;
  world.tell(0, "stop");  // its folders stay, as after a crash
  EXPECT_TRUE(world.wait([&] { return ear.trouble_has("ERROR can't connect"); }));
}

TEST(SmsTrouble, ADaemonThatDoesNotAnswer) {
  SmsWorld world("bmx7", false);
  world.tell(0, "mute");
  const auto folder = open(world, world.config(0));
  BulletinEar ear(*folder);
  EXPECT_TRUE(world.wait([&] { return ear.trouble_has("does not answer"); }));
  world.tell(0, "unmute");
  EXPECT_TRUE(up(world, ear)) << ear.health.trouble;
}

TEST(SmsTrouble, ASlotUsedByOthersStays) {
  SmsWorld world("bmx7", false);
  write_file(world.sent(0, "meshfs-1"), as_bytes("somebody's"));
  const auto folder = open(world, world.config(0));
  world.open(1);
  BulletinEar ear(*folder), two(world.bulletin(1));
  (void)ear.publish({{0, page_bytes(90, 1)}, {1, page_bytes(90, 2)}});
  EXPECT_TRUE(world.wait([&] { return ear.trouble_has("another program's file"); }));
  EXPECT_TRUE(world.wait([&] { return two.has(0, page_bytes(90, 1)); }));
  EXPECT_EQ(file_bytes(world.sent(0, "meshfs-1")), copy_of(as_bytes("somebody's")));
  fs::remove(world.sent(0, "meshfs-1"));
  EXPECT_TRUE(world.wait([&] { return two.has(1, page_bytes(90, 2)); }));
  EXPECT_TRUE(up(world, ear)) << ear.health.trouble;
}

TEST(SmsTrouble, OthersLargeMessagesHoldOursBack) {
  SmsWorld world("bmx7");
  BulletinEar ear(world.bulletin(0));
  write_file(world.sent(0, "photo"), Bytes(58'000, 1));
  (void)ear.publish({{0, page_bytes(3'000, 1)}});
  EXPECT_TRUE(world.wait([&] { return ear.trouble_has("other programs send 58020 bytes"); }));
  EXPECT_FALSE(fs::exists(world.sent(0, "meshfs-0")));
  EXPECT_FALSE(ear.health.up);
  fs::remove(world.sent(0, "photo"));
  EXPECT_TRUE(up(world, ear)) << ear.health.trouble;
  EXPECT_TRUE(fs::exists(world.sent(0, "meshfs-0")));
}

// As a user who is in a group that may write: root gives itself up in a child.
TEST(SmsTrouble, AMemberOfTheGroupMayAndAStrangerIsTold) {
  if (::getuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  constexpr gid_t kGroup = 61'054, kOther = 61'055;
  for (const bool member : {true, false}) {
    SmsWorld world("bmx7", false);
    const std::string sms = world.dir(0) + "/sms";
    fs::permissions(fs::path(world.dir(0)).parent_path(), fs::perms(0755));
    ASSERT_EQ(::chown((sms + "/sendSms").c_str(), 0, kGroup), 0);
    fs::permissions(sms + "/sendSms", fs::perms(0775));
    const pid_t child = ::fork();
    if (child == 0) {
      const gid_t group = member ? kGroup : kOther;
      if (::setgroups(1, &group) != 0 || ::setgid(kOther) != 0 || ::setuid(kOther) != 0) ::_exit(3);
      os::Loop loop;
      auto folder = SmsFolder::open(loop, world.log(), world.config(0));
      BulletinEar ear(**folder);
      (void)ear.publish({{0, page_bytes(90, 1)}});
      bool said = false;
      for (const Instant end = os::Loop::now() + seconds(5); os::Loop::now() < end && !said;) {
        loop.run_once(milliseconds(10));
        said = member ? ear.health.up : ear.trouble_has("may not write to");
      }
      ::_exit(said && fs::exists(world.sent(0, "meshfs-0")) == member ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0) << (member ? "member" : "stranger");
  }
}

}  // namespace
}  // namespace meshfs::transport::contract
