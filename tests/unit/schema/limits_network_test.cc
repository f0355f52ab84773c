// What is said of membership and does not hold together is refused, each for its own reason.
#include <gtest/gtest.h>

#include "schema/codec/local.h"
#include "tests/unit/schema/example.h"
#include "tests/unit/schema/random_records.h"
#include "tests/unit/schema/refused.h"

namespace meshfs::codec {
namespace {

using namespace meshfs::testing;

TEST(Limits, Genesis) {
  Rng rng(2);
  const crypto::SigningKey admin = random_key(rng);
  const auto refused = [&](auto bend, Errc code, const char* what) {
    Genesis genesis = random_genesis(rng, admin);
    bend(genesis);
    sign_genesis(genesis, admin);
    expect_refused(genesis, encode_genesis, decode_genesis, code, what);
  };
  refused([](Genesis& g) { g.name = ""; }, Errc::bad_bytes, "no name");
  refused([](Genesis& g) { g.name = "Upper"; }, Errc::bad_bytes, "upper case");
  refused([](Genesis& g) { g.name = std::string(33, 'a'); }, Errc::bad_bytes, "long name");
  refused([](Genesis& g) { g.created.ms = -1; }, Errc::bad_bytes, "before 1970");
  refused([](Genesis& g) { g.admins.push_back(g.admins[0]); }, Errc::bad_bytes, "an admin twice");
  refused([](Genesis& g) { g.admins.resize(17); }, Errc::too_large, "17 admins");
  refused([](Genesis& g) { g.threshold = 0; }, Errc::bad_bytes, "threshold 0");
  refused([](Genesis& g) { g.threshold = static_cast<std::uint8_t>(g.admins.size() + 1); }, Errc::bad_bytes,
          "threshold out of reach");
  Genesis unsigned_genesis = random_genesis(rng, admin);
  unsigned_genesis.signature = {};
  expect_refused(unsigned_genesis, encode_genesis, decode_genesis, Errc::bad_bytes, "unsigned");
  unsigned_genesis.signature.data[5] = 1;
  expect_refused(unsigned_genesis, encode_genesis, decode_genesis, Errc::bad_bytes, "signed wrongly");
}

TEST(Limits, MemberAndIdentity) {
  Rng rng(3);
  const Identity identity = random_identity(rng);
  Member member = identity.member;
  member.epoch = 0;
  expect_refused(member, encode_member, decode_member, Errc::bad_bytes, "epoch 0");
  member = identity.member;
  member.name = "a/b";
  expect_refused(member, encode_member, decode_member, Errc::bad_bytes, "name");
  Identity wrong = identity;
  wrong.node_seed = random_fixed<crypto::Seed>(rng);
  expect_refused(wrong, encode_identity, decode_identity, Errc::bad_bytes, "another root key");
  wrong = identity;
  wrong.device_seed.data[0] ^= 1;
  expect_refused(wrong, encode_identity, decode_identity, Errc::bad_bytes, "another device key");
  wrong = identity;
  wrong.member.name += wrong.member.name.size() < 32 ? "x" : "";
  wrong.member.epoch += 1;
  expect_refused(wrong, encode_identity, decode_identity, Errc::bad_bytes, "a member record nobody signed");
}

TEST(Limits, InvitationRefusalRoster) {
  Rng rng(11);
  Invitation invitation = random_invitation(rng);
  invitation.until.ms = -1;
  expect_refused(invitation, encode_invitation, decode_invitation, Errc::bad_bytes, "before 1970");
  invitation = random_invitation(rng);
  invitation.way = Invitation::Way::any_admin;
  invitation.uses = 1;
  expect_refused(invitation, encode_invitation, decode_invitation, Errc::bad_bytes, "one use that many may give away");
  Refusal refusal{random_fixed<AuthorTag>(rng), {}, ""};
  expect_refused(refusal, encode_refusal, decode_refusal, Errc::bad_bytes, "no reason");
  refusal.reason = std::string(kMaxRefusal + 1, 'x');
  expect_refused(refusal, encode_refusal, decode_refusal, Errc::too_large, "a long reason");
  local::ToSyncd roster = Roster{{}, {filled<DeviceKey>(2), filled<DeviceKey>(1)}, {}, {}, {}, false};
  expect_refused(roster, local::encode_to_syncd, local::decode_to_syncd, Errc::bad_bytes, "devices out of order");
  roster = Roster{{}, std::vector<DeviceKey>(kMaxRosterDevices + 1), {}, {}, {}, false};
  expect_refused(roster, local::encode_to_syncd, local::decode_to_syncd, Errc::too_large,
                 "more devices than its limit");
  Token token = random_token(rng);
  token.seed.pop_back();
  EXPECT_FALSE(decode_token(encode_token(token)).ok());
}

}  // namespace
}  // namespace meshfs::codec
