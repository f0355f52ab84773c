// The vectors of vectors.txt, and both sides of the handshake that each begins.
#pragma once

#include <string>
#include <vector>

#include "schema/noise/handshake_state.h"

namespace meshfs::noise::testing {

struct Vector {
  Pattern pattern = Pattern::xx;
  Bytes prologue, handshake_hash;
  crypto::DhSecret init_static, init_ephemeral, resp_static, resp_ephemeral;
  std::optional<crypto::DhPublic> remote_static;
  struct Message {
    Bytes payload, bytes;
  };
  std::vector<Message> messages;  // handshake, then transport
  [[nodiscard]] std::size_t handshake() const { return pattern == Pattern::xx ? 3 : 2; }
};

// All of the file; a line that makes no sense fails the test.
const std::vector<Vector>& vectors();

struct Sides {
  HandshakeState initiator, responder;
  HandshakeState& writer(std::size_t message) { return message % 2 == 0 ? initiator : responder; }
  HandshakeState& reader(std::size_t message) { return message % 2 == 0 ? responder : initiator; }
};
Sides sides_of(const Vector& vector);
// After the first `messages` of the handshake.
Sides sides_after(const Vector& vector, std::size_t messages);

}  // namespace meshfs::noise::testing
