// Patches: what travels for which edit. Sizes are deterministic: the limits here are what was reached, rounded up.
#include "tests/unit/delta/version_fixture.h"

namespace meshfs::fsd {

static constexpr std::size_t kFileBytes = 10'000'000;

static std::ptrdiff_t place(Rng& rng, const Bytes& bytes, std::size_t size) {
  return static_cast<std::ptrdiff_t>(rng.below(bytes.size() - size));
}
static void overwrite(Rng& rng, Bytes& bytes, std::size_t size) {
  const Bytes edit = random_bytes(rng, size);
  std::copy(edit.begin(), edit.end(), bytes.begin() + place(rng, bytes, size));
}
static void insert(Rng& rng, Bytes& bytes, std::size_t size) {
  const Bytes edit = random_bytes(rng, size);
  bytes.insert(bytes.begin() + place(rng, bytes, 1), edit.begin(), edit.end());
}
static void erase(Rng& rng, Bytes& bytes, std::size_t size) {
  const auto at = bytes.begin() + place(rng, bytes, size);
  bytes.erase(at, at + static_cast<std::ptrdiff_t>(size));
}

TEST(Patch, AHundredShiftingEditsOfAKilobyte) {
  Rng rng(11);
  Bytes bytes = random_bytes(rng, kFileBytes);
  const Version before(bytes);
  for (int i = 0; i < 100; ++i) i % 2 == 0 ? insert(rng, bytes, 1000) : erase(rng, bytes, 1000);
  EXPECT_LE(travel(Version(bytes), before).total(), 53'500u);
}

TEST(Patch, AHundredInsertionsOfAKilobyte) {
  Rng rng(12);
  Bytes bytes = random_bytes(rng, kFileBytes);
  const Version before(bytes);
  for (int i = 0; i < 100; ++i) insert(rng, bytes, 1000);
  EXPECT_LE(travel(Version(bytes), before).total(), 103'500u);
}

TEST(Patch, TenThousandEditsOfTenBytes) {
  Rng rng(13);
  Bytes bytes = random_bytes(rng, kFileBytes);
  const Version before(bytes);
  for (int i = 0; i < 10'000; ++i) overwrite(rng, bytes, 10);
  const Version next(bytes);
  EXPECT_LE(travel(next, before).total(), 120'500u);
  EXPECT_LE(travel(next, before, Known::place).total(), 120'500u);
}

TEST(Patch, AMegabyteInFrontAndAnEditInEveryChunk) {
  Rng rng(14);
  Bytes bytes = random_bytes(rng, 5'000'000);
  const Version before(bytes);
  for (int i = 0; i < 5000; ++i) overwrite(rng, bytes, 10);
  const Bytes front = random_bytes(rng, 1'000'000);
  bytes.insert(bytes.begin(), front.begin(), front.end());
  EXPECT_LE(travel(Version(bytes), before).total(), 1'065'000u) << "no chunk is the same, all bytes but 1 MB are";
}

TEST(Patch, AnEditInEveryChunkOfAListWhosePlaceIsNotKnown) {
  Rng rng(15);
  Bytes bytes = random_bytes(rng, 3'000'000);
  const Version before(bytes);
  for (int i = 0; i < 3000; ++i) overwrite(rng, bytes, 10);
  EXPECT_LE(travel(Version(bytes), before, Known::nothing).total(), 37'000u);
}

TEST(Patch, MovedAndDoubledBlocksCostTheirEdges) {
  Rng rng(16);
  Bytes bytes = random_bytes(rng, 4'000'000);
  const Version before(bytes);
  std::rotate(bytes.begin() + 500'000, bytes.begin() + 2'500'000, bytes.begin() + 3'700'000);
  const Bytes copy(bytes.begin() + 100'000, bytes.begin() + 400'000);
  bytes.insert(bytes.begin() + 3'000'000, copy.begin(), copy.end());
  EXPECT_LE(travel(Version(bytes), before).total(), 1'000u);
}

TEST(Patch, ALogThatGrowsCostsItsNewLines) {
  Rng rng(17);
  std::string log;
  const auto grow = [&](int lines) {
    for (int i = 0; i < lines; ++i)
      log += "Nov 25 21:" + std::to_string(10 + rng.below(50)) + " node" + std::to_string(rng.below(40)) +
             " dnsmasq[811]: query[A] host" + std::to_string(rng.below(1'000'000)) + ".example from 10.1.2.3\n";
  };
  grow(40'000);
  const Version before(copy_of(as_bytes(log)));
  grow(100);
  EXPECT_LE(travel(Version(copy_of(as_bytes(log))), before).total(), 900u) << "7 kB of lines";
}

TEST(Patch, WhatDoesNotFitIsNamedAndTravelsAlone) {
  Rng rng(18);
  const Bytes old = random_bytes(rng, 3'000'000);
  Bytes bytes = random_bytes(rng, 3'000'000);
  std::copy(old.begin(), old.begin() + 100'000, bytes.begin() + 1'000'000);
  const Version next(bytes), before(old);
  const Travelled travelled = travel(next, before);  // it checks that no patch is over its limit
  EXPECT_GE(travelled.total(), 2'900'000u);
  EXPECT_LE(travelled.total(), 2'960'000u) << "hashes of what is named, and little else";
}

TEST(Patch, APlanReadsNoMoreThanItsLimit) {
  Rng rng(19);
  codec::HashList list;
  std::vector<BaseItem> items;
  for (std::size_t i = 0; i < codec::kMaxListItems; ++i) {
    Hash fresh, old;
    for (auto& byte : fresh.data) byte = static_cast<std::uint8_t>(rng.next());
    for (auto& byte : old.data) byte = static_cast<std::uint8_t>(rng.next());
    items.push_back({old, i * codec::kMaxChunkBytes, codec::kMaxChunkBytes});
    list.items.push_back({i % 3 == 0 ? old : fresh, codec::kMaxChunkBytes});
  }
  const auto plan = plan_patch(list, BaseVersion(items), {0, codec::size_of(list)});
  ASSERT_TRUE(plan);
  std::size_t bytes = plan->chunks.size() * codec::kMaxChunkBytes;
  for (const ItemRange& range : plan->ranges) bytes += plan->bytes_of(range);
  EXPECT_LE(bytes, kMaxPlanBytes);
  EXPECT_GT(bytes, kMaxPlanBytes / 2);
  const auto named = std::count_if(plan->pieces.begin(), plan->pieces.end(), [](const auto& p) { return p.named; });
  EXPECT_GT(named, 100);
}

// One list in thirty is longer than 4 MB. The plan must have room for it, and still be of use where it has not.
TEST(Patch, LongListsFindTheirBaseToo) {
  Rng rng(21);
  std::vector<BaseItem> items;
  codec::HashList list;
  for (std::size_t i = 0; i < 1024; ++i) {
    Hash fresh, old;
    for (auto& byte : fresh.data) byte = static_cast<std::uint8_t>(rng.next());
    for (auto& byte : old.data) byte = static_cast<std::uint8_t>(rng.next());
    items.push_back({old, i * 16'000, 16'000});
    list.items.push_back({fresh, 16'000});
  }
  const auto coded = [&](std::size_t chunks, std::uint64_t file_bytes) {
    codec::HashList part{1, {list.items.begin(), list.items.begin() + static_cast<std::ptrdiff_t>(chunks)}};
    const auto plan = plan_patch(part, BaseVersion(items), {2'000'000, file_bytes});
    return plan && !plan->ranges.empty() ? plan->chunks.size() : 0;
  };
  EXPECT_EQ(coded(400, 1024 * 16'000), 400u);
  EXPECT_EQ(coded(400, 0), 400u);
  EXPECT_GE(coded(1024, 1024 * 16'000), 480u) << "in part";
}

TEST(Patch, NothingInCommonNoPatch) {
  Rng rng(20);
  const Version next(random_bytes(rng, 300'000));
  EXPECT_FALSE(plan_patch(next.lists[0].list, BaseVersion({}), {}));
  codec::HashList upper = next.lists[0].list;
  upper.level = 2;
  EXPECT_FALSE(plan_patch(upper, BaseVersion(next.items), {}));
}

// Edits of all kinds, one upon the other; every version from every earlier one.
TEST(Patch, RandomEditsComeOutAsTheyWere) {
  const std::uint64_t seed = 2026;
  Rng rng(seed);
  for (int round = 0; round < 12; ++round) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ", round " + std::to_string(round));
    Bytes bytes = random_bytes(rng, 70'000 + rng.below(600'000));
    if (round % 3 == 1) std::fill_n(bytes.begin(), bytes.size() / 2, std::uint8_t{0});
    const Version before(bytes);
    for (std::uint64_t edits = 1 + rng.below(20); edits > 0; --edits) {
      const std::size_t size = 1 + rng.below(rng.percent(30) ? 60'000 : 500);
      const auto at = place(rng, bytes, size), to = place(rng, bytes, size);
      const auto end = static_cast<std::ptrdiff_t>(size);
      switch (rng.below(7)) {
        case 0:
          overwrite(rng, bytes, size);
          break;
        case 1:
          insert(rng, bytes, size);
          break;
        case 2:
          if (bytes.size() > size + 70'000) erase(rng, bytes, size);
          break;
        case 3:
          std::rotate(bytes.begin() + std::min(at, to), bytes.begin() + std::max(at, to), bytes.end());
          break;
        case 4:
          std::copy_n(Bytes(bytes.begin() + at, bytes.begin() + at + end).begin(), size, bytes.begin() + to);
          break;
        case 5:
          std::reverse(bytes.begin() + at, bytes.begin() + at + end);
          break;
        case 6:
          std::fill_n(bytes.begin() + at, size, std::uint8_t{0});
          break;
      }
    }
    const Version next(bytes);
    const Travelled travelled = travel(next, before, static_cast<Known>(rng.below(3)));
    EXPECT_LE(travelled.total(), bytes.size() + bytes.size() / 100 + 400);
    EXPECT_EQ(patch_for(next, next.lists[0], before), patch_for(next, next.lists[0], before)) << "deterministic";
  }
}

}  // namespace meshfs::fsd
