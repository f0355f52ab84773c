// Google Benchmark of what links cost: packets that pass no gate, handshakes, frames sealed.
#include <benchmark/benchmark.h>

#include "schema/crypto/sign.h"
#include "schema/crypto/siv.h"
#include "schema/noise/cookies.h"
#include "schema/noise/handshake_state.h"

namespace meshfs::noise {
namespace {

crypto::DhKey fresh_key() { return crypto::DhKey(crypto::random_id<crypto::DhSecret>()); }

const crypto::DhKey& alice_key() {
  static const crypto::DhKey key = fresh_key();
  return key;
}
const crypto::DhKey& bob_key() {
  static const crypto::DhKey key = fresh_key();
  return key;
}
const std::string_view kAddress = "fe80:0000:0000:0001 40000 3";

HandshakeState initiator(Pattern pattern) {
  const crypto::DhKey ephemeral = fresh_key();
  std::optional<crypto::DhPublic> remote;
  if (pattern == Pattern::ik) remote = bob_key().public_key();
  return HandshakeState(pattern, true, as_bytes("network"), {alice_key(), ephemeral, remote});
}
HandshakeState responder(Pattern pattern) {
  const crypto::DhKey ephemeral = fresh_key();
  return HandshakeState(pattern, false, as_bytes("network"), {bob_key(), ephemeral});
}

// A first message of IK with 48 bytes of payload.
Bytes first_message() { return *initiator(Pattern::ik).write_message(Bytes(48)); }

struct Gate {
  CookieChecker checker{bob_key().public_key().view(), crypto::random_id<crypto::LinkKey>()};
  CookieGenerator generator{bob_key().public_key().view()};
  Bytes message = first_message();
  Instant now{seconds(1000).ns};
};

void junk(benchmark::State& state) {
  Gate gate;
  gate.message.resize(gate.message.size() + kMacsBytes);
  for (auto _ : state) {
    ++gate.message[7];
    benchmark::DoNotOptimize(gate.checker.judge(gate.message, as_bytes(kAddress), gate.now));
  }
}
BENCHMARK(junk);

// Of a member that floods, without a cookie: judged, and a cookie made for it.
void mac1_and_a_cookie_reply(benchmark::State& state) {
  Gate gate;
  gate.generator.add_macs(gate.message, gate.now);
  for (auto _ : state) {
    if (gate.checker.judge(gate.message, as_bytes(kAddress), gate.now) == CookieChecker::Verdict::ask_for_cookie) {
      benchmark::DoNotOptimize(gate.checker.cookie_reply(gate.message, as_bytes(kAddress), gate.now));
    }
  }
}
BENCHMARK(mac1_and_a_cookie_reply);

void cookie_too_often(benchmark::State& state) {
  Gate gate;
  Bytes asked = gate.message;
  gate.generator.add_macs(asked, gate.now);
  if (!gate.generator.take_reply(gate.checker.cookie_reply(asked, as_bytes(kAddress), gate.now), gate.now))
    std::abort();
  gate.generator.add_macs(gate.message, gate.now);
  for (auto _ : state) benchmark::DoNotOptimize(gate.checker.judge(gate.message, as_bytes(kAddress), gate.now));
}
BENCHMARK(cookie_too_often);

void multiply_once(benchmark::State& state) {
  crypto::Secret<crypto::DhShared> shared;
  for (auto _ : state) benchmark::DoNotOptimize(alice_key().agree(bob_key().public_key(), shared));
}
BENCHMARK(multiply_once);

// What a first message costs that passed the gate and is forged: the multiplication that shows it.
void forged_first_message(benchmark::State& state) {
  Bytes message = first_message();
  message.back() ^= 1;
  HandshakeState bob = responder(Pattern::ik);
  for (auto _ : state) benchmark::DoNotOptimize(bob.read_message(message).ok());
}
BENCHMARK(forged_first_message);

// Both sides together, the making of their ephemeral keys included.
void handshake(benchmark::State& state) {
  const auto pattern = static_cast<Pattern>(state.range(0));
  std::size_t bytes = 0;
  for (auto _ : state) {
    HandshakeState alice = initiator(pattern), bob = responder(pattern);
    bytes = 0;
    while (!alice.complete()) {
      HandshakeState& from = alice.my_turn() ? alice : bob;
      const Result<Bytes> message = from.write_message({});
      bytes += message->size();
      if (!(&from == &alice ? bob : alice).read_message(*message)) std::abort();
    }
    benchmark::DoNotOptimize(alice.split());
    benchmark::DoNotOptimize(bob.split());
  }
  state.counters["message_bytes"] = static_cast<double>(bytes);
}
BENCHMARK(handshake)->ArgName("IK")->Arg(0)->Arg(1);

void frame_sealed(benchmark::State& state) {
  Bytes frame(static_cast<std::size_t>(state.range(0)));
  const auto key = crypto::random_id<crypto::AeadKey>();
  const Bytes head(16);
  std::uint64_t counter = 0;
  for (auto _ : state) benchmark::DoNotOptimize(crypto::seal(key, ++counter, head, frame, frame.data()));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(frame_sealed)->Arg(64)->Arg(1200)->Arg(65536);

void beacon_sealed(benchmark::State& state) {
  Bytes frame(static_cast<std::size_t>(state.range(0)));
  const crypto::SivKey key(crypto::random_id<crypto::LinkKey>());
  const Bytes head(16);
  for (auto _ : state) benchmark::DoNotOptimize(crypto::seal_siv(key, head, frame));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(beacon_sealed)->Arg(64)->Arg(1200);

}  // namespace
}  // namespace meshfs::noise

int main(int argc, char** argv) {
  meshfs::crypto::start();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
