// What deltas cost in processor time and in bytes: frames, patches of a 10 MB file, librsync. `patch_bytes` is the sum of
// all patches of the file, everything that travels for its content.
//
// With two files (bin/bench_delta OLD NEW) it measures nothing but says what travels for NEW where OLD is.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <fstream>
#include <iterator>

#include "fsd/delta/run_delta.h"
#include "tests/unit/delta/version.h"

namespace meshfs::fsd {
namespace {

constexpr std::size_t kFileBytes = 10'000'000;

Bytes edited(const Bytes& bytes, bool shifting) {
  Rng rng(2);
  Bytes out = bytes;
  for (int i = 0; i < (shifting ? 100 : 10'000); ++i) {
    const Bytes edit = random_bytes(rng, shifting ? 1000 : 10);
    const auto at = out.begin() + static_cast<std::ptrdiff_t>(rng.below(out.size() - edit.size()));
    shifting ? static_cast<void>(out.insert(at, edit.begin(), edit.end()))
             : static_cast<void>(std::copy(edit.begin(), edit.end(), at));
  }
  return out;
}

struct TwoVersions {
  Version before, next;
  explicit TwoVersions(bool shifting) : TwoVersions(base(), shifting) {}
  TwoVersions(const Bytes& bytes, bool shifting) : before(bytes), next(edited(bytes, shifting)) {}
  static Bytes base() {
    Rng rng(1);
    return random_bytes(rng, kFileBytes);
  }
};

const TwoVersions& versions(benchmark::State& state) {
  static const TwoVersions shifting(true), in_place(false);
  state.SetLabel(state.range(0) == 0 ? "100 insertions of 1 kB" : "10,000 edits of 10 B");
  return state.range(0) == 0 ? shifting : in_place;
}

void make_patches_of_10_mb(benchmark::State& state) {
  const TwoVersions& two = versions(state);
  std::size_t bytes = 0;
  for (auto _ : state) {
    bytes = 0;
    for (const Version::List& list : two.next.lists) bytes += patch_for(two.next, list, two.before)->size();
  }
  state.counters["patch_bytes"] = static_cast<double>(bytes);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kFileBytes));
}
BENCHMARK(make_patches_of_10_mb)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void apply_patches_of_10_mb(benchmark::State& state) {
  const TwoVersions& two = versions(state);
  std::vector<Bytes> patches;
  for (const Version::List& list : two.next.lists) patches.push_back(*patch_for(two.next, list, two.before));
  for (auto _ : state) {
    for (std::size_t i = 0; i < patches.size(); ++i) {
      const auto window = window_of(patches[i], two.before);
      const auto& list = two.next.lists[i];
      const auto checked = check_patch(patches[i], window, reader_of(two.before), list.hash, codec::size_of(list.list));
      CHECK(checked.ok());
      CHECK(unpack_patch(patches[i], window, reader_of(two.before), checked->list,
                         [](const codec::ListItem&, ByteView) -> Status { return {}; }));
    }
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kFileBytes));
}
BENCHMARK(apply_patches_of_10_mb)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void plan_patches_of_10_mb(benchmark::State& state) {
  const TwoVersions& two = versions(state);
  const BaseVersion base(two.before.items);
  for (auto _ : state)
    for (const Version::List& list : two.next.lists)
      benchmark::DoNotOptimize(plan_patch(list.list, base, {list.offset, two.next.bytes.size()}));
}
BENCHMARK(plan_patches_of_10_mb)->Arg(0)->Arg(1)->Unit(benchmark::kMicrosecond);

// One chunk of 16 KiB with ten edits.
struct OneChunk {
  Bytes base, plain;
  OneChunk() {
    Rng rng(3);
    base = random_bytes(rng, 16 * 1024);
    plain = base;
    for (int i = 0; i < 10; ++i) plain[rng.below(plain.size())] ^= 1;
  }
};

void make_a_delta_frame(benchmark::State& state) {
  const OneChunk chunk;
  DeltaCodec codec;
  for (auto _ : state) benchmark::DoNotOptimize(codec.make(chunk.plain, chunk.base));
  state.SetBytesProcessed(state.iterations() * 16 * 1024);
}
BENCHMARK(make_a_delta_frame);

void apply_a_delta_frame(benchmark::State& state) {
  const OneChunk chunk;
  DeltaCodec codec;
  const Bytes frame = *codec.make(chunk.plain, chunk.base);
  for (auto _ : state) benchmark::DoNotOptimize(codec.apply(frame, chunk.base, chunk.plain.size()));
  state.SetBytesProcessed(state.iterations() * 16 * 1024);
  state.counters["frame_bytes"] = static_cast<double>(frame.size());
}
BENCHMARK(apply_a_delta_frame);

// 256 KiB with one insertion, by librsync: its three steps.
void sync_a_run(benchmark::State& state) {
  Rng rng(4);
  const Bytes base = random_bytes(rng, 256 * 1024 - 50);
  Bytes plain = base;
  plain.insert(plain.begin() + 100'000, 50, 'x');
  const Bytes signature = *sign_run(base), delta = **delta_run(plain, signature);
  for (auto _ : state) {
    if (state.range(0) == 0) benchmark::DoNotOptimize(sign_run(base));
    if (state.range(0) == 1) benchmark::DoNotOptimize(delta_run(plain, signature));
    if (state.range(0) == 2) benchmark::DoNotOptimize(patch_run(base, delta, plain.size()));
  }
  const char* const steps[] = {"signature", "delta", "patch"};
  state.SetLabel(steps[state.range(0)]);
  state.counters["signature_bytes"] = static_cast<double>(signature.size());
  state.counters["delta_bytes"] = static_cast<double>(delta.size());
  state.SetBytesProcessed(state.iterations() * 256 * 1024);
}
BENCHMARK(sync_a_run)->Arg(0)->Arg(1)->Arg(2)->Unit(benchmark::kMicrosecond);

Bytes content_of(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return Bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

int say_what_travels(const char* old_path, const char* new_path) {
  const Version before(content_of(old_path)), next(content_of(new_path));
  if (before.bytes.empty() || next.bytes.empty()) {
    std::fprintf(stderr, "%s or %s is empty or cannot be read\n", old_path, new_path);
    return 1;
  }
  std::size_t patch_bytes = 0, named_bytes = 0, named = 0;
  for (const Version::List& list : next.lists) {
    const auto patch = patch_for(next, list, before);
    PatchedList made{list.list, {}, {}, {{0, list.list.items.size()}}};  // without a patch all of it is named
    if (patch)
      made = *check_patch(*patch, window_of(*patch, before), reader_of(before), list.hash, codec::size_of(list.list));
    patch_bytes += patch ? patch->size() : codec::encode_list(list.list).size();
    for (const ItemRange& range : made.named) {
      named += range.count;
      for (std::size_t i = range.first; i < range.end(); ++i) named_bytes += made.list.items[i].size;
    }
  }
  std::printf("%zu bytes in %zu lists: %zu bytes of patches; %zu chunks of %zu plain bytes by themselves\n",
              next.bytes.size(), next.lists.size(), patch_bytes, named, named_bytes);
  return 0;
}

}  // namespace
}  // namespace meshfs::fsd

int main(int argc, char** argv) {
  if (argc == 3 && argv[1][0] != '-') return meshfs::fsd::say_what_travels(argv[1], argv[2]);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
