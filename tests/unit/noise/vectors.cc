#include "tests/unit/noise/vectors.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace meshfs::noise::testing {
namespace {

Bytes bytes_of(const std::string& hex) {
  const std::optional<Bytes> bytes = from_hex(hex);
  EXPECT_TRUE(bytes.has_value()) << hex;
  return bytes.value_or(Bytes{});
}

crypto::DhSecret secret_of(const std::string& hex) {
  const auto secret = crypto::DhSecret::from(bytes_of(hex));
  EXPECT_TRUE(secret.has_value()) << hex;
  return secret.value_or(crypto::DhSecret{});
}

void take(std::vector<Vector>& all, const std::string& line) {
  std::istringstream in(line);
  std::string word, value, more;
  in >> word >> value >> more;
  if (word == "protocol") {
    EXPECT_TRUE(value == "Noise_XX_25519_ChaChaPoly_BLAKE2b" || value == "Noise_IK_25519_ChaChaPoly_BLAKE2b") << value;
    all.emplace_back().pattern = value.find("_XX_") != std::string::npos ? Pattern::xx : Pattern::ik;
    return;
  }
  ASSERT_FALSE(all.empty()) << line;
  Vector& vector = all.back();
  if (word == "prologue") {
    vector.prologue = bytes_of(value);
  } else if (word == "handshake_hash") {
    vector.handshake_hash = bytes_of(value);
  } else if (word == "remote_static") {
    vector.remote_static = crypto::DhPublic::from(bytes_of(value));
  } else if (word == "message") {
    vector.messages.push_back({bytes_of(value), bytes_of(more)});
  } else if (word == "init_static") {
    vector.init_static = secret_of(value);
  } else if (word == "init_ephemeral") {
    vector.init_ephemeral = secret_of(value);
  } else if (word == "resp_static") {
    vector.resp_static = secret_of(value);
  } else if (word == "resp_ephemeral") {
    vector.resp_ephemeral = secret_of(value);
  } else {
    ADD_FAILURE() << line;
  }
}

}  // namespace

const std::vector<Vector>& vectors() {
  static const std::vector<Vector> all = [] {
    std::vector<Vector> found;
    std::ifstream file(MESHFS_NOISE_VECTORS);
    EXPECT_TRUE(file.good());
    for (std::string line; std::getline(file, line);) {
      if (!line.empty() && line[0] != '#') take(found, line);
    }
    return found;
  }();
  return all;
}

Sides sides_of(const Vector& vector) {
  const crypto::DhKey init_static(vector.init_static), init_ephemeral(vector.init_ephemeral);
  const crypto::DhKey resp_static(vector.resp_static), resp_ephemeral(vector.resp_ephemeral);
  return {HandshakeState(vector.pattern, true, vector.prologue, {init_static, init_ephemeral, vector.remote_static}),
          HandshakeState(vector.pattern, false, vector.prologue, {resp_static, resp_ephemeral})};
}

Sides sides_after(const Vector& vector, std::size_t messages) {
  Sides sides = sides_of(vector);
  for (std::size_t i = 0; i < messages; ++i) {
    const Result<Bytes> written = sides.writer(i).write_message(vector.messages[i].payload);
    EXPECT_TRUE(written.ok() && sides.reader(i).read_message(*written).ok());
  }
  return sides;
}

}  // namespace meshfs::noise::testing
