// Cards: made, and believed no more than they deserve.
#include "tools/mesh/node_card.h"

#include <gtest/gtest.h>

namespace meshfs::tools {
namespace {

Json parsed(const std::string& text) {
  const auto json = parse_json(text);
  EXPECT_TRUE(json.ok()) << text;
  return json.ok() ? *json : Json{};
}

TEST(NodeCard, SaysWhatSettingsSay) {
  NodeCard card;
  card.name = "roof";
  card.addresses = {"fd00::1"};
  ASSERT_TRUE(apply_settings("MESHFS_LABELS=\"site=school kind=\"\nMESHFS_CONTACT='a \"b\"'\nMESHFS_PLACE=48.1,11.5\n"
                             "MESHFS_SSH_USER=admin\nMESHFS_SSH_PORT=2222\n",
                             card)
                  .ok());
  EXPECT_EQ(card_text(card),
            "{\n  \"name\": \"roof\",\n  \"addresses\": [\"fd00::1\"],\n  \"labels\": [\"site=school\", \"kind=\"],\n"
            "  \"contact\": \"a \\\"b\\\"\",\n  \"place\": \"48.1,11.5\",\n  \"sshPort\": 2222,\n"
            "  \"sshUser\": \"admin\"\n}\n");
  NodeCard bare;
  bare.name = "roof";
  ASSERT_TRUE(apply_settings("", bare).ok());
  EXPECT_EQ(card_text(bare), "{\n  \"name\": \"roof\"\n}\n");
}

TEST(NodeCard, RefusesSettingsThatNoCardCanHave) {
  for (const char* bad : {"MESHFS_LABELS=school", "MESHFS_LABELS==x", "MESHFS_LABELS=\"a=b,c=d\"",
                          "MESHFS_LABELS=a=b=c", "MESHFS_SSH_PORT=0", "MESHFS_SSH_PORT=65536", "MESHFS_SSH_PORT=22x",
                          "MESHFS_SSH_USER=-l", "MESHFS_SSH_USER=\"a b\"", "MESHFS_SSH_USER=a;b"}) {
    NodeCard card;
    EXPECT_FALSE(apply_settings(bad, card).ok()) << bad;
  }
  std::string many = "MESHFS_LABELS=\"";
  for (std::size_t i = 0; i <= kMaxCardLabels; ++i) many += "a=b ";
  NodeCard card;
  EXPECT_FALSE(apply_settings(many + "\"", card).ok());
}

TEST(NodeCard, TakesAddressesThatStay) {
  const auto found = addresses_of_table(
      "fd000000000000000000000000000002 04 40 00 82     eth0\n"
      "20010db8000000000000000000000001 04 40 00 01     eth0\n"  // for a while only
      "20010db8000000000000000000000002 04 40 00 20     eth0\n"  // no longer preferred
      "20010db8000000000000000000000003 04 40 00 80     eth0\n"
      "fe8000000000000000fc00fffe000001 04 40 20 80     eth0\n"
      "00000000000000000000000000000001 01 80 10 80       lo\n"
      "nonsense\n20010db80000000000000000000000zz 04 40 00 80 eth0\nfd00");
  EXPECT_EQ(found, (std::vector<std::string>{"fd00::2", "2001:db8::3", "fe80::fc:ff:fe00:1"}));
  std::vector<std::string> all{"fe80::1", "192.0.2.7", "2001:db8::3", "fd00::2", "192.0.2.7"};
  sort_addresses(all);
  EXPECT_EQ(all, (std::vector<std::string>{"fd00::2", "2001:db8::3", "192.0.2.7", "fe80::1"}));
  for (int i = 0; i < 100; ++i) all.push_back("192.0.2." + std::to_string(i));
  sort_addresses(all);
  EXPECT_EQ(all.size(), kMaxCardAddresses);
}

TEST(SshPlace, TheCardFirstThenWhereItIsHeard) {
  const Json card = parsed(
      R"({"name":"roof","key":"ab12","addresses":["fd00::2","fe80::9","192.0.2.7"],"sshPort":2222,"sshUser":"admin"})");
  const Json peers = parsed(R"({"peers":[{"name":"farm","id":"ff","link":"tcp [fe80::5%eth0]:5440"},
                                         {"name":"roof","id":"ab12","link":"tcp [fe80::1%eth0]:5440"}]})");
  const auto place = ssh_place("roof", card, peers);
  ASSERT_TRUE(place.ok());
  EXPECT_EQ(place->addresses, (std::vector<std::string>{"fd00::2", "192.0.2.7", "fe80::1%eth0"}));
  EXPECT_EQ(ssh_words(*place, "fe80::1%eth0", {"-v", "uptime"}),
            (std::vector<std::string>{"ssh", "-p", "2222", "-o", "HostKeyAlias=meshfs-ab12", "admin@fe80::1%eth0", "-v",
                                      "uptime"}));
  const auto neighbour = ssh_place("farm", Json{}, peers);
  ASSERT_TRUE(neighbour.ok());
  EXPECT_EQ(ssh_words(*neighbour, neighbour->addresses[0], {}),
            (std::vector<std::string>{"ssh", "-p", "22", "-o", "HostKeyAlias=meshfs-ff", "root@fe80::5%eth0"}));
  EXPECT_EQ(ssh_place("school", Json{}, peers).code(), Errc::unreachable);
}

TEST(SshPlace, NothingOfACardBecomesAnOption) {
  for (const char* bad : {"-oProxyCommand=reboot", "fd00::1 -o x", "$(reboot)", "fe80::1%-x;y", "example.org", "",
                          "::1%", "fd00::1%aaaaaaaaaaaaaaaaaaaa"}) {
    const Json card = parsed("{\"addresses\":[" + json_quoted(bad) + "]}");
    EXPECT_FALSE(ssh_place("roof", card, Json{}).ok()) << bad;
  }
  for (const char* bad : {R"({"addresses":["fd00::1"],"sshUser":"-l"})", R"({"addresses":["fd00::1"],"sshUser":"a b"})",
                          R"({"addresses":["fd00::1"],"sshPort":0})", R"({"addresses":["fd00::1"],"sshPort":65536})"})
    EXPECT_FALSE(ssh_place("roof", parsed(bad), Json{}).ok()) << bad;
  const auto place = ssh_place("roof", parsed(R"({"addresses":["fd00::1"],"key":"x -o ProxyCommand=y"})"), Json{});
  ASSERT_TRUE(place.ok());
  EXPECT_EQ(ssh_words(*place, "fd00::1", {}).size(), 4u);
}

}  // namespace
}  // namespace meshfs::tools
