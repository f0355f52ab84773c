// Records that nobody needs give their space back; needed ones stay where the index says, whenever the process ends.
#include <set>

#include "tests/unit/store/store_fixture.h"

namespace meshfs::fsd {
namespace {

namespace files = std::filesystem;

// Knows its records by number as the core knows entries: by rows of the index that name their places.
class Owner : public RecordOwner {
 public:
  explicit Owner(Table& table) : table_(table) {}
  static Bytes record(std::uint32_t n) {
    Rng rng(n);
    Bytes out(kBytes);
    for (std::size_t i = 0; i < kBytes; i += 64) out[i] = static_cast<std::uint8_t>(rng.next());
    for (int i = 0; i < 4; ++i) out[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(n >> 8 * i);
    return out;
  }
  static std::uint32_t number_of(ByteView payload) {
    std::uint32_t n = 0;
    for (int i = 3; i >= 0; --i) n = n << 8 | payload[static_cast<std::size_t>(i)];
    return n;
  }
  void note(std::uint32_t n, RecordPosition position) {
    Bytes value;
    for (int i = 0; i < 8; ++i) value.push_back(static_cast<std::uint8_t>(position >> 8 * i));
    table_.put(key(n), value);
  }
  std::optional<RecordPosition> place(std::uint32_t n) {
    const auto row = table_.get(key(n));
    if (!row) return std::nullopt;
    RecordPosition out = 0;
    for (std::size_t i = 8; i-- > 0;) out = out << 8 | (*row)[i];
    return out;
  }
  void forget(std::uint32_t n) { table_.erase(key(n)); }

  Status before_compaction() override { return {}; }
  Need needs(RecordPosition position, RecordType, ByteView payload) override {
    const std::uint32_t n = number_of(payload);
    if (place(n) != position) return Need::no;
    return n == in_place ? Need::in_place : Need::yes;
  }
  void moved(RecordPosition from, RecordPosition to, RecordType, ByteView payload) override {
    if (place(number_of(payload)) == from) note(number_of(payload), to);
  }
  void dropped(RecordPosition, RecordType, ByteView) override { ++gone; }

  static constexpr std::size_t kBytes = 8000;
  std::uint32_t in_place = UINT32_MAX;
  std::size_t gone = 0;

 private:
  static Bytes key(std::uint32_t n) {
    return {'z', static_cast<std::uint8_t>(n >> 16), static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(n)};
  }
  Table& table_;
};

class MetaCompactionTest : public StoreTest {
 protected:
  static constexpr std::uint32_t kRecords = 6500;  // three segments and a bit

  static bool dead(std::uint32_t n) { return n % 4 != 0; }
  void write(Owner& owner) {
    for (std::uint32_t n = 0; n < kRecords; ++n) {
      const auto at = store_->log().append(RecordType::commit, Owner::record(n));
      ASSERT_TRUE(at.ok());
      if (!dead(n)) owner.note(n, *at);
      if (n % 500 == 0) {
        ASSERT_TRUE(flush());
      }
    }
    ASSERT_TRUE(flush());
  }
  void turns(int count) {
    for (int i = 0; i < count; ++i) {
      now_ = now_ + milliseconds(20);
      store_->tick(now_);
      ASSERT_TRUE(flush());
    }
  }
  std::uint64_t meta_bytes() const {
    std::uint64_t bytes = 0;
    for (const auto& file : files::directory_iterator(folder_.path())) {
      if (file.path().filename().string().starts_with("meta-")) bytes += file.file_size();
    }
    return bytes;
  }
  // Needed records that can't be read where the index says.
  static std::size_t lost(Store& store) {
    Owner owner(store.table());
    std::size_t out = 0;
    for (std::uint32_t n = 0; n < kRecords; ++n) {
      if (dead(n)) continue;
      const auto at = owner.place(n);
      const auto bytes = at ? store.log().read(*at) : Result<Bytes>(Errc::not_found);
      out += bytes.ok() && *bytes == Owner::record(n) ? 0 : 1;
    }
    return out;
  }
  static std::set<std::uint32_t> replayed(Store& store) {
    std::set<std::uint32_t> out;
    EXPECT_TRUE(store.replay(0, [&](RecordType, RecordPosition, ByteView payload) {
      out.insert(Owner::number_of(payload));
      return Status();
    }));
    return out;
  }

