// Composing an entry and resolving it: what is restated how, and what is refused.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/merge/user.h"

namespace meshfs::test {
namespace {

using codec::Kind;
constexpr Hlc kHlc{1'000'000};
const AuthorTag kAnna{{1}}, kBert{{2}}, kCleo{{3}};
const ObjectId kFile{kSharedVolume, LocalId{{7}}};
Hash hash(std::uint8_t n) { return Hash{{n}}; }

codec::Header header(const AuthorTag& author, Hlc hlc) {
  codec::Header out;
  out.author = author;
  out.hlc = hlc;
  return out;
}

// Anna's first entry, and Bert's chmod over it.
struct Example {
  codec::ObjectEntry anna, bert;
  Head anna_head;
  Heads heads;
  Stamp anna_stamp{Hlc{kHlc.value - 100}, kAnna}, bert_stamp{kHlc, kBert};

  Example() {
    Change make;
    make.place = place_at({}, "f");
    make.attributes = mode(0644);
    make.content = text("hello");
    anna = compose(kFile, Kind::file, {}, make, anna_stamp, kStart, {});
    anna_head = (*resolve(header(kAnna, anna_stamp.hlc), anna, hash(1), no_origins())).heads.at(0);
    add_head(heads, anna_head, kStart);
    Change chmod;
    chmod.attributes = mode(0600);
    bert = compose(kFile, Kind::file, heads, chmod, bert_stamp, kStart, {});
  }
  static FindOrigin no_origins() {
    return [](const Hash&) -> const Head* { return nullptr; };
  }
  FindOrigin only_anna() {
    return [this](const Hash& h) -> const Head* { return h == hash(1) ? &anna_head : nullptr; };
  }
  Result<Resolved> resolve_bert() { return resolve(header(kBert, kHlc), bert, hash(2), only_anna()); }
};

TEST(Entry, ForeignRegistersAreNamedByOrigin) {
  Example e;
  EXPECT_EQ(e.bert.place.stamp.foreign, (codec::ForeignStamp{kAnna, hash(1)}));
  EXPECT_EQ(e.bert.place.stamp.age, 100u);
  EXPECT_FALSE(e.bert.place.value) << "no one can restate another's value";
  EXPECT_EQ(e.bert.attributes.stamp, codec::RegisterStamp{});
  EXPECT_EQ(e.bert.context, (codec::Context{{kAnna, 100}}));

  const auto missing = resolve(header(kBert, kHlc), e.bert, hash(2), Example::no_origins());
  ASSERT_TRUE(missing.ok());
  EXPECT_TRUE(missing->heads.empty());
  EXPECT_EQ(missing->missing, std::vector{hash(1)});

  const auto done = e.resolve_bert();
  ASSERT_TRUE(done.ok());
  const Head& head = done->heads.at(0);
  EXPECT_EQ(head.contents, e.anna_head.contents);
  EXPECT_EQ(head.place, e.anna_head.place);
  EXPECT_EQ(head.attributes->stamp, e.bert_stamp);
}

// Anna's own registers travel with their values in her later entries: no origin needed, and the new one serves as one.
TEST(Entry, OwnEarlierRegistersAreRestatedWithAnAge) {
  Example e;
  add_head(e.heads, e.resolve_bert()->heads.at(0), kStart);
  Change move;
  move.place = place_at({}, "g");
  const Stamp later{Hlc{kHlc.value + 50}, kAnna};
  const auto entry = compose(kFile, Kind::file, e.heads, move, later, kStart, {});
  ASSERT_EQ(entry.contents.size(), 1u);
  EXPECT_EQ(entry.contents[0].stamp.age, 150u);
  EXPECT_EQ(entry.contents[0].value, text("hello"));
  EXPECT_FALSE(entry.contents[0].stamp.foreign);
  EXPECT_EQ(entry.place.value->previous, place_at({}, "f"));
  EXPECT_EQ(entry.context, (codec::Context{{kAnna, 150}, {kBert, 50}}));
  const auto own = own_registers(header(kAnna, later.hlc), entry, hash(3));
  ASSERT_TRUE(own.ok());
  EXPECT_TRUE(own->at(0).place && !own->at(0).attributes) << "Bert's attributes are not Anna's to give";

  Change chmod;
  chmod.attributes = mode(0400);
  const auto resolved = resolve(header(kAnna, later.hlc), entry, hash(3), [&](const Hash& h) -> const Head* {
    static Head bert;
    bert = own_registers(header(kBert, kHlc), e.bert, hash(2))->at(0);
    return h == hash(2) ? &bert : nullptr;
  });
  ASSERT_TRUE(resolved.ok());
  add_head(e.heads, resolved->heads.at(0), kStart);
  const auto cleo = compose(kFile, Kind::file, e.heads, chmod, {Hlc{kHlc.value + 90}, kCleo}, kStart, {});
  EXPECT_EQ(cleo.contents.at(0).stamp.foreign->origin, hash(3)) << "the latest entry of Anna that carries it";
}

TEST(Entry, ThePreviousPlaceStaysWhenThePlaceDoes) {
  Example e;
  Change move;
  move.place = place_at({}, "g");
  const auto moved = compose(kFile, Kind::file, e.heads, move, e.bert_stamp, kStart, {});
  add_head(e.heads, resolve(header(kBert, kHlc), moved, hash(2), e.only_anna())->heads.at(0), kStart);
  const auto again = compose(kFile, Kind::file, e.heads, move, {Hlc{kHlc.value + 1}, kCleo}, kStart, {});
  EXPECT_EQ(again.place.value->now, place_at({}, "g"));
  EXPECT_EQ(again.place.value->previous, place_at({}, "f"));
}

TEST(Entry, TheLatestExpiryIsCarriedOnlyByWhatExpires) {
  Example e;
  const auto with_lifetime = [](std::uint64_t ms) {
    Change change;
    change.attributes = mode(0644);
    change.attributes->lifetime_ms = ms;
    return change;
  };
  EXPECT_EQ(e.bert.latest_expiry_ms, 0u);
  const auto mortal = compose(kFile, Kind::file, e.heads, with_lifetime(1000), e.bert_stamp, kStart, {});
  EXPECT_EQ(mortal.latest_expiry_ms, static_cast<std::uint64_t>(kNeverExpiresMs)) << "it covers what never expired";
  Heads heads;
  Head hour = e.anna_head;
  hour.attributes->value.lifetime_ms = 3'600'000;
  heads.push_back(hour);
  const auto minute = compose(kFile, Kind::file, heads, with_lifetime(60'000), e.bert_stamp, hour.stamp.hlc.wall(), {});
  EXPECT_EQ(minute.latest_expiry_ms, static_cast<std::uint64_t>(hour.stamp.hlc.wall().ms + 3'600'000));
}

TEST(Entry, FloorCutsWhatOldHeadsHandOn) {
  Head old = Example().anna_head;
  old.stamp.hlc = Hlc::at(kStart);
  old.context = {{kBert, Hlc::at({kStart.ms - 5})}};
  const Stamp now{Hlc::at({kStart.ms + 100}), kCleo};
  Change write;
  write.content = text("x");
  const auto context = [&](WallMs floor) {
    return compose(kFile, Kind::file, {old}, write, now, kStart, floor).context.size();
  };
  EXPECT_EQ(context({}), 2u);
  EXPECT_EQ(context(kStart), 2u) << "the head is not older than the floor, though the slot is";
  EXPECT_EQ(context({kStart.ms + 1}), 1u);
}

TEST(Entry, DeletesOfDirectoriesTellWhereTheyWere) {
  Change make;
  make.place = place_at({}, "d");
  make.attributes = mode(0750);
  const Stamp first{Hlc{5}, kAnna};
  const auto entry = compose(kFile, Kind::directory, {}, make, first, kStart, {});
  Heads heads = resolve(header(kAnna, first.hlc), entry, hash(1), Example::no_origins())->heads;
  const auto gone = compose_tombstone(kFile, heads, {Hlc{9}, kBert}, kStart, {});
  EXPECT_EQ(gone.place, place_at({}, "d"));
  EXPECT_EQ(gone.attributes->mode, 0750);
  EXPECT_EQ(gone.context, (codec::Context{{kAnna, 4}}));
  const auto fallback = compose_tombstone(kFile, heads, {Hlc{9}, kBert}, kStart, {}, place_at({}, "elsewhere"));
  EXPECT_EQ(fallback.place, place_at({}, "elsewhere"));
}

// Each lie, one edit of Bert's honest entry, and what is said to it.
TEST(Entry, LiesAreRefused) {
  using Edit = std::function<void(Example&)>;
  const std::vector<std::pair<const char*, Edit>> lies{
      {"a stamp the origin does not carry", [](Example& e) { e.bert.place.stamp.age = 99; }},
      {"an origin of someone else", [](Example& e) { e.bert.place.stamp.foreign->author = kCleo; }},
      {"an own register named as foreign", [](Example& e) { e.bert.place.stamp.foreign->author = kBert; }},
      {"a foreign register of this very moment", [](Example& e) { e.bert.place.stamp.age = 0; }},
      {"an origin that is a delete", [](Example& e) { e.anna_head.tombstone = true; }},
      {"an origin for another object", [](Example& e) { e.anna_head.object.local = LocalId{{8}}; }},
      {"a register that the origin has from another", [](Example& e) { e.anna_head.place->origin = hash(9); }},
      {"an origin that is not covered", [](Example& e) { e.bert.context.clear(); }},
      {"a slot as late as the entry", [](Example& e) { e.bert.context[0].age = 0; }},
      {"a slot before time", [](Example& e) { e.bert.context[0].age = kHlc.value + 1; }},
      {"an author twice in the context", [](Example& e) { e.bert.context.push_back(e.bert.context[0]); }},
      {"no value for an own register", [](Example& e) { e.bert.attributes.value.reset(); }},
      {"an age before time", [](Example& e) { e.bert.attributes.stamp.age = kHlc.value + 1; }},
      {"a file without content", [](Example& e) { e.bert.contents.clear(); }},
      {"a content twice", [](Example& e) { e.bert.contents.push_back(e.bert.contents[0]); }},
      {"a directory with content", [](Example& e) { e.bert.kind = Kind::directory; }},
      {"an expiry out of range", [](Example& e) { e.bert.latest_expiry_ms = ~0ULL; }},
  };
  ASSERT_TRUE(Example().resolve_bert().ok());
  for (const auto& [what, edit] : lies) {
    Example e;
    edit(e);
    const auto resolved = e.resolve_bert();
    ASSERT_FALSE(resolved.ok()) << what;
    EXPECT_EQ(resolved.code(), Errc::bad_bytes) << what;
    EXPECT_FALSE(resolved.failure().message.empty()) << what;
  }
  codec::BatchTombstone batch;
  batch.items.push_back({kFile.local, Kind::file, {}, {}, {}});
  EXPECT_EQ(resolve(header(kBert, kHlc), batch, hash(2), Example::no_origins()).code(), Errc::bad_bytes);
  batch.items[0].context = {{kAnna, 5}};
  EXPECT_TRUE(resolve(header(kBert, kHlc), batch, hash(2), Example::no_origins()).ok());
  batch.items[0].place = place_at({}, "f");
  EXPECT_EQ(resolve(header(kBert, kHlc), batch, hash(2), Example::no_origins()).code(), Errc::bad_bytes);
}

// Two people save the same bytes; a third, who saw one file, writes over it: no third version stays behind.
TEST(Entry, AWriteDropsEqualContentsTogether) {
  World world;
  Rng rng(1);
  Replica a(world, {}, 1, kStart), b(world, {}, 2, kStart);
  User anna(a, rng), bert(b, rng);
  anna.create({}, "f", text("same"));
  bert.create({}, "f", text("same"));
  ASSERT_EQ(reconcile_all({&a, &b}, rng), "");
  const LocalId f = model_object_id({}, "f", Kind::file, {});
  EXPECT_EQ(a.heads(f).size(), 2u);
  EXPECT_EQ(a.shown(f)->contents.size(), 1u);
  anna.create({}, "f", text("new"));
  EXPECT_EQ(a.shown(f)->contents.size(), 1u);
  EXPECT_EQ(a.judge_all(), "");
}

}  // namespace
}  // namespace meshfs::test
