#include "syncd/core/gossip.h"

#include <gtest/gtest.h>

#include "schema/codec/squeezed.h"
#include "tests/unit/schema/example.h"

namespace meshfs::syncd {
namespace {

using testing::example_commit;
using testing::example_inline;
using testing::filled;

struct Outside : Mail, Airs, Store {
  bool send(const NodeId& to, Priority priority, SharedBytes message) override {
    sent.emplace_back(to, *codec::decode_message(*message));
    last = priority;
    return true;
  }
  std::size_t queued(const NodeId&, Priority) const override { return 0; }
  const std::vector<NodeId>& neighbours() const override { return all; }
  void blame(const NodeId&, const char*) override { FAIL(); }
  std::string name_of(const NodeId&) const override { return "n"; }
  std::uint32_t features(const NodeId&) const override { return codec::kFeatureNews; }
  std::vector<NodeId> grafted;
  std::vector<Air> airs() const override { return air; }
  void send_news(LinkId, const std::optional<NodeId>& to, codec::News news) override {
    cast.emplace_back(to, std::move(news));
  }
  void graft(const NodeId& who, Instant) override { grafted.push_back(who); }
  void send(codec::local::ToFsd message) override { to_fsd.push_back(std::move(message)); }
  using Mail::send;

  // Whoever got a push.
  std::vector<NodeId> pushed() const {
    std::vector<NodeId> out;
    for (const auto& [to, message] : sent) {
      if (std::holds_alternative<codec::Push>(message)) out.push_back(to);
    }
    return out;
  }
  Priority last{};
  std::vector<NodeId> all;
  std::vector<Air> air;
  std::vector<std::pair<std::optional<NodeId>, codec::News>> cast;
  std::vector<std::pair<NodeId, codec::Message>> sent;
  std::vector<codec::local::ToFsd> to_fsd;
};

class GossipTest : public ::testing::Test {
 protected:
  // A neighbour's commit that fsd accepts.
  std::uint64_t accepted(const NodeId& from, std::size_t bytes) {
    const Bytes commit = codec::encode_commit(example_commit(example_inline(bytes)));
    gossip.on_push(from, {{{codec::ItemForm::commit, commit}}, {}}, now);
    const std::uint64_t offer = std::get<codec::local::Offer>(outside.to_fsd.back()).offer;
    gossip.on_judged({offer, {{codec::local::Verdict::accepted, ""}}}, now);
    return offer;
  }
  std::vector<std::pair<NodeId, std::size_t>> held() const {  // who was told of how many
    std::vector<std::pair<NodeId, std::size_t>> out;
    for (const auto& [to, message] : outside.sent) {
      if (const auto* one = std::get_if<codec::Held>(&message)) out.emplace_back(to, one->headers.size());
    }
    return out;
  }

