// Every pair of subsets of five items on two nodes, reconciled by the real core, beside the plainest reference there is:
// the union. What no random search would miss for long, this cannot miss at all.
#include <gtest/gtest.h>

#include <set>

#include "tests/sim/light_mesh.h"

namespace meshfs::sim {
namespace {

constexpr unsigned kItems = 5;
constexpr unsigned kSubsets = 1U << kItems;

std::set<Hash> union_of(unsigned first, unsigned second, const std::vector<Record>& records) {
  std::set<Hash> out;
  for (unsigned i = 0; i < kItems; ++i) {
    if (((first | second) >> i & 1U) != 0) out.insert(crypto::hash_of(*records[i]));
  }
  return out;
}

std::set<Hash> items_of(LightFsd& fsd) {
  std::set<Hash> out;
  for (const auto& [hash, number] : fsd.items()) out.insert(hash);
  return out;
}

struct Pair {
  Pair(unsigned first, unsigned second, std::uint32_t loss_ppm, bool streams)
      : mesh({2, {{0, 1}}}, {.delay = milliseconds(2), .jitter = milliseconds(3), .loss_ppm = loss_ppm},
             first * kSubsets + second + 1, streams) {
    for (unsigned i = 0; i < kItems; ++i) {
      records.push_back(light_record(i, 100));
      if ((first >> i & 1U) != 0) mesh.fsd(0).give(records[i]);
      if ((second >> i & 1U) != 0) mesh.fsd(1).give(records[i]);
    }
    expected = union_of(first, second, records);
  }

  bool both_hold_all() { return items_of(mesh.fsd(0)) == expected && items_of(mesh.fsd(1)) == expected; }

  // What is wrong; empty if nothing. Beacons go on for ever, messages may not.
  std::string verdict() {
    mesh.start({});
    mesh.run_until([this] { return both_hold_all(); }, seconds(120), milliseconds(20));
    if (!both_hold_all()) return "the sets are not the union";
    for (int window = 0; window < 6; ++window) {
      const std::uint64_t before = mesh.sent().messages;
      mesh.run(seconds(60));
      if (window > 0 && mesh.sent().messages == before) {
        return both_hold_all() ? std::string() : "what was there is gone";
      }
    }
    return "they never fall silent";
  }

  LightMesh mesh;
  std::vector<Record> records;
  std::set<Hash> expected;
};

void all_pairs(std::uint32_t loss_ppm, bool streams) {
  for (unsigned first = 0; first < kSubsets; ++first) {
    for (unsigned second = 0; second < kSubsets; ++second) {
      const std::string wrong = Pair(first, second, loss_ppm, streams).verdict();
      EXPECT_EQ(wrong, "") << "subsets " << first << " and " << second << ", loss " << loss_ppm / 10'000 << " %";
    }
  }
}

TEST(Exhaustive, AllPairsOfSubsetsEndAsTheirUnion) { all_pairs(0, false); }
TEST(Exhaustive, AlsoWhereThreeOfTenFramesAreLost) { all_pairs(300'000, false); }
TEST(Exhaustive, AlsoOverStreams) { all_pairs(0, true); }

// --- negative controls: the verdict sees each kind of failure

TEST(Exhaustive, SeesAnItemThatIsNeverSent) {
  Pair pair(0b00001, 0b00010, 0, false);
  const std::size_t record = pair.records.front()->size();
  pair.mesh.host(1).frame_filter = [record](ByteView frame) { return frame.size() < record; };
  EXPECT_EQ(pair.verdict(), "the sets are not the union");
}

TEST(Exhaustive, SeesAMeshThatTalksForEver) {
  Pair pair(0b00111, 0b00111, 0, false);
  pair.mesh.network().at(Instant{} + seconds(2), [&pair] {
    codec::local::Items phantom;  // node 0 is told of what it can never hand out
    phantom.added.push_back({1'000'007, SetId::shared, crypto::hash_of(as_bytes("nobody has this"))});
    pair.mesh.host(0).to_syncd(phantom);
  });
  EXPECT_EQ(pair.verdict(), "they never fall silent");
}

}  // namespace
}  // namespace meshfs::sim
