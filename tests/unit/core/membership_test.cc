// Who is let in and who is not, whatever comes first: candidates, invitations, admissions, refusals, new keys.
#include <gtest/gtest.h>

#include "tests/unit/core/network_world.h"

namespace meshfs::sim {
namespace {

using codec::Invitation;
using Way = Invitation::Way;

TEST(Membership, TheInvitersNodeLetsIn) {
  Network net(1, 2);
  ASSERT_TRUE(net.invite(1).ok());
  net.world.add(net.candidate(1, "c", 1), false);
  write(net.world[2], "early");
  EXPECT_EQ(net.standing(2), "waiting for admission by a; its node has to be reached");
  EXPECT_TRUE(net.world[2].roster.open);
  // b knows the invitation, keeps the record, and lets nobody in. What c wrote waits there.
  net.world.carry(net.world[0], net.world[1], 100);
  net.world.carry(net.world[2], net.world[1], 100);
  EXPECT_EQ(net.role(1, "c"), "candidate");
  EXPECT_FALSE(shows(net.world[1], "early"));
  EXPECT_GT(net.world[1].replica->status().pending, 0u);
  net.world.converge();
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(net.role(i, "c"), "member") << i;
    EXPECT_TRUE(shows(net.world[i], "early")) << i;
    EXPECT_EQ(net.world[i].replica->status().pending, 0u) << i;
    EXPECT_EQ(net.world[i].roster.devices.size(), 4u) << "a, b, c and the registrar's";
    EXPECT_EQ(check_replay(net.world[i], net.world.now, net.world.wall), "");
  }
  EXPECT_EQ(net.standing(2), "");
  EXPECT_FALSE(net.world[2].roster.open);
  EXPECT_EQ(net.world[0].replica->status().nodes, 3u);
  net.expect_equal_sets();
}

TEST(Membership, WhoDoesNotKnowTheInvitationLetsTheRecordWait) {
  Network net(2, 2);
  ASSERT_TRUE(net.invite(1).ok());
  net.world.add(net.candidate(1, "c", 1), false);
  net.world.carry(net.world[2], net.world[1], 100);
  EXPECT_EQ(net.role(1, "c"), "unknown");
  EXPECT_EQ(net.world[1].replica->status().pending, 1u) << "the record";
  net.world.carry(net.world[0], net.world[1], 100);
  EXPECT_EQ(net.role(1, "c"), "candidate");
  EXPECT_EQ(net.world[1].replica->status().pending, 0u);
}

TEST(Membership, AnInviteOfOneUseLetsOneIn) {
  Network net(3);
  ASSERT_TRUE(net.invite(1).ok());
  net.world.add(net.candidate(1, "c", 1), false);
  net.world.add(net.candidate(2, "d", 1), false);
  net.world.carry(net.world[1], net.world[0], 100);
  net.world.carry(net.world[2], net.world[0], 100);
  net.world.converge();
  EXPECT_EQ(net.role(0, "c"), "member");
  EXPECT_EQ(net.role(0, "d"), "candidate");
  EXPECT_EQ(net.standing(2), "this invite was used already by c; ask a for another, then run `mesh join` with it");
  net.expect_equal_sets();
  // Once more from the log: still one.
  net.world[0].stop();
  net.world[0].start(net.world.now, net.world.wall);
  net.world.converge();
  EXPECT_EQ(net.role(0, "d"), "candidate");
  // The same node with another invite.
  ASSERT_TRUE(net.invite(2).ok());
  codec::Identity again = net.candidate(2, "d", 1);
  const crypto::SigningKey second = key_of(2);
  codec::rotate_device(again, *again.node_seed, &second);
  net.world.add(again, false);
  net.world.converge();
  EXPECT_EQ(net.role(0, "d"), "member");
  EXPECT_EQ(net.standing(3), "");
}

TEST(Membership, TwoAtOnceAreAnsweredOneByOne) {
  Network net(4);
  Invitation two;
  two.uses = 2;
  ASSERT_TRUE(net.invite(1, two).ok());
  for (std::uint64_t i = 0; i < 4; ++i) net.world.add(net.candidate(i, "n" + std::to_string(i), 1), false);
  codec::local::Offer offer{1, {}, "test"};  // all in one message
  for (std::size_t i = 1; i < 5; ++i) {
    codec::local::GetItems all{1, {}};
    for (const auto& [hash, number] : net.world[i].items) all.items.push_back(number);
    net.world[i].replica->on_syncd(all);
    net.world[i].drain();
    for (auto& bundle : std::exchange(net.world[i].found_items, {})) offer.bundles.push_back(std::move(bundle));
  }
  net.world[0].replica->on_syncd(offer);
  net.world.converge();
  int let_in = 0, refused = 0;
  for (std::size_t i = 1; i < 5; ++i) {
    let_in += net.standing(i).empty() ? 1 : 0;
    refused += net.standing(i).starts_with("this invite was used already by n") ? 1 : 0;
  }
  EXPECT_EQ(let_in, 2);
  EXPECT_EQ(refused, 2);
  net.expect_equal_sets();
}

TEST(Membership, AnInviteEndsByNetworkTime) {
  Network net(5);
  Invitation hour;
  hour.until.ms = 3'600'000;
  ASSERT_TRUE(net.invite(1, hour).ok());
  ASSERT_TRUE(net.invite(2, hour).ok());
  net.world.add(net.candidate(1, "c", 1), false);
  net.world.converge();
  EXPECT_EQ(net.role(0, "c"), "member");
  EXPECT_EQ(net.world[0].roster.invites.size(), 2u);
  net.world.pass(seconds(3601));
  net.world.add(net.candidate(2, "d", 2), false);
  net.world.converge();
  EXPECT_EQ(net.role(0, "d"), "candidate");
  EXPECT_EQ(net.standing(2), "this invite has expired; ask a for another, then run `mesh join` with it");
  EXPECT_TRUE(net.world[0].roster.invites.empty()) << "nobody comes with it any more";
  net.expect_equal_sets();
}

// The issuer remembers what it gave away, so it goes on without a clock; others would guess.
TEST(Membership, WithoutAClockOnlyTheIssuerAnswers) {
  Network net(6);
  World& world = net.world;
  // A second admin, without a clock.
  world.add(net.second_admin(), true, false);
  Invitation hour;
  hour.until.ms = 3'600'000;
  EXPECT_EQ(net.invite(9, hour, 1).code(), Errc::busy) << "it can't say when an invite ends";
  EXPECT_TRUE(net.invite(9, {}, 1).ok());

  Invitation open = hour;
  open.way = Way::any_admin;
  open.uses = 0;
  ASSERT_TRUE(net.invite(1, open).ok());
  // What the issuer stated comes late: its commits would bring the time along.
  world.add(net.candidate(1, "c", 9), false);
  world.carry(world[2], world[1], 100);
  world[1].settle(world.now, world.wall);
  EXPECT_EQ(net.role(1, "c"), "member") << "its own";
  world.add(net.candidate(2, "d", 1), false);
  world.converge();
  EXPECT_EQ(net.role(0, "d"), "member") << "by whoever knows the time";
}

TEST(Membership, AnyAdminLetsInWhoKnowsThePassphrase) {
  Network net(7);
  World& world = net.world;
  world.add(net.second_admin(), true);
  Invitation open;
  open.way = Way::any_admin;
  open.uses = 0;
  open.guest = true;
  ASSERT_TRUE(net.invite(1, open).ok());
  world.converge();
  codec::Identity guest = net.candidate(1, "c", 1);
  guest.guest = true;
  world.add(guest, false);
  EXPECT_EQ(put_file(world[2], world[2].files().root(), "x", "x").code(), Errc::read_only) << "a guest, even before";
  world.carry(world[2], world[1], 100);  // the issuer is away
  world[1].settle(world.now, world.wall);
  EXPECT_EQ(net.role(1, "c"), "guest");
  world.converge();
  EXPECT_EQ(net.role(0, "c"), "guest");
  EXPECT_EQ(net.standing(2), "");
  // It writes in its own folder only.
  const auto nodes = world[2].files().lookup(world[2].files().root(), "nodes");
  const auto own = world[2].files().lookup(*nodes, "c");
  ASSERT_TRUE(own.ok());
  EXPECT_TRUE(put_file(world[2], *own, "mine", "text").ok());
  EXPECT_EQ(put_file(world[2], world[2].files().root(), "x", "x").code(), Errc::read_only);
  world.converge();
  const auto there = world[0].files().lookup(*world[0].files().lookup(world[0].files().root(), "nodes"), "c");
  ASSERT_TRUE(there.ok());
  EXPECT_TRUE(world[0].files().lookup(*there, "mine").ok());
  net.expect_equal_sets();
}

TEST(Membership, ByApprovalAnAdminSays) {
  Network net(8, 2);
  Invitation asked;
  asked.way = Way::approval;
  asked.uses = 0;
  ASSERT_TRUE(net.invite(1, asked).ok());
  net.world.add(net.candidate(1, "c", 1), false);
  net.world.converge();
  EXPECT_EQ(net.role(0, "c"), "candidate");
  EXPECT_EQ(net.standing(2), "waiting for admission: an admin has to run `mesh nodes approve c`");
  EXPECT_EQ(net.world[1].replica->approve("c").code(), Errc::denied);
  EXPECT_EQ(net.world[0].replica->approve("x").code(), Errc::not_found);
  EXPECT_EQ(net.world[0].replica->approve("b").code(), Errc::exists);
  EXPECT_TRUE(net.world[0].replica->approve("c").ok());
  net.world.converge();
  EXPECT_EQ(net.role(1, "c"), "member");
  EXPECT_EQ(net.world[1].replica->invite({}).code(), Errc::denied) << "only admins invite";
  net.expect_equal_sets();
}

TEST(Membership, ANewDeviceKeyTakesTheOldOnesPlace) {
  Network net(9, 2);
  write(net.world[1], "before");
  net.world.converge();
  codec::Identity after = test_identity(net.genesis, net.secret, 9 * 100 + 2, "b");
  const DeviceKey old = after.member.device;
  codec::rotate_device(after, *after.node_seed);
  net.world.add(after, false);
  EXPECT_EQ(net.standing(2), "waiting for admission by an admin; its node has to be reached") << "it knows nothing yet";
  net.world.converge();
  EXPECT_EQ(net.standing(2), "");
  EXPECT_NE(net.standing(1).find("replaced by a later one"), std::string::npos);
  EXPECT_EQ(put_file(net.world[1], net.world[1].files().root(), "late", "x").code(), Errc::read_only);
  write(net.world[2], "after");
  net.world.converge();
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(shows(net.world[i], "before") && shows(net.world[i], "after")) << i;
    EXPECT_EQ(net.world[i].roster.denied, std::vector<DeviceKey>{old}) << i;
    EXPECT_EQ(net.world[i].replica->status().nodes, 2u) << "a and b";
  }
  net.expect_equal_sets();
}

