// The journal's lines: what was durable is known again, whatever happened to the file.
#include "tools/exec/ledger.h"

#include <gtest/gtest.h>

#include "schema/vocab/rng.h"
#include "tests/unit/tools/exec_world.h"

namespace meshfs::exec {
namespace {

using records::State;

Known known_of(std::uint64_t number) {
  Known out;
  out.key = number % 2 == 0 ? kAdmin : kMember;
  out.issuer = "office with lisa";
  out.verb = "uptime";
  out.text_hash = id_of(number + 500);
  out.when = WallMs{1'000'000 + static_cast<std::int64_t>(number)};
  out.until = WallMs{2'000'000};
  out.accepted = out.when;
  return out;
}

// One command in each state.
std::string full_journal() {
  const WallMs at{1'500'000};
  std::string out = time_line(at);
  for (std::uint64_t i = 0; i < 9; ++i) out += accepted_line(id_of(i), known_of(i));
  for (std::uint64_t i = 1; i < 6; ++i) {
    if (i >= 3) out += undo_line(id_of(i), {{"/sbin/undo", "", "a b\nc"}, "nobody", seconds(60), seconds(600), i == 4});
    out += began_line(id_of(i), at);
  }
  out += ended_line(id_of(2), State::done, at, 0) + shown_line(id_of(2));
  out += unconfirmed_line(id_of(3), WallMs{1'600'000}) + unconfirmed_line(id_of(4), WallMs{1'600'000}) +
         undoing_line(id_of(4), at);
  out += unconfirmed_line(id_of(5), WallMs{1'600'000}) + undoing_line(id_of(5), at) +
         ended_line(id_of(5), State::undone, at, 0);
  out += ended_line(id_of(6), State::refused, at, -1) + ended_line(id_of(7), State::cancelled, at, -1) +
         ended_line(id_of(8), State::expired, at, -1);
  return out + taken_back_line(id_of(50), kAdmin, WallMs{1'700'000}) + floor_line(WallMs{5});
}

TEST(Ledger, ASnapshotSaysTheSame) {
  const auto first = Ledger::read(full_journal());
  ASSERT_FALSE(first.damaged);
  EXPECT_EQ(first.good_bytes, full_journal().size());
  EXPECT_EQ(first.ledger.find(id_of(1))->state, State::running);
  EXPECT_EQ(first.ledger.find(id_of(3))->state, State::unconfirmed);
  EXPECT_EQ(first.ledger.find(id_of(3))->undo->argv, (std::vector<std::string>{"/sbin/undo", "", "a b\nc"}));
  EXPECT_TRUE(first.ledger.find(id_of(4))->undoing);
  EXPECT_TRUE(first.ledger.taken_back(id_of(50), kAdmin));
  EXPECT_FALSE(first.ledger.taken_back(id_of(50), kMember));
  const std::string snapshot = first.ledger.snapshot();
  const auto second = Ledger::read(snapshot);
  ASSERT_FALSE(second.damaged);
  EXPECT_EQ(second.ledger.snapshot(), snapshot);
  for (const auto& [id, known] : first.ledger.all()) {
    const Known* const other = second.ledger.find(id);
    ASSERT_NE(other, nullptr);
    EXPECT_EQ(other->state, known.state) << id;
    EXPECT_EQ(other->undoing, known.undoing) << id;
    EXPECT_EQ(other->began_once, known.began_once) << id;
    EXPECT_EQ(other->shown, known.shown) << id;
    EXPECT_EQ(other->undo.has_value(), known.undo.has_value()) << id;
  }
  EXPECT_EQ(second.ledger.newest_of(kAdmin), first.ledger.newest_of(kAdmin));
}

TEST(Ledger, CutAtAnyByteItIsAnEarlierOneAndNotDamaged) {
  const std::string journal = full_journal();
  for (std::size_t cut = 0; cut <= journal.size(); ++cut) {
    const auto read = Ledger::read(std::string_view(journal).substr(0, cut));
    ASSERT_FALSE(read.damaged) << cut;
    ASSERT_LE(read.good_bytes, cut);
    ASSERT_TRUE(read.good_bytes == 0 || journal[read.good_bytes - 1] == '\n');
  }
}

TEST(Ledger, AnAlteredByteIsFound) {
  const std::string journal = full_journal();
  Rng rng(1);
  for (std::size_t at = 0; at < journal.size(); ++at) {
    std::string altered = journal;
    altered[at] = static_cast<char>(altered[at] ^ static_cast<char>(1 + rng.below(255)));
    const auto read = Ledger::read(altered);
    ASSERT_TRUE(read.damaged || read.good_bytes < altered.size()) << at;
  }
}

TEST(Ledger, WhatBeganIsNotAcceptedAnew) {
  Ledger ledger;
  ASSERT_TRUE(ledger.apply(accepted_line(id_of(1), known_of(1))));
  ASSERT_TRUE(ledger.apply(began_line(id_of(1), WallMs{1'000'500})));
  EXPECT_FALSE(ledger.apply(accepted_line(id_of(1), known_of(1))));
  EXPECT_EQ(ledger.find(id_of(1))->state, State::running);
  EXPECT_FALSE(ledger.apply(began_line(id_of(2), WallMs{1'000'500})));
}

TEST(Ledger, ForgetsOnlyWhatIsFinalShownAndPastItsTime) {
  Ledger ledger = Ledger::read(full_journal()).ledger;
  ledger.forget(WallMs{1'999'999});
  EXPECT_EQ(ledger.all().size(), 9U);
  ledger.forget(WallMs{2'000'001});
  EXPECT_EQ(ledger.all().size(), 8U);
  EXPECT_EQ(ledger.find(id_of(2)), nullptr);
  EXPECT_GE(ledger.latest(), WallMs{2'000'001});  // so that what is forgotten is expired for ever
  EXPECT_EQ(Ledger::read(ledger.snapshot()).ledger.latest(), ledger.latest());
  ledger.forget_refused();
  EXPECT_EQ(ledger.find(id_of(6)), nullptr);
  EXPECT_EQ(ledger.find(id_of(8)), nullptr);
  EXPECT_NE(ledger.find(id_of(7)), nullptr);  // a cancelled one would run
}

}  // namespace
}  // namespace meshfs::exec
