// Torn tails, flipped bits, lost and foreign files. What was durable is either right or reported, never wrong.
#include "tests/unit/store/store_fixture.h"

namespace meshfs::fsd {

class DamageTest : public StoreTest {
 protected:
  // Records r0, r1, ... flushed one by one, so that each proves its predecessors durable; the store is closed then.
  std::vector<RecordPosition> write_records(int count) {
    std::vector<RecordPosition> positions;
    EXPECT_TRUE(open());
    for (int i = 0; i < count; ++i) {
      positions.push_back(*store_->log().append(RecordType::commit, as_bytes(text(i))));
      EXPECT_TRUE(flush());
    }
    store_.reset();
    return positions;
  }
  static std::string text(int i) { return "record number " + std::to_string(i) + " of this test"; }
  std::vector<std::string> replayed_texts() {
    std::vector<std::string> out;
    for (const Bytes& payload : replayed()) out.emplace_back(as_text(payload));
    return out;
  }
  void forget_index() { std::filesystem::remove_all(folder_.path() + "/index"); }
};

// The scan alone, on bytes in memory.
struct Scanned {
  std::vector<std::string> payloads;
  ScanOutcome outcome;
};
static Scanned scan_bytes(ByteView bytes, const StoreKey& key, std::uint32_t known_durable = 0) {
  MemorySource source(bytes);
  Scanned out;
  auto outcome = scan_segment(source, key, {SegmentKind::meta, 1}, kSegmentHeaderBytes, known_durable,
                              [&](const ScannedRecord& record) {
                                out.payloads.emplace_back(as_text(record.payload));
                                return true;
                              });
  EXPECT_TRUE(outcome);
  out.outcome = *outcome;
  return out;
}

// A power cut may leave any prefix of the last record, and whatever bytes behind it.
TEST_F(DamageTest, ATornTailAtEveryByteOfTheLastRecord) {
  const auto positions = write_records(4);
  const std::string path = segment(SegmentKind::meta, 1);
  const Bytes whole = file_bytes(path);
  const auto key = decode_segment_header(ByteView(whole).first(kSegmentHeaderBytes), {SegmentKind::meta, 1});
  ASSERT_TRUE(key);
  const auto begin = static_cast<std::uint32_t>(positions[3]);
  const auto length = static_cast<std::uint32_t>(record_bytes(text(3).size()));
  Rng rng(30);
  // The last bytes are padding: with all but them there, the record is complete.
  const auto payload_end = static_cast<std::uint32_t>(kRecordHeadBytes + text(3).size());
  const std::vector before{text(0), text(1), text(2)};
  for (std::uint32_t kept = 0; kept < payload_end; ++kept) {
    Bytes torn(whole.begin(), whole.begin() + begin + 4096);
    for (std::uint32_t i = kept; i < length; ++i) {
      torn[begin + i] =
          kept % 3 == 0 ? std::uint8_t{0} : static_cast<std::uint8_t>(whole[begin + i] ^ (1 + rng.below(255)));
    }
    const Scanned scanned = scan_bytes(torn, *key);
    // A record whose last bytes are zeros anyway is complete without them.
    const bool same = std::equal(torn.begin() + begin, torn.begin() + begin + payload_end, whole.begin() + begin);
    ASSERT_FALSE(same) << "the test must tear something";
    ASSERT_EQ(scanned.payloads, before) << "kept " << kept;
    ASSERT_EQ(scanned.outcome.end, begin);
    ASSERT_TRUE(scanned.outcome.damage.empty()) << "a torn tail is no damage";
    if (kept % 16 != 1) continue;
    write_file(path, torn);
    forget_index();
    ASSERT_TRUE(open());
    ASSERT_EQ(replayed_texts(), before);
    // What is appended now takes its place and stays.
    ASSERT_EQ(*store_->log().append(RecordType::commit, as_bytes("new")), positions[3]);
    ASSERT_TRUE(flush());
    ASSERT_TRUE(open());
    ASSERT_EQ(replayed_texts(), (std::vector<std::string>{text(0), text(1), text(2), "new"}));
    store_.reset();
  }
  EXPECT_EQ(scan_bytes(whole, *key).payloads.size(), 4u) << "control: untouched, the last record counts";
}

TEST_F(DamageTest, AStaleRecordBehindATornOneNeverComesBack) {
  const auto positions = write_records(3);
  const std::string path = segment(SegmentKind::meta, 1);
  Bytes bytes = file_bytes(path);
  // Records 1 and 2 were one unflushed batch of which the kernel wrote only the second: as if by hand.
  Bytes later;
  auto key = decode_segment_header(ByteView(bytes).first(kSegmentHeaderBytes), {SegmentKind::meta, 1});
  encode_record(later, *key, {SegmentKind::meta, 1}, static_cast<std::uint32_t>(positions[2]),
                static_cast<std::uint32_t>(positions[1]), 1, as_bytes(text(2)), {});
  std::copy(later.begin(), later.end(), bytes.begin() + static_cast<std::ptrdiff_t>(positions[2] & 0xffffffff));
  bytes[(positions[1] & 0xffffffff) + 60] ^= 1;
  write_file(path, bytes);
  forget_index();
  ASSERT_TRUE(open());
  EXPECT_EQ(replayed_texts(), std::vector{text(0)});
  EXPECT_TRUE(store_->damage().empty());
  ASSERT_TRUE(store_->log().append(RecordType::commit, as_bytes(text(1))));  // as long as the torn one
  ASSERT_TRUE(open());
  EXPECT_EQ(replayed_texts(), (std::vector{text(0), text(1)})) << "record 2 must not revive behind it";
}

// Every single flipped bit in the durable part is found; the other records survive.
TEST_F(DamageTest, EveryFlippedBitIsFound) {
  const auto positions = write_records(3);
  const std::string path = segment(SegmentKind::meta, 1);
  Bytes bytes = file_bytes(path);
  const auto key = decode_segment_header(ByteView(bytes).first(kSegmentHeaderBytes), {SegmentKind::meta, 1});
  ASSERT_TRUE(key);
  const auto begin = static_cast<std::uint32_t>(positions[1]);
  const auto end = static_cast<std::uint32_t>(begin + kRecordHeadBytes + text(1).size());
  const std::vector others{text(0), text(2)};
  for (std::uint32_t bit = begin * 8; bit < end * 8; ++bit) {
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1 << (bit % 8));
    const Scanned scanned = scan_bytes(ByteView(bytes).first(8192), *key);
    ASSERT_EQ(scanned.payloads, others) << "bit " << bit;
    ASSERT_EQ(scanned.outcome.damage.size(), 1u);
    ASSERT_EQ(scanned.outcome.damage[0].offset, begin);
    if (bit % 128 == 0) {
      write_file(path, bytes);
      forget_index();
      ASSERT_TRUE(open());
      ASSERT_EQ(replayed_texts(), others);
      ASSERT_FALSE(store_->damage().empty());
      EXPECT_EQ(store_->damage()[0].file, "meta-00000001.log");
      EXPECT_EQ(store_->damage()[0].offset, begin);
      EXPECT_EQ(store_->log().read(positions[1]).code(), Errc::io);
      store_.reset();
    }
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1 << (bit % 8));
  }
  EXPECT_EQ(scan_bytes(bytes, *key).payloads.size(), 3u) << "control: without a flip, all are there";
}

