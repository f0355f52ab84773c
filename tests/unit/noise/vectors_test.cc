// Each byte that goes out is the one that other implementations send, and each message comes back as its payload.
#include <gtest/gtest.h>

#include "tests/unit/noise/vectors.h"

namespace meshfs::noise {
namespace {

using testing::Sides;
using testing::Vector;

void play(const Vector& vector) {
  Sides sides = testing::sides_of(vector);
  for (std::size_t i = 0; i < vector.handshake(); ++i) {
    EXPECT_TRUE(sides.writer(i).my_turn() && !sides.reader(i).my_turn());
    const Result<Bytes> written = sides.writer(i).write_message(vector.messages[i].payload);
    ASSERT_TRUE(written.ok());
    EXPECT_EQ(to_hex(*written), to_hex(vector.messages[i].bytes)) << "message " << i;
    const Result<Bytes> read = sides.reader(i).read_message(vector.messages[i].bytes);
    ASSERT_TRUE(read.ok()) << read.failure().message;
    EXPECT_EQ(*read, vector.messages[i].payload);
  }
  EXPECT_TRUE(sides.initiator.complete() && sides.responder.complete());
  EXPECT_EQ(sides.initiator.handshake_hash(), sides.responder.handshake_hash());
  if (!vector.handshake_hash.empty()) {
    EXPECT_EQ(sides.initiator.handshake_hash().hex(), to_hex(vector.handshake_hash));
  }
  EXPECT_EQ(*sides.initiator.remote_static(), crypto::DhKey(vector.resp_static).public_key());
  EXPECT_EQ(*sides.responder.remote_static(), crypto::DhKey(vector.init_static).public_key());

  HandshakeState::Transport initiator = sides.initiator.split(), responder = sides.responder.split();
  for (std::size_t i = vector.handshake(); i < vector.messages.size(); ++i) {
    Bytes sealed, opened;
    ASSERT_TRUE((i % 2 == 0 ? initiator : responder).send.encrypt_with_ad({}, vector.messages[i].payload, sealed).ok());
    EXPECT_EQ(to_hex(sealed), to_hex(vector.messages[i].bytes)) << "message " << i;
    ASSERT_TRUE((i % 2 == 0 ? responder : initiator).receive.decrypt_with_ad({}, sealed, opened).ok());
    EXPECT_EQ(opened, vector.messages[i].payload);
  }
}

TEST(NoiseVectors, EveryByteAsOthersSendIt) {
  std::size_t count[2] = {}, messages = 0;
  for (const Vector& vector : testing::vectors()) {
    play(vector);
    ++count[static_cast<std::size_t>(vector.pattern)];
    messages += vector.messages.size();
  }
  EXPECT_EQ(count[0], 2u);  // XX
  EXPECT_EQ(count[1], 2u);  // IK
  EXPECT_EQ(messages, 21u);
}

}  // namespace
}  // namespace meshfs::noise
