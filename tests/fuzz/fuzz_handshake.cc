// What anybody may send before there is a session: handshake messages, cookie replies, whatever has two macs; and between two nodes
// that met before (IK, its decline, XX) whatever a member may. The first byte says to whom. A message that is refused must change nothing: the honest one is taken afterwards.
#include "schema/noise/cookies.h"
#include "schema/noise/handshake_state.h"
#include "syncd/core/handshakes.h"
#include "tests/unit/syncd/fake_members.h"

namespace {

using namespace meshfs;
using noise::HandshakeState;
using noise::Pattern;

crypto::DhKey key(std::uint8_t number) {
  crypto::DhSecret secret;
  secret.data.fill(number);
  return crypto::DhKey(secret);
}

// Both sides with fixed keys, so that a corpus can hold messages that are valid.
struct Sides {
  explicit Sides(Pattern pattern)
      : initiator(pattern, true, as_bytes("fuzz"),
                  {key(1), key(2), pattern == Pattern::ik ? std::optional(key(3).public_key()) : std::nullopt}),
        responder(pattern, false, as_bytes("fuzz"), {key(3), key(4)}) {}
  HandshakeState initiator, responder;
};

// `bytes` in place of message number `at`; then, if it was refused, the rest of the handshake as it should be.
void instead_of(Pattern pattern, int at, ByteView bytes) {
  Sides sides(pattern);
  for (int i = 0; !sides.initiator.complete() || !sides.responder.complete(); ++i) {
    HandshakeState& from = i % 2 == 0 ? sides.initiator : sides.responder;
    HandshakeState& to = i % 2 == 0 ? sides.responder : sides.initiator;
    const Result<Bytes> message = from.write_message(as_bytes("payload"));
    CHECK(message.ok());
    if (i == at && to.read_message(bytes).ok()) return;
    CHECK(to.read_message(*message).ok());
  }
  CHECK(sides.initiator.handshake_hash() == sides.responder.handshake_hash());
}

void at_the_gate(ByteView bytes) {
  const crypto::DhKey own = key(3);
  noise::CookieChecker checker(own.public_key().view(), crypto::LinkKey{});
  const Instant now{seconds(1).ns};
  // One that passes must have a mac1 of its own: with another last byte of the message it has not.
  if (checker.judge(bytes, as_bytes("source"), now) != noise::CookieChecker::Verdict::drop) {
    Bytes changed = copy_of(bytes);
    changed[changed.size() - noise::kMacsBytes] ^= 1;  // of mac1 itself
    CHECK(checker.judge(changed, as_bytes("source"), now) == noise::CookieChecker::Verdict::drop);
  }
  noise::CookieGenerator generator(own.public_key().view());
  Bytes message = copy_of(as_bytes("hello"));
  generator.add_macs(message, now);
  if (!generator.take_reply(bytes, now)) {
    CHECK(generator.take_reply(checker.cookie_reply(message, as_bytes("source"), now), now).ok());
  }
}

// A member of the network with its real set-up, and the keys it got.
struct Node {
  explicit Node(const std::string& name)
      : who(sim::fake_welcome(name)),
        handshakes({{}, who.network, who.network_key, who.link_secret, who.roster},
                   *crypto::LinkKey::from(crypto::hash_in("fuzz", {as_bytes(name)}).view()),
                   [](const syncd::Path&, const codec::Member&, bool let_in) { return let_in; }) {}
  std::vector<Bytes> says(Instant now) {
    std::vector<syncd::Path> given_up;
    std::vector<Bytes> out;
    for (auto& due : handshakes.due(now, given_up)) out.push_back(std::move(due.frame));
    if (keys) {  // as every session, it says something
      out.push_back(codec::seal_packet(keys->start.send, {codec::FrameKind::packet, keys->theirs.session, 1}, {}));
    }
    return out;
  }
  void take(ByteView frame, Instant now) {
    const auto header = *codec::peek_frame(frame);
    auto got = header.kind == codec::FrameKind::packet
                   ? handshakes.on_stray(path, header, frame, now)
                   : handshakes.on_handshake(path, false, header.counter, frame, now);
    if (got) keys = std::move(got);
  }
  codec::local::Welcome who;
  syncd::Handshakes handshakes;
  std::optional<syncd::Session::Keys> keys;
  syncd::Path path{1, {"peer", ""}};
};

// Both begin, as far as `begin` says, and must have one session in time whatever `bytes` say as message `number` with right
// macs, to one of them, after so many of theirs. A forged first message takes the place of one that was answered, as a restarted
// node's must: that costs kAnswered.
void between_two(std::uint8_t begin, std::uint8_t number, std::uint8_t after, ByteView bytes) {
  Node a("a"), b("b");
  Instant now{1};
  for (const bool again : {false, true}) {
    a.keys.reset(), b.keys.reset();
    if (!again || begin % 3 != 1) a.handshakes.begin(a.path, false, now);
    if (again && begin % 3 != 0) b.handshakes.begin(b.path, false, now);
    int said = 0;
    for (int ms = 0; !(a.keys && b.keys && a.keys->id == b.keys->id); ++ms, now = now + milliseconds(1)) {
      CHECK(ms < 20'000);
      for (auto [from, to] : {std::pair{&a, &b}, std::pair{&b, &a}}) {
        for (const Bytes& frame : from->says(now)) {
          if (again && said++ == after % 8) {
            Bytes lie = codec::plain_header({codec::FrameKind::handshake, 0, std::uint64_t{1} + number % 6});
            lie.insert(lie.end(), bytes.begin(), bytes.end());
            noise::CookieGenerator(a.who.network_key.view()).add_macs(lie, now);
            (after >= 128 ? from : to)->take(lie, now);
          }
          to->take(frame, now);
        }
      }
      if (ms % 1000 == 999) a.handshakes.begin(a.path, false, now);  // as after each beacon
    }
    now = now + syncd::Handshakes::kRemembered * 2;
    (void)a.says(now), (void)b.says(now);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView bytes(data + 1, size - 1);
  switch (data[0] % 7) {
    case 0:
      instead_of(Pattern::xx, 0, bytes);
      break;
    case 1:
      instead_of(Pattern::xx, 1, bytes);
      break;
    case 2:
      instead_of(Pattern::xx, 2, bytes);
      break;
    case 3:
      instead_of(Pattern::ik, 0, bytes);
      break;
    case 4:
      instead_of(Pattern::ik, 1, bytes);
      break;
    case 6:
      if (bytes.size() >= 3) between_two(bytes[0], bytes[1], bytes[2], bytes.subspan(3));
      break;
    default:
      at_the_gate(bytes);
      break;
  }
  return 0;
}
