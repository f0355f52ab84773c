// Far questions and replies: limits, sizes, and what their signatures cover.
#include <gtest/gtest.h>

#include <functional>

#include "tests/unit/schema/example.h"
#include "tests/unit/schema/random_records.h"

namespace meshfs::codec {
namespace {

using namespace meshfs::testing;

void refused(const Message& message, Errc code, const char* what) {
  const auto back = decode_message(encode_message(message));
  ASSERT_FALSE(back.ok()) << what;
  EXPECT_EQ(back.code(), code) << what << ": " << back.failure().message;
}

TEST(Questions, LimitsOfEach) {
  const Question question{filled<QuestionId>(1), filled<AuthorTag>(2), 1, {}, filled<Hash>(3), {}, {}, {}};
  Reply reply;
  reply.author = filled<AuthorTag>(4);
  reply.sources = {{"roof", 90'000}};
  ASSERT_TRUE(decode_message(encode_message(question)).ok());
  ASSERT_TRUE(decode_message(encode_message(Replies{question.id, {reply}})).ok());
  const auto asked = [&](auto bend, Errc code, const char* what) {
    Question bent = question;
    bend(bent);
    refused(bent, code, what);
  };
  asked([](Question& q) { q.hops = 0; }, Errc::bad_bytes, "no hop left");
  asked([](Question& q) { q.hops = kMaxHops + 1; }, Errc::too_large, "too many hops");
  const auto replied = [&](auto bend, Errc code, const char* what) {
    Reply bent = reply;
    bend(bent);
    refused(Replies{question.id, {bent}}, code, what);
  };
  replied([](Reply& r) { r.state = static_cast<Holding>(9); }, Errc::unsupported, "unknown state");
  replied([](Reply& r) { r.sources.resize(kMaxSources + 1, r.sources[0]); }, Errc::too_large, "nine sources");
  replied([](Reply& r) { r.sources[0].name.clear(); }, Errc::bad_bytes, "source without name");
  replied([](Reply& r) { r.sources[0].name.assign(kMaxSourceName + 1, 'x'); }, Errc::too_large, "long name");
  replied([](Reply& r) { r.reason.assign(kMaxReplyReason + 1, 'x'); }, Errc::too_large, "long reason");
  refused(Replies{question.id, {}}, Errc::bad_bytes, "no replies");
  refused(Replies{question.id, std::vector<Reply>(kMaxReplies + 1, reply)}, Errc::too_large, "65 replies");
}

// schema/README.md names these.
TEST(Questions, AndRepliesAreSmall) {
  Rng rng(3);
  Question question{testing::random_fixed<QuestionId>(rng),
                    testing::random_fixed<AuthorTag>(rng),
                    kMaxHops,
                    {kSharedVolume, testing::random_fixed<LocalId>(rng)},
                    testing::random_fixed<Hash>(rng),
                    {30'000'000, testing::random_fixed<Hash>(rng)},
                    {},
                    testing::random_fixed<crypto::Signature>(rng)};
  EXPECT_EQ(encode_message(question).size(), 213u);
  Reply reply;
  reply.author = testing::random_fixed<AuthorTag>(rng);
  reply.state = Holding::holds;
  reply.have = reply.of = 640;
  reply.signature = testing::random_fixed<crypto::Signature>(rng);
  const std::size_t one = encode_message(Replies{question.id, {reply}}).size();
  EXPECT_EQ(one, 128u);
  Replies many{question.id, {}};
  for (std::size_t i = 0; i < kMaxReplies; ++i) {
    reply.author = testing::random_fixed<AuthorTag>(rng);
    reply.signature = testing::random_fixed<crypto::Signature>(rng);
    many.replies.push_back(reply);
  }
  EXPECT_EQ(encode_message(many).size() / kMaxReplies, 88u);
}

// A relay can't change what a node said, or use it for another question or network.
TEST(Questions, SignaturesCoverAllButTheHops) {
  Rng rng(7);
  const crypto::SigningKey key = testing::random_key(rng);
  const DeviceKey device{key.public_key().data};
  const NetworkId network = filled<NetworkId>(9);
  Question question{filled<QuestionId>(1), filled<AuthorTag>(2), 9, {}, filled<Hash>(3), {5, filled<Hash>(4)}, {}, {}};
  sign_question(question, network, key);
  Question relayed = question;
  relayed.hops = 3;
  EXPECT_TRUE(verify_question(relayed, network, device));
  EXPECT_FALSE(verify_question(question, filled<NetworkId>(8), device));
  const std::vector<std::function<void(Question&)>> bends{[](Question& q) { q.id.data[0] ^= 1; },
                                                          [](Question& q) { q.asker.data[0] ^= 1; },
                                                          [](Question& q) { q.object.volume.data[0] ^= 1; },
                                                          [](Question& q) { q.object.local.data[0] ^= 1; },
                                                          [](Question& q) { q.entry.data[0] ^= 1; },
                                                          [](Question& q) { q.content.size ^= 1; },
                                                          [](Question& q) { q.content.root.data[0] ^= 1; },
                                                          [](Question& q) { q.target.data[0] ^= 1; }};
  for (const auto& bend : bends) {
    Question bent = question;
    bend(bent);
    EXPECT_FALSE(verify_question(bent, network, device));
  }
  Reply reply;
  reply.author = filled<AuthorTag>(4);
  reply.sources = {{"roof", 90'000}};
  reply.reason = "so";
  sign_reply(reply, question.id, network, key);
  Reply travelled = reply;
  travelled.hops = 30;
  EXPECT_TRUE(verify_reply(travelled, question.id, network, device));
  EXPECT_FALSE(verify_reply(reply, filled<QuestionId>(6), network, device)) << "another question";
  const std::vector<std::function<void(Reply&)>> lies{[](Reply& r) { r.author.data[0] ^= 1; },
                                                      [](Reply& r) { r.state = Holding::holds; },
                                                      [](Reply& r) { r.have ^= 1; },
                                                      [](Reply& r) { r.of ^= 1; },
                                                      [](Reply& r) { r.seconds_left ^= 1; },
                                                      [](Reply& r) { r.heard_ms ^= 1; },
                                                      [](Reply& r) { r.sources.clear(); },
                                                      [](Reply& r) { r.sources[0].bytes_per_s ^= 1; },
                                                      [](Reply& r) { r.sources[0].name = "roo"; },
                                                      [](Reply& r) { r.reason = "sO"; }};
  for (const auto& lie : lies) {
    Reply bent = reply;
    lie(bent);
    EXPECT_FALSE(verify_reply(bent, question.id, network, device));
  }
}

}  // namespace
}  // namespace meshfs::codec
