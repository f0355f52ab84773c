// The parts of the service runner that touch files and programs, on a folder of their own.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "schema/os/folder.h"
#include "schema/os/loop.h"
#include "tools/service/output.h"
#include "tools/service/small_file.h"
#include "tools/service/tree_scan.h"
#include "tools/service/tree_watch.h"

namespace meshfs::service {
namespace {

class ServiceFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::TempDir() + "/service-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    top = name;
    make("mesh");
  }
  void TearDown() override { remove_tree(top); }
  void make(const std::string& folder) const {
    bool made = false;
    ASSERT_EQ(os::make_folders(top + '/' + folder, made), 0);
  }
  void put(const std::string& name, const std::string& text) const {
    const std::string path = top + '/' + name;
    bool made = false;
    ASSERT_EQ(os::make_folders(path.substr(0, path.rfind('/')), made), 0);
    std::ofstream(path) << text;
  }
  [[nodiscard]] std::string get(const std::string& name) const {
    const auto text = read_small_file(top + '/' + name, 1'000'000);
    return text ? *text : "(none)";
  }
  std::string top;
  ServiceLog log{"test"};
};

TEST_F(ServiceFiles, ScanSeesOrdinaryFilesOfItsPatterns) {
  const Patterns patterns = *Patterns::parse({"nodes/*/stats/*.json", "alerts/**"});
  TreeScan scan(top + "/mesh", patterns, {100, 1000, 10'000, 4}, log);
  put("mesh/nodes/roof/stats/a.json", "1");
  put("mesh/nodes/roof/other/a.json", "2");
  put("mesh/alerts/x/y", "3");
  put("mesh/alerts/large", std::string(1001, 'x'));
  put("secret", "s");
  ASSERT_EQ(::symlink((top + "/secret").c_str(), (top + "/mesh/alerts/link").c_str()), 0);
  ASSERT_EQ(::symlink(top.c_str(), (top + "/mesh/alerts/up").c_str()), 0);
  ASSERT_EQ(::mkfifo((top + "/mesh/alerts/pipe").c_str(), 0600), 0);
  std::vector<std::string> folders;
  const auto note = [&](const std::string& folder) { folders.push_back(folder); };
  EXPECT_TRUE(scan.whole(note));
  EXPECT_EQ(folders, (std::vector<std::string>{"", "alerts", "alerts/x", "nodes", "nodes/roof", "nodes/roof/stats"}));
  ASSERT_EQ(scan.collection().files().size(), 2U);
  EXPECT_EQ(scan.collection().find("alerts/x/y")->bytes, "3");
  EXPECT_EQ(scan.collection().left_out(), 1U);
  EXPECT_FALSE(scan.whole(note));
  put("mesh/alerts/x/y", "33");
  EXPECT_TRUE(scan.one("alerts/x/y"));
  EXPECT_FALSE(scan.one("alerts/x/y"));
  ASSERT_EQ(::unlink((top + "/mesh/nodes/roof/stats/a.json").c_str()), 0);
  EXPECT_TRUE(scan.whole(note));
  EXPECT_EQ(scan.collection().files().size(), 1U);
  EXPECT_TRUE(scan.gone_below("alerts"));
}

TEST_F(ServiceFiles, ScanReadsWhatTheMeshSaysOfAFile) {
  const Patterns patterns = *Patterns::parse({"*.json"});
  TreeScan scan(top + "/mesh", patterns, {}, log);
  put("mesh/a.json", "1");
  const std::string path = top + "/mesh/a.json";
  if (::setxattr(path.c_str(), "user.mesh.author", "roof", 4, 0) != 0) GTEST_SKIP() << "no attributes here";
  ::setxattr(path.c_str(), "user.mesh.when", "1764590000000", 13, 0);
  ::setxattr(path.c_str(), "user.mesh.author_key", "ab", 2, 0);
  scan.whole([](const std::string&) {});
  const File& file = *scan.collection().find("a.json");
  EXPECT_EQ(file.author, "roof");
  EXPECT_EQ(file.author_key, "ab");
  EXPECT_EQ(file.when_ms, 1'764'590'000'000);
  EXPECT_EQ(file.version, "");
  put("mesh/a.json", "half");
  ::setxattr(path.c_str(), "user.mesh.state", "unpublished", 11, 0);
  EXPECT_FALSE(scan.one("a.json"));
  EXPECT_EQ(scan.collection().find("a.json")->bytes, "1");
}

TEST_F(ServiceFiles, WatchTellsWhatToLookAt) {
  TreeWatch watch(top + "/mesh", 3);
  make("mesh/a");
  watch.add("");
  watch.add("a");
  const auto all = [](const std::string&, bool) { return true; };
  put("mesh/a/x", "1");
  ASSERT_EQ(std::rename((top + "/mesh/a/x").c_str(), (top + "/mesh/a/y").c_str()), 0);
  make("mesh/b");
  TreeChanges changes = watch.take(all);
  EXPECT_EQ(changes.files, (std::set<std::string>{"a/x", "a/y"}));
  EXPECT_EQ(changes.new_folders, (std::set<std::string>{"b"}));
  watch.add("b");
  watch.add("c");
  EXPECT_EQ(watch.unwatched(), 1U);  // over its limit
  ASSERT_EQ(std::rename((top + "/mesh/a").c_str(), (top + "/mesh/d").c_str()), 0);
  put("mesh/d/z", "2");  // its watch went along and must not speak of a/z
  changes = watch.take(all);
  EXPECT_EQ(changes.old_folders, (std::set<std::string>{"a"}));
  EXPECT_EQ(changes.new_folders, (std::set<std::string>{"d"}));
  EXPECT_FALSE(changes.files.contains("a/z"));
  EXPECT_FALSE(changes.mount_gone);
  remove_tree(top + "/mesh");
  EXPECT_TRUE(watch.take(all).mount_gone);
}

TEST_F(ServiceFiles, PlacedWholeAndOnlyWhenDifferent) {
  bool changed = false;
  make("run");
  ASSERT_TRUE(place_file(top + "/run", "a/b", "one", changed));
  EXPECT_TRUE(changed);
  struct stat before {
  }, after{};
  ASSERT_EQ(::stat((top + "/run/a/b").c_str(), &before), 0);
  EXPECT_EQ(before.st_mode & 0777, 0644U);
  ASSERT_TRUE(place_file(top + "/run", "a/b", "one", changed));
  EXPECT_FALSE(changed);
  ASSERT_EQ(::stat((top + "/run/a/b").c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
  put("run/a/.b.new", "of a crash");
  ASSERT_TRUE(place_file(top + "/run", "a/b", "two", changed));
  EXPECT_EQ(get("run/a/b"), "two");
  EXPECT_EQ(os::names_in(top + "/run/a").names.size(), 1U);
  ASSERT_TRUE(remove_placed(top + "/run", "a/b"));
  EXPECT_TRUE(os::names_in(top + "/run").names.empty());
  EXPECT_EQ(read_small_file("/proc/self/cmdline", 10).code(), Errc::too_large);  // a file that says no size
}

TEST_F(ServiceFiles, HookEndsWithAllItStarted) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const os::Fd stop(ends[0]), stopper(ends[1]);
  HookAnswer answer = run_hook({"/bin/sh", "-c", "echo first; echo second; exit 3"}, seconds(5), stop.get());
  EXPECT_EQ(answer.exit_code, 3);
  EXPECT_EQ(answer.first_line, "first");
  EXPECT_EQ(run_hook({"/no/such/program"}, seconds(5), stop.get()).exit_code, 127);
  EXPECT_EQ(run_hook({"/bin/sh", "-c", "kill -9 $$"}, seconds(5), stop.get()).exit_code, 128 + 9);
  EXPECT_EQ(run_hook({"/bin/sh", "-c", "yes | head -c 10000000; exit 4"}, seconds(20), stop.get()).exit_code, 4);
  const std::string file = top + "/late";
  const Instant began = os::Loop::now();
  answer = run_hook({"/bin/sh", "-c", "(sleep 1; echo x > " + file + ") & sleep 100"}, milliseconds(200), stop.get());
  EXPECT_EQ(answer.exit_code, HookAnswer::kTimedOut);
  EXPECT_LT(to_ms(os::Loop::now() - began), 900);
  // It ends though a child of it keeps the output open.
  EXPECT_EQ(run_hook({"/bin/sh", "-c", "sleep 2 & exit 0"}, seconds(20), stop.get()).exit_code, 0);
  ::usleep(1'200'000);
  EXPECT_NE(::access(file.c_str(), F_OK), 0);
  ASSERT_EQ(::write(stopper.get(), "x", 1), 1);
  EXPECT_EQ(run_hook({"/bin/sleep", "100"}, seconds(20), stop.get()).exit_code, HookAnswer::kStopped);
}

// A keeper that answers what the test says, in one process: the answer lies there before it is asked for.
class ServiceOutput : public ServiceFiles {
 protected:
  void SetUp() override {
    ServiceFiles::SetUp();
    service.name = "probe";
    service.publishes = true;
    service.hooks = {{"reload", {"/bin/true"}}};
    make("run"), make("state"), make("mesh/nodes/roof");
    line = std::move(*make_hook_line());
  }
  Output output() { return {service, {top + "/run", top + "/state", top + "/mesh/nodes/roof"}, line.worker}; }
  void next_hook(int code, const std::string& said = "") { answer_hook(line.keeper, {code, said}); }
  int asked() { return *asked_hook(line.keeper); }
  Service service;
  HookLine line;
  std::size_t changes = 0;
};

TEST_F(ServiceOutput, RemovesOnlyWhatItWrote) {
  put("run/foreign", "f");
  put("mesh/nodes/roof/card.json", "c");
  Actions actions;
  actions.renders = {{"a", "1"}, {"b/c", "2"}};
  actions.publishes = {{"stats/x.json", "{}"}};
  ASSERT_TRUE(output().apply(actions, Instant{}, changes));
  EXPECT_EQ(changes, 3U);
  ASSERT_TRUE(output().apply(actions, Instant{}, changes));
  EXPECT_EQ(changes, 0U);
  EXPECT_EQ(output().preview(actions), "nothing would change\n");
  EXPECT_NE(output().preview({}).find("remove " + top + "/mesh/nodes/roof/stats/x.json"), std::string::npos);
  actions.renders = {{"b", "a file where a folder was"}};
  actions.publishes.clear();
  ASSERT_TRUE(output().apply(actions, Instant{}, changes));  // by what the ledger says: this Output is new
  EXPECT_EQ(get("run/a"), "(none)");
  EXPECT_EQ(get("run/b"), "a file where a folder was");
  EXPECT_EQ(get("run/foreign"), "f");
  EXPECT_EQ(get("mesh/nodes/roof/stats/x.json"), "(none)");
  EXPECT_EQ(get("mesh/nodes/roof/card.json"), "c");
}

TEST_F(ServiceOutput, HalfWrittenIsNotForgotten) {
  put("run/b/in-the-way", "f");
  Actions actions;
  actions.renders = {{"a", "1"}, {"b", "2"}};
  actions.reload = {"reload"};
  EXPECT_FALSE(output().apply(actions, Instant{}, changes));
  EXPECT_EQ(get("run/a"), "1");
  EXPECT_TRUE(output().hooks_due());
  ASSERT_TRUE(output().apply({}, Instant{}, changes));
  EXPECT_EQ(get("run/a"), "(none)");
  EXPECT_EQ(get("run/b/in-the-way"), "f");
}

TEST_F(ServiceOutput, RefusedByTheCheckTheOldStays) {
  service.check = {"/bin/check"};
  Actions actions;
  actions.renders = {{"a", "good"}};
  Output it = output();
  next_hook(0);
  ASSERT_TRUE(it.apply(actions, Instant{}, changes));
  EXPECT_EQ(asked(), kCheckHook);
  actions.renders = {{"a", "bad"}, {"b", "new"}};
  actions.publishes = {{"x", "not either"}};
  next_hook(1, "line 1 is bad");
  const Status refused = it.apply(actions, Instant{}, changes);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.failure().message.find("said: line 1 is bad"), std::string::npos);
  EXPECT_EQ(asked(), kCheckHook);
  EXPECT_EQ(get("run/a") + get("run/b") + get("mesh/nodes/roof/x"), "good(none)(none)");
  ASSERT_FALSE(
      it.apply(actions, Instant{} + seconds(1), changes));  // not asked again at once: there is no answer to take
  EXPECT_EQ(get("run/a"), "good");
  next_hook(0);
  ASSERT_TRUE(it.apply(actions, Instant{} + seconds(6), changes));
  EXPECT_EQ(get("run/a"), "bad");
  EXPECT_NE(::access((top + "/run/" + kCandidate).c_str(), F_OK), 0);
}

TEST_F(ServiceOutput, HooksAreDueUntilTheySucceed) {
  Actions actions;
  actions.renders = {{"a", "1"}};
  actions.reload = {"reload"};
  ASSERT_TRUE(output().apply(actions, Instant{}, changes));
  Output it = output();  // after a crash
  ASSERT_TRUE(it.hooks_due());
  next_hook(1, "no");
  EXPECT_FALSE(it.run_hook_due());
  EXPECT_EQ(asked(), 0);
  ASSERT_TRUE(it.hooks_due());
  next_hook(0);
  EXPECT_TRUE(it.run_hook_due());
  EXPECT_FALSE(it.hooks_due());
  ASSERT_TRUE(it.apply(actions, Instant{}, changes));
  EXPECT_FALSE(it.hooks_due());  // nothing changed
}

}  // namespace
}  // namespace meshfs::service