// Statements in every order: what follows is the same.
TEST(Membership, AnyOrderOfArrivalLetsTheSameIn) {
  for (std::uint64_t seed = 20; seed < 28; ++seed) {
    Network net(seed, 2);
    ASSERT_TRUE(net.invite(1, {}).ok());
    Invitation two;
    two.uses = 2;
    ASSERT_TRUE(net.invite(2, two).ok());
    for (std::uint64_t i = 0; i < 5; ++i) {
      net.world.add(net.candidate(i, "n" + std::to_string(i), 1 + i % 2), false);
      write(net.world[2 + i], "f" + std::to_string(i));
    }
    for (int step = 0; step < 60; ++step) {
      const std::size_t from = net.world.rng.below(7), to = net.world.rng.below(7);
      if (from != to) net.world.carry(net.world[from], net.world[to], 40);
    }
    net.world.converge();
    std::size_t members = 0;
    for (std::size_t i = 0; i < 5; ++i) {
      const std::string name = "n" + std::to_string(i);
      for (std::size_t at = 1; at < 7; ++at) EXPECT_EQ(net.role(at, name), net.role(0, name)) << seed;
      members += net.role(0, name) == "member" ? 1 : 0;
      EXPECT_EQ(shows(net.world[1], "f" + std::to_string(i)), net.role(0, name) == "member") << seed;
    }
    EXPECT_EQ(members, 3u) << "one and two uses, five candidates";
    EXPECT_EQ(check_replay(net.world[1], net.world.now, net.world.wall), "");
  }
}

