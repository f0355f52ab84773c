// What it costs to find the difference of two sets: bytes and round trips of the real reconciler, without the entries.
//   bin/bench_search [ITEMS]     1,000,000 by default
// Half of the differing items are on each side. Bytes: of all messages of both sides and of what a beacon says of the set, packed, without
// frames (32 bytes each and UDP's header); cells of a beacon that was due anyway are counted as the rest.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <numeric>

#include "schema/crypto/hash.h"
#include "tests/unit/syncd/reconciler_pair.h"

namespace {

using meshfs::SetId;
using meshfs::syncd::ReconcilerPair;
using meshfs::syncd::ReconcilerSide;

std::vector<std::uint64_t> numbers(std::uint64_t from, std::size_t count) {
  std::vector<std::uint64_t> out(count);
  std::iota(out.begin(), out.end(), from);
  return out;
}

double ms_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

void row(ReconcilerPair& pair, std::uint64_t& next, std::size_t different, int rounds, bool by_beacon) {
  std::vector<std::size_t> bytes;
  std::vector<int> trips;
  double ms = 0;
  for (int round = 0; round < rounds; ++round) {
    pair.now = pair.now + meshfs::seconds(100);
    pair.a.add(numbers(next, different / 2), pair.set, pair.now);
    pair.b.add(numbers(next + different, different - different / 2), pair.set, pair.now);
    next += 2 * different;
    pair.a.bytes = pair.b.bytes = 0;
    const auto begin = std::chrono::steady_clock::now();
    std::size_t told = 0;
    if (by_beacon) {
      told = pair.beacon(pair.b);
    } else {
      pair.a.reconciler.on_session(meshfs::syncd::node(2), pair.now);
      pair.b.reconciler.on_session(meshfs::syncd::node(1), pair.now);
    }
    trips.push_back(pair.settle(different < 2000 ? meshfs::milliseconds(1300) : meshfs::seconds(15)));
    ms += ms_since(begin);
    bytes.push_back(told + pair.a.bytes + pair.b.bytes);
    // One in some dozen of 1,000 looks like more than a sketch holds, and is searched by slices: that takes longer.
    const bool late = pair.a.reconciler.summaries() != pair.b.reconciler.summaries();
    pair.settle(meshfs::seconds(10));
    if (late) std::printf("(one took longer than its bytes were counted)\n");
    if (pair.a.reconciler.summaries() != pair.b.reconciler.summaries()) std::printf("NOT EQUAL\n");
  }
  std::sort(bytes.begin(), bytes.end());
  std::sort(trips.begin(), trips.end());
  const std::size_t p90 = bytes.size() * 9 / 10;
  std::printf("%8zu  %-16s %10zu %10zu %6.1f %8d %8d %8.1f\n", different,
              by_beacon ? "from a beacon" : "in a new session", bytes[bytes.size() / 2], bytes[p90],
              static_cast<double>(bytes[bytes.size() / 2]) / static_cast<double>(different), trips[trips.size() / 2],
              trips[p90], ms / rounds);
}

}  // namespace

int main(int argc, char** argv) {
  meshfs::crypto::start();
  const std::size_t items = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1'000'000;
  ReconcilerPair pair;
  auto begin = std::chrono::steady_clock::now();
  pair.a.add(numbers(0, items), pair.set, pair.now);
  std::printf("%zu items in %.2f s\n", items, ms_since(begin) / 1000);
  pair.b.add(numbers(0, items), pair.set, pair.now);
  std::uint64_t next = 10'000'000'000;
  std::printf("%8s  %-16s %10s %10s %6s %8s %8s %8s\n", "differ", "", "bytes", "p90", "each", "trips", "p90", "ms");
  for (const bool by_beacon : {true, false}) {
    for (const std::size_t different : {1, 10, 100, 1000})
      row(pair, next, different, different < 1000 ? 100 : 40, by_beacon);
    row(pair, next, 10'000, 4, by_beacon);
  }
}
