// What a rogue may not do to membership: state what is not his, take away what is stated of others.
#include "fsd/core/statements.h"
#include "tests/unit/core/network_world.h"

namespace meshfs::sim {
namespace {

codec::Bundle commit_of(const codec::Identity& by, std::uint64_t sequence, std::int64_t ms, codec::Entry entry) {
  codec::Header header;
  header.author = codec::author_tag(by.member);
  header.sequence = sequence;
  header.hlc = Hlc::at({ms});
  if (sequence > 1) header.previous.data[0] = 1;
  header.volume = kNetworkVolume;
  header.total_entries = sequence;
  const auto commit = codec::sign_commit(codec::network_id(by.genesis), header, {std::move(entry)},
                                         crypto::SigningKey::from_seed(by.device_seed));
  return {codec::ItemForm::commit, codec::encode_commit(commit)};
}

codec::ObjectEntry stating(const codec::Place& place, Bytes bytes, std::string_view type) {
  codec::ObjectEntry file;
  file.kind = codec::Kind::file;
  file.object = fsd::file_at(place).local;
  file.place.value = codec::PlaceValue{place, std::nullopt};
  file.attributes.value = test_attributes();
  file.attributes.value->type = type;
  file.contents.push_back({{}, std::move(bytes)});
  return file;
}

TEST(Membership, NobodyStatesWhatIsNotHis) {
  Network net(10, 2);
  net.world.converge();
  const codec::Identity b = test_identity(net.genesis, net.secret, 10 * 100 + 2, "b");
  const codec::Identity friend_of_b = net.candidate(5, "f", 5);
  const auto offer = [&](codec::Entry entry) {
    net.world[0].verdicts.clear();
    net.world[0].replica->on_syncd(
        codec::local::Offer{1, {commit_of(b, 100, net.world.wall.ms, std::move(entry))}, "b"});
    net.world[0].drain();
    return net.world[0].verdicts.at(0);
  };
  using codec::local::Verdict;
  codec::Admission admission{friend_of_b.member.node, {}, codec::author_tag(b.member), false, {}};
  codec::sign_admission(admission, codec::network_id(net.genesis), crypto::SigningKey::from_seed(b.device_seed));
  auto verdict =
      offer(stating(fsd::admission_place(admission.node), codec::encode_admission(admission), fsd::kAdmissionType));
  EXPECT_EQ(verdict.verdict, Verdict::refused);
  EXPECT_EQ(verdict.reason, "only admins and who invited a node let it in");
  admission.admitter = codec::author_tag(test_identity(net.genesis, net.secret, 10 * 100 + 1, "a").member);
  verdict =
      offer(stating(fsd::admission_place(admission.node), codec::encode_admission(admission), fsd::kAdmissionType));
  EXPECT_EQ(verdict.reason, "an admission that its author did not sign");
  Invitation invitation;
  invitation.key = key_of(5).public_key();
  invitation.issuer = b.member.node;
  const auto at = fsd::invitation_place(codec::invitation_id(invitation.key));
  EXPECT_EQ(offer(stating(at, codec::encode_invitation(invitation), fsd::kInvitationType)).reason,
            "only admins invite");
  Invitation in_name = invitation;
  in_name.issuer = test_identity(net.genesis, net.secret, 10 * 100 + 1, "a").member.node;
  EXPECT_EQ(offer(stating(at, codec::encode_invitation(in_name), fsd::kInvitationType)).reason,
            "an invitation in the name of another");
  const auto record = codec::encode_member(friend_of_b.member);
  const auto place = fsd::member_place(codec::author_tag(friend_of_b.member));
  EXPECT_EQ(offer(stating(place, record, fsd::kMemberType)).reason, "a member record that is not its author's own");
  EXPECT_EQ(offer(stating(place, record, "note")).verdict, Verdict::refused) << "an ordinary file";
  codec::Delegation loan;
  loan.issuer = in_name.issuer;
  loan.audience = b.member.node;
  loan.verbs = codec::bit(codec::PolicyVerb::write);
  loan.until.ms = INT64_MAX;
  const auto lending = [&] {
    return stating(fsd::delegation_place(codec::delegation_id(loan)), codec::encode_delegation(loan),
                   fsd::kDelegationType);
  };
  EXPECT_EQ(offer(lending()).reason, "a delegation in the name of another");
  std::swap(loan.issuer, loan.audience);
  loan.epoch = 1;
  EXPECT_EQ(offer(lending()).reason, "a delegation that names another policy epoch than its commit");
  EXPECT_TRUE(net.world[0].replica->delegations().all().empty());
  // One whose invitation nobody made, and what it would write, wait for ever and take nothing.
  net.world.add(friend_of_b, false);
  write(net.world[2], "x");
  net.world.converge();
  EXPECT_EQ(net.role(0, "f"), "unknown");
  EXPECT_FALSE(shows(net.world[0], "x"));
  net.expect_equal_sets(2);
}

TEST(Membership, AForgedAdminIsNone) {
  Network net(11);
  codec::Identity forged = test_identity(net.genesis, net.secret, 500, "z");
  const codec::Identity a = test_identity(net.genesis, net.secret, 11 * 100 + 1, "a");
  forged.member.node = a.member.node;  // the admin's root, signed by another
  const auto entry = stating(fsd::member_place(codec::author_tag(forged.member)), codec::encode_member(forged.member),
                             fsd::kMemberType);
  net.world[0].verdicts.clear();
  net.world[0].replica->on_syncd(codec::local::Offer{1, {commit_of(forged, 1, net.world.wall.ms, entry)}, "z"});
  net.world[0].drain();
  EXPECT_EQ(net.world[0].verdicts.at(0).reason, "a member record its node did not sign");
}

// A member who overwrites and deletes what is stated of others, as an admin could: before it comes and after. (Members may not;
// the admin's own hand shows that nothing depends on judging.)
TEST(Membership, WhatIsStatedStaysWhateverCoversIt) {
  for (const bool statement_first : {true, false}) {
    Network net(12 + (statement_first ? 1 : 0), 2);
    const std::uint64_t seed = 12 + (statement_first ? 1 : 0);
    const codec::Identity a = test_identity(net.genesis, net.secret, seed * 100 + 1, "a");
    const codec::Identity b = test_identity(net.genesis, net.secret, seed * 100 + 2, "b");
    const AuthorTag tag = codec::author_tag(b.member);
    const auto place = fsd::member_place(tag);
    codec::BatchTombstone gone;
    gone.items.push_back({fsd::file_at(place).local, codec::Kind::file, {{tag, 1}}, {}, {}});
    codec::ObjectEntry other = stating(place, Bytes{'?'}, "note");
    other.context = {{tag, 1}};
    const std::int64_t later = net.world.wall.ms + 1000;
    const codec::local::Offer attack{
        1, {commit_of(a, 100, later, gone), commit_of(a, 101, later + 1, std::move(other))}, "a"};
    TestNode& c = net.world.add(net.candidate(1, "c", 1), true);
    if (statement_first) net.world.carry(net.world[1], c, 100);
    net.world.carry(net.world[0], c, 100);
    c.replica->on_syncd(attack);
    net.world.carry(net.world[1], c, 100);
    net.world.converge();
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(net.role(i, "b"), "member");
      EXPECT_EQ(check_replay(net.world[i], net.world.now, net.world.wall), "");
    }
    write(net.world[1], "still");
    net.world.converge();
    EXPECT_TRUE(shows(net.world[0], "still"));
    net.expect_equal_sets();
    // And who comes now learns it all from scratch.
    net.world.add(net.candidate(2, "d", 1), true);
    net.world.converge();
    EXPECT_EQ(net.role(3, "b"), "member");
    net.expect_equal_sets();
  }
}

}  // namespace
}  // namespace meshfs::sim