TEST_F(DamageTest, TheIndexKnowsThatTheLastRecordWasDurable) {
  const auto positions = write_records(2);
  const std::string path = segment(SegmentKind::meta, 1);
  Bytes bytes = file_bytes(path);
  bytes[(positions[1] & 0xffffffff) + 60] ^= 1;
  write_file(path, bytes);
  ASSERT_TRUE(open());
  ASSERT_EQ(store_->damage().size(), 1u) << store_->damage().size();
  EXPECT_EQ(store_->damage()[0].offset, positions[1] & 0xffffffff);
  EXPECT_EQ(replayed_texts(), std::vector{text(0)});
  ASSERT_TRUE(store_->log().append(RecordType::commit, as_bytes("goes on")));
  EXPECT_EQ(store_->replay(0, [](RecordType, RecordPosition, ByteView) { return Status{}; }).code(), Errc::busy)
      << "nothing may be unflushed when replaying";
  ASSERT_TRUE(open());
  EXPECT_EQ(replayed_texts(), (std::vector<std::string>{text(0), "goes on"}));
}

TEST_F(DamageTest, ASealedSegmentLosesOnlyWhatIsHit) {
  ASSERT_TRUE(open());
  Rng rng(31);
  std::vector<std::pair<RecordPosition, Bytes>> records;
  std::vector<Bytes> chunks;
  while (store_->usage().meta_segments < 3 || store_->usage().chunk_segments < 3) {
    Bytes bytes = random_bytes(rng, 60'000);
    records.emplace_back(*store_->log().append(RecordType::commit, bytes), bytes);
    ASSERT_TRUE(store_->blobs().put(chunk_of(bytes)));
    chunks.push_back(std::move(bytes));
  }
  store_.reset();
  for (const SegmentKind kind : {SegmentKind::meta, SegmentKind::chunk}) {
    const std::string path = segment(kind, 1);
    Bytes bytes = file_bytes(path);
    bytes[1'000'000] ^= 0x40;         // one record
    bytes[0] ^= 0xff;                 // the header: the salt is known from elsewhere
    bytes[bytes.size() - 5] ^= 0x10;  // the footer
    write_file(path, bytes);
  }
  forget_index();
  ASSERT_TRUE(open());
  const auto all = replayed();
  EXPECT_EQ(all.size(), records.size() - 1);
  std::size_t lost = 0;
  for (const Bytes& chunk : chunks) {
    const auto plain = store_->blobs().plain(crypto::hash_of(chunk));
    if (plain) {
      EXPECT_EQ(*plain, chunk);
    } else {
      ++lost;
    }
  }
  EXPECT_EQ(lost, 1u);
  EXPECT_GE(store_->damage().size(), 2u);
}

TEST_F(DamageTest, ADamagedBlobIsIoNotWrongBytes) {
  ASSERT_TRUE(open());
  Rng rng(32);
  const Bytes bytes = random_bytes(rng, 3000);
  ASSERT_TRUE(store_->blobs().put(chunk_of(bytes)));
  store_.reset();
  const std::string path = segment(SegmentKind::chunk, 1);
  Bytes file = file_bytes(path);
  file[kSegmentHeaderBytes + kRecordHeadBytes + kBlobLabelBytes + 1000] ^= 1;
  write_file(path, file);
  ASSERT_TRUE(open());
  const Hash hash = crypto::hash_of(bytes);
  const Errc expected = store_->blobs().has(hash) ? Errc::io : Errc::not_found;
  EXPECT_EQ(store_->blobs().plain(hash).code(), expected);
  // Once seen it is as if it had never been here: a neighbour's copy is taken and read.
  EXPECT_FALSE(store_->blobs().has(hash));
  ASSERT_TRUE(store_->blobs().put(chunk_of(bytes)));
  auto again = store_->blobs().plain(hash);
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, bytes);
}

