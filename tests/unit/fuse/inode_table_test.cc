#include "fsd/fuse/inode_table.h"

#include <gtest/gtest.h>

namespace meshfs::fsd::fuse {
namespace {

NodeKey key(std::uint8_t n) {
  LocalId local;
  local.data[0] = n;
  return {{kSharedVolume, local}, {}};
}

class InodeTableTest : public ::testing::Test {
 protected:
  NodeKey root_{root_of(kSharedVolume), {}};
  InodeTable table_{root_};
};

TEST_F(InodeTableTest, RootIsAlwaysThere) {
  EXPECT_EQ(table_.bound(root_), kRootIno);
  table_.forget(kRootIno, 1'000'000);
  ASSERT_NE(table_.find(kRootIno), nullptr);
}

TEST_F(InodeTableTest, NumbersSurviveForgetting) {
  const Ino a = table_.reference(key(1), kRootIno);
  EXPECT_GE(a, kFirstNodeIno);
  EXPECT_EQ(table_.number_of(key(1)), a);
  table_.forget(a, 1);
  EXPECT_EQ(table_.find(a), nullptr);
  EXPECT_EQ(table_.number_of(key(1)), a);
  EXPECT_EQ(InodeTable(root_).number_of(key(1)), a);  // and restarts
}

TEST_F(InodeTableTest, CountsReferences) {
  const Ino a = table_.reference(key(1), kRootIno);
  EXPECT_EQ(table_.reference(key(1), kRootIno), a);
  table_.hold(a);
  table_.forget(a, 2);
  ASSERT_NE(table_.find(a), nullptr);
  table_.forget(a, 1);
  EXPECT_EQ(table_.find(a), nullptr);
  EXPECT_EQ(table_.size(), 1U);
}

TEST_F(InodeTableTest, SiblingsAndVolumesHaveNumbersOfTheirOwn) {
  NodeKey sibling = key(1);
  sibling.sibling = Stamp{Hlc{7}, AuthorTag{{1}}};
  NodeKey elsewhere = key(1);
  elsewhere.object.volume = kNetworkVolume;
  EXPECT_NE(table_.number_of(key(1)), table_.number_of(sibling));
  EXPECT_NE(table_.number_of(key(1)), table_.number_of(elsewhere));
}

TEST_F(InodeTableTest, APathMadeAgainWhileOpenGetsAnotherNumber) {
  const Ino old = table_.reference(key(1), kRootIno);
  table_.freeze(old, {true, std::nullopt});
  EXPECT_FALSE(table_.bound(key(1)));
  const Ino fresh = table_.reference(key(1), kRootIno);
  EXPECT_NE(fresh, old);
  EXPECT_EQ(table_.bound(key(1)), fresh);
  ASSERT_NE(table_.frozen(old), nullptr);
  table_.forget(old, 1);
  EXPECT_EQ(table_.frozen(old), nullptr);
  EXPECT_EQ(table_.bound(key(1)), fresh);  // not disturbed by the old one's end
  table_.forget(fresh, 1);
  EXPECT_FALSE(table_.bound(key(1)));
  EXPECT_EQ(table_.number_of(key(1)), old);
}

TEST_F(InodeTableTest, RenameOntoAFileRebinds) {
  const Ino temporary = table_.reference(key(1), kRootIno);
  const Ino target = table_.reference(key(2), kRootIno);
  table_.freeze(target, {true, std::nullopt});
  table_.rebind(temporary, key(2));
  EXPECT_EQ(table_.bound(key(2)), temporary);
  EXPECT_FALSE(table_.bound(key(1)));
  const Ino next = table_.reference(key(1), kRootIno);  // the temporary name is used again
  EXPECT_NE(next, temporary);
  EXPECT_EQ(table_.bound(key(2)), temporary);
  table_.forget(temporary, 1);
  EXPECT_FALSE(table_.bound(key(2)));
  EXPECT_EQ(table_.bound(key(1)), next);
  table_.forget(target, 1);
  EXPECT_EQ(table_.number_of(key(2)), target);
}

// Any order of what the kernel and the tree can do keeps one bound number per node and loses no inode.
TEST_F(InodeTableTest, RandomUseKeepsNumbersUnique) {
  std::uint64_t state = 42;
  const auto below = [&](std::uint64_t n) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return (state >> 33) % n;
  };
  std::map<Ino, std::uint64_t> counts;
  for (int i = 0; i < 20'000; ++i) {
    const NodeKey k = key(static_cast<std::uint8_t>(1 + below(6)));
    const std::optional<Ino> bound = table_.bound(k);
    switch (below(4)) {
      case 0: {
        const Ino ino = table_.reference(k, kRootIno);
        EXPECT_EQ(ino, bound.value_or(ino));
        ++counts[ino];
        break;
      }
      case 1:
        if (bound) table_.freeze(*bound, {true, std::nullopt});
        break;
      case 2: {
        if (counts.empty()) break;
        auto it = counts.begin();
        std::advance(it, static_cast<std::ptrdiff_t>(below(counts.size())));
        table_.forget(it->first, it->second);
        counts.erase(it);
        break;
      }
      default: {
        const NodeKey onto = key(static_cast<std::uint8_t>(1 + below(6)));
        if (!bound || onto == k) break;
        if (const auto target = table_.bound(onto)) table_.freeze(*target, {true, std::nullopt});
        table_.rebind(*bound, onto);
        EXPECT_EQ(table_.bound(onto), bound);
      }
    }
    ASSERT_EQ(table_.size(), counts.size() + 1);
    std::map<Ino, int> seen;
    for (std::uint8_t n = 1; n <= 6; ++n) {
      if (const auto ino = table_.bound(key(n))) {
        EXPECT_EQ(++seen[*ino], 1);
        EXPECT_EQ(table_.find(*ino)->key, key(n));
      }
    }
  }
}

TEST(InodeTimes, AreKeptOverForgetting) {
  const NodeKey root{root_of(kSharedVolume), std::nullopt};
  InodeTable table(root);
  const auto node = [](std::uint32_t n) {
    NodeKey key{{kSharedVolume, {}}, std::nullopt};
    key.object.local.data[0] = 1;
    for (std::size_t i = 0; i < 4; ++i) key.object.local.data[4 + i] = static_cast<std::uint8_t>(n >> 8 * i);
    return key;
  };
  const Stamp version{Hlc{77 << 16}, AuthorTag{{1}}};
  const Ino ino = table.reference(node(1), kRootIno);
  table.find(ino)->changed(5'000'000'000);
  table.find(ino)->entries_changed_ns = 4'000'000'000;
  EXPECT_EQ(table.find(ino)->ctime_ns(version), 5'000'000'000);
  table.forget(ino, 1);
  EXPECT_EQ(table.find(ino), nullptr);
  const Ino again = table.reference(node(1), kRootIno);
  EXPECT_EQ(table.find(again)->ctime_ns(version), 5'000'000'000);
  EXPECT_EQ(table.find(again)->entries_changed_ns, 4'000'000'000);
  // Many forgotten ones: the oldest knowledge goes, memory stays bounded.
  table.forget(again, 1);
  for (std::uint32_t n = 2; n < 3000; ++n) {
    const Ino one = table.reference(node(n), kRootIno);
    table.find(one)->changed(n);
    table.forget(one, 1);
  }
  EXPECT_EQ(table.find(table.reference(node(1), kRootIno))->changed_ns, 0);
  EXPECT_EQ(table.find(table.reference(node(2999), kRootIno))->changed_ns, 2999);
}

}  // namespace
}  // namespace meshfs::fsd::fuse
