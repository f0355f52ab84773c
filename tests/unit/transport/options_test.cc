// Command lines of meshfs-syncd and addresses of configured peers.
#include "syncd/os/options.h"

#include <gtest/gtest.h>

#include "transport/tcp/host_lookup.h"

namespace meshfs::syncd {
namespace {

TEST(Options, AWholeCommandLine) {
  const auto options = parse_options({"--socket", "s", "--interface", "wlan0", "--interface", "eth1", "--interface",
                                      "wlan0", "--peer", "a.example:99", "--port", "6000", "--verbose"},
                                     Environment{});
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->socket, "s");
  EXPECT_EQ(options->interfaces, (std::vector<std::string>{"wlan0", "eth1"}));
  ASSERT_EQ(options->peers.size(), 1U);
  EXPECT_EQ(options->peers[0].text, "a.example:99");
  EXPECT_EQ(options->port, 6000);
  EXPECT_TRUE(options->multicast);
  EXPECT_TRUE(options->verbose);
}

TEST(Options, AnInterfaceMayHaveABudget) {
  const auto options = parse_options({"--interface", "lora0=36", "--interface", "eth0"}, Environment{});
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->interfaces, (std::vector<std::string>{"lora0", "eth0"}));
  EXPECT_EQ(options->budgets, (std::map<std::string, std::uint64_t>{{"lora0", 36'000}}));
}

TEST(Options, MistakesGetOneSentence) {
  const struct {
    std::vector<std::string> arguments;
    const char* said;
  } cases[] = {
      {{"--socket"}, "needs a value"},
      {{"--socket", ""}, "needs a value"},
      {{"--soket", "s"}, "unknown option '--soket'"},
      {{"--socket", "s", "--interface", "x", "extra"}, "unknown option 'extra'"},
      {{"--socket", "s", "--port", "0"}, "no port"},
      {{"--socket", "s", "--port", "65536"}, "no port"},
      {{"--socket", "s", "--port", "54 40"}, "no port"},
      {{"--socket", "s", "--peer", "host:"}, "no peer"},
      {{"--interface", "lora0="}, "like wlan0=500"},
      {{"--interface", "lora0=0"}, "like wlan0=500"},
      {{"--interface", "lora0=-5"}, "like wlan0=500"},
      {{"--interface", "lora0=5k"}, "like wlan0=500"},
      {{"--interface", "=5"}, "like wlan0=500"},
      {{"--interface", "lora0=99999999999999999999"}, "like wlan0=500"},
  };
  for (const auto& c : cases) {
    const auto options = parse_options(c.arguments, Environment{});
    ASSERT_FALSE(options.ok()) << c.said;
    EXPECT_EQ(options.code(), Errc::invalid);
    EXPECT_NE(options.failure().message.find(c.said), std::string::npos) << options.failure().message;
  }
  EXPECT_TRUE(parse_options({"--help"}, Environment{})->help);
  EXPECT_FALSE(parse_options({"--no-sandbox"}, Environment{})->sandbox);
  EXPECT_TRUE(parse_options({"--no-multicast"}, Environment{}).ok());  // only waits to be connected to
}

TEST(Options, WithoutAnyItServesTheInstalledNodeOnAllInterfaces) {
  const auto options = parse_options({}, Environment{});
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->socket, "/var/lib/meshfs/fsd.sock");
  EXPECT_TRUE(options->interfaces.empty());
  EXPECT_TRUE(options->multicast);
  EXPECT_EQ(options->port, 5440);
}

TEST(Options, TheEnvironmentFillsWhatTheCommandLineLeavesOpen) {
  const Environment environment{"/srv/mesh", " eth0  wlan0 ",           "a.example b.example:99",
                                "6000",      "bmx7 alfred:/run/a.sock", "carrier"};
  const auto from_it = parse_options({}, environment);
  ASSERT_TRUE(from_it.ok());
  EXPECT_EQ(from_it->socket, "/srv/mesh/fsd.sock");
  EXPECT_EQ(from_it->interfaces, (std::vector<std::string>{"eth0", "wlan0"}));
  EXPECT_EQ(from_it->peers.size(), 2U);
  EXPECT_EQ(from_it->port, 6000);
  EXPECT_EQ(from_it->user, "carrier");
  ASSERT_EQ(from_it->engines.size(), 2U);
  EXPECT_EQ(from_it->engines[1].path, "/run/a.sock");
  const auto over_it = parse_options(
      {"--socket", "s", "--interface", "x", "--port", "7000", "--bulletin", "bmx6", "--user", "other"}, environment);
  ASSERT_TRUE(over_it.ok());
  EXPECT_EQ(over_it->user, "other");
  EXPECT_EQ(over_it->engines.size(), 1U);
  EXPECT_FALSE(parse_options({"--bulletin", "olsr"}, Environment{}).ok());
  EXPECT_EQ(over_it->socket, "s");
  EXPECT_EQ(over_it->interfaces, std::vector<std::string>{"x"});
  EXPECT_EQ(over_it->peers.size(), 2U);
  EXPECT_EQ(over_it->port, 7000);
  EXPECT_FALSE(parse_options({}, Environment{"/s", "", "host:", "", "", ""}).ok());
  EXPECT_FALSE(parse_options({}, Environment{"/s", "", "", "many", "", ""}).ok());
}

TEST(Peers, HostsAndPorts) {
  const struct {
    const char* text;
    const char* host;
    std::uint16_t port;
  } good[] = {
      {"node1.example:99", "node1.example", 99}, {"node1", "node1", 5440},
      {"192.0.2.7:1", "192.0.2.7", 1},           {"[2001:db8::1]:99", "2001:db8::1", 99},
      {"[fe80::1%eth0]", "fe80::1%eth0", 5440},  {"2001:db8::1", "2001:db8::1", 5440},
  };
  for (const auto& g : good) {
    const auto peer = transport::split_host(g.text);
    ASSERT_TRUE(peer.ok()) << g.text;
    EXPECT_EQ(peer->host, g.host);
    EXPECT_EQ(peer->port, g.port);
  }
  for (const char* bad :
       {"", ":99", "a:", "a:0", "a:70000", "a:b", "[::1", "[::1]x", "[::1]:", "a b", "a/b:9", "[]:9"}) {
    EXPECT_EQ(transport::split_host(bad).code(), Errc::invalid) << bad;
  }
}

}  // namespace
}  // namespace meshfs::syncd
