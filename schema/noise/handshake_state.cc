#include "schema/noise/handshake_state.h"

namespace meshfs::noise {
namespace {

// Those with kDh multiply: the initiator's key is static or ephemeral, then the responder's.
constexpr std::uint8_t kResponderStatic = 1, kInitiatorStatic = 2, kDh = 4;
enum Token : std::uint8_t {
  end = 0,
  e = 1,
  s = 2,
  ee = kDh,
  es = kDh | kResponderStatic,
  se = kDh | kInitiatorStatic,
  ss = kDh | kInitiatorStatic | kResponderStatic,
};

// 7.5. The initiator's messages are the first and third. IK has the responder's static key before them.
constexpr std::uint8_t kTokens[2][3][5] = {
    {{e}, {e, ee, s, es}, {s, se}},
    {{e, es, s, ss}, {e, ee, se}, {}},
};
constexpr std::string_view kNames[2] = {"Noise_XX_25519_ChaChaPoly_BLAKE2b", "Noise_IK_25519_ChaChaPoly_BLAKE2b"};

Status wrong_turn() { return error(Errc::invalid, "a handshake message came when none was expected"); }
Status too_long() { return error(Errc::too_large, "a handshake message has at most 65,535 bytes"); }

}  // namespace

HandshakeState::HandshakeState(Pattern pattern, bool initiator, ByteView prologue, const Keys& keys)
    : symmetric_(kNames[static_cast<std::size_t>(pattern)]),
      own_(keys.own),
      ephemeral_(keys.ephemeral),
      remote_(keys.remote),
      pattern_(pattern),
      initiator_(initiator) {
  CHECK(remote_.has_value() == (pattern == Pattern::ik && initiator));
  symmetric_.mix_hash(prologue);
  if (pattern == Pattern::ik) symmetric_.mix_hash((initiator ? *remote_ : own_.public_key()).view());
}

bool HandshakeState::complete() const {
  return next_ == 3 || kTokens[static_cast<std::size_t>(pattern_)][next_][0] == end;
}

Status HandshakeState::mix_dh(std::uint8_t token) {
  const std::uint8_t mine = initiator_ ? kInitiatorStatic : kResponderStatic;
  const std::uint8_t theirs = initiator_ ? kResponderStatic : kInitiatorStatic;
  crypto::Secret<crypto::DhShared> shared;
  if (!((token & mine) != 0 ? own_ : ephemeral_).agree((token & theirs) != 0 ? *remote_ : *remote_ephemeral_, shared)) {
    return error(Errc::bad_bytes, "the other side of a handshake has a key that gives no secret");
  }
  symmetric_.mix_key(shared.view());
  return {};
}

Status HandshakeState::write(ByteView payload, Bytes& out) {
  for (const std::uint8_t* token = kTokens[static_cast<std::size_t>(pattern_)][next_]; *token != end; ++token) {
    if (*token == e) {
      out.insert(out.end(), ephemeral_.public_key().data.begin(), ephemeral_.public_key().data.end());
      symmetric_.mix_hash(ephemeral_.public_key().view());
    } else if (Status done = *token == s ? symmetric_.encrypt_and_hash(own_.public_key().view(), out) : mix_dh(*token);
               !done) {
      return done;
    }
  }
  const std::size_t beside = out.size() + (symmetric_.has_key() ? kTagBytes : 0);
  if (payload.size() > kMaxMessage - beside) return too_long();
  ++next_;
  return symmetric_.encrypt_and_hash(payload, out);
}

Status HandshakeState::read(ByteView message, Bytes& payload) {
  if (message.size() > kMaxMessage) return too_long();
  for (const std::uint8_t* token = kTokens[static_cast<std::size_t>(pattern_)][next_]; *token != end; ++token) {
    if ((*token & kDh) != 0) {
      if (Status mixed = mix_dh(*token); !mixed) return mixed;
      continue;
    }
    const std::size_t size = crypto::DhPublic::kSize + (*token == s && symmetric_.has_key() ? kTagBytes : 0);
    if (message.size() < size) return error(Errc::bad_bytes, "a handshake message is too short");
    Bytes key;
    if (*token == e) {
      key = copy_of(message.first(size));
      symmetric_.mix_hash(key);
    } else if (Status opened = symmetric_.decrypt_and_hash(message.first(size), key); !opened) {
      return opened;
    }
    (*token == e ? remote_ephemeral_ : remote_) = crypto::DhPublic::from(key);
    message = message.subspan(size);
  }
  ++next_;
  return symmetric_.decrypt_and_hash(message, payload);
}

Result<Bytes> HandshakeState::write_message(ByteView payload) {
  if (!my_turn()) return wrong_turn().failure();
  HandshakeState after = *this;
  Bytes out;
  if (Status written = after.write(payload, out); !written) return written.failure();
  *this = after;
  return out;
}

Result<Bytes> HandshakeState::read_message(ByteView message) {
  if (complete() || my_turn()) return wrong_turn().failure();
  HandshakeState after = *this;
  Bytes payload;
  if (Status read = after.read(message, payload); !read) return read.failure();
  *this = after;
  return payload;
}

HandshakeState::Transport HandshakeState::split() const {
  CHECK(complete());
  Transport out;
  symmetric_.split(initiator_ ? out.send : out.receive, initiator_ ? out.receive : out.send);
  return out;
}

}  // namespace meshfs::noise
