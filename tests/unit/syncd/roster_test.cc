// Who may have a session, as fsd tells: sessions end when a device is in the roster no more, and come when it is again.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/syncd/fake_members.h"
#include "tests/unit/syncd/fake_mesh.h"

namespace meshfs::sim {
namespace {

codec::Roster roster_of(std::size_t who) { return fake_welcome("n" + std::to_string(who)).roster; }
DeviceKey device_of(std::size_t who) { return fake_member("n" + std::to_string(who)).member.device; }

class RosterOver : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Links, RosterOver, testing::Bool(),
                         [](const auto& one) { return one.param ? "stream" : "datagram"; });

TEST_P(RosterOver, WhoIsDeniedLosesItsSessionAtOnceAndGetsNoOther) {
  Mesh mesh(1);
  mesh.line(2, {}, GetParam());
  ASSERT_TRUE(mesh.run_until([&] { return mesh.all_in_session(1); }, seconds(3)));
  codec::Roster roster = roster_of(0);
  roster.denied = {device_of(1)};
  mesh.hosts[0]->to_syncd(roster);
  mesh.run(milliseconds(1));
  EXPECT_EQ(mesh.hosts[0]->core().stats().sessions, 0u);
  mesh.run(seconds(60));
  EXPECT_EQ(mesh.hosts[0]->core().stats().sessions, 0u);
  EXPECT_EQ(mesh.hosts[1]->core().stats().sessions, 0u);
  mesh.hosts[0]->to_syncd(roster_of(0));
  EXPECT_TRUE(mesh.run_until([&] { return mesh.all_in_session(1); }, seconds(300)));
}

TEST_P(RosterOver, WhoseDeviceIsTakenOutLosesItsSession) {
  Mesh mesh(2);
  mesh.line(2, {}, GetParam());
  codec::Roster roster = roster_of(0);
  roster.devices = {device_of(1)};
  roster.admins.clear();
  mesh.hosts[0]->to_syncd(roster);
  ASSERT_TRUE(mesh.run_until([&] { return mesh.all_in_session(1); }, seconds(3)));
  mesh.hosts[0]->to_syncd(roster);  // said again: nothing happens
  mesh.run(milliseconds(1));
  EXPECT_EQ(mesh.hosts[0]->core().stats().sessions, 1u);
  roster.devices.clear();
  mesh.hosts[0]->to_syncd(roster);
  mesh.run(milliseconds(1));
  EXPECT_EQ(mesh.hosts[0]->core().stats().sessions, 0u);
}

// A candidate that waits for its admission, by an invitation that ends.
TEST_P(RosterOver, WhoseInvitationEndsLosesItsSession) {
  Mesh mesh(4);
  const auto invite = crypto::SigningKey::from_seed({crypto::hash_in("fake invite", {}).data});
  codec::Identity candidate = fake_member("n1");
  codec::sign_member(candidate.member, codec::network_id(candidate.genesis),
                     crypto::SigningKey::from_seed(*candidate.node_seed), &invite);
  mesh.line(2, {}, GetParam());
  codec::Roster roster = roster_of(1);
  roster.credential = codec::link_identity_of(candidate).credential;
  mesh.hosts[1]->to_syncd(roster);
  roster = roster_of(0);
  roster.invites = {invite.public_key()};
  mesh.hosts[0]->to_syncd(roster);
  ASSERT_TRUE(mesh.run_until([&] { return mesh.all_in_session(1); }, seconds(300)));
  roster.devices = {device_of(0)};  // something else changes: it stays
  mesh.hosts[0]->to_syncd(roster);
  mesh.run(seconds(1));
  EXPECT_EQ(mesh.hosts[0]->core().stats().sessions, 1u);
  roster.invites.clear();
  mesh.hosts[0]->to_syncd(roster);
  mesh.run(milliseconds(50));
  EXPECT_EQ(mesh.sessions(), 0u);
  const std::string told = mesh.hosts[1]->core().peers_json(mesh.network.now());
  EXPECT_NE(told.find("no invitation of it holds"), std::string::npos) << told;
  mesh.run(seconds(60));
  EXPECT_EQ(mesh.sessions(), 0u);
  roster.devices = {device_of(0), device_of(1)};
  std::ranges::sort(roster.devices);
  mesh.hosts[0]->to_syncd(roster);  // now it is let in
  EXPECT_TRUE(mesh.run_until([&] { return mesh.all_in_session(1); }, seconds(300)));
}

// Neither is a member yet: they speak all the same, and so one's word reaches who can let it in.
TEST(Roster, TwoThatAreNoMembersYetSpeak) {
  Mesh mesh(3);
  mesh.add(false);
  mesh.add(false);
  for (std::size_t i = 0; i < 2; ++i) {
    codec::Roster roster = roster_of(i);
    roster.admins.clear();
    roster.credential = codec::link_identity_of(fake_member("n" + std::to_string(i))).credential;  // without a proof
    roster.open = i == 0;
    mesh.hosts[i]->to_syncd(roster);
  }
  mesh.network.connect(0, 1, {});
  mesh.run(seconds(20));
  EXPECT_EQ(mesh.hosts[1]->core().stats().sessions, 0u) << "it knows nobody who would be let in";
  codec::Roster roster = roster_of(1);
  roster.credential = codec::link_identity_of(fake_member("n1")).credential;
  roster.open = true;
  mesh.hosts[1]->to_syncd(roster);
  EXPECT_TRUE(mesh.run_until([&] { return mesh.all_in_session(1); }, seconds(300)));
}

}  // namespace
}  // namespace meshfs::sim
