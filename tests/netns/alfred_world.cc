#include "tests/netns/alfred_world.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "schema/os/local_socket.h"

namespace meshfs::transport::contract {
namespace {

void run(const std::string& command) { EXPECT_EQ(std::system(command.c_str()), 0) << command; }

}  // namespace

const char* AlfredWorld::missing() {
  if (::getuid() != 0) return "network namespaces need root";
  if (std::system("command -v alfred >/dev/null && command -v ip >/dev/null") != 0) return "needs alfred and ip";
  if (std::system("ip netns add mfsprobe 2>/dev/null && ip netns del mfsprobe") != 0)
    return "no network namespaces here";
  return nullptr;
}

AlfredWorld::AlfredWorld(std::size_t nodes, bool line, unsigned period_s)
    : line_(line), period_(std::to_string(period_s)) {
  static int worlds = 0;  // the kernel takes its time to clear away the last one
  name_ = "mfa" + std::to_string(::getpid() % 10'000) + "w" + std::to_string(worlds++ % 1000) + "n";
  interfaces_.resize(nodes);
  daemons_.resize(nodes, -1);
  bulletins_.resize(nodes);
  for (std::size_t i = 0; i < nodes; ++i) {
    run("ip netns add " + space(i) + " && ip netns exec " + space(i) +
        " sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 && ip -n " + space(i) +
        " link set lo up");
  }
  if (!line) run("ip link add " + name_ + " type bridge mcast_snooping 0 && ip link set " + name_ + " up");
  for (std::size_t i = 0; i < nodes; ++i) {
    if (!line) {
      join(i, "x", name_ + std::to_string(i));
      run("ip link set " + name_ + std::to_string(i) + " master " + name_ + " up");
    } else if (i + 1 < nodes) {
      run("ip link add right netns " + space(i) + " type veth peer name left netns " + space(i + 1));
      for (const std::string& end : {space(i) + " link set right up", space(i + 1) + " link set left up"})
        run("ip -n " + end);
      interfaces_[i] += interfaces_[i].empty() ? "right" : ",right";
      interfaces_[i + 1] = "left";
    }
  }
  ::sleep(3);  // link-local addresses
  for (std::size_t i = 0; i < nodes; ++i) start(i);
  for (std::size_t i = 0; i < nodes; ++i) open(i);
}

void AlfredWorld::join(std::size_t i, const std::string& interface, const std::string& peer) {
  run("ip link add " + peer + " type veth peer name " + interface + " netns " + space(i));
  run("ip -n " + space(i) + " link set " + interface + " up");
  interfaces_[i] = interface;
}

AlfredWorld::~AlfredWorld() {
  for (auto& bulletin : bulletins_) bulletin.reset();
  for (std::size_t i = 0; i < daemons_.size(); ++i) {
    stop(i);
    if (!line_) run("ip link del " + space(i));
    run("ip netns del " + space(i));
    (void)::unlink(socket(i).c_str());
  }
  if (!line_) run("ip link del " + name_);
}

std::string AlfredWorld::socket(std::size_t i) const { return "/tmp/meshfs-" + space(i) + ".sock"; }

void AlfredWorld::start(std::size_t i) {
  (void)::unlink(socket(i).c_str());
  daemons_[i] = ::fork();
  if (daemons_[i] == 0) {
    const int nowhere = ::open("/dev/null", O_RDWR);
    ::dup2(nowhere, STDOUT_FILENO);
    ::execlp("ip", "ip", "netns", "exec", space(i).c_str(), "alfred", "-b", "none", "-m", "-p", period_.c_str(), "-i",
             interfaces_[i].c_str(), "-u", socket(i).c_str(), nullptr);
    ::_exit(127);
  }
}

void AlfredWorld::stop(std::size_t i) {
  if (daemons_[i] > 0) {
    ::kill(daemons_[i], SIGKILL);
    ::waitpid(daemons_[i], nullptr, 0);
  }
  daemons_[i] = -1;
}

void AlfredWorld::open(std::size_t i) {
  AlfredRecords::Times times;
  times.poll = times.slow_poll = milliseconds(300);
  times.absence = seconds(2);
  times.settle = seconds(4);
  bulletins_.at(i) = std::make_unique<AlfredRecords>(loop_, log_, socket(i), times);
}

void AlfredWorld::lose(double share) {
  for (std::size_t i = 0; i < daemons_.size(); ++i) {
    run("ip netns exec " + space(i) +
        " nft 'flush ruleset; table ip6 t { chain c { type filter hook prerouting priority -500; " +
        "numgen random mod 100 < " + std::to_string(static_cast<int>(share * 100)) + " drop; }; }'");
  }
}

void AlfredWorld::pull(std::size_t i) {
  const os::Fd here(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  const os::Fd there(::open(("/run/netns/" + space(i)).c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(::setns(there.get(), CLONE_NEWNET), 0);
  bulletins_.at(i)->pull();
  ASSERT_EQ(::setns(here.get(), CLONE_NEWNET), 0);
}

void AlfredWorld::run_for(Duration time) {
  const Instant end = os::Loop::now() + time;
  for (Instant now = os::Loop::now(); now < end; now = os::Loop::now()) loop_.run_once(end - now);
}

AlfredTable AlfredWorld::records(std::size_t i, std::uint8_t type) {
  AlfredTable out;
  bool answered = false;
  AlfredSocket asked(loop_, socket(i));
  asked.ask(alfred_question(type), [&](const Result<Bytes>& answer) {
    if (answer) read_alfred_answer(*answer, type, out);
    answered = true;
  });
  EXPECT_TRUE(wait([&] { return answered; }));
  return out;
}

}  // namespace meshfs::transport::contract
