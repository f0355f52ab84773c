// IK between two sides that met before: what it costs, when it gives way to XX, and what an attacker can make of it.
#include <gtest/gtest.h>

#include "schema/vocab/rng.h"
#include "tests/unit/syncd/handshake_sides.h"

namespace meshfs::syncd {
namespace {

constexpr std::uint64_t kIkFirst = 4, kIkSecond = 5, kDecline = 6;

// All that both say from now on, until both have keys; what was said, in order. Who has keys sends a packet, as sessions do.
std::vector<Bytes> settle(Side& a, Side& b, Instant& now, int ms = 6000) {
  std::vector<Bytes> said;
  for (; ms > 0 && !agreed(a, b); --ms, now = now + milliseconds(1)) {
    for (int turn = 0; turn < 4; ++turn) {
      for (auto [from, to] : {std::pair{&a, &b}, std::pair{&b, &a}}) {
        for (Bytes& frame : from->says(now)) {
          to->take(frame, now);
          said.push_back(std::move(frame));
        }
        if (from->keys && !to->keys) to->take(from->packet(), now);
      }
    }
  }
  return said;
}

std::vector<std::uint64_t> numbers(const std::vector<Bytes>& frames) {
  std::vector<std::uint64_t> out;
  for (const Bytes& frame : frames) out.push_back(number_of(frame));
  return out;
}

std::size_t bytes_of(const std::vector<Bytes>& frames) {
  std::size_t sum = 0;
  for (const Bytes& frame : frames) sum += frame.size();
  return sum;
}

// Two that met, whose session is gone; of each the handshake is forgotten, the other not.
struct Met {
  explicit Met(const std::string& a_name = "a", const std::string& b_name = "b", bool reliable = false)
      : a(a_name), b(b_name) {
    a.reliable = b.reliable = reliable;
    a.begin(now);
    first_time = settle(a, b, now);
    part();
  }
  void part() {
    EXPECT_TRUE(agreed(a, b));
    now = now + Handshakes::kRemembered * 2;
    (void)a.says(now), (void)b.says(now);
    a.keys.reset(), b.keys.reset();
  }
  // The initiator's first message, which nobody got yet.
  Bytes begun() {
    a.begin(now);
    return a.says(now).at(0);
  }
  Instant now{1};
  Side a, b;
  std::vector<Bytes> first_time;
};

TEST(Ik, WhoMeetAgainShowNoCredentials) {
  Met met(std::string(32, 'a'), std::string(32, 'b'));
  met.a.begin(met.now);
  const auto said = settle(met.a, met.b, met.now);
  ASSERT_TRUE(agreed(met.a, met.b));
  expect_one_session(met.a, met.b);
  EXPECT_TRUE(met.a.keys->brief && met.b.keys->brief);
  EXPECT_EQ(numbers(said), (std::vector<std::uint64_t>{kIkFirst, kIkSecond}));
  std::printf("XX %zu bytes; IK %zu and %zu\n", bytes_of(met.first_time), said.at(0).size(), said.at(1).size());
  EXPECT_GE(bytes_of(met.first_time), 1400u);
  EXPECT_LE(bytes_of(said), 300u);
  EXPECT_LT(said.at(1).size(), said.at(0).size());  // who makes up an address gets less there than he sent
  met.part();
  met.b.begin(met.now);  // and so the other way round, as often as they like
  EXPECT_EQ(numbers(settle(met.a, met.b, met.now)), (std::vector<std::uint64_t>{kIkFirst, kIkSecond}));
}

TEST(Ik, TheResponderHasNoSessionBeforeAPacketCame) {
  Met met;
  met.b.take(met.begun(), met.now);
  met.a.take(met.b.says(met.now).at(0), met.now);
  ASSERT_TRUE(met.a.keys);
  EXPECT_FALSE(met.b.keys);
  Bytes forged = met.a.packet();
  forged.back() ^= 1;
  met.b.take(forged, met.now);
  EXPECT_FALSE(met.b.keys);
  met.b.take(met.a.packet(), met.now);
  ASSERT_TRUE(met.b.keys);
  expect_one_session(met.a, met.b);
}

TEST(Ik, AResponderThatRestartedIsMetByXxInTheSameExchange) {
  Met met;
  Side again("b", 7);
  const Instant begun = met.now;
  met.a.begin(met.now);
  const auto said = settle(met.a, again, met.now);
  ASSERT_TRUE(agreed(met.a, again));
  EXPECT_EQ(numbers(said), (std::vector<std::uint64_t>{kIkFirst, kDecline, 1, 2, 3}));
  EXPECT_LE(to_ms(met.now - begun), 1);
  EXPECT_LT(said.at(1).size(), said.at(0).size());
  std::printf("in vain %zu and %zu bytes\n", said.at(0).size(), said.at(1).size());
}

TEST(Ik, WhoShowsAnotherCredentialThanBeforeIsAskedForIt) {
  for (const bool initiator : {true, false}) {
    Met met;
    Side& changed = initiator ? met.a : met.b;
    Side& other = initiator ? met.b : met.a;
    codec::Roster roster = changed.welcome.roster;
    roster.credential =
        codec::link_identity_of(sim::fake_member(initiator ? "a" : "b")).credential;  // without its proof
    changed.handshakes.judge_by(roster);
    roster = other.welcome.roster;
    roster.devices = {sim::fake_member(initiator ? "a" : "b").member.device};
    other.handshakes.judge_by(roster);
    met.a.begin(met.now);
    EXPECT_EQ(numbers(settle(met.a, met.b, met.now)), (std::vector<std::uint64_t>{kIkFirst, kDecline, 1, 2, 3}));
    ASSERT_TRUE(agreed(met.a, met.b));
    met.part();
    met.a.begin(met.now);  // now they know
    EXPECT_EQ(numbers(settle(met.a, met.b, met.now)), (std::vector<std::uint64_t>{kIkFirst, kIkSecond}));
  }
}

codec::Roster without(const Side& side, const std::string& name) {
  codec::Roster roster = side.welcome.roster;
  roster.denied = {sim::fake_member(name).member.device};
  return roster;
}

TEST(Ik, TheRosterOfNowJudgesAtTheEnd) {
  Met met;
  met.b.take(met.begun(), met.now);
  met.a.take(met.b.says(met.now).at(0), met.now);
  ASSERT_TRUE(met.a.keys);
  met.b.handshakes.judge_by(without(met.b, "a"));  // its packet is on its way
  met.b.take(met.a.packet(), met.now);
  EXPECT_FALSE(met.b.keys);
  // The other way round: the answer is.
  Met other;
  other.b.take(other.begun(), other.now);
  other.a.handshakes.judge_by(without(other.a, "b"));
  other.a.take(other.b.says(other.now).at(0), other.now);
  EXPECT_FALSE(other.a.keys);
}

// One that nobody denies but nobody lets in either, any more: it hears so under the keys of the handshake, as with XX.
TEST(Ik, WhoseProofHoldsNoMoreHearsSoUnderTheKeys) {
  for (const bool tells : {false, true}) {
    Met met;
    codec::Roster roster = met.b.welcome.roster;
    roster.admins.clear();
    met.b.handshakes.judge_by(roster);
    met.b.tells = tells;
    met.a.begin(met.now);
    met.b.take(met.a.says(met.now).at(0), met.now);
    met.a.take(met.b.says(met.now).at(0), met.now);
    ASSERT_TRUE(met.a.keys);
    met.b.take(met.a.packet(), met.now);
    EXPECT_FALSE(met.b.keys);
    const auto said = met.b.says(met.now);
    ASSERT_EQ(said.size(), tells ? 1u : 0u);
    if (!tells) continue;
    const Result<Bytes> heard = codec::open_counted(met.a.keys->start.receive, said.at(0));
    const Result<codec::Packet> packet = codec::decode_packet(heard.value());
    const Result<codec::Message> message = codec::decode_message(packet->pieces.at(0).data);
    EXPECT_TRUE(std::get<codec::Bye>(*message).refused);
  }
}

TEST(Ik, AStreamOfWhoIsNotLetInEnds) {
  for (const bool tells : {false, true}) {
    Met met("a", "b", true);
    codec::Roster roster = met.b.welcome.roster;
    roster.admins.clear();
    met.b.handshakes.judge_by(roster);
    met.b.tells = tells;
    met.b.begin(met.now);
    met.a.take(met.b.says(met.now).at(0), met.now);
    met.b.take(met.a.says(met.now).at(0), met.now);
    EXPECT_EQ(met.b.says(met.now).size(), tells ? 1u : 0u);
    EXPECT_TRUE(met.b.gave_up && !met.b.keys);
  }
}

TEST(Ik, WhoIsDeniedIsForgotten) {
  Met met;
  met.b.handshakes.judge_by(without(met.b, "a"));
  met.b.handshakes.judge_by(met.b.welcome.roster);
  met.b.begin(met.now);
  EXPECT_EQ(number_of(met.b.says(met.now).at(0)), 1u);
}

TEST(Ik, AnOldFirstMessageMakesNothing) {
  Met met;
  const Bytes first = met.begun();
  met.b.take(first, met.now);
  met.a.take(met.b.says(met.now).at(0), met.now);
  const Bytes packet = met.a.packet();
  met.b.take(packet, met.now);
  ASSERT_TRUE(agreed(met.a, met.b));
  met.b.keys.reset();
  // At once, later while it lives, and later again: it is answered, and that is all.
  for (const Duration later : {milliseconds(1), seconds(30), seconds(3600)}) {
    met.now = met.now + later;
    (void)met.b.says(met.now);
    met.b.take(first, met.now);
    const auto answered = met.b.says(met.now);
    EXPECT_EQ(answered.size(), later < seconds(1) ? 0u : 1u);
    met.b.take(packet, met.now);
    EXPECT_FALSE(met.b.keys);
    for (const Bytes& frame : answered) met.a.take(frame, met.now);
    EXPECT_TRUE(met.a.says(met.now).empty());
  }
}

TEST(Ik, NoFlippedBitCompletesOneAndNoneSpoilsIt) {
  Met met;
  const Bytes first = met.begun();
  met.b.take(first, met.now);
  const Bytes second = met.b.says(met.now).at(0);
  for (std::size_t bit = codec::kPlainHeaderBytes * 8; bit + 128 < second.size() * 8; ++bit) {
    Bytes bad = second;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    met.a.take(bad, met.now);
    ASSERT_FALSE(met.a.keys) << bit;
  }
  met.a.take(second, met.now);
  EXPECT_TRUE(met.a.keys);
}

// By a member that hears all: it has the network's key, for the macs.
Bytes declined(const Side& side, ByteView first, Instant now) {
  Bytes frame = codec::plain_header({codec::FrameKind::handshake, 0, kDecline});
  const ByteView echo = first.subspan(codec::kPlainHeaderBytes, 16);
  frame.insert(frame.end(), echo.begin(), echo.end());
  noise::CookieGenerator(side.welcome.network_key.view()).add_macs(frame, now);
  return frame;
}

TEST(Ik, AForgedDeclineCostsNoSession) {
  Met met;
  const Bytes first = met.begun();
  Bytes wrong = first;
  wrong[codec::kPlainHeaderBytes] ^= 1;
  met.a.take(declined(met.a, wrong, met.now), met.now);  // of another message: nothing
  EXPECT_TRUE(met.a.says(met.now).empty());
  codec::local::Welcome stranger = met.a.welcome;
  stranger.network_key.data[0] ^= 1;
  met.a.take(declined(Side("x", 1, &stranger), first, met.now), met.now);
  EXPECT_TRUE(met.a.says(met.now).empty());
  // The right one, again and again, faster than the answer.
  for (int i = 0; i < 5; ++i) met.a.take(declined(met.a, first, met.now), met.now);
  met.b.take(first, met.now);
  const auto said = settle(met.a, met.b, met.now);
  ASSERT_TRUE(agreed(met.a, met.b));
  EXPECT_FALSE(met.a.keys->brief);
  EXPECT_EQ(std::ranges::count(numbers(said), 1u), 1);
  met.part();
  met.a.begin(met.now);  // and nothing is left of it
  (void)settle(met.a, met.b, met.now);
  EXPECT_TRUE(agreed(met.a, met.b) && met.a.keys->brief);
}

TEST(Ik, WithoutAnAnswerXxTakesItsPlace) {
  for (const bool reliable : {false, true}) {
    Met met("a", "b", reliable);
    met.a.begin(met.now);
    std::vector<std::uint64_t> said;
    const Instant begun = met.now;
    for (; !met.a.gave_up && met.now - begun < seconds(20); met.now = met.now + milliseconds(1)) {
      for (const Bytes& frame : met.a.says(met.now)) said.push_back(number_of(frame));
    }
    EXPECT_TRUE(met.a.gave_up);
    const auto first_xx = std::ranges::find(said, 1u);
    EXPECT_EQ(first_xx - said.begin(), reliable ? 1 : 1 + Handshakes::kBriefRepeats);
    EXPECT_EQ(std::count(said.begin(), said.end(), 1u),
              reliable ? 1 : 1 + Handshakes::kRepeats - Handshakes::kBriefRepeats);
  }
}

// Whoever begins, remembers, has restarted or shows something new: one session, by IK where both can; in time on streams, where
// nothing is said twice.
TEST(Ik, BothSidesEndWithOneSessionWhateverHappens) {
  int brief = 0, both = 0;
  for (std::uint64_t seed = 1; seed <= 600; ++seed) {
    Rng rng(seed);
    const bool reliable = rng.percent(50);
    auto a = std::make_unique<Side>("a", seed), b = std::make_unique<Side>("b", seed);
    Instant now{1};
    a->reliable = b->reliable = reliable;
    a->begin(now);
    (void)settle(*a, *b, now);
    ASSERT_TRUE(agreed(*a, *b));
    now = now + seconds(30);
    (void)a->says(now), (void)b->says(now);
    for (auto* side : {&a, &b}) {
      (*side)->keys.reset();
      if (!rng.percent(25)) continue;
      *side = std::make_unique<Side>(side == &a ? "a" : "b", seed + 1000);  // restarted
      (*side)->reliable = reliable;
    }
    const bool first = rng.percent(70), second = !first || rng.percent(70);
    if (first) a->begin(now);
    if (second) b->begin(now);
    both += first && second ? 1 : 0;
    const unsigned loss = reliable ? 0 : static_cast<unsigned>(rng.below(40));
    const Instant begun = now;
    std::deque<std::pair<Side*, Bytes>> under_way;
    while (!agreed(*a, *b) && now - begun < seconds(30)) {
      now = now + milliseconds(1);
      for (const auto& [to, frame] : std::exchange(under_way, {})) to->take(frame, now);
      for (auto [from, to] : {std::pair{a.get(), b.get()}, std::pair{b.get(), a.get()}}) {
        for (Bytes& frame : from->says(now)) {
          if (!rng.percent(loss)) under_way.emplace_back(to, std::move(frame));
        }
        if (from->keys && !agreed(*a, *b) && now.ns / 1'000'000 % 5 == 0) under_way.emplace_back(to, from->packet());
        if (std::exchange(from->gave_up, false)) from->begin(now);
      }
    }
    ASSERT_TRUE(agreed(*a, *b)) << seed;
    expect_one_session(*a, *b);
    EXPECT_LE(to_ms(now - begun), reliable ? 20 : 30'000) << seed;
    brief += a->keys->brief ? 1 : 0;
  }
  EXPECT_GT(brief, 200);
  EXPECT_GT(both, 100);
}

// A member that never gets further costs what it costs with XX: nobody multiplies before the gate, in either pattern.
TEST(Ik, AFloodOfFirstMessagesPassesTheSameGate) {
  Met met;
  Rng rng(1);
  std::size_t answers = 0, cookies = 0;
  for (int i = 0; i < 2000; ++i) {
    const Path path{1, {std::to_string(i), ""}};
    Bytes frame = codec::plain_header({codec::FrameKind::handshake, 0, kIkFirst});
    for (int byte = 0; byte < 150; ++byte) frame.push_back(static_cast<std::uint8_t>(rng.next()));
    noise::CookieGenerator(met.a.welcome.network_key.view()).add_macs(frame, met.now);
    (void)met.b.handshakes.on_handshake(path, false, kIkFirst, frame, met.now);
    for (const Bytes& said : met.b.says(met.now)) {
      (codec::peek_frame(said)->kind == codec::FrameKind::cookie ? cookies : answers)++;
      EXPECT_LT(said.size(), frame.size());
    }
    EXPECT_FALSE(met.b.handshakes.under_way(path));
  }
  EXPECT_EQ(answers, static_cast<std::size_t>(noise::CookieChecker::kUnprovenBurst));
  EXPECT_EQ(cookies, 2000 - answers);
}

TEST(Acquaintances, AreBoundedAndForgotten) {
  Acquaintances all;
  const auto path = [](std::size_t n) { return Path{1, {std::to_string(n), ""}}; };
  const auto who = [](std::size_t n) {
    Acquaintance out;
    out.key.data[0] = out.node.data[0] = out.device.data[0] = static_cast<std::uint8_t>(n);
    out.key.data[1] = out.node.data[1] = out.device.data[1] = static_cast<std::uint8_t>(1 + n / 256);
    return out;
  };
  for (std::size_t i = 0; i < Acquaintances::kMax + 10; ++i) all.met(path(i), who(i));
  EXPECT_EQ(all.size(), Acquaintances::kMax);
  EXPECT_EQ(all.find(who(9).key), nullptr);
  EXPECT_EQ(all.at(path(9)), nullptr);
  EXPECT_NE(all.find(who(10).key), nullptr);
  all.met(path(20), who(30));  // has that address now
  EXPECT_EQ(all.at(path(20))->key, who(30).key);
  Acquaintance rotated = who(200);
  rotated.key.data[5] = 1;
  all.met(path(200), rotated);
  EXPECT_EQ(all.find(who(200).key), nullptr);
  EXPECT_EQ(all.at(path(200))->key, rotated.key);
  all.forget({who(40).device});
  EXPECT_EQ(all.find(who(40).key), nullptr);
  EXPECT_EQ(all.at(path(40)), nullptr);
  for (std::size_t i = 0; i < 1000; ++i) all.heard(who(50).node, path(i));
  EXPECT_LE(all.find(who(50).key)->ways.size(), Acquaintances::kMaxWays);
  EXPECT_NE(all.at(path(999)), nullptr);
  all.restarted(who(50).node);
  EXPECT_EQ(all.at(path(999)), nullptr);
}

}  // namespace
}  // namespace meshfs::syncd
