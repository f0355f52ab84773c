// Google Benchmark of the steps that every commit and every chunk goes through: what a router's CPU will feel.
#include <benchmark/benchmark.h>

#include "fsd/store/chunker.h"
#include "schema/codec/commit.h"
#include "tests/unit/schema/example.h"

namespace meshfs {
namespace {

Bytes random_bytes(std::size_t size) {
  Bytes bytes(size);
  crypto::fill_random(bytes);
  return bytes;
}

codec::Commit small_commit() { return testing::example_commit(testing::example_inline(200)); }

void hash_a_chunk(benchmark::State& state) {
  const Bytes chunk = random_bytes(16 * 1024);
  for (auto _ : state) benchmark::DoNotOptimize(crypto::hash_of(chunk));
  state.SetBytesProcessed(state.iterations() * 16 * 1024);
}
BENCHMARK(hash_a_chunk);

void cut_into_chunks(benchmark::State& state) {
  const Bytes data = random_bytes(4 * 1024 * 1024);
  const fsd::Chunker chunker;
  for (auto _ : state) {
    for (ByteView rest = data; !rest.empty();) rest = rest.subspan(chunker.next(rest));
  }
  state.SetBytesProcessed(state.iterations() * 4 * 1024 * 1024);
}
BENCHMARK(cut_into_chunks);

void sign_a_small_commit(benchmark::State& state) {
  const auto commit = small_commit();
  const auto key = testing::example_key();
  for (auto _ : state) {
    benchmark::DoNotOptimize(codec::sign_commit(testing::example_network(), commit.header, commit.entries, key));
  }
}
BENCHMARK(sign_a_small_commit);

void decode_a_small_commit(benchmark::State& state) {
  const Bytes packed = codec::encode_commit(small_commit());
  for (auto _ : state) benchmark::DoNotOptimize(codec::decode_commit(packed));
  state.counters["packed_bytes"] = static_cast<double>(packed.size());
}
BENCHMARK(decode_a_small_commit);

void verify_a_small_commit(benchmark::State& state) {
  const auto commit = small_commit();
  const auto key = *DeviceKey::from(testing::example_key().public_key().view());
  for (auto _ : state) {
    benchmark::DoNotOptimize(codec::verify_header(testing::example_network(), codec::signed_header(commit), key));
  }
}
BENCHMARK(verify_a_small_commit);

}  // namespace
}  // namespace meshfs

int main(int argc, char** argv) {
  meshfs::crypto::start();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
