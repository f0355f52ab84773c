// udp and tcp on real interfaces: a network namespace of this process's own, with one veth pair.
//
//   left <====veth====> right      both ends in the namespace, each with its link
//
// Needs root (or user namespaces); skipped elsewhere.
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "transport/tcp/tcp_link.h"
#include "transport/udp/udp_link.h"

namespace meshfs::transport {
namespace {

bool shell(const std::string& command) { return std::system((command + " 2>/dev/null").c_str()) == 0; }

class UdpInterface : public testing::Test {
 protected:
  void SetUp() override {
    if (::unshare(CLONE_NEWNET) != 0) GTEST_SKIP() << "needs the right to make a network namespace";
    ASSERT_TRUE(shell("ip link set lo up"));
    // Detecting duplicate addresses keeps each new one unusable for a second or two: only where that is the subject.
    if (!wants_tentative_addresses()) {
      for (const char* which : {"all", "default"}) {
        std::ofstream(std::string("/proc/sys/net/ipv6/conf/") + which + "/accept_dad") << "0" << std::flush;
      }
    }
    make_pair();
  }
  static bool wants_tentative_addresses() {
    return std::string(testing::UnitTest::GetInstance()->current_test_info()->name()).starts_with("WhileTentative");
  }
  void make_pair() {
    ASSERT_TRUE(shell("ip link add left type veth peer name right && ip link set left up && ip link set right up"));
  }
  std::unique_ptr<UdpLink> open(const std::string& interface) {
    auto link = UdpLink::open(loop, log, {interface, kDefaultPort});
    EXPECT_TRUE(link.ok());
    return std::move(*link);
  }
  void listen(UdpLink& link, std::vector<LinkAddress>& heard) {
    link.set_events({[&heard](const LinkAddress& from, ByteView) { heard.push_back(from); }, {}, {}, {}});
  }
  template <class Done>
  bool wait(Done done, Duration limit = seconds(8)) {
    for (const Instant end = os::Loop::now() + limit; os::Loop::now() < end && !done();) loop.run_once(milliseconds(5));
    return done();
  }
  // Beacons until one is heard: right after an interface came up its address is tentative for about a second.
  bool heard_by(std::vector<LinkAddress>& heard, UdpLink& sender) {
    heard.clear();
    return wait([&] {
      EXPECT_TRUE(sender.send_all(as_bytes("beacon")).ok());
      return !heard.empty();
    });
  }

