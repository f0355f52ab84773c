#include "syncd/core/gossip.h"

#include <gtest/gtest.h>

#include "tests/unit/schema/example.h"

namespace meshfs::syncd {
namespace {

using testing::example_commit;
using testing::example_inline;
using testing::filled;

struct Outside : Mail, Store {
  bool send(const NodeId& to, Priority, SharedBytes message) override {
    sent.emplace_back(to, *codec::decode_message(*message));
    return true;
  }
  std::size_t queued(const NodeId&, Priority) const override { return 0; }
  const std::vector<NodeId>& neighbours() const override { return all; }
  void blame(const NodeId&, const char*) override { FAIL(); }
  std::string name_of(const NodeId&) const override { return "n"; }
  std::uint32_t features(const NodeId&) const override { return 0; }
  void send(codec::local::ToFsd message) override { to_fsd.push_back(std::move(message)); }
  using Mail::send;

  std::vector<NodeId> all;
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
  Gossip gossip{outside, outside, cache, dictionaries, testing::example_network()};
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

}  // namespace
}  // namespace meshfs::syncd
