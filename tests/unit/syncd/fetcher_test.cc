// Wants and blobs that may be deltas, on their way through one node: which form is asked for, what comes back, who is blamed.
#include <gtest/gtest.h>

#include "schema/crypto/hash.h"
#include "syncd/core/server.h"
#include "tests/unit/syncd/fakes.h"

namespace meshfs::syncd {
namespace {

namespace local = codec::local;

Hash hash(std::uint8_t n) {
  Hash out;
  out.data[0] = n;
  return out;
}
codec::Blob blob_of(std::uint8_t n, codec::BlobEncoding encoding = codec::BlobEncoding::plain, const Hash& base = {}) {
  return {hash(n), codec::BlobKind::chunk, encoding, 3, {1, 2, 3}, base};
}

class Deltas : public testing::Test {
 protected:
  Deltas() {
    mail.around = {node(1), node(2)};
    for (const NodeId& who : mail.around) {
      fetcher.on_session(who, now);
      server.on_session(who);
    }
  }
  // Needs blob `n` and gives the want that goes to node 1.
  codec::WantBlobs::Want want(std::uint8_t n) {
    local::NeedBlobs::Need need{hash(n), codec::BlobKind::chunk, 3, {hash(100), hash(101)}, 7, {}};
    fetcher.on_needs({{need}, {}}, node(1), now);
    return said_to(node(1));
  }
  codec::WantBlobs::Want said_to(const NodeId& who) {
    now = now + seconds(3);  // past a rest
    fetcher.tick(now);
    for (const auto& [to, message] : mail.take<codec::WantBlobs>()) {
      if (to == who && !message.wants.empty()) return message.wants.front();
    }
    return {};
  }
  void stored(local::BlobsStored outcome) { fetcher.on_stored(outcome, now); }

