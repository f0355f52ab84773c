// What anybody may send before there is a session: handshake messages, cookie replies, whatever has two macs. The first byte says to
// whom. A message that is refused must change nothing: the honest one is taken afterwards.
#include "schema/noise/cookies.h"
#include "schema/noise/handshake_state.h"

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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView bytes(data + 1, size - 1);
  switch (data[0] % 6) {
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
    default:
      at_the_gate(bytes);
      break;
  }
  return 0;
}
