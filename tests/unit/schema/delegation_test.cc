// Delegations as bytes: what comes back, what is refused, and which hangs on which.
#include "schema/codec/delegation.h"

#include <gtest/gtest.h>

#include "tests/unit/schema/random_records.h"
#include "tests/unit/schema/refused.h"

namespace meshfs::codec {
namespace {

using namespace meshfs::testing;

Delegation random_delegation(Rng& rng) {
  Delegation out;
  out.issuer = random_fixed<NodeId>(rng);
  out.audience = random_fixed<NodeId>(rng);
  out.volume = random_fixed<VolumeTag>(rng);
  out.until.ms = 1 + static_cast<std::int64_t>(rng.below(1ull << 42));
  out.epoch = static_cast<std::uint32_t>(rng.below(100));
  out.depth = static_cast<std::uint8_t>(rng.below(3));
  if (rng.percent(50)) out.parent = random_fixed<DelegationId>(rng);
  if (rng.percent(30)) {
    out.verbs = bit(PolicyVerb::command);
    out.argument = random_text(rng, kMaxRuleArgument, "abc-");
  } else {
    out.verbs = static_cast<std::uint8_t>(1 + rng.below(kLendableVerbs));
  }
  return out;
}

TEST(Delegations, ComeBackAsTheyWere) {
  Rng rng(21);
  for (int i = 0; i < 300; ++i) {
    const Delegation one = random_delegation(rng);
    const Bytes bytes = encode_delegation(one);
    EXPECT_LE(bytes.size(), 180 + one.argument.size());
    const auto back = decode_delegation(bytes);
    ASSERT_TRUE(back.ok()) << back.failure().message;
    EXPECT_EQ(*back, one);
    Delegation other = one;
    ++other.until.ms;
    EXPECT_NE(delegation_id(other), delegation_id(one));
  }
}

TEST(Delegations, WhatMakesNoSenseIsRefused) {
  Rng rng(22);
  const auto refused = [&](auto bend, const char* what) {
    Delegation one = random_delegation(rng);
    one.verbs = bit(PolicyVerb::write);
    one.argument.clear();
    bend(one);
    expect_refused(one, encode_delegation, decode_delegation, Errc::bad_bytes, what);
  };
  refused([](Delegation& d) { d.verbs = 0; }, "no verb");
  refused([](Delegation& d) { d.verbs = bit(PolicyVerb::invite); }, "to invite");
  refused([](Delegation& d) { d.verbs |= bit(PolicyVerb::admit); }, "to let in");
  refused([](Delegation& d) { d.argument = "lease"; }, "an argument of writing");
  refused([](Delegation& d) { d.volume = kNetworkVolume; }, "the network volume");
  refused([](Delegation& d) { d.until = {}; }, "no end");
  refused([](Delegation& d) { d.until.ms = -1; }, "before 1970");
  refused([](Delegation& d) { d.depth = 3; }, "four in a chain");
  refused([](Delegation& d) { d.audience = d.issuer; }, "to itself");
}

TEST(Delegations, HangOnOnesThatAreNoNarrower) {
  Delegation above;
  above.issuer.data[0] = 1;
  above.audience.data[0] = 2;
  above.verbs = bit(PolicyVerb::write) | bit(PolicyVerb::remove);
  above.until.ms = 1000;
  above.depth = 2;
  Delegation below = above;
  below.issuer = above.audience;
  below.audience.data[0] = 3;
  below.depth = 1;
  EXPECT_TRUE(narrower(below, above));
  const auto with = [&](auto bend) {
    Delegation one = below;
    bend(one);
    return narrower(one, above);
  };
  EXPECT_TRUE(with([](Delegation& d) { d.verbs = bit(PolicyVerb::write); }));
  EXPECT_TRUE(with([](Delegation& d) { d.until.ms = 999; }));
  EXPECT_TRUE(with([](Delegation& d) { d.depth = 0; }));
  EXPECT_FALSE(with([](Delegation& d) { d.issuer.data[0] = 4; })) << "what was lent to another";
  EXPECT_FALSE(with([](Delegation& d) { d.verbs |= bit(PolicyVerb::create); }));
  EXPECT_FALSE(with([](Delegation& d) { d.volume.data[0] = 9; }));
  EXPECT_FALSE(with([](Delegation& d) { d.until.ms = 1001; }));
  EXPECT_FALSE(with([](Delegation& d) { d.depth = 2; })) << "as deep as what it hangs on";
  above.verbs = below.verbs = bit(PolicyVerb::create);
  EXPECT_TRUE(with([](Delegation& d) { d.argument = "lease"; })) << "one type of all";
  above.argument = "lease";
  EXPECT_TRUE(with([](Delegation& d) { d.argument = "lease"; }));
  EXPECT_FALSE(with([](Delegation& d) { d.argument = "service"; }));
  EXPECT_FALSE(with([](Delegation&) {})) << "any type";
}

}  // namespace
}  // namespace meshfs::codec