  Instant now{1'000'000'000};
  FakeMail mail;
  FakeStore store;
  BlobCache cache;
  std::uint64_t next_request = 1;
  Fetcher fetcher{mail, store, cache};
  Server server{mail, store, cache, fetcher, next_request};
};

TEST_F(Deltas, WantsNameBasesToWhoKnowsThem) {
  const auto asked = want(1);
  EXPECT_EQ(asked.bases, (std::vector{hash(100), hash(101)}));
  EXPECT_EQ(asked.offset, 7u);
  mail.old = node(1);  // came back with an older version of the program
  fetcher.on_session(node(1), now);
  const auto again = said_to(node(1));
  EXPECT_EQ(again.hash, hash(1));
  EXPECT_TRUE(again.bases.empty());
  EXPECT_TRUE(mail.blamed.empty());
}

TEST_F(Deltas, AnUnusableOneIsAskedForAgainAsItIsAndNobodyIsBlamed) {
  want(1);
  fetcher.on_blobs(node(1), {blob_of(1, codec::BlobEncoding::delta, hash(100))}, now);
  ASSERT_EQ(store.take<local::PutBlobs>().size(), 1u);
  stored({{}, {}, {hash(1)}});
  const auto again = said_to(node(1));
  EXPECT_EQ(again.hash, hash(1));
  EXPECT_TRUE(again.bases.empty());
  EXPECT_TRUE(mail.blamed.empty());
  EXPECT_EQ(fetcher.faults_of(node(1)).unusable, 1u);
}

TEST_F(Deltas, AFalseOneIsBlamedAndAskedForAsItIs) {
  want(1);
  fetcher.on_blobs(node(1), {blob_of(1, codec::BlobEncoding::delta, hash(100))}, now);
  stored({{}, {hash(1)}, {}});
  EXPECT_EQ(mail.blamed[node(1)], 1);
  EXPECT_EQ(fetcher.faults_of(node(1)).refused, 1u);
  const auto again = said_to(node(2));
  EXPECT_EQ(again.hash, hash(1)) << "by another neighbour";
  EXPECT_TRUE(again.bases.empty());
}

TEST_F(Deltas, FormsThatNobodyAskedForAreBlamed) {
  want(1);
  fetcher.on_blobs(node(1), {blob_of(1, codec::BlobEncoding::delta, hash(102))}, now);
  EXPECT_EQ(mail.blamed[node(1)], 1);
  EXPECT_TRUE(store.take<local::PutBlobs>().empty());
  want(2);
  fetcher.on_blobs(node(1), {blob_of(2, codec::BlobEncoding::rsync, hash(103))}, now);
  EXPECT_EQ(mail.blamed[node(1)], 2);
}

TEST_F(Deltas, MoreBlobsThanWereAskedForAreCountedAndBlamed) {
  want(1);
  fetcher.on_blobs(node(1), {blob_of(50)}, now);  // late, or of a want taken back: that is no fault
  EXPECT_TRUE(mail.blamed.empty());
  for (int i = 0; i < 9; ++i) fetcher.on_blobs(node(1), {blob_of(51)}, now);
  EXPECT_EQ(mail.blamed[node(1)], 9);
  EXPECT_EQ(fetcher.faults_of(node(1)).unrequested, 9u);
  fetcher.on_session_end(node(1), now);
  EXPECT_EQ(fetcher.faults_of(node(1)).unrequested, 9u) << "a new session makes nobody innocent";
}

TEST_F(Deltas, WhoBroughtFalseOnesIsAskedForLess) {
  for (std::uint8_t n = 1; n <= 6; ++n) {
    want(n);
    fetcher.on_blobs(node(1), {blob_of(n)}, now);
    stored({{}, {hash(n)}, {}});
    stored({{hash(n)}, {}, {}});
    fetcher.on_needs({{}, {hash(n)}}, std::nullopt, now);
  }
  mail.take<codec::WantBlobs>();
  std::vector<local::NeedBlobs::Need> needs;
  for (std::uint8_t n = 10; n < 110; ++n) needs.push_back({hash(n), codec::BlobKind::chunk, 3, {}, 0, {}});
  fetcher.on_needs({needs, {}}, node(1), now);
  fetcher.tick(now);
  EXPECT_LE(fetcher.asked_of(node(1)), 8u);
}

// --- serving

TEST_F(Deltas, WhatMostNeighboursWaitForIsAskedForFirst) {
  fetcher.on_session_end(node(2), now);
  local::NeedBlobs needs;
  for (std::uint8_t n = 0; n < 200; ++n) needs.needs.push_back({hash(n), codec::BlobKind::chunk, 64 * 1024, {}, 0, {}});
  fetcher.on_needs(needs, node(1), now);
  fetcher.tick(now);
  const auto first = mail.take<codec::WantBlobs>();
  ASSERT_EQ(first.size(), 1u);
  std::vector<Hash> asked;
  for (const auto& want : first.front().second.wants) asked.push_back(want.hash);
  ASSERT_LT(asked.size(), 100u);
  const auto wants = [&](const NodeId& who, std::uint8_t n) {
    server.on_want_blobs(who, {{{hash(n), codec::BlobKind::chunk}}, {}});
  };
  server.on_session(node(3));
  wants(node(2), 150);
  wants(node(2), 180);
  wants(node(3), 180);
  wants(node(3), 0);  // on its way already
  std::vector<codec::Blob> came;
  for (const Hash& one : asked)
    came.push_back({one, codec::BlobKind::chunk, codec::BlobEncoding::plain, 3, {1, 2, 3}, {}});
  fetcher.on_blobs(node(1), came, now);
  local::BlobsStored outcome;
  outcome.stored = asked;
  stored(outcome);
  fetcher.tick(now);
  const auto next = mail.take<codec::WantBlobs>();
  ASSERT_EQ(next.size(), 1u);
  ASSERT_GE(next.front().second.wants.size(), 3u);
  EXPECT_EQ(next.front().second.wants[0].hash, hash(180));
  EXPECT_EQ(next.front().second.wants[1].hash, hash(150));
  EXPECT_EQ(next.front().second.wants[2].hash, hash(static_cast<std::uint8_t>(asked.size())));
}

TEST_F(Deltas, ARelayForwardsADeltaToWhoNamedItsBaseOnly) {
  cache.put(blob_of(1, codec::BlobEncoding::delta, hash(100)));
  cache.set_verified(hash(1));
  server.on_want_blobs(node(1), {{{hash(1), codec::BlobKind::chunk, {hash(99), hash(100)}}}, {}});
  server.on_want_blobs(node(2), {{{hash(1), codec::BlobKind::chunk, {hash(99)}}}, {}});
  server.tick();
  const auto blobs = mail.take<codec::Blobs>();
  ASSERT_EQ(blobs.size(), 1u);
  EXPECT_EQ(blobs[0].first, node(1));
  const auto asked = store.take<local::GetBlobs>();
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].bases, std::vector{hash(99)});
}

TEST_F(Deltas, AnAnswerToASignatureGoesToWhoMadeTheSameOne) {
  const Bytes signature{1, 2, 3, 4};
  cache.put(blob_of(1, codec::BlobEncoding::rsync, crypto::hash_of(signature)));
  cache.set_verified(hash(1));
  server.on_want_blobs(node(1), {{{hash(1), codec::BlobKind::chunk, {}, 0, signature}}, {}});
  server.on_want_blobs(node(2), {{{hash(1), codec::BlobKind::chunk, {}, 0, {9}}}, {}});
  server.tick();
  EXPECT_EQ(mail.take<codec::Blobs>().size(), 1u);
  ASSERT_EQ(store.take<local::GetBlobs>().size(), 1u);
}

TEST_F(Deltas, AnswersWithBasesComeInAnyOrder) {
  server.on_want_blobs(node(1), {{{hash(1), codec::BlobKind::chunk, {hash(9)}},
                                  {hash(2), codec::BlobKind::chunk, {hash(9)}},
                                  {hash(3), codec::BlobKind::chunk}},
                                 {}});
  server.tick();
  const auto asked = store.take<local::GetBlobs>();
  ASSERT_EQ(asked.size(), 3u);
  for (const std::size_t i : {std::size_t{2}, std::size_t{1}, std::size_t{0}}) {
    local::BlobsFound found;
    found.request = asked[i].request;
    found.blobs = {blob_of(asked[i].hashes[0].data[0])};
    server.on_blobs_found(found);
  }
  EXPECT_EQ(mail.take<codec::Blobs>().size(), 3u);
  EXPECT_EQ(server.wanted_by(node(1)), 0u);
}

}  // namespace
}  // namespace meshfs::syncd