  os::Loop loop;
  os::Log log{"udp"};
  std::vector<LinkAddress> by_left, by_right;
};

TEST_F(UdpInterface, WhileTentativeFramesAreLostAndThenMulticastFindsTheNeighbour) {
  const auto left = open("left"), right = open("right");
  listen(*left, by_left);
  listen(*right, by_right);
  ASSERT_TRUE(heard_by(by_right, *left));
  EXPECT_EQ(by_right[0].text.substr(0, 6), "[fe80:");
  EXPECT_NE(by_right[0].text.find("%right]:5440"), std::string::npos) << by_right[0].text;
  EXPECT_TRUE(by_left.empty()) << "heard its own beacon";
  EXPECT_TRUE(wait([&] {
    EXPECT_TRUE(right->send(by_right[0], as_bytes("answer")).ok());
    return !by_left.empty();
  }));
  EXPECT_NE(by_left[0], by_right[0]);
}

TEST_F(UdpInterface, TheStreamAddressOfANeighbourIsMadeOfItsBeacon) {
  const auto left = open("left"), right = open("right");
  listen(*right, by_right);
  auto listener = TcpLink::open(loop, log, {});
  ASSERT_TRUE(listener.ok());
  auto dialler = TcpLink::open(loop, log, {.port = 0, .listen = false});
  ASSERT_TRUE(heard_by(by_right, *left));
  const auto target = TcpLink::neighbour(by_right[0], (*listener)->port());
  ASSERT_TRUE(target.has_value());
  bool up = false;
  (*dialler)->set_events(
      {[](const LinkAddress&, ByteView) {}, [&](const LinkAddress& peer) { up = peer == *target; }, {}, {}});
  (*dialler)->connect(*target);
  EXPECT_TRUE(wait([&] { return up; }));
}

TEST_F(UdpInterface, GoesOnAfterTheInterfaceWasDown) {
  const auto left = open("left"), right = open("right");
  listen(*right, by_right);
  ASSERT_TRUE(heard_by(by_right, *left));
  ASSERT_TRUE(shell("ip link set right down"));
  EXPECT_TRUE(wait([&] { return !right->is_open(); }));
  EXPECT_TRUE(right->send_all(as_bytes("lost")).ok()) << "a frame without an interface is lost, not an error";
  ASSERT_TRUE(shell("ip link set right up"));
  EXPECT_TRUE(heard_by(by_right, *left));
}

TEST_F(UdpInterface, GoesOnAfterTheInterfaceWasReplaced) {
  const auto left = open("left"), right = open("right");
  listen(*right, by_right);
  ASSERT_TRUE(heard_by(by_right, *left));
  const std::string before = by_right[0].key;
  ASSERT_TRUE(shell("ip link del left"));
  EXPECT_TRUE(wait([&] { return !right->is_open() && !left->is_open(); }));
  make_pair();
  ASSERT_TRUE(heard_by(by_right, *left));
  EXPECT_NE(by_right[0].key, before) << "a new pair has new numbers and addresses";
}

TEST_F(UdpInterface, GoesOnAfterItsAddressChanged) {
  const auto left = open("left"), right = open("right");
  listen(*right, by_right);
  ASSERT_TRUE(heard_by(by_right, *left));
  ASSERT_TRUE(shell("ip -6 addr flush dev left && ip -6 addr add fe80::1234/64 dev left"));
  ASSERT_TRUE(heard_by(by_right, *left));
  EXPECT_TRUE(wait([&] {
    heard_by(by_right, *left);
    return by_right.back().text == "[fe80::1234%right]:5440";
  }));
}

TEST_F(UdpInterface, RejoinsTheGroupAfterIPv6WasSwitchedOff) {
  const auto left = open("left"), right = open("right");
  listen(*right, by_right);
  ASSERT_TRUE(heard_by(by_right, *left));
  const auto set = [](const char* value) {
    std::ofstream("/proc/sys/net/ipv6/conf/right/disable_ipv6") << value << std::flush;
  };
  set("1");
  wait([] { return false; }, milliseconds(1200));
  set("0");
  EXPECT_TRUE(heard_by(by_right, *left));
}

TEST_F(UdpInterface, WaitsForAnInterfaceThatIsNotThereYet) {
  const auto left = open("left"), later = open("later");
  EXPECT_FALSE(later->is_open());
  ASSERT_TRUE(shell("ip link set right down && ip link set right name later && ip link set later up"));
  listen(*later, by_right);
  EXPECT_TRUE(heard_by(by_right, *left));
}

TEST_F(UdpInterface, APortInUseIsOneClearSentence) {
  const auto first = open("left");
  const auto second = UdpLink::open(loop, log, {"left", kDefaultPort});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.code(), Errc::busy);
  EXPECT_NE(second.failure().message.find("UDP port 5440 on left is in use"), std::string::npos);
  auto tcp = TcpLink::open(loop, log, {});
  ASSERT_TRUE(tcp.ok());
  const auto again = TcpLink::open(loop, log, {});
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.code(), Errc::busy);
  EXPECT_NE(again.failure().message.find("TCP port 5440 is in use"), std::string::npos);
}

// A cable pulled, not a program ended: nobody says goodbye.
TEST_F(UdpInterface, APeerThatAcknowledgesNothingIsGoneWithinTenSeconds) {
  ASSERT_TRUE(shell("ip link add far type veth peer name near"));
  ASSERT_TRUE(shell("ip addr add 192.0.2.1/24 dev near && ip link set near up && ip link set far up"));
  // The far end answers from a namespace of its own; `ip netns` would leave a name behind, so a child holds it.
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    char c = 'x';
    if (::unshare(CLONE_NEWNET) != 0 || ::write(ready[1], &c, 1) != 1) ::_exit(1);
    while (!shell("ip link set far up && ip addr add 192.0.2.2/24 dev far")) ::usleep(10'000);
    os::Loop own;
    const os::Log own_log("far");
    auto link = TcpLink::open(own, own_log, {});
    own.run();
    ::_exit(0);
  }
  char c = 0;
  ASSERT_EQ(::read(ready[0], &c, 1), 1);
  ASSERT_TRUE(shell("ip link set far netns " + std::to_string(child)));
  auto near = TcpLink::open(loop, log, {.port = 0, .listen = false});
  const auto peer = TcpLink::parse_peer("192.0.2.2:5440");
  bool up = false, gone = false;
  (*near)->set_events({[](const LinkAddress&, ByteView) {},
                       [&](const LinkAddress&) { up = true; },
                       [&](const LinkAddress&) { gone = up; },  // a try before the far end listens ends so, too
                       {}});
  EXPECT_TRUE(wait([&] {
    (*near)->connect(*peer);
    return up;
  }));
  ASSERT_TRUE(shell("ip link set near down"));
  EXPECT_FALSE(wait([&] { return gone; }, seconds(2)));  // nobody asks on an idle connection
  const Instant cut = os::Loop::now();
  ASSERT_TRUE((*near)->send(*peer, Bytes(100)).ok());
  EXPECT_TRUE(wait([&] { return gone; }, seconds(14)));
  EXPECT_LE(os::Loop::now() - cut, seconds(10));
  ::kill(child, SIGKILL);
}

}  // namespace
}  // namespace meshfs::transport
