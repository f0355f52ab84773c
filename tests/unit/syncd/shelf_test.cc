// What stands on pages, and letters put together from pieces.
#include "syncd/core/shelf.h"

#include <gtest/gtest.h>

#include <numeric>

#include "schema/vocab/rng.h"
#include "syncd/core/assembly.h"

namespace meshfs::syncd {
namespace {

constexpr std::size_t kFixed = 100;
constexpr Duration kPatience = seconds(20);

transport::BulletinTraits traits(std::size_t pages, std::size_t page_bytes, bool rests = true) {
  return {"test", pages, page_bytes, pages * page_bytes, seconds(10), seconds(1), rests, true};
}
Bytes bytes_of(std::size_t size, std::uint8_t first) {
  Bytes out(size);
  std::iota(out.begin(), out.end(), first);
  return out;
}
std::size_t size_of(const Shelf& shelf, std::size_t page) {
  std::size_t out = 0;
  for (const auto& piece : shelf.pieces_on(page)) out += Shelf::kPieceBytes + piece.data.size();
  return out;
}
using Pages = std::vector<std::size_t>;

TEST(Extents, AreTakenOutAndPutIn) {
  const Extents all{{0, 100}};
  EXPECT_EQ(without(all, {0, 100}), Extents{});
  EXPECT_EQ(without(all, {10, 20}), (Extents{{0, 10}, {30, 70}}));
  EXPECT_EQ(without({{0, 10}, {20, 10}}, {5, 20}), (Extents{{0, 5}, {25, 5}}));
  EXPECT_EQ(with({{0, 10}, {20, 10}}, {10, 10}), (Extents{{0, 30}}));
  EXPECT_EQ(with({{20, 10}}, {0, 5}), (Extents{{0, 5}, {20, 10}}));
  EXPECT_EQ(with({{20, 10}}, {15, 30}), (Extents{{15, 30}}));
  Rng rng(1);  // against a bitmap
  for (int round = 0; round < 200; ++round) {
    std::array<bool, 64> bits{};
    Extents extents;
    for (int i = 0; i < 12; ++i) {
      const auto offset = static_cast<std::uint32_t>(rng.below(60)),
                 size = static_cast<std::uint32_t>(1 + rng.below(64 - offset));
      const bool in = rng.percent(60);
      extents = in ? with(extents, {offset, size}) : without(extents, {offset, size});
      std::fill_n(bits.begin() + offset, size, in);
    }
    std::array<bool, 64> shown{};
    for (const codec::Extent& one : extents) std::fill_n(shown.begin() + one.offset, one.size, true);
    EXPECT_EQ(shown, bits);
  }
}

TEST(Shelf, ALittleGoesOntoTheLastPageAlone) {
  Shelf shelf(traits(4, 1000));
  ASSERT_TRUE(shelf.put(1, bytes_of(200, 0), 0, Shelf::Kind::news, true));
  EXPECT_TRUE(shelf.has_urgent_work());
  EXPECT_EQ(shelf.arrange(1, kFixed, 300, kPatience, Instant{}), Pages{3});
  EXPECT_EQ(shelf.pieces_on(3).size(), 1U);
  EXPECT_FALSE(shelf.has_work());
}

TEST(Shelf, PiecesFitTheirPagesAndAllOfThemTheTotal) {
  Rng rng(3);
  for (int round = 0; round < 50; ++round) {
    transport::BulletinTraits limits = traits(1 + rng.below(6), 500 + rng.below(3000));
    limits.total_bytes = limits.total_bytes * (50 + rng.below(51)) / 100;
    Shelf shelf(limits);
    Instant now{};
    for (std::uint32_t version = 1; version < 20; ++version) {
      for (std::size_t i = rng.below(5); i > 0; --i) {
        (void)shelf.put(rng.next(), bytes_of(1 + rng.below(4000), 1), 0, static_cast<Shelf::Kind>(rng.below(2)),
                        rng.percent(20));
      }
      const std::size_t head = 200 + rng.below(200);
      (void)shelf.arrange(version, kFixed, head, kPatience, now);
      std::size_t total = 0;
      for (std::size_t page = 0; page < limits.pages; ++page) {
        const std::size_t size = size_of(shelf, page) + (page + 1 == limits.pages ? head : kFixed);
        EXPECT_LE(size, limits.page_bytes);
        if (!shelf.pieces_on(page).empty() || page + 1 == limits.pages) total += size;
      }
      EXPECT_LE(total, limits.total_bytes);
      shelf.sweep();
      now = now + seconds(static_cast<std::int64_t>(rng.below(30)));
    }
  }
}

// Busy pieces stay until they were seen or waited too long for; what was seen makes room.
TEST(Shelf, APieceStaysUntilWhoAskedHasSeenIt) {
  Shelf shelf(traits(2, 600));
  const auto ask = [&](std::uint32_t seen, const Extents& missing) {
    shelf.begin_asking();
    shelf.ask(1, missing, seen);
    shelf.sweep();
  };
  ASSERT_TRUE(shelf.put(1, bytes_of(3000, 0), 9, Shelf::Kind::asked, false));
  ask(0, {{0, 3000}});
  (void)shelf.arrange(1, kFixed, 200, kPatience, Instant{});
  const auto first = shelf.pieces_on(0);
  ASSERT_EQ(first.size(), 1U);
  ask(0, {{0, 3000}});  // nothing new is to be done for who has not seen version 1, but for the rest
  EXPECT_FALSE(shelf.has_room(Instant{} + seconds(10), kPatience));
  EXPECT_TRUE(shelf.has_room(Instant{} + seconds(20), kPatience));
  (void)shelf.arrange(2, kFixed, 200, kPatience, Instant{} + seconds(10));
  EXPECT_EQ(shelf.pieces_on(0), first);
  const auto end = static_cast<std::uint32_t>(first[0].data.size() + shelf.pieces_on(1)[0].data.size());
  ask(2, {{end, 3000 - end}});
  (void)shelf.arrange(3, kFixed, 200, kPatience, Instant{} + seconds(20));
  EXPECT_NE(shelf.pieces_on(0), first);
  EXPECT_EQ(shelf.repeated_bytes(), 0U);
}

// Of the pages of one change some came, some were lost.
TEST(Shelf, APieceGoesAsSoonAsNobodyLacksIt) {
  Shelf shelf(traits(3, 600));
  ASSERT_TRUE(shelf.put(1, bytes_of(3000, 0), 9, Shelf::Kind::asked, false));
  shelf.begin_asking();
  shelf.ask(1, {{0, 3000}}, 0);
  (void)shelf.arrange(1, kFixed, 200, kPatience, Instant{});
  const auto first = shelf.pieces_on(0), second = shelf.pieces_on(1);
  const auto end = static_cast<std::uint32_t>(first[0].data.size());
  shelf.begin_asking();
  shelf.ask(1, {{end, 3000 - end}}, 0);
  shelf.ask(1, {{end, 3000 - end}}, 0);
  EXPECT_TRUE(shelf.has_room(Instant{} + seconds(1), kPatience));
  (void)shelf.arrange(2, kFixed, 200, kPatience, Instant{} + seconds(1));
  EXPECT_NE(shelf.pieces_on(0), first);
  EXPECT_EQ(shelf.pieces_on(1), second);
  EXPECT_EQ(shelf.repeated_bytes(), 0U);
}

TEST(Shelf, WhatWasMissedIsRepeatedAndNothingElse) {
  Shelf shelf(traits(2, 1500));
  ASSERT_TRUE(shelf.put(1, bytes_of(2000, 0), 9, Shelf::Kind::asked, false));
  shelf.begin_asking();
  shelf.ask(1, {{0, 2000}}, 0);
  (void)shelf.arrange(1, kFixed, 200, kPatience, Instant{});
  EXPECT_EQ(shelf.placed_bytes(), 2000U);
  shelf.begin_asking();
  shelf.ask(1, {{700, 50}}, 1);  // it saw version 1 and lacks this all the same
  EXPECT_TRUE(shelf.has_work());
  (void)shelf.arrange(2, kFixed, 200, kPatience, Instant{} + seconds(10));
  EXPECT_EQ(shelf.repeated_bytes(), 50U);
}

TEST(Shelf, IsBounded) {
  Shelf shelf(traits(2, 1000));
  std::size_t taken = 0;
  for (codec::LetterId id = 1; id < 3000; ++id)
    taken += shelf.put(id, bytes_of(1000, 0), 0, Shelf::Kind::news, false) ? 1 : 0;
  EXPECT_EQ(taken, Shelf::kMaxLetters);
  EXPECT_FALSE(Shelf(traits(1, 100)).put(1, Bytes(Shelf::kMaxBytes + 1), 0, Shelf::Kind::news, false));
}

codec::PagePiece piece_of(const Bytes& letter, std::uint32_t offset, std::uint32_t size) {
  return {codec::letter_id(letter), 5, offset, static_cast<std::uint32_t>(letter.size()),
          Bytes(letter.begin() + offset, letter.begin() + offset + size)};
}

TEST(Assembly, PutsPiecesTogetherInAnyOrder) {
  const Bytes letter = bytes_of(1000, 3);
  Assembly assembly;
  EXPECT_FALSE(assembly.add(piece_of(letter, 600, 400), Instant{}));
  EXPECT_FALSE(assembly.add(piece_of(letter, 0, 300), Instant{}));
  EXPECT_EQ(assembly.partial().at(*assembly.of_blob(5)).missing, (Extents{{300, 300}}));
  EXPECT_FALSE(assembly.add(piece_of(letter, 0, 300), Instant{}));
  EXPECT_EQ(assembly.add(piece_of(letter, 250, 400), Instant{}), letter);
  EXPECT_FALSE(assembly.add(piece_of(letter, 0, 1000), Instant{}));  // once is enough
  EXPECT_TRUE(assembly.partial().empty());
}

TEST(Assembly, WhatSomebodyMadeUpComesToNothing) {
  const Bytes letter = bytes_of(1000, 3);
  Assembly assembly;
  codec::PagePiece lie = piece_of(letter, 0, 500);
  lie.data[7] ^= 1;
  EXPECT_FALSE(assembly.add(lie, Instant{}));
  EXPECT_FALSE(assembly.add(piece_of(letter, 500, 500), Instant{}));
  EXPECT_TRUE(assembly.partial().empty());  // all of it comes again
  EXPECT_FALSE(assembly.add(piece_of(letter, 0, 500), Instant{}));
  EXPECT_EQ(assembly.add(piece_of(letter, 500, 500), Instant{}), letter);
}

TEST(Assembly, IsBoundedAndForgetsWhatDoesNotGrow) {
  Assembly assembly;
  for (std::uint8_t i = 0; i < 200; ++i) {
    EXPECT_FALSE(assembly.add(piece_of(bytes_of(30'000, i), 0, 100), Instant{} + milliseconds(i)));
  }
  EXPECT_LE(assembly.partial().size(), Assembly::kMaxBytes / 30'000);
  assembly.drop_stale(seconds(10), Instant{} + seconds(11));
  EXPECT_TRUE(assembly.partial().empty());
}

}  // namespace
}  // namespace meshfs::syncd
