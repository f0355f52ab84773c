// The rules in their order, one by one.
#include <gtest/gtest.h>

#include "tests/unit/tools/exec_world.h"
#include "tools/records/spans.h"

namespace meshfs::exec {
namespace {

using What = Verdict::What;

TEST(Judge, WhatIsAllowedIsAccepted) {
  const World w;
  EXPECT_EQ(w.judged(w.envelope(1, "uptime")).what, What::accept);
  EXPECT_EQ(w.judged(w.envelope(1, "restart", {"dnsmasq"})).what, What::accept);
  EXPECT_EQ(w.judged(w.envelope(1, "ping", {"h"}, kStranger)).what, What::accept);
}

TEST(Judge, WithoutIdentityNothingIsEvenRefused) {
  const World w;
  for (const char* id : {"", "abc", "GGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGG"}) {
    Envelope one = w.envelope(1, "uptime");
    one.id = id;
    EXPECT_EQ(w.judged(one).what, What::wait) << id;
    one = w.envelope(1, "uptime");
    one.author_key = id;
    EXPECT_EQ(w.judged(one).what, What::wait) << id;
  }
  Envelope one = w.envelope(1, "uptime");
  one.when = WallMs{0};
  EXPECT_EQ(w.judged(one).what, What::wait);
}

TEST(Judge, Targets) {
  World w;
  Envelope one = w.envelope(1, "uptime");
  for (const auto& [directory, targets, ours] : std::vector<std::tuple<std::string, std::vector<std::string>, bool>>{
           {"roof", {}, true},
           {"all", {}, true},
           {"@backbone", {}, true},
           {"site=school", {}, true},
           {"backbone", {}, false},
           {"cellar", {}, false},
           {"@admins", {}, false},
           {"@nobody", {}, false},
           {"site=mill", {}, false},
           {"", {}, false},
           {"roof", {"cellar"}, false},
           {"cellar", {"roof"}, true},
           {"cellar", {"mill", "@backbone"}, true},
       }) {
    one.directory = directory;
    one.command->targets = targets;
    EXPECT_EQ(w.judged(one).what, ours ? What::accept : What::not_ours) << directory;
  }
  w.here.key.clear();
  w.here.groups["backbone"].insert("");
  one.directory = "@backbone";
  one.command->targets.clear();
  EXPECT_EQ(w.judged(one).what, What::not_ours);
}

TEST(Judge, PolicyAndCatalogueAndArguments) {
  const World w;
  for (const Envelope& one :
       {w.envelope(1, "uptime", {}, kStranger), w.envelope(1, "reboot"), w.envelope(1, "uptime", {"x"}),
        w.envelope(1, "ping", {"-f"}), w.envelope(1, "restart", {"dns masq"}), w.envelope(1, "ping")}) {
    const Verdict verdict = w.judged(one);
    if (one.author_key == kStranger && verdict.what == What::wait) continue;  // a person's signature could come
    EXPECT_EQ(verdict.what, What::refuse) << one.command->verb;
    EXPECT_FALSE(verdict.reason.empty());
  }
  Envelope broken = w.envelope(1, "uptime");
  broken.command.reset();
  broken.fault = "this is no command";
  EXPECT_EQ(w.judged(broken).what, What::refuse);
}

TEST(Judge, WhoWasRevokedTellsNobodyAndGuestsAreNoMembers) {
  World world;
  const Envelope shed = world.envelope(1, "ping", {"school"}, id_of(77)),
                 office = world.envelope(2, "uptime", {}, kAdmin);
  EXPECT_EQ(world.judged(shed).what, Verdict::What::accept);
  world.here.guests = {id_of(77)};
  EXPECT_EQ(world.judged(shed).what, Verdict::What::refuse);
  world.here.guests = {};
  world.here.revoked = {id_of(77), kAdmin};
  EXPECT_EQ(world.judged(shed).what, Verdict::What::refuse);
  EXPECT_NE(world.judged(office).reason.find("revoked"), std::string::npos);
  world.here.revoked = {};
  EXPECT_EQ(world.judged(office).what, Verdict::What::accept);
}

TEST(Judge, AdminsAreWhomTheNetworkSaysSo) {
  const Policy policy = *parse_policy("c.toml", "[[allow]]\nwho = [\"admins\"]\nverbs = [\"uptime\"]\n");
  const Bound none;
  Issuer issuer{"shed", id_of(77), {}, {}, Standing::member};
  const auto may = [&] { return permission_of(policy, issuer, "uptime", nullptr, none).by_node; };
  EXPECT_FALSE(may());
  issuer.standing = Standing::admin;
  EXPECT_TRUE(may());
  issuer.standing = Standing::revoked;
  EXPECT_FALSE(may());
}

TEST(Judge, TheNetworksPolicyCountsWhereTheOwnerSaysSo) {
  World world;
  const Envelope one = world.envelope(1, "uptime", {}, kStranger);
  world.here.commanders[kStranger]["uptime"] = true;
  world.policy = *parse_policy("c.toml", "");
  EXPECT_EQ(world.judged(one).what, Verdict::What::refuse) << "nobody asked the network";
  world.policy = *parse_policy("c.toml", "[[allow]]\nwho = [\"policy\"]\nverbs = [\"uptime\"]\n");
  EXPECT_EQ(world.judged(one).what, Verdict::What::accept);
  world.here.commanders[kStranger] = {{"*", true}, {"uptime", false}};
  EXPECT_EQ(world.judged(one).what, Verdict::What::refuse);
  world.here.commanders[kStranger] = {{"*", true}, {"reboot", false}};
  EXPECT_EQ(world.judged(one).what, Verdict::What::accept);
  world.here.revoked = {kStranger};
  EXPECT_EQ(world.judged(one).what, Verdict::What::refuse);
  EXPECT_FALSE(parse_policy("c.toml", "[[deny]]\nwho = [\"policy\"]\nverbs = [\"uptime\"]\n").ok());
}

TEST(Judge, WaitsForSignaturesAndThenNot) {
  World w;
  const Envelope one = w.envelope(1, "uptime", {}, kStranger);
  EXPECT_EQ(w.judged(one).what, What::wait);
  w.pass(kSignatureGrace);
  EXPECT_EQ(w.judged(one).what, What::refuse);
}

Envelope signed_one(const World& w, std::uint64_t number, std::set<std::string> persons) {
  Envelope out = w.envelope(number, "upgrade", {"fw.bin", id_of(3)}, kStranger);
  out.persons = std::move(persons);
  out.text_hash = id_of(77);
  out.command->targets = {"roof"};
  out.command->not_before = records::moment_text(w.here.now);
  return out;
}

TEST(Judge, TwoSignaturesMeansTwoPersonsWhomTheOwnerAllows) {
  World w;
  EXPECT_EQ(w.judged(signed_one(w, 1, {"lisa", "omar"})).what, What::accept);
  w.pass(kSignatureGrace);
  for (const std::set<std::string>& persons :
       {std::set<std::string>{}, {"lisa"}, {"lisa", "petra"}, {"petra", "eve", "mallory"}}) {
    Envelope one = signed_one(w, 1, persons);
    one.first_seen = Instant{};
    EXPECT_EQ(w.judged(one).what, What::refuse) << persons.size();
  }
  Envelope admin = signed_one(w, 1, {"lisa"});
  admin.author_key = kAdmin;  // a node's own key is no person's
  admin.first_seen = Instant{};
  EXPECT_EQ(w.judged(admin).what, What::refuse);
}

TEST(Judge, SignaturesThatCountForNothingAreTold) {
  World w;
  w.pass(kSignatureGrace);
  Envelope one = signed_one(w, 1, {"lisa"});
  one.first_seen = Instant{};
  one.signatures = 1;
  EXPECT_EQ(w.judged(one).reason.find("beside it"), std::string::npos);
  one.signatures = 2;
  EXPECT_NE(w.judged(one).reason.find("of the 2 signatures beside it 1 "), std::string::npos) << w.judged(one).reason;
}

TEST(Judge, ASignedTextMustSayWhereAndWhen) {
  World w;
  Envelope one = signed_one(w, 1, {"lisa", "omar"});
  one.command->targets.clear();
  EXPECT_EQ(w.judged(one).what, What::refuse);
  one = signed_one(w, 1, {"lisa", "omar"});
  one.command->not_before.clear();
  EXPECT_EQ(w.judged(one).what, What::refuse);
  one = signed_one(w, 1, {"lisa", "omar"});
  w.pass(seconds(2 * 86'400));
  one.when = w.here.now;  // placed anew, two days later
  EXPECT_EQ(w.judged(one).what, What::expired);
}

TEST(Judge, TheSameSignedTextRunsOnceWhoeverPlacesIt) {
  World w;
  const Envelope first = signed_one(w, 1, {"lisa", "omar"}), again = signed_one(w, 2, {"lisa", "omar"});
  Known known;
  known.key = first.author_key;
  known.text_hash = first.text_hash;
  known.when = first.when;
  known.until = later(first.when, kMaxExpiry);
  ASSERT_TRUE(w.ledger.apply(accepted_line(first.id, known)));
  EXPECT_EQ(w.judged(again).what, What::wait);
  EXPECT_EQ(w.judged(first).what, What::accept);
  ASSERT_TRUE(w.ledger.apply(began_line(first.id, w.here.now)));
  EXPECT_EQ(w.judged(again).what, What::refuse);
}

TEST(Judge, Times) {
  World w;
  Envelope one = w.envelope(1, "uptime");
  one.command->expires_after = "2h";
  w.pass(seconds(7'199));
  EXPECT_EQ(w.judged(one).what, What::accept);
  w.pass(seconds(1));
  EXPECT_EQ(w.judged(one).what, What::expired);
  for (const char* wrong : {"91d", "0s", "99999d", ""}) {
    Envelope bad = w.envelope(1, "uptime");
    bad.command->expires_after = wrong;
    EXPECT_EQ(w.judged(bad).what, What::refuse) << wrong;
  }
  Envelope future = w.envelope(1, "uptime");
  future.when = later(w.here.now, seconds(3'600));
  EXPECT_EQ(w.judged(future).what, What::wait);
  Envelope bad = w.envelope(1, "uptime");
  bad.command->not_before = "2025-02-30T00:00:00Z";
  EXPECT_EQ(w.judged(bad).what, What::refuse);
}

TEST(Judge, SequenceWindow) {
  World w;
  Envelope old = w.envelope(1, "uptime");
  old.command->expires_after = "30d";
  ASSERT_TRUE(w.ledger.apply(newest_line(kAdmin, later(old.when, w.policy.window))));
  EXPECT_EQ(w.judged(old).what, What::accept);
  ASSERT_TRUE(w.ledger.apply(newest_line(kAdmin, WallMs{later(old.when, w.policy.window).ms + 1})));
  EXPECT_EQ(w.judged(old).what, What::refuse);
  Envelope other = w.envelope(1, "ping", {"h"}, kMember);
  EXPECT_EQ(w.judged(other).what, What::accept);  // each issuer has its own
}

TEST(Judge, NothingWrittenBeforeTheJournalWasDamaged) {
  World w;
  const Envelope one = w.envelope(1, "uptime");
  ASSERT_TRUE(w.ledger.apply(floor_line(WallMs{one.when.ms + 1})));
  EXPECT_EQ(w.judged(one).what, What::refuse);
}

TEST(Judge, NothingBeforeTheNodeHasReconciled) {
  World w;
  w.here.reconciled = false;
  EXPECT_EQ(w.judged(w.envelope(1, "uptime")).what, What::wait);
}

TEST(Judge, OwnCommandsCanBeTakenBackOthersNot) {
  World w;
  Known known;
  known.key = kMember;
  ASSERT_TRUE(w.ledger.apply(accepted_line(id_of(9), known)));
  for (const auto& [key, what] :
       {std::pair{kMember, What::accept}, std::pair{kStranger, What::refuse}, std::pair{kAdmin, What::refuse}}) {
    Envelope one = w.envelope(1, "cancel", {}, key);
    one.command->cancels = id_of(9);
    EXPECT_EQ(w.judged(one).what, what) << key[0];
  }
  Envelope nothing = w.envelope(1, "cancel");
  EXPECT_EQ(w.judged(nothing).what, What::refuse);
}

}  // namespace
}  // namespace meshfs::exec