  const NodeId a = filled<NodeId>(1), b = filled<NodeId>(2);
  Instant now{1'000'000'000};
  Outside outside;
  BlobCache cache;
  HeldDictionaries dictionaries{outside};
  Gossip gossip{outside, outside, outside, cache, dictionaries, testing::example_network(), Rng(7)};
};

TEST_F(GossipTest, DurableCommitsAreAcknowledgedTogether) {
  outside.all = {a, b};
  gossip.on_durable({accepted(a, 10)}, now);
  gossip.on_durable({accepted(a, 11)}, now + milliseconds(5));
  gossip.on_durable({accepted(b, 12)}, now + milliseconds(6));
  EXPECT_EQ(gossip.tick(now + milliseconds(10)), now + Gossip::kHeldPatience);
  EXPECT_TRUE(held().empty());
  EXPECT_EQ(gossip.tick(now + Gossip::kHeldPatience), kNever);
  EXPECT_EQ(held(), (std::vector<std::pair<NodeId, std::size_t>>{{a, 2}, {b, 1}}));
  gossip.tick(now + seconds(1));
  EXPECT_EQ(held().size(), 2u);
}

// The comparison that found it tells when all is well.
TEST_F(GossipTest, WhatRepairsIsNotAcknowledged) {
  outside.all = {a};
  codec::Push push{{{codec::ItemForm::commit, codec::encode_commit(example_commit(example_inline(10)))}}, {}};
  for (const bool repair : {true, false}) {
    push.repair = repair;
    gossip.on_push(a, push, now);
    const std::uint64_t offer = std::get<codec::local::Offer>(outside.to_fsd.back()).offer;
    gossip.on_judged({offer, {{codec::local::Verdict::accepted, ""}}}, now);
    gossip.on_durable({offer}, now);
    gossip.tick(now + seconds(1));
    EXPECT_EQ(held().size(), repair ? 0u : 1u);
    push.bundles[0].bytes = codec::encode_commit(example_commit(example_inline(11)));
  }
}

TEST_F(GossipTest, NothingIsAcknowledgedBeforeItIsDurable) {
  outside.all = {a};
  accepted(a, 10);
  gossip.on_durable({77}, now);  // of an offer that does not exist
  EXPECT_EQ(gossip.tick(now + seconds(1)), kNever);
  EXPECT_TRUE(held().empty());
}

TEST_F(GossipTest, MoreThanOneMessageHoldsGoAtOnce) {
  outside.all = {a};
  for (std::size_t i = 0; i <= codec::kMaxHeld; ++i) {
    const Bytes commit = codec::encode_commit(example_commit(example_inline(i % 250)));
    codec::Commit one = *codec::decode_commit(commit);
    one.header.sequence = i + 2;                           // a first commit would have none before it
    one.signature.data[0] = static_cast<std::uint8_t>(i);  // what names it (codec::identity_of)
    one.signature.data[1] = static_cast<std::uint8_t>(i >> 8);
    gossip.on_push(a, {{{codec::ItemForm::commit, codec::encode_commit(one)}}, {}}, now);
    const std::uint64_t offer = std::get<codec::local::Offer>(outside.to_fsd.back()).offer;
    gossip.on_judged({offer, {{codec::local::Verdict::accepted, ""}}}, now);
    gossip.on_durable({offer}, now);
  }
  EXPECT_EQ(held(), (std::vector<std::pair<NodeId, std::size_t>>{{a, codec::kMaxHeld}}));
  gossip.tick(now + Gossip::kHeldPatience);
  EXPECT_EQ(held().size(), 2u);
}

codec::Bundle commit_of(const VolumeTag& volume, std::size_t bytes) {
  codec::Header header = testing::example_header();
  header.volume = volume;
  return {codec::ItemForm::commit,
          codec::encode_commit(
              codec::sign_commit(testing::example_network(), header, {example_inline(bytes)}, testing::example_key()))};
}

class NewsTest : public GossipTest {
 protected:
  NewsTest() {
    outside.all = {a, b, c, d};
    outside.air = {{1, milliseconds(1), 3, 1200, {a, b, c}}};  // d is near on no such link, or an old peer
  }
  // Another's broadcast.
  void hear(const NodeId& from, const codec::Bundle& one) {
    codec::News news;
    news.push.bundles = {one};
    gossip.on_news(from, 1, news, now);
  }
  // The latest offer.
  void judge(codec::local::Verdict verdict) {
    gossip.on_judged({std::get<codec::local::Offer>(outside.to_fsd.back()).offer, {{verdict, ""}}}, now);
  }
  // Enough turns for all that waits.
  void pass(Duration span) {
    for (const Instant end = now + span; now < end; now = now + milliseconds(1)) gossip.tick(now);
  }
  static codec::News ask(const codec::Bundle& one) {
    codec::News news;
    news.have = {news_key(codec::identity_of(one))};
    news.ask = true;
    return news;
  }
  const NodeId c = filled<NodeId>(3), d = filled<NodeId>(4);
  const codec::Bundle bundle = commit_of(kSharedVolume, 20);
};

TEST_F(NewsTest, OurOwnGoesOnceToAllInRangeAndToOthersInTheirSessions) {
  gossip.on_publish({{{bundle}, {}}, {}, {}}, now);
  gossip.tick(now);
  ASSERT_EQ(outside.cast.size(), 1u);
  EXPECT_FALSE(outside.cast[0].first);
  EXPECT_EQ(outside.cast[0].second.push.bundles, std::vector<codec::Bundle>{bundle});
  EXPECT_EQ(outside.pushed(), std::vector<NodeId>{d});
}

TEST_F(NewsTest, TwoGetTheirCopiesAtOnce) {
  outside.air[0].near = {a, b};
  gossip.on_publish({{{bundle}, {}}, {}, {}}, now);
  gossip.tick(now);
  EXPECT_TRUE(outside.cast.empty());
  EXPECT_EQ(outside.pushed(), (std::vector<NodeId>{a, b, c, d}));
}

TEST_F(NewsTest, WhatFitsNoFrameGoesInSessions) {
  codec::Blob blob{filled<Hash>(1), codec::BlobKind::chunk, codec::BlobEncoding::plain, 1100, Bytes(1100), {}};
  gossip.on_publish({{{bundle}, {blob}}, {}, {}}, now);
  gossip.tick(now);
  EXPECT_TRUE(outside.cast.empty());
  EXPECT_EQ(outside.pushed(), (std::vector<NodeId>{a, b, c, d}));
}

TEST_F(NewsTest, CopiesOfOneItemAreOfferedOnce) {
  hear(a, bundle);
  hear(b, bundle);
  gossip.on_push(c, {{bundle}, {}}, now);
  judge(codec::local::Verdict::accepted);
  hear(a, bundle);
  EXPECT_EQ(outside.to_fsd.size(), 1u);
  pass(seconds(2));
  EXPECT_EQ(outside.pushed(), std::vector<NodeId>{d});  // all others had it before us
  for (const auto& [to, news] : outside.cast) EXPECT_TRUE(news.push.bundles.empty());
}

TEST_F(NewsTest, OneHeldGoesToWhoBroughtIt) {
  hear(b, bundle);
  judge(codec::local::Verdict::accepted);
  gossip.on_durable({std::get<codec::local::Offer>(outside.to_fsd.back()).offer}, now);
  pass(seconds(1));
  EXPECT_EQ(held(), (std::vector<std::pair<NodeId, std::size_t>>{{b, 1}}));
}

TEST_F(NewsTest, WhoAsksIsToldAndOnlyTheFirstOfWhatIsLacking) {
  gossip.on_news(a, 1, ask(bundle), now);
  gossip.on_news(b, 1, ask(bundle), now);
  ASSERT_EQ(outside.cast.size(), 1u);
  EXPECT_EQ(outside.cast[0].first, a);
  EXPECT_EQ(outside.cast[0].second.lack.size(), 1u);
  now = now + Gossip::kLackPatience;  // a did not send it
  gossip.on_news(b, 1, ask(bundle), now);
  ASSERT_EQ(outside.cast.size(), 2u);
  EXPECT_EQ(outside.cast[1].first, b);
  hear(b, bundle);
  gossip.on_news(c, 1, ask(bundle), now);  // being judged: it is here
  ASSERT_EQ(outside.cast.size(), 3u);
  EXPECT_EQ(outside.cast[2].second.have.size(), 1u);
}

TEST_F(NewsTest, WhatOnlyOneWithoutASessionHasMakesItABridge) {
  const NodeId stranger = filled<NodeId>(9);
  const codec::Bundle lacked = commit_of({}, 30), comes = commit_of({}, 40);
  codec::News news;
  news.have = {news_key(codec::identity_of(lacked)), news_key(codec::identity_of(comes))};
  gossip.on_news(stranger, 1, news, now);
  gossip.on_news(a, 1, news, now);  // in session: nothing to watch
  hear(b, comes);
  gossip.tick(now + (Gossip::kForeignPatience - milliseconds(1)));
  EXPECT_TRUE(outside.grafted.empty());
  gossip.tick(now + Gossip::kForeignPatience);
  EXPECT_EQ(outside.grafted, std::vector{stranger});
  gossip.tick(now + seconds(10));
  EXPECT_EQ(outside.grafted.size(), 1u);
}

TEST_F(NewsTest, NobodyIsBlamedForABroadcast) {
  hear(a, bundle);
  judge(codec::local::Verdict::refused);  // Outside::blame() fails the test
  EXPECT_TRUE(outside.cast.empty());
}

TEST_F(NewsTest, RevocationsAndCommandsAreUrgent) {
  const std::pair<VolumeTag, Priority> table[] = {{kSharedVolume, Priority::news},
                                                  {testing::filled<VolumeTag>(9), Priority::news},
                                                  {kNetworkVolume, Priority::urgent},
                                                  {kCommandsVolume, Priority::urgent}};
  for (const auto& [volume, priority] : table) {
    outside.air.clear();
    outside.sent.clear();
    gossip.on_publish({{{commit_of(volume, 30)}, {}}, {}, {}}, now);
    EXPECT_EQ(outside.pushed().size(), 4u);
    EXPECT_EQ(outside.last, priority) << volume.hex();
    hear(a, commit_of(volume, 31));
    judge(codec::local::Verdict::accepted);
    EXPECT_EQ(outside.last, priority) << volume.hex();
  }
}

}  // namespace
}  // namespace meshfs::syncd
