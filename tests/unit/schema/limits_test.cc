// Every limit and every shape rule but those of entries alone: a valid record is bent in one way, and the decoder must answer with the right code.
#include <gtest/gtest.h>

#include <functional>

#include "tests/unit/schema/example.h"
#include "tests/unit/schema/random_records.h"
#include "tests/unit/schema/refused.h"

namespace meshfs::codec {
namespace {

using namespace meshfs::testing;

void change(SharedView& view, const std::function<void(Bytes&)>& how) {
  Bytes bytes = copy_of(view);
  how(bytes);
  view = SharedView(std::move(bytes));
}

// --- what check_entry can't see, by way of the bytes ---

TEST(Limits, DecodersAskCheckEntry) {
  ObjectEntry object = example_full();
  std::swap(object.context[0], object.context[1]);
  const auto decode = [](ByteView b) { return decode_entry(kSharedVolume, b); };
  const auto encode = [](const Entry& e) { return encode_entry(kSharedVolume, e); };
  expect_refused(Entry(object), encode, decode, Errc::bad_bytes, "entry");
  expect_refused(example_commit(object), encode_commit, decode_commit, Errc::bad_bytes, "commit");
  expect_refused(prove(example_commit(object), 0), encode_proven, decode_proven, Errc::bad_bytes, "proven");
}

TEST(Limits, Header) {
  const auto refused = [](auto bend, const char* what) {
    Commit commit = example_commit(example_file());
    bend(commit.header);
    expect_refused(commit, encode_commit, decode_commit, Errc::bad_bytes, what);
    expect_refused(signed_header(commit), encode_signed_header, decode_signed_header, Errc::bad_bytes, what);
  };
  refused([](Header& h) { h.sequence = 0; }, "no sequence");
  refused([](Header& h) { h.hlc = {}; }, "no time");
  refused([](Header& h) { h.sequence = 1; }, "a first one with a previous one");
}

TEST(Limits, AgesReachBackToTheBeginningOfTimeAtMost) {
  const std::uint64_t now = example_header().hlc.value;
  const auto commit = [](auto bend, std::uint64_t age) {
    ObjectEntry object = example_full();
    bend(object, age);
    return decode_commit(encode_commit(example_commit(object))).ok();
  };
  const std::function<void(ObjectEntry&, std::uint64_t)> bends[] = {
      [](auto& o, auto age) { o.place.stamp.age = age; }, [](auto& o, auto age) { o.attributes.stamp.age = age; },
      [](auto& o, auto age) { o.contents[0].stamp.age = age; }, [](auto& o, auto age) { o.links[0].stamp.age = age; },
      [](auto& o, auto age) { o.context[0].age = age; }};
  for (const auto& bend : bends) {
    EXPECT_TRUE(commit(bend, now));
    EXPECT_FALSE(commit(bend, now + 1));
  }
  BatchTombstone batch = example_tombstones(1);
  batch.items[0].context[0].age = now + 1;
  EXPECT_FALSE(decode_commit(encode_commit(example_commit(batch))).ok());
}

TEST(Limits, FullSizes) {
  const BatchTombstone batch = example_tombstones(kMaxTombstones);
  EXPECT_LE(canonical_bytes(kSharedVolume, batch).size(), kMaxEntryBytes);
  const Bytes bytes = encode_commit(example_commit(batch));
  EXPECT_LE(bytes.size(), kMaxCommitBytes);
  EXPECT_TRUE(decode_commit(bytes).ok());

  ObjectEntry wide = example_full();
  wide.context.clear();
  for (std::size_t i = 0; i < kMaxContextSlots; ++i) {
    AuthorTag author;
    author.data[0] = static_cast<std::uint8_t>(i >> 8);
    author.data[1] = static_cast<std::uint8_t>(i);
    wide.context.push_back({author, i});
  }
  EXPECT_TRUE(decode_commit(encode_commit(example_commit(wide))).ok());
  EXPECT_EQ(decode_commit(Bytes(kMaxCommitBytes + 1, 1)).code(), Errc::too_large);

  HashList list = example_list();
  list.items.resize(kMaxListItems, list.items[0]);
  EXPECT_TRUE(decode_list(encode_list(list)).ok());
}

TEST(Limits, ACommitHoldsAtMost4096Entries) {
  Commit commit = example_commit(example_directory());
  commit.entries.assign(kMaxCommitEntries + 1, example_tombstones(1));
  expect_refused(commit, encode_commit, decode_commit, Errc::too_large, "4,097 entries");
}

TEST(Limits, Proven) {
  Rng rng(1);
  Commit commit = example_commit(example_file());
  commit.entries.resize(5, example_directory());
  const auto refused = [&](auto bend, const char* what) {
    ProvenEntry proven = prove(commit, 3);
    ASSERT_TRUE(decode_proven(encode_proven(proven)).ok());
    bend(proven);
    expect_refused(proven, encode_proven, decode_proven, Errc::bad_bytes, what);
  };
  refused([](ProvenEntry& p) { p.index = 5; }, "index beyond count");
  refused([](ProvenEntry& p) { p.count = 0; }, "count 0");
  refused([](ProvenEntry& p) { p.count = kMaxCommitEntries + 1; }, "count over the limit");
  refused([](ProvenEntry& p) { p.path.pop_back(); }, "path too short");
  refused([](ProvenEntry& p) { p.path.push_back({}); }, "path too long");
}

TEST(Limits, HashList) {
  const auto refused = [](auto bend, Errc code, const char* what) {
    HashList list = example_list();
    bend(list);
    expect_refused(list, encode_list, decode_list, code, what);
  };
  refused([](HashList& l) { l.level = 0; }, Errc::bad_bytes, "level 0");
  refused([](HashList& l) { l.level = kMaxListLevel + 1; }, Errc::bad_bytes, "level 5");
  refused([](HashList& l) { l.items.clear(); }, Errc::bad_bytes, "empty");
  refused([](HashList& l) { l.items.resize(kMaxListItems + 1, l.items[0]); }, Errc::too_large, "1,025 items");
  refused([](HashList& l) { l.items[1].size = 0; }, Errc::bad_bytes, "size 0");
  refused([](HashList& l) { l.items[1].size = kMaxChunkBytes + 1; }, Errc::bad_bytes, "chunk over 64 KiB");
}

TEST(Limits, BeaconHelloPacket) {
  Rng rng(4);
  Beacon beacon = example_beacon();
  beacon.sets.push_back(beacon.sets[0]);
  expect_refused(beacon, encode_beacon, decode_beacon, Errc::bad_bytes, "a set twice");
  beacon.sets.resize(17);
  expect_refused(beacon, encode_beacon, decode_beacon, Errc::too_large, "17 sets");
  beacon = example_beacon();
  beacon.sets[0].cells.resize(33);
  beacon.sets[1].cells.resize(32);
  expect_refused(beacon, encode_beacon, decode_beacon, Errc::too_large, "65 cells");
  Hello hello = random_hello(rng);
  hello.credential = Bytes(kMaxCredentialBytes + 1);
  expect_refused(hello, encode_hello, decode_hello, Errc::too_large, "long credential");

  const auto refused = [](auto bend, Errc code, const char* what) {
    Packet packet{{{1, 2}}, {{5, 10, 20, Bytes(10)}}};
    ASSERT_TRUE(decode_packet(encode_packet(packet)).ok());
    bend(packet);
    expect_refused(packet, encode_packet, decode_packet, code, what);
  };
  refused([](Packet& p) { p.acks[0].first = 3; }, Errc::bad_bytes, "backwards acknowledgement");
  refused([](Packet& p) { p.acks.resize(65); }, Errc::too_large, "65 acknowledgements");
  refused([](Packet& p) { p.pieces.resize(257, p.pieces[0]); }, Errc::too_large, "257 pieces");
  refused([](Packet& p) { change(p.pieces[0].data, [](Bytes& d) { d.push_back(1); }); }, Errc::bad_bytes,
          "piece beyond the end");
  refused([](Packet& p) { p.pieces[0].offset = 21; }, Errc::bad_bytes, "piece after the end");
  refused([](Packet& p) { change(p.pieces[0].data, [](Bytes& d) { d.clear(); }); }, Errc::bad_bytes, "empty piece");
  refused([](Packet& p) { p.pieces[0].total = kMaxFrameAfterAuth + 1; }, Errc::too_large, "huge message");
}

TEST(Limits, News) {
  News news{{{{ItemForm::commit, {1}}}, {}}, {filled<NewsKey>(3)}, {filled<NewsKey>(4)}, true};
  ASSERT_TRUE(decode_news(encode_news(news)).ok());
  news.have.resize(kMaxNewsKeys - 1, news.have[0]);
  ASSERT_TRUE(decode_news(encode_news(news)).ok());
  news.have.resize(kMaxNewsKeys + 1, news.have[0]);
  expect_refused(news, encode_news, decode_news, Errc::too_large, "129 keys that are here");
  news.have.resize(1);
  news.lack.resize(kMaxNewsKeys + 1, news.lack[0]);
  expect_refused(news, encode_news, decode_news, Errc::too_large, "129 keys that are not");
  news.lack.clear();
  news.push.bundles[0].bytes.resize(kMaxFrameBeforeAuth, 7);
  expect_refused(news, encode_news, decode_news, Errc::too_large, "more than a frame");
  expect_refused(News{{}, {}, {}, true}, encode_news, decode_news, Errc::bad_bytes, "says nothing");
}

TEST(Limits, BroadcastKeys) {
  BroadcastKeys told;
  WantBroadcastKeys want;
  expect_refused(Message(told), encode_message, decode_message, Errc::bad_bytes, "tells of no key");
  expect_refused(Message(want), encode_message, decode_message, Errc::bad_bytes, "wants none");
  told.keys.resize(kMaxBroadcastKeys, {7, filled<crypto::AeadKey>(1)});
  want.ids.resize(kMaxBroadcastKeys, 7);
  ASSERT_TRUE(decode_message(encode_message(told)).ok());
  ASSERT_TRUE(decode_message(encode_message(want)).ok());
  told.keys.resize(kMaxBroadcastKeys + 1);
  want.ids.resize(kMaxBroadcastKeys + 1);
  expect_refused(Message(told), encode_message, decode_message, Errc::too_large, "65 keys");
  expect_refused(Message(want), encode_message, decode_message, Errc::too_large, "65 wanted");
}

TEST(Limits, Comparisons) {
  const auto refused = [](const Message& message, Errc code, const char* what) {
    expect_refused(message, encode_message, decode_message, code, what);
  };
  refused(WantCells{SetId::shared, 0, 1, {}, 7, 0}, Errc::bad_bytes, "wants no cells");
  refused(WantCells{SetId::shared, 0, 1, {}, 2000, 49}, Errc::too_large, "cells beyond the end");
  refused(Cells{SetId::shared, 0, 1, {}, 0, std::vector<SketchCell>(2049)}, Errc::too_large, "2,049 cells");
  refused(Cells{SetId::shared, 0, 1, {}, 2047, std::vector<SketchCell>(2)}, Errc::too_large, "a cell beyond the end");
  refused(WantCells{SetId::shared, 0, 1, {}, 0, 1, 7, 7}, Errc::bad_bytes, "an empty slice");
  refused(Cells{SetId::shared, 0, 1, {}, 0, {}, 7, 6}, Errc::bad_bytes, "a slice that ends before it begins");
  Reconcile overlap{SetId::shared, 0, true, {{10, 20, 1, {}, false, {}}, {15, 30, 1, {}, false, {}}}};
  refused(overlap, Errc::bad_bytes, "ranges that overlap");
  overlap.ranges[0] = {40, 0, 1, {}, false, {}};
  refused(overlap, Errc::bad_bytes, "a range after the last");
  Range many{0, 5000, 0, {}, true, {}}, more{5000, 0, 0, {}, true, {}};
  for (ItemId id = 0; id < 1025; ++id) {
    many.ids.push_back(id);
    more.ids.push_back(5000 + id);
  }
  refused(Reconcile{SetId::shared, 0, true, {many, more}}, Errc::too_large, "2,050 ids");
}

TEST(Limits, Messages) {
  const auto refused = [](const Message& message, Errc code, const char* what) {
    expect_refused(message, encode_message, decode_message, code, what);
  };
  const Bundle bundle{ItemForm::commit, {1}};
  const Blob blob{filled<Hash>(1), BlobKind::chunk, BlobEncoding::plain, 3, {1, 2, 3}};
  const Range ids{10, 20, 0, {}, true, {10, 19}};
  ASSERT_TRUE(decode_message(encode_message(Push{{bundle}, {blob}})).ok());
  ASSERT_TRUE(decode_message(encode_message(Reconcile{SetId::shared, 0, true, {ids}})).ok());
  refused(Push{}, Errc::bad_bytes, "empty push");
  refused(Push{{{ItemForm::commit, {}}}, {}}, Errc::bad_bytes, "empty item");
  refused(Push{{{ItemForm::commit, Bytes(kMaxCommitBytes + 1, 1)}}, {}}, Errc::too_large, "large item");
  refused(Push{std::vector<Bundle>(513, bundle), {}}, Errc::too_large, "513 items");
  refused(Push{{{static_cast<ItemForm>(4), {1}}}, {}}, Errc::unsupported, "unknown form");
  refused(Blobs{}, Errc::bad_bytes, "no blobs");
  const auto bent_blob = [&](auto bend, Errc code, const char* what) {
    Blob bent = blob;
    bend(bent);
    refused(Blobs{{bent}}, code, what);
  };
  bent_blob([](Blob& b) { change(b.data, [](Bytes& d) { d.pop_back(); }); }, Errc::bad_bytes, "plain, but not all");
  bent_blob(
      [](Blob& b) {
        change(b.data, [](Bytes& d) { d.clear(); });
        b.plain_size = 0;
      },
      Errc::bad_bytes, "empty blob");
  bent_blob(
      [](Blob& b) {
        b.encoding = BlobEncoding::zstd;
        change(b.data, [](Bytes& d) { d.resize(4); });
      },
      Errc::bad_bytes, "larger when compressed");
  bent_blob(
      [](Blob& b) {
        b.plain_size = kMaxChunkBytes + 1;
        change(b.data, [](Bytes& d) { d.resize(kMaxChunkBytes + 1); });
      },
      Errc::too_large, "large blob");
  bent_blob([](Blob& b) { b.kind = static_cast<BlobKind>(2); }, Errc::unsupported, "unknown kind");
  bent_blob([](Blob& b) { b.encoding = static_cast<BlobEncoding>(5); }, Errc::unsupported, "unknown encoding");
  refused(Held{}, Errc::bad_bytes, "holds nothing");
  refused(Held{std::vector<HeaderHash>(1025)}, Errc::too_large, "1,025 held");
  refused(Dictionaries{std::vector<DictionaryId>(65)}, Errc::too_large, "65 dictionaries");
  refused(Missing{}, Errc::bad_bytes, "misses nothing");
  refused(Missing{std::vector<Hash>(513)}, Errc::too_large, "513 missing");
  refused(WantItems{}, Errc::bad_bytes, "wants nothing");
  refused(WantItems{SetId::shared, 0, std::vector<std::uint32_t>(513)}, Errc::too_large, "513 wants");
  refused(WantItems{static_cast<SetId>(4), 0, {1}}, Errc::unsupported, "unknown set");
  refused(WantBlobs{std::vector<WantBlobs::Want>(513), {}}, Errc::too_large, "513 blobs");
  refused(WantBlobs{{}, std::vector<Hash>(513)}, Errc::too_large, "513 cancels");
  refused(Bye{std::string(256, 'x')}, Errc::too_large, "long reason");
  refused(Reconcile{SetId::shared, 0, true, {}}, Errc::bad_bytes, "no ranges");
  refused(Reconcile{SetId::shared, 0, true, std::vector<Range>(257)}, Errc::too_large, "257 ranges");
  const auto bent_range = [&](auto bend, Errc code, const char* what) {
    Range bent = ids;
    bend(bent);
    refused(Reconcile{SetId::shared, 0, true, {bent}}, code, what);
  };
  bent_range([](Range& r) { r.upper = 10; }, Errc::bad_bytes, "empty range");
  bent_range([](Range& r) { r.ids = {9}; }, Errc::bad_bytes, "id below");
  bent_range([](Range& r) { r.ids = {20}; }, Errc::bad_bytes, "id above");
  bent_range([](Range& r) { r.ids = {12, 11}; }, Errc::bad_bytes, "unsorted");
  bent_range([](Range& r) { r.ids = {11, 11}; }, Errc::bad_bytes, "an id twice");
}

TEST(Limits, Deltas) {
  const Blob delta{filled<Hash>(1), BlobKind::chunk, BlobEncoding::delta, 300, Bytes(300, 1), filled<Hash>(2)};
  const Blob patch{filled<Hash>(1), BlobKind::list, BlobEncoding::patch, 80, Bytes(kMaxPatchBytes, 1), filled<Hash>(2)};
  const auto refused = [](const Message& message, Errc code, const char* what) {
    expect_refused(message, encode_message, decode_message, code, what);
  };
  refused(WantBlobs{{{filled<Hash>(2), BlobKind::chunk, {}, 0, Bytes(kMaxWantSignature + 1, 1)}}, {}}, Errc::too_large,
          "a large signature");
  const std::vector<Hash> five(5, filled<Hash>(1));
  refused(WantBlobs{{{filled<Hash>(2), BlobKind::list, five}}, {}}, Errc::too_large, "5 bases");
  ASSERT_TRUE(decode_message(encode_message(Blobs{{delta}})).ok());
  ASSERT_TRUE(decode_message(encode_message(Blobs{{patch}})).ok());
  const auto bent = [](Blob blob, auto bend, Errc code, const char* what) {
    bend(blob);
    expect_refused(Message(Blobs{{blob}}), encode_message, decode_message, code, what);
  };
  bent(
      delta, [](Blob& b) { change(b.data, [](Bytes& d) { d.push_back(1); }); }, Errc::bad_bytes,
      "a delta longer than what it makes");
  bent(
      delta, [](Blob& b) { b.base = {}; }, Errc::bad_bytes, "a delta without a base");
  bent(
      delta, [](Blob& b) { b.encoding = BlobEncoding::zstd; }, Errc::bad_bytes, "a base of what is no delta");
  bent(
      delta, [](Blob& b) { b.plain_size = kMaxChunkBytes + 1; }, Errc::too_large, "a delta that makes too much");
  bent(
      patch, [](Blob& b) { change(b.data, [](Bytes& d) { d.push_back(1); }); }, Errc::too_large, "a large patch");
  Blob rsync = delta;
  rsync.encoding = BlobEncoding::rsync;
  ASSERT_TRUE(decode_message(encode_message(Blobs{{rsync}})).ok());
  bent(
      rsync, [](Blob& b) { b.kind = BlobKind::list; }, Errc::bad_bytes, "an rsync delta of a list");
  bent(
      rsync, [](Blob& b) { b.base = {}; }, Errc::bad_bytes, "an rsync delta without its signature's hash");
  bent(
      patch, [](Blob& b) { change(b.data, [](Bytes& d) { d.clear(); }); }, Errc::bad_bytes, "an empty patch");
  bent(
      patch, [](Blob& b) { b.plain_size = 0; }, Errc::bad_bytes, "a patch of an empty list");
  bent(
      patch, [](Blob& b) { b.kind = BlobKind::chunk; }, Errc::bad_bytes, "a patch of a chunk");
  bent(
      patch, [](Blob& b) { b.base = {}; }, Errc::bad_bytes, "a patch without a base");
}

TEST(Limits, Local) {
  using namespace local;
  const auto syncd = [](const ToSyncd& m, Errc code, const char* what) {
    expect_refused(m, encode_to_syncd, decode_to_syncd, code, what);
  };
  const auto fsd = [](const ToFsd& m, Errc code, const char* what) {
    expect_refused(m, encode_to_fsd, decode_to_fsd, code, what);
  };
  Items items;
  items.added.resize(kMaxItems + 1);
  syncd(items, Errc::too_large, "items");
  syncd(Judged{1, {{Verdict::known, std::string(1025, 'x')}}}, Errc::too_large, "reason");
  syncd(Judged{1, {{static_cast<Verdict>(4), ""}}}, Errc::unsupported, "verdict");
  syncd(Judged{1, {{Verdict::accepted, "", Bytes(kMaxCommitBytes + 1, 1)}}}, Errc::too_large, "plain form");
  syncd(Dictionaries{std::vector<DictionaryId>(65)}, Errc::too_large, "dictionaries");
  syncd(NeedBlobs{std::vector<NeedBlobs::Need>(kMaxItems + 1), {}}, Errc::too_large, "needs");
  syncd(BlobsStored{std::vector<Hash>(kMaxItems + 1), {}}, Errc::too_large, "stored");
  syncd(BlobsFound{1, {}, std::vector<Hash>(513)}, Errc::too_large, "missing");
  syncd(ItemsFound{1, std::vector<Bundle>(513, Bundle{ItemForm::commit, {1}})}, Errc::too_large, "bundles");
  syncd(Answer{1, Errc::io, false, std::string(kMaxText + 1, 'x')}, Errc::too_large, "text");
  syncd(Answer{1, static_cast<Errc>(static_cast<int>(Errc::over_quota) + 1), false, ""}, Errc::unsupported, "code");
  fsd(local::Hello{1, static_cast<Role>(2)}, Errc::unsupported, "role");
  fsd(Offer{1, {}, std::string(256, 'x')}, Errc::too_large, "from");
  fsd(GetBlobs{1, std::vector<Hash>(513)}, Errc::too_large, "hashes");
  fsd(GetBlobs{1, {filled<Hash>(1)}, std::vector<Hash>(5)}, Errc::too_large, "bases");
  fsd(GetBlobs{1, std::vector<Hash>(2), {filled<Hash>(1)}}, Errc::bad_bytes, "bases of two blobs");
  syncd(ItemsFound{1, {}, std::vector<std::uint64_t>(2049)}, Errc::too_large, "items that are left");
  fsd(GetItems{1, std::vector<std::uint64_t>(2049)}, Errc::too_large, "items");
  fsd(GetItems{1, {1}, std::vector<DictionaryId>(66)}, Errc::too_large, "the asker's dictionaries");
  fsd(PeersReport{std::string(kMaxText + 1, 'x')}, Errc::too_large, "report");
  fsd(ClockVotes{std::vector<WallMs>(257)}, Errc::too_large, "votes");
  fsd(Ask{1, std::string(65, 'x'), ""}, Errc::too_large, "verb");
  fsd(Ask{1, "x", std::string(kMaxArgument + 1, 'x')}, Errc::too_large, "argument");
}

}  // namespace
}  // namespace meshfs::codec
