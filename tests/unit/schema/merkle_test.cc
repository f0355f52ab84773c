// The Merkle tree against a second, literal implementation of RFC 6962 section 2.1, and what its paths refuse.
#include <gtest/gtest.h>

#include "schema/crypto/hash.h"
#include "tests/unit/schema/random_records.h"

namespace meshfs::codec {
namespace {

using namespace meshfs::testing;

// MTH(D[n]) bottom-up, as certificate logs keep it: complete subtrees merge like binary counters.
Hash second_opinion(const std::vector<Hash>& leaves) {
  std::vector<std::pair<std::size_t, Hash>> stack;
  const auto join = [&] {
    const auto right = stack.back();
    stack.pop_back();
    stack.back() = {stack.back().first + right.first,
                    crypto::hash_in("meshfs node", {stack.back().second.view(), right.second.view()})};
  };
  for (const Hash& leaf : leaves) {
    stack.emplace_back(1, leaf);
    while (stack.size() > 1 && stack[stack.size() - 2].first == stack.back().first) join();
  }
  while (stack.size() > 1) join();
  const auto n = static_cast<std::uint32_t>(leaves.size());
  const Bytes count{static_cast<std::uint8_t>(n), static_cast<std::uint8_t>(n >> 8), 0, 0};
  return crypto::hash_in("meshfs root", {count, stack[0].second.view()});
}

TEST(Merkle, AgreesWithASecondImplementationAndProvesEveryLeaf) {
  Rng rng(1);
  std::vector<Hash> leaves;
  for (std::uint32_t count = 1; count <= 70; ++count) {
    leaves.push_back(random_fixed<Hash>(rng));
    const Hash root = merkle_root(leaves);
    ASSERT_EQ(root, second_opinion(leaves)) << count;
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::vector<Hash> path = merkle_path(leaves, i);
      ASSERT_EQ(merkle_root_from(leaves[i], i, count, path), root);
      ASSERT_NE(merkle_root_from(leaves[i], i, count + 1, path), root);  // the count is proven too
      if (count > 1) {
        ASSERT_NE(merkle_root_from(leaves[i], (i + 1) % count, count, path), root);
      }
    }
  }
}

TEST(Merkle, PathsOfAnotherLengthGiveNothing) {
  Rng rng(2);
  const std::vector<Hash> leaves(5, random_fixed<Hash>(rng));
  std::vector<Hash> path = merkle_path(leaves, 4);
  EXPECT_EQ(path.size(), 1u);  // the lone fifth leaf hangs below the root
  path.push_back({});
  EXPECT_FALSE(merkle_root_from(leaves[4], 4, 5, path).has_value());
  EXPECT_FALSE(merkle_root_from(leaves[4], 4, 5, {}).has_value());
  EXPECT_FALSE(merkle_root_from(leaves[4], 5, 5, {}).has_value());
  EXPECT_FALSE(merkle_root_from(leaves[4], 0, 0, {}).has_value());
}

TEST(Merkle, ALeafStandsForItsPlaceInItsCommit) {
  Rng rng(3);
  const Header header = random_header(rng);
  const Entry entry = random_entry(rng, header.volume);
  const Hash leaf = entry_hash(header, 0, entry);
  EXPECT_EQ(leaf, entry_hash(header, 0, entry));
  EXPECT_NE(leaf, entry_hash(header, 1, entry));
  const auto differs = [&](auto bend) {
    Header other = header;
    bend(other);
    EXPECT_NE(leaf, entry_hash(other, 0, entry));
  };
  differs([](Header& h) { h.author.data[0] ^= 1; });
  differs([](Header& h) { h.hlc.value ^= 1; });
  differs([](Header& h) { h.sequence ^= 1; });
}

}  // namespace
}  // namespace meshfs::codec
