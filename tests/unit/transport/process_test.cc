// meshfs-syncd as a process: two of them on the loopback interface, each with a fsd that this test plays. They must
// find each other, report it, survive a restart of fsd and end when asked to.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "fsd/os/local_server.h"
#include "syncd/os/syncd_main.h"
#include "tests/unit/os/temporary_folder.h"
#include "tests/unit/syncd/fake_members.h"

namespace meshfs {
namespace {

namespace local = codec::local;

// A fsd with an empty tree.
class EmptyFsd {
 public:
  EmptyFsd(os::Loop& loop, const os::Log& log, const std::string& path, const std::string& name) : name_(name) {
    auto opened = fsd::LocalServer::open(
        loop, log, path,
        {[this] { greet(); }, [this] { ++gone; }, [this](const local::ToFsd& message) { note(message); },
         [](fsd::LocalServer::ConnectionId, const local::Ask&) {}},
        *os::syncd_account(""));
    EXPECT_TRUE(opened.ok());
    server_ = std::move(*opened);
  }
  [[nodiscard]] bool sees(const std::string& other) const { return peers.find(other) != std::string::npos; }

  std::string peers;
  int greeted = 0, gone = 0;

 private:
  void greet() {
    ++greeted;
    server_->to_syncd(sim::fake_welcome(name_));
    local::Items items;
    items.snapshot_done = true;
    server_->to_syncd(items);
    server_->to_syncd(local::NetworkTime{WallMs{1'800'000'000'000}, true, false});
  }
  void note(const local::ToFsd& message) {
    if (const auto* report = std::get_if<local::PeersReport>(&message)) peers = report->json;
  }
  std::string name_;
  std::unique_ptr<fsd::LocalServer> server_;
};

// A child that runs syncd_main; killed at the end whatever happens.
class SyncdProcess {
 public:
  explicit SyncdProcess(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "meshfs-syncd");
    child_ = ::fork();
    if (child_ != 0) return;
    std::vector<char*> argv;
    for (auto& argument : arguments) argv.push_back(argument.data());
    ::_exit(syncd::syncd_main(static_cast<int>(argv.size()), argv.data()));
  }
  ~SyncdProcess() {
    if (child_ > 0) {
      ::kill(child_, SIGKILL);
      (void)exit_code();
    }
  }
  void terminate() const { ::kill(child_, SIGTERM); }
  int exit_code() {
    int status = 0;
    EXPECT_EQ(::waitpid(child_, &status, 0), child_);
    child_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t child_ = -1;
};

class SyncdProcessTest : public testing::Test {
 protected:
  template <class Done>
  bool wait(Done done, Duration limit = seconds(15)) {
    for (const Instant end = os::Loop::now() + limit; os::Loop::now() < end && !done();)
      loop.run_once(milliseconds(10));
    return done();
  }
  static std::string port(int offset) { return std::to_string(30'000 + (::getpid() % 1000) * 16 + offset); }

  TemporaryFolder folder;
  os::Loop loop;
  os::Log log{"fsd"};
};

TEST_F(SyncdProcessTest, TwoFindEachOtherAndSurviveAFsdThatRestarts) {
  EmptyFsd one(loop, log, folder.file("1"), "node-one");
  auto two = std::make_unique<EmptyFsd>(loop, log, folder.file("2"), "node-two");
  // The loopback interface stands in for a radio: eight ports for its multicast, the first of the second is in the
  // range of the first.
  SyncdProcess first({"--socket", folder.file("1"), "--interface", "lo", "--port", port(0)});
  SyncdProcess second({"--socket", folder.file("2"), "--interface", "lo", "--port", port(1)});
  EXPECT_TRUE(wait([&] { return one.sees("node-two") && two->sees("node-one"); })) << one.peers << "\n" << two->peers;

  two.reset();
  two = std::make_unique<EmptyFsd>(loop, log, folder.file("2"), "node-two");
  EXPECT_TRUE(wait([&] { return two->greeted == 1 && two->sees("node-one") && one.sees("node-two"); })) << two->peers;

  first.terminate();
  EXPECT_EQ(first.exit_code(), 0);
  EXPECT_TRUE(wait([&] { return one.gone == 1; }));
}

TEST_F(SyncdProcessTest, ConfiguredPeersMeetWithoutMulticast) {
  EmptyFsd one(loop, log, folder.file("1"), "node-one"), two(loop, log, folder.file("2"), "node-two");
  SyncdProcess first({"--socket", folder.file("1"), "--no-multicast", "--port", port(2)});
  SyncdProcess second(
      {"--socket", folder.file("2"), "--no-multicast", "--port", port(3), "--peer", "localhost:" + port(2)});
  EXPECT_TRUE(wait([&] { return one.sees("node-two") && two.sees("node-one"); })) << one.peers << "\n" << two.peers;
}

TEST_F(SyncdProcessTest, WhatCannotStartSaysSoWithItsExitCode) {
  EXPECT_EQ(SyncdProcess({"--nonsense"}).exit_code(), 2);
  EXPECT_EQ(SyncdProcess({"--help"}).exit_code(), 0);
  EXPECT_EQ(SyncdProcess({"--socket", folder.file(std::string(200, 'x')), "--interface", "lo"}).exit_code(), 1);
  SyncdProcess holder({"--socket", folder.file("1"), "--interface", "lo", "--port", port(4)});
  EmptyFsd fsd(loop, log, folder.file("1"), "node-one");
  ASSERT_TRUE(wait([&] { return fsd.greeted == 1; }));
  EXPECT_EQ(SyncdProcess({"--socket", folder.file("2"), "--interface", "lo", "--port", port(4)}).exit_code(), 1);
}

}  // namespace
}  // namespace meshfs