TEST_F(DamageTest, ADisplacedOrForeignRecordDoesNotVerify) {
  const auto positions = write_records(3);
  const std::string path = segment(SegmentKind::meta, 1);
  const Bytes whole = file_bytes(path);
  Bytes moved = whole;  // record 0 over record 1: equal lengths, both valid in their own places
  std::copy_n(whole.begin() + static_cast<std::ptrdiff_t>(positions[0] & 0xffffffff),
              static_cast<std::ptrdiff_t>(record_bytes(text(0).size())),
              moved.begin() + static_cast<std::ptrdiff_t>(positions[1] & 0xffffffff));
  write_file(path, moved);
  forget_index();
  ASSERT_TRUE(open());
  EXPECT_EQ(replayed_texts(), (std::vector{text(0), text(2)}));
  store_.reset();
  // The same bytes as another segment's file.
  write_file(path, whole);
  write_file(segment(SegmentKind::meta, 2), whole);
  forget_index();
  ASSERT_TRUE(open());
  EXPECT_EQ(replayed_texts(), (std::vector{text(0), text(1), text(2)}));
  store_.reset();
  // A segment of another store.
  const StoreKey other{network_, crypto::random_id<StoreSalt>()};
  Bytes foreign = encode_segment_header(other, {SegmentKind::meta, 7});
  foreign.resize(4096);
  write_file(segment(SegmentKind::meta, 7), foreign);
  EXPECT_EQ(open().code(), Errc::wrong_network);
}

TEST_F(DamageTest, AnEmptyOrHalfMadeSegmentIsNoTrouble) {
  write_records(2);
  const Bytes nothing;
  write_file(segment(SegmentKind::meta, 2), nothing);
  write_file(segment(SegmentKind::chunk, 5), Bytes(5000, 0));
  ASSERT_TRUE(open());
  EXPECT_EQ(replayed_texts().size(), 2u);
  ASSERT_TRUE(store_->log().append(RecordType::commit, as_bytes("more")));
  ASSERT_TRUE(store_->blobs().put(chunk_of(as_bytes("a chunk"))));
  ASSERT_TRUE(open());
  EXPECT_EQ(replayed_texts().size(), 3u);
  EXPECT_EQ(store_->usage().blobs, 1u);
}

// LMDB trusts its file, so we look first: any truncation and damaged meta pages mean a rebuild, not a crash.
TEST_F(DamageTest, ATruncatedOrOverwrittenIndexIsRebuilt) {
  write_records(2);
  ASSERT_TRUE(open());
  for (int i = 0; i < 500; ++i) store_->table().put(as_bytes("key" + std::to_string(i)), Bytes(100, 7));
  store_.reset();
  const std::string path = folder_.path() + "/index/data.mdb";
  const Bytes whole = file_bytes(path);
  ASSERT_GT(whole.size(), 20'000u);
  const auto opens = [&](ByteView bytes, bool rebuilt) {
    write_file(path, bytes);
    ASSERT_TRUE(open());
    EXPECT_EQ(store_->index_was_rebuilt(), rebuilt);
    EXPECT_EQ(replayed_texts().size(), 2u);
    store_.reset();
  };
  for (std::size_t size :
       {std::size_t{1}, std::size_t{100}, std::size_t{4096}, std::size_t{8192}, whole.size() / 2, whole.size() - 1}) {
    opens(ByteView(whole).first(size), true);
  }
  Bytes wrong = whole;
  wrong[16] ^= 1;  // LMDB's magic in its first meta page
  opens(wrong, true);
  opens(whole, false);  // control
  // An index of a store that had more than this one: a backup was put back.
  store_.reset();
  ASSERT_TRUE(open());
  ASSERT_TRUE(store_->log().append(RecordType::commit, as_bytes("lost with the backup")));
  store_.reset();
  Bytes older = file_bytes(segment(SegmentKind::meta, 1));
  std::fill(older.begin() + kSegmentHeaderBytes, older.end(), std::uint8_t{0});
  write_file(segment(SegmentKind::meta, 1), older);
  ASSERT_TRUE(open());
  EXPECT_TRUE(store_->index_was_rebuilt() || !store_->damage().empty());
}

}  // namespace meshfs::fsd
