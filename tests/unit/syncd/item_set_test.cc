// ItemSet against a plain sorted list, in random operations.
#include "syncd/core/item_set.h"

#include <gtest/gtest.h>

#include <map>

#include "schema/vocab/rng.h"

namespace meshfs::syncd {
namespace {

TEST(ItemSet, AgreesWithAPlainMap) {
  Rng rng(1);
  ItemSet set;
  std::map<codec::ItemId, std::uint64_t> plain;
  for (int step = 0; step < 20'000; ++step) {
    // Few distinct ids, spread over the whole range, so that adds and removes meet.
    const codec::ItemId id = rng.below(6'000) * 0x000aec33e1f671ull;
    if (rng.percent(55)) {
      EXPECT_EQ(set.add(id, static_cast<std::uint64_t>(step)), !plain.contains(id));
      plain[id] = static_cast<std::uint64_t>(step);
    } else {
      EXPECT_EQ(set.remove(id), plain.erase(id) > 0);
    }
    if (step % 200 != 0) continue;
    const codec::ItemId lower = rng.next();
    const codec::ItemId upper = rng.percent(20) ? 0 : rng.next();
    std::vector<codec::ItemId> expected;
    for (const auto& [one, number] : plain) {
      if (one >= lower && (upper == 0 || one < upper)) expected.push_back(one);
    }
    std::vector<codec::ItemId> got;
    for (const ItemSet::Item& item : set.range(lower, upper, SIZE_MAX)) {
      got.push_back(item.id);
      EXPECT_EQ(item.number, plain.at(item.id));
    }
    EXPECT_EQ(got, expected);
    EXPECT_EQ(set.sum(lower, upper).count, expected.size());
    EXPECT_EQ(set.size(), plain.size());
  }
}

TEST(ItemSet, SumsAddUpAndForgetTheOrder) {
  Rng rng(2);
  std::vector<codec::ItemId> ids;
  for (int i = 0; i < 2'000; ++i) ids.push_back(rng.next());
  ItemSet forwards, backwards;
  for (const auto id : ids) forwards.add(id, 1);
  for (auto it = ids.rbegin(); it != ids.rend(); ++it) backwards.add(*it, 2);
  EXPECT_EQ(forwards.total().fingerprint, backwards.total().fingerprint);
  EXPECT_EQ(forwards.sum(0, 0).fingerprint, forwards.total().fingerprint);
  backwards.remove(ids[7]);
  EXPECT_NE(forwards.total().fingerprint, backwards.total().fingerprint);
  backwards.add(ids[7] ^ 1, 2);  // as many, but another
  EXPECT_EQ(forwards.total().count, backwards.total().count);
  EXPECT_NE(forwards.total().fingerprint, backwards.total().fingerprint);
}

}  // namespace
}  // namespace meshfs::syncd