// Refused with one invite, let in with another; what it wrote between comes with it.
TEST(Membership, WhoWasRefusedComesWithAnotherInvite) {
  Network net(11, 2);
  World& world = net.world;
  ASSERT_TRUE(net.invite(1).ok());
  world.add(net.candidate(1, "b2", 1), false);
  world.converge();
  world.add(net.candidate(2, "c", 1), false);
  world.converge();
  ASSERT_NE(net.standing(3), "");
  const auto nodes = world[3].files().lookup(world[3].files().root(), "nodes");
  const auto own = world[3].files().lookup(*nodes, "c");
  ASSERT_TRUE(put_file(world[3], *own, "early", "text").ok());
  world.converge();
  Invitation guest;
  guest.guest = true;
  ASSERT_TRUE(net.invite(2, guest).ok());
  codec::Identity again = net.candidate(2, "c", 1);
  const crypto::SigningKey second = key_of(2);
  codec::rotate_device(again, *again.node_seed, &second);
  again.guest = true;
  world[3].stop();
  world[3].join_again(again);
  world[3].start(world.now, world.wall);
  world.converge();
  EXPECT_EQ(net.standing(3), "");
  EXPECT_EQ(net.role(0, "c"), "guest");
  net.expect_equal_sets();
  for (std::size_t i = 0; i < world.size(); ++i) EXPECT_EQ(check_totals(world[i]), "") << i;
}

}  // namespace
}  // namespace meshfs::sim
