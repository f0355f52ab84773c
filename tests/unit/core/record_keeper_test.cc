// The log is written anew in parts while nodes live on: nothing that shows, is told of or is offered to others may change,
// also not for a replica that is made anew from what is left. With owners that err on purpose.
#include <gtest/gtest.h>

#include "fsd/core/intake.h"
#include "tests/unit/core/world.h"

namespace meshfs::sim {
namespace {

using fsd::RecordPosition;
using fsd::RecordType;

// Until all but the last two versions of each object are forgotten.
void forget_the_past(World& world, TestNode& node) {
  while (node.replica->kept().collecting) world.pass(milliseconds(5)), node.settle(world.now, world.wall);
  fsd::Retention rules = node.replica->retention();
  rules.versions = 0;
  rules.days = 0;
  rules.bytes = rules.bytes + 1'000'000'000;
  const auto cycles = node.replica->kept().cycles;
  node.replica->set_retention(rules);
  for (int i = 0; i < 20'000 && node.replica->kept().cycles == cycles; ++i) {
    world.pass(milliseconds(5));
    node.settle(world.now, world.wall);
  }
  ASSERT_GT(node.replica->kept().cycles, cycles);
}

// The entries that it serves when asked for all its items.
std::set<Hash> served(World& world, TestNode& node) {
  node.settle(world.now, world.wall);
  codec::local::GetItems get{1, {}};
  for (const auto& [hash, number] : node.items) get.items.push_back(number);
  node.replica->on_syncd(get);
  node.drain();
  std::set<Hash> out;
  for (const auto& bundle : std::exchange(node.found_items, {})) {
    const auto opened = fsd::Intake::open(bundle);
    EXPECT_TRUE(opened.ok());
    for (const Hash& hash : opened->hashes) {
      if (node.items.contains(hash)) out.insert(hash);
    }
  }
  return out;
}

std::size_t live_records(TestNode& node) {
  const auto& records = node.store.log.records();
  return static_cast<std::size_t>(std::count_if(records.begin(), records.end(),
                                                [](const auto& record) { return record.type != MemoryLog::kGone; }));
}

// A random half of the log, in pieces, through `owner`.
void compact(World& world, TestNode& node, fsd::RecordOwner& owner) {
  node.settle(world.now, world.wall);
  const std::size_t end = node.store.log.records().size();
  constexpr std::size_t kPiece = 16;
  for (std::size_t first = 0; first + kPiece <= end; first += kPiece) {
    if (world.rng.percent(50)) node.store.log.compact(first, first + kPiece, owner);
  }
  node.settle(world.now, world.wall);
}

struct Life {
  std::string wrong;  // empty: all is well
  std::size_t before = 0, after = 0;
};

// Some nodes' random life with compaction in between; `bend` may replace the owner of a node's records.
Life live(std::uint64_t seed, const std::function<fsd::RecordOwner*(TestNode&)>& owner_of) {
  Life out;
  World world(seed, 3);
  for (int round = 0; round < 6; ++round) {
    for (int i = 0; i < 40; ++i) {
      world.random_change(world[world.rng.below(3)]);
      world.pass(seconds(static_cast<std::int64_t>(world.rng.below(30))));
      if (world.rng.percent(30)) world.carry(world[world.rng.below(3)], world[world.rng.below(3)], 60);
    }
    if (world.rng.percent(60)) world.converge();
    world.pass(seconds(3 * 86'400));
    TestNode& node = world[world.rng.below(3)];
    forget_the_past(world, node);
    const auto shown = node.dump();
    const auto offered = served(world, node);
    out.before += live_records(node);
    compact(world, node, *owner_of(node));
    out.after += live_records(node);
    if (node.dump() != shown) out.wrong += "the tree changed;";
    if (served(world, node) != offered) out.wrong += "it serves others;";
    out.wrong += check_totals(node) + check_tree(node) + check_replay(node, world.now, world.wall);
    if (!out.wrong.empty()) return out;
  }
  world.converge();
  // Also drops what only a process knows, as every restart does.
  for (std::size_t i = 0; i < 3; ++i) out.wrong += check_replay(world[i], world.now, world.wall);
  world.converge();
  for (std::size_t i = 1; i < 3; ++i) {
    if (world[i].dump() != world[0].dump()) out.wrong += "nodes differ;";
  }
  return out;
}

TEST(RecordKeeper, RandomLivesLoseNothing) {
  const char* const more = std::getenv("MESHFS_SEEDS");
  const std::uint64_t seeds = more == nullptr ? 100 : std::strtoull(more, nullptr, 10);
  std::size_t before = 0, after = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const Life life = live(seed, [](TestNode& node) { return &node.replica->records(); });
    ASSERT_EQ(life.wrong, "") << "seed " << seed;
    before += life.before;
    after += life.after;
  }
  std::printf("records before and after: %zu, %zu\n", before, after);
  EXPECT_LT(after * 20, before * 19) << "it must drop something";
}

// One that errs.
class Bent : public fsd::RecordOwner {
 public:
  explicit Bent(fsd::RecordOwner& real) : real_(real) {}
  Status before_compaction() override { return real_.before_compaction(); }
  Need needs(RecordPosition position, RecordType type, ByteView payload) override {
    return real_.needs(position, type, payload);
  }
  void moved(RecordPosition from, RecordPosition to, RecordType type, ByteView payload) override {
    real_.moved(from, to, type, payload);
  }
  void dropped(RecordPosition position, RecordType type, ByteView payload) override {
    real_.dropped(position, type, payload);
  }

 protected:
  fsd::RecordOwner& real_;
};

template <class Wrong>
bool is_noticed() {
  std::vector<std::unique_ptr<Wrong>> owners;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Life life = live(seed, [&](TestNode& node) {
      owners.push_back(std::make_unique<Wrong>(node.replica->records()));
      return owners.back().get();
    });
    if (!life.wrong.empty()) return true;
  }
  return false;
}

TEST(RecordKeeper, TheOraclesSeeEachFault) {
  struct DropsOneInFifty : Bent {
    using Bent::Bent;
    int count = 0;
    Need needs(RecordPosition position, RecordType type, ByteView payload) override {
      const Need real = real_.needs(position, type, payload);
      return real == Need::yes && ++count % 50 == 0 ? Need::no : real;
    }
  };
  struct NamesNoNewPlace : Bent {
    using Bent::Bent;
    void moved(RecordPosition, RecordPosition, RecordType, ByteView) override {}
  };
  struct StillKnowsWhatIsGone : Bent {
    using Bent::Bent;
    void dropped(RecordPosition, RecordType, ByteView) override {}
  };
  EXPECT_TRUE(is_noticed<DropsOneInFifty>());
  EXPECT_TRUE(is_noticed<NamesNoNewPlace>());
  EXPECT_TRUE(is_noticed<StillKnowsWhatIsGone>());
}

// A draft is void once its file was published. If the commit that says so goes and the draft's record is still there, a
// replica made anew must not publish it a second time.
std::string after_a_compacted_commit(bool drafts_first) {
  World world(5, 2);
  TestNode& node = world[0];
  const auto file = node.files().make_file(node.files().root(), "f", test_attributes());
  std::int64_t mtime = 0;  // another each time, else a commit stays that the attributes come from
  const auto write = [&](TestNode& who, const std::string& text, bool as_draft) {
    const codec::Content content = copy_of(as_bytes(text));
    const auto base = who.files().content_base(*file);
    EXPECT_TRUE(base.ok());
    const bool saved = !as_draft || who.files().save_draft(*file, content, *base, ++mtime).ok();
    EXPECT_TRUE(saved);
    EXPECT_TRUE(who.files().write_content(*file, content, *base, ++mtime).ok());
    world.pass(seconds(1));
    world.converge();
  };
  write(node, "first", true);
  std::size_t behind_draft = 0;
  while (node.store.log.records()[behind_draft++].type != RecordType::draft) {
  }
  for (int i = 0; i < 8; ++i) write(world[1], "later" + std::to_string(i), false);
  // Its place comes from the other, too.
  const fsd::NodeKey root = world[1].files().root();
  EXPECT_TRUE(world[1].files().rename(root, "f", root, "g", fsd::RenameMode::replace).ok());
  world.converge();
  EXPECT_TRUE(put_file(node, node.files().root(), "its newest", "x").ok());  // else that commit stays for its header
  world.pass(seconds(3 * 86'400));
  forget_the_past(world, node);
  struct Forgets : Bent {
    using Bent::Bent;
    Status before_compaction() override { return {}; }
  } forgets(node.replica->records());
  fsd::RecordOwner& owner = drafts_first ? node.replica->records() : forgets;
  node.store.log.compact(behind_draft, node.store.log.records().size(), owner);
  node.settle(world.now, world.wall);
  node.crash();
  node.start(world.now, world.wall);
  world.pass(seconds(1));
  node.settle(world.now, world.wall);
  const auto info = node.replica->at_path("g");
  EXPECT_TRUE(info.ok());
  const auto* text = std::get_if<Bytes>(&info->content);
  return text == nullptr ? "absent" : std::string(as_text(*text));
}

TEST(RecordKeeper, AnOldDraftStaysVoid) {
  EXPECT_EQ(after_a_compacted_commit(true), "later7");
  EXPECT_NE(after_a_compacted_commit(false), "later7") << "the fault that RecordType::drafts is there for";
}

std::uint64_t size_of(TestNode& node, const std::string& name) {
  const auto info = node.replica->at_path(name);
  return info.ok() ? codec::size_of(info->content) : UINT64_MAX;
}

// What still shows while a newer content is on its way goes on showing, also for a replica made anew.
TEST(RecordKeeper, WhatShowsMeanwhileStaysInPlace) {
  World world(7, 2);
  TestNode& to = world[1];
  const auto file = put_file(world[0], world[0].files().root(), "f", "old");
  world.converge();
  const auto content = store_content(world[0].store, std::string(5000, 'n'));
  const auto base = world[0].files().content_base(*file);
  ASSERT_TRUE(world[0].files().write_content(*file, content, *base, 1).ok());
  to.store.blobs.set_full(true);
  world.pass(seconds(1));
  world.carry(world[0], to, 100);
  ASSERT_EQ(size_of(to, "f"), 3u);
  to.store.log.compact(0, to.store.log.records().size(), to.replica->records());
  to.store.flush();
  to.crash();
  to.start(world.now, world.wall);
  EXPECT_EQ(size_of(to, "f"), 3u);
}

// Bounds of the network time go, too: a replica made anew must not take entries for such of the future until it sees the last.
TEST(RecordKeeper, ReplayBeginsWithTheNewestTime) {
  World world(8, 2);
  TestNode& to = world[1];
  const auto file = put_file(world[0], world[0].files().root(), "f", "first");
  world.converge();
  const auto write = [&](const codec::Content& content) {
    const auto base = world[0].files().content_base(*file);
    ASSERT_TRUE(world[0].files().write_content(*file, content, *base, 1).ok());
    for (int i = 0; i < 12; ++i) {
      world.pass(seconds(300));
      to.settle(world.now, world.wall);
    }
    world.carry(world[0], to, 100);
  };
  write(copy_of(as_bytes("old")));
  to.store.blobs.set_full(true);
  write(store_content(world[0].store, std::string(5000, 'n')));
  ASSERT_EQ(size_of(to, "f"), 3u);
  for (std::size_t i = 0, end = to.store.log.records().size(); i < end; ++i) {
    if (to.store.log.records()[i].type == RecordType::time_bound) to.store.log.compact(i, i + 1, to.replica->records());
  }
  to.store.flush();
  to.crash();
  to.start(world.now, world.wall);
  EXPECT_EQ(size_of(to, "f"), 3u);
}

// Wherever a power cut ends the log after a compaction began: the index is as before, of what was appended the first are there.
TEST(RecordKeeper, DraftsThatCountSurvive) {
  World world(6, 1);
  TestNode& node = world[0];
  for (const std::string name : {"f", "g"}) {
    const auto file = node.files().make_file(node.files().root(), name, test_attributes());
    const auto content = store_content(node.store, name + std::string(499, 'd'));
    ASSERT_TRUE(node.files().save_draft(*file, content, {}, 1).ok());
  }
  node.settle(world.now, world.wall);
  auto& records = const_cast<std::deque<MemoryLog::Record>&>(node.store.log.records());
  const std::size_t before = records.size();
  const MemoryTable index = node.store.index;
  node.store.log.compact(0, before, node.replica->records());
  node.store.flush();
  const auto compacted = records;
  for (std::size_t cut = before; cut <= compacted.size(); ++cut) {
    node.stop();
    node.store.index = index;
    records = compacted;
    records.resize(cut);
    node.start(world.now, world.wall);
    EXPECT_EQ(size_of(node, "f"), 500u) << "cut after " << cut - before;
    EXPECT_EQ(size_of(node, "g"), 500u) << "cut after " << cut - before;
  }
  records = compacted;
  node.stop();
  node.store.index = {};
  node.start(world.now, world.wall);
  EXPECT_EQ(size_of(node, "f"), 500u) << "and made anew from the log";
}

}  // namespace
}  // namespace meshfs::sim