  Instant now_{1'000'000'000};
};

TEST_F(MetaCompactionTest, GivesBackWhatIsDeadAndKeepsTheRest) {
  ASSERT_TRUE(open());
  Owner owner(store_->table());
  write(owner);
  const std::uint64_t before = meta_bytes();
  turns(2000);
  EXPECT_EQ(store_->usage().meta_compacted.segments, 0u) << "nobody said that anything may be dead";
  store_->look_for_dead_records(owner);
  turns(2000);
  const auto figures = store_->usage().meta_compacted;
  EXPECT_EQ(figures.segments, 3u);
  EXPECT_GT(owner.gone, kRecords / 2);
  EXPECT_LT(meta_bytes(), before * 6 / 10);
  EXPECT_EQ(lost(*store_), 0u);
  store_->look_for_dead_records(owner);
  turns(2000);
  EXPECT_LE(store_->usage().meta_compacted.segments, figures.segments + 1) << "what is left is not worth it";

  ASSERT_TRUE(open());
  EXPECT_FALSE(store_->index_was_rebuilt());
  EXPECT_EQ(lost(*store_), 0u);
  store_.reset();
  files::remove_all(folder_.path() + "/index");
  ASSERT_TRUE(open());
  const auto seen = replayed(*store_);
  for (std::uint32_t n = 0; n < kRecords; n += 4) ASSERT_TRUE(seen.contains(n)) << n;
  EXPECT_LT(seen.size(), kRecords / 2);
  EXPECT_TRUE(store_->damage().empty());
}

TEST_F(MetaCompactionTest, ASegmentWithARecordThatMustStayInPlaceIsLeftAlone) {
  ASSERT_TRUE(open());
  Owner owner(store_->table());
  write(owner);
  owner.in_place = 400;  // in the first segment
  store_->look_for_dead_records(owner);
  turns(2000);
  EXPECT_EQ(store_->usage().meta_compacted.segments, 2u);
  EXPECT_EQ(lost(*store_), 0u);
}

// What a kill -9 leaves at many moments: the folder as the page cache has it.
TEST_F(MetaCompactionTest, LosesNothingWheneverTheProcessEnds) {
  ASSERT_TRUE(open());
  Owner owner(store_->table());
  write(owner);
  store_->look_for_dead_records(owner);
  std::size_t cuts = 0;
  TemporaryFolder copies;
  for (int turn = 0; store_->usage().meta_compacted.segments < 3 && turn < 3000; ++turn) {
    now_ = now_ + milliseconds(20);
    store_->tick(now_);
    if (turn % 2 == 0) {
      ASSERT_TRUE(flush());
    }
    if (turn % 37 != 0) continue;
    const std::string copy = copies.path() + "/" + std::to_string(turn);
    files::copy(folder_.path(), copy, files::copy_options::recursive);
    Inbox inbox;
    Flusher flusher(inbox.post());
    auto left = Store::open({copy, network_}, flusher);
    ASSERT_TRUE(left.ok()) << left.failure().message;
    ASSERT_FALSE((*left)->index_was_rebuilt());
    ASSERT_EQ(lost(**left), 0u) << "turn " << turn;
    const auto seen = replayed(**left);
    for (std::uint32_t n = 0; n < kRecords; n += 4) ASSERT_TRUE(seen.contains(n)) << n << " turn " << turn;
    left->reset();
    files::remove_all(copy);
    ++cuts;
  }
  EXPECT_GE(cuts, 10u);
}

}  // namespace
}  // namespace meshfs::fsd
