// What a neighbour lacks leaves as whole commits where most of one is wanted, in answers of bounded size.
#include "fsd/core/serve.h"

#include <gtest/gtest.h>

#include "tests/unit/core/world.h"

namespace meshfs::sim {
namespace {

class Serve : public testing::Test {
 protected:
  // So many commits, each of so many files.
  void make(std::size_t commits, std::size_t files, std::size_t bytes = 200) {
    for (std::size_t i = 0; i < commits; ++i) {
      for (std::size_t j = 0; j < files; ++j) {
        const std::string name = std::to_string(i) + "." + std::to_string(j);
        ASSERT_TRUE(put_file(node(), node().files().root(), name, std::string(bytes, 'x') + name).ok());
      }
      node().settle(world_.now, world_.wall);
      world_.pass(seconds(2));
    }
  }
  TestNode& node() { return world_[0]; }

  // Asks as syncd does: in the order of the numbers, what was left first. Gives the answers.
  std::vector<std::vector<codec::Bundle>> ask(std::vector<std::uint64_t> numbers) {
    std::vector<std::vector<codec::Bundle>> out;
    while (!numbers.empty() && out.size() < 1000) {
      std::sort(numbers.begin(), numbers.end());
      const std::size_t some = std::min(numbers.size(), codec::local::kMaxGetItems);
      node().replica->on_syncd(codec::local::GetItems{1, {numbers.begin(), numbers.begin() + std::ptrdiff_t(some)}});
      numbers.erase(numbers.begin(), numbers.begin() + std::ptrdiff_t(some));
      node().drain();
      out.push_back(std::exchange(node().found_items, {}));
      numbers.insert(numbers.end(), node().left_items.begin(), node().left_items.end());
      node().left_items.clear();
    }
    return out;
  }
  // Of the shared volume's items the share that `wanted` says yes to, by their numbers.
  std::vector<std::uint64_t> numbers(const std::function<bool(std::uint64_t)>& wanted) {
    std::vector<std::uint64_t> out;
    for (const auto& [hash, number] : node().items) {
      if (number > before_ && wanted(number)) out.push_back(number);
    }
    return out;
  }
  void mark() {
    node().settle(world_.now, world_.wall);
    for (const auto& [hash, number] : node().items) before_ = std::max(before_, number);
  }

  World world_{5, 1};
  std::uint64_t before_ = 0;
};

TEST_F(Serve, EachCommitGoesOnceAndWhole) {
  mark();
  make(12, 250);
  const auto answers = ask(numbers([](std::uint64_t) { return true; }));
  EXPECT_GE(answers.size(), 3u);
  std::size_t commits = 0, others = 0, bytes = 0, largest = 0;
  for (const auto& answer : answers) {
    std::size_t size = 0;
    for (const codec::Bundle& bundle : answer) {
      const bool whole =
          bundle.form == codec::ItemForm::commit && codec::decode_commit(bundle.bytes)->entries.size() > 1;
      ++(whole ? commits : others);
      size += bundle.bytes.size();
      largest = std::max(largest, bundle.bytes.size());
    }
    EXPECT_LE(size, fsd::kMaxItemsBytes + largest);
    bytes += size;
  }
  EXPECT_LE(commits, 13u);
  EXPECT_LE(others, 2u);  // running headers
  EXPECT_LT(bytes, 12 * 250 * 330);
}

TEST_F(Serve, AThirdOfACommitGoesEntryByEntry) {
  mark();
  make(1, 240);
  const auto answers = ask(numbers([](std::uint64_t number) { return number % 3 == 0; }));
  std::size_t proven = 0;
  for (const auto& answer : answers) {
    for (const codec::Bundle& bundle : answer) proven += bundle.form == codec::ItemForm::proven ? 1 : 0;
  }
  EXPECT_GE(proven, 75u);
  EXPECT_LE(proven, 85u);
}

// Frames to syncd hold 512 bundles at most, however small they are.
TEST_F(Serve, ManySmallOnesGoInSeveralFrames) {
  mark();
  make(1, 1500, 10);
  const auto answers = ask(numbers([](std::uint64_t number) { return number % 5 < 2; }));
  std::size_t bundles = 0;
  for (const auto& answer : answers) bundles += answer.size();
  EXPECT_GE(bundles, 580u);
  EXPECT_EQ(node().most_bundles, codec::kMaxWants);
}

}  // namespace
}  // namespace meshfs::sim
