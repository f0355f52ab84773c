// Far questions between whole nodes in virtual time: who holds a version, why does a node lack it; across loss, in
// partitions, past liars and in storms. Figures that ARCHITECTURE.md names are printed by the first test.
#include <gtest/gtest.h>

#include "tests/sim/sim_node.h"
#include "tests/unit/core/world.h"

namespace meshfs::sim {
namespace {

using codec::Holding;
using fsd::FarOutcome;
using transport::EdgeQuality;
using transport::SimNetwork;
namespace local = codec::local;

class FarMesh {
 public:
  // A line, or a grid `width` wide.
  FarMesh(std::size_t nodes, std::uint32_t loss_ppm, std::size_t width = 1) : network(nodes * 7 + loss_ppm) {
    const crypto::Seed secret = test_seed(99, 7);
    const codec::Genesis genesis = test_genesis(secret, 0);
    const EdgeQuality quality{.delay = milliseconds(2), .jitter = milliseconds(1), .loss_ppm = loss_ppm};
    for (std::size_t i = 0; i < nodes; ++i) {
      identities.push_back(test_identity(genesis, secret, i, "n" + std::to_string(i)));
      const auto number = network.add_node();
      node.push_back(
          std::make_unique<SimNode>(network, number, identities[i], identities[i], SimHost::Options{.seed = 5}));
      if (i % width != 0 || (width == 1 && i > 0)) network.connect(number - 1, number, quality);
      if (width > 1 && i >= width) network.connect(number - static_cast<SimNetwork::Node>(width), number, quality);
    }
    for (auto& one : node) one->start();
  }
  ~FarMesh() {
    for (auto& one : node) one->host().stop();
  }

  void pass(Duration time) { network.run_until(network.now() + time); }
  // Until every node has the file with this text.
  bool spread(const std::string& path, const std::string& text) {
    for (int i = 0; i < 600; ++i) {
      pass(milliseconds(500));
      const auto has = [&](const auto& one) { return !one->running() || one->text_of(path) == text; };
      if (std::all_of(node.begin(), node.end(), has)) return true;
    }
    return false;
  }
  struct Result {
    Status status;
    std::optional<FarOutcome> outcome;
  };
  // Runs until the answer is there.
  Result ask(std::size_t who, const std::string& path, const std::string& target = {}, Duration wait = seconds(2)) {
    node[who]->replica().note_time(network.now());
    auto got = std::make_shared<std::optional<FarOutcome>>();
    Result out;
    out.status = node[who]->replica().ask_far(path, "", target, wait,
                                              [got](const auto&, const FarOutcome& outcome) { *got = outcome; });
    node[who]->after_change();
    for (int i = 0; i < 40'000 && out.status.ok() && !*got; ++i) pass(milliseconds(1));
    out.outcome = *got;
    return out;
  }
  std::uint64_t messages() const {
    std::uint64_t sum = 0;
    for (const auto& one : node) sum += one->running() ? one->host().core().stats().messages_out : 0;
    return sum;
  }

  SimNetwork network;
  std::vector<codec::Identity> identities;
  std::vector<std::unique_ptr<SimNode>> node;
};

std::map<std::string, Holding> states(const FarOutcome& outcome) {
  std::map<std::string, Holding> out;
  for (const auto& [name, reply] : outcome.replies) out[name] = reply.state;
  return out;
}

std::size_t holding(const FarOutcome& outcome) {
  std::size_t count = 0;
  for (const auto& [name, state] : states(outcome)) count += state == Holding::holds ? 1 : 0;
  return count;
}

void expect_all_hold(FarMesh& mesh, const char* what) {
  ASSERT_TRUE(mesh.node[0]->write("f", std::string(1000, 'x')));
  ASSERT_TRUE(mesh.spread("f", std::string(1000, 'x')));
  mesh.pass(seconds(20));  // only beacons are left
  const auto messages = mesh.messages();
  const auto bytes = mesh.network.counters().bytes;
  const auto asked = mesh.ask(0, "f");
  ASSERT_TRUE(asked.status.ok()) << asked.status.failure().message;
  ASSERT_TRUE(asked.outcome.has_value());
  EXPECT_EQ(holding(*asked.outcome), mesh.node.size());
  EXPECT_TRUE(asked.outcome->silent.empty());
  std::printf("%-24s %2zu nodes: all heard after %lld ms, %llu messages, %llu bytes per node\n", what, mesh.node.size(),
              static_cast<long long>(to_ms(asked.outcome->took)),
              static_cast<unsigned long long>(mesh.messages() - messages),
              static_cast<unsigned long long>((mesh.network.counters().bytes - bytes) / mesh.node.size()));
}

TEST(Far, EverybodyIsHeard) {
  FarMesh two(2, 0);
  expect_all_hold(two, "two");
  FarMesh five(5, 0);
  expect_all_hold(five, "line, 4 hops");
  FarMesh grid(25, 50'000, 5);
  expect_all_hold(grid, "grid, 5 % loss");
}

TEST(Far, AcrossThirtyHopsWithLoss) {
  FarMesh line(31, 200'000);
  expect_all_hold(line, "line, 30 hops, 20 % loss");
  const auto last = line.ask(0, "f", "n30");
  ASSERT_TRUE(last.outcome.has_value());
  ASSERT_EQ(last.outcome->replies.size(), 1u);
  EXPECT_EQ(last.outcome->replies[0].reply.state, Holding::holds);
  EXPECT_EQ(last.outcome->replies[0].reply.hops, 30) << "links between the two";
}

TEST(Far, WhyTellsWhatIsMissing) {
  FarMesh line(4, 0);
  ASSERT_TRUE(line.node[0]->write("first", "1"));
  ASSERT_TRUE(line.spread("first", "1"));
  line.node[3]->store().blobs.set_full(true);
  ASSERT_TRUE(line.node[0]->write("big", std::string(2000, 'b')));
  line.pass(seconds(5));
  const auto lacking = line.ask(0, "big", "n3");
  ASSERT_TRUE(lacking.outcome && lacking.outcome->replies.size() == 1);
  EXPECT_EQ(lacking.outcome->replies[0].reply.state, Holding::fetching);
  EXPECT_EQ(lacking.outcome->replies[0].reply.have, 0u);
  EXPECT_EQ(lacking.outcome->replies[0].reply.of, 1u);
  line.node[3]->store().blobs.set_full(false);
  line.pass(seconds(60));
  EXPECT_EQ(line.ask(0, "big", "n3").outcome->replies.at(0).reply.state, Holding::holds);

  line.network.cut_both(2, 3);
  ASSERT_TRUE(line.node[0]->write("late", "2"));
  line.pass(seconds(1));
  line.network.mend_both(2, 3);
  // Before anything was reconciled it knows nothing of it; its own view needs no network.
  const auto own = line.ask(0, "late", "n0");
  ASSERT_TRUE(own.outcome && own.outcome->replies.size() == 1);
  EXPECT_EQ(own.outcome->replies[0].reply.state, Holding::holds);
  EXPECT_EQ(own.outcome->took.ns, 0);
  EXPECT_EQ(line.ask(0, "late", "nobody").status.code(), Errc::not_found);
  EXPECT_EQ(line.ask(0, "never", "n1").status.code(), Errc::not_found);
}

// What node 1 replies about a version that only this test knows of.
codec::Reply reply_about(FarMesh& mesh, const ObjectId& object, const Hash& entry) {
  std::optional<codec::Reply> reply;
  mesh.node[1]->bend_out = [&](local::ToSyncd& message) {
    if (auto* judged = std::get_if<local::QuestionJudged>(&message)) reply = judged->reply;
  };
  codec::Question question;
  question.id = crypto::prefix_of<codec::QuestionId>(entry);
  question.asker = codec::author_tag(mesh.identities[0].member);
  question.object = object;
  question.entry = entry;
  codec::sign_question(question, codec::network_id(mesh.identities[0].genesis),
                       crypto::SigningKey::from_seed(mesh.identities[0].device_seed));
  mesh.node[1]->replica().on_syncd(local::QuestionCame{1, question, std::nullopt});
  mesh.node[1]->bend_out = nullptr;
  EXPECT_TRUE(reply.has_value());
  return reply.value_or(codec::Reply{});
}

TEST(Far, WhyTellsWhatWasRefusedAndWhatWaits) {
  FarMesh two(2, 0);
  ASSERT_TRUE(two.node[0]->write("f", "1"));
  ASSERT_TRUE(two.spread("f", "1"));
  const NetworkId network = codec::network_id(two.identities[0].genesis);
  // n0 writes into n1's volume; a stranger writes a file.
  const auto offer = [&](const codec::Identity& author, const VolumeTag& volume) {
    codec::ObjectEntry entry;
    entry.place.value = codec::PlaceValue{{LocalId{}, *FileName::from("x")}, std::nullopt};
    entry.object = codec::object_id(root_of(volume), *FileName::from("x"), codec::Kind::file);
    entry.attributes.value = test_attributes();
    entry.contents = {{{}, Bytes{1}}};
    codec::Header header;
    header.author = codec::author_tag(author.member);
    header.sequence = 9;
    header.hlc = Hlc::at(SimNode::kWallStart);
    header.volume = volume;
    const auto commit = codec::sign_commit(network, header, {entry}, crypto::SigningKey::from_seed(author.device_seed));
    two.node[1]->replica().on_syncd(local::Offer{1, {{codec::ItemForm::commit, codec::encode_commit(commit)}}, "n0"});
    return reply_about(two, {volume, entry.object}, codec::entry_hashes(commit.header, commit.entries)[0]);
  };
  const auto refused = offer(two.identities[0], codec::node_volume(two.identities[1].member.node));
  EXPECT_EQ(refused.state, Holding::refused);
  EXPECT_NE(refused.reason.find("written by that node only"), std::string::npos) << refused.reason;
  const auto stranger = test_identity(two.identities[0].genesis, test_seed(99, 7), 77, "stranger");
  const auto waiting = offer(stranger, kSharedVolume);
  EXPECT_EQ(waiting.state, Holding::waiting);
  EXPECT_NE(waiting.reason.find("member record"), std::string::npos) << waiting.reason;
  EXPECT_EQ(reply_about(two, {}, crypto::hash_of(as_bytes("never"))).state, Holding::unknown);
}

TEST(Far, APartitionIsSilentAndLastHeardOf) {
  FarMesh line(5, 0);
  ASSERT_TRUE(line.node[4]->write("f", "text"));
  ASSERT_TRUE(line.spread("f", "text"));
  line.pass(seconds(10));
  line.network.cut_both(3, 4);
  line.pass(seconds(40));
  const auto all = line.ask(0, "f");
  ASSERT_TRUE(all.outcome.has_value());
  EXPECT_EQ(all.outcome->silent, std::vector<std::string>{"n4"});
  EXPECT_EQ(holding(*all.outcome), 4u);
  EXPECT_GE(to_ms(all.outcome->took), 2000) << "it waits as long as it was told to";
  const auto why = line.ask(0, "f", "n4");
  ASSERT_TRUE(why.outcome.has_value());
  EXPECT_TRUE(why.outcome->replies.empty());
  ASSERT_TRUE(why.outcome->heard.has_value());
  EXPECT_GE(to_ms(*why.outcome->heard), 30'000);
  EXPECT_LE(to_ms(*why.outcome->heard), 100'000) << "by its neighbour, later than its only commit";
}

TEST(Far, LiarsAreNotBelieved) {
  FarMesh line(4, 0);
  ASSERT_TRUE(line.node[0]->write("f", std::string(1000, 'x')));
  ASSERT_TRUE(line.spread("f", std::string(1000, 'x')));
  line.pass(seconds(5));
  // n1 speaks for n3, in front of it.
  const AuthorTag third = codec::author_tag(line.identities[3].member);
  line.node[1]->bend_out = [&](local::ToSyncd& message) {
    auto* judged = std::get_if<local::QuestionJudged>(&message);
    if (judged == nullptr || !judged->reply) return;
    judged->reply->author = third;
    judged->reply->state = Holding::unknown;
  };
  const auto all = line.ask(0, "f");
  ASSERT_TRUE(all.outcome.has_value());
  EXPECT_EQ(all.outcome->silent, std::vector<std::string>{"n1"}) << "the liar's own word got lost, nobody else's";
  EXPECT_EQ(states(*all.outcome).at("n3"), Holding::holds);
  line.node[1]->bend_out = nullptr;
  line.pass(seconds(6));
  // Every reply is changed on its way.
  line.node[0]->bend_in = [](local::ToFsd& message) {
    auto* replies = std::get_if<local::RepliesCame>(&message);
    if (replies == nullptr) return;
    for (auto& reply : replies->replies) reply.reason = "Trust me.";
  };
  const auto changed = line.ask(0, "f");
  ASSERT_TRUE(changed.outcome.has_value());
  EXPECT_EQ(holding(*changed.outcome), 1u) << "only itself";
  line.node[0]->bend_in = nullptr;
  line.pass(seconds(6));
  EXPECT_EQ(holding(*line.ask(0, "f").outcome), 4u) << "control: without the liar everybody is heard";
}

TEST(Far, AForgedQuestionEndsAtTheFirstHop) {
  FarMesh line(4, 0);
  ASSERT_TRUE(line.node[0]->write("f", "text"));
  ASSERT_TRUE(line.spread("f", "text"));
  std::vector<int> came(4);
  for (std::size_t i = 1; i < 4; ++i) {
    line.node[i]->bend_in = [&came, i](local::ToFsd& message) {
      came[i] += std::holds_alternative<local::QuestionCame>(message) ? 1 : 0;
    };
  }
  line.node[0]->bend_out = [&](local::ToSyncd& message) {
    if (auto* question = std::get_if<local::Inquire>(&message)) question->signature.data[0] ^= 1;
  };
  EXPECT_EQ(line.ask(0, "f").outcome->silent.size(), 3u);
  EXPECT_EQ(came, (std::vector<int>{0, 1, 0, 0}));
  line.node[0]->bend_out = nullptr;
  line.pass(seconds(6));
  EXPECT_TRUE(line.ask(0, "f").outcome->silent.empty());
  EXPECT_EQ(came, (std::vector<int>{0, 2, 1, 1}));
}

TEST(Far, TheSameAgainCostsNobodyAnything) {
  FarMesh line(5, 0);
  ASSERT_TRUE(line.node[0]->write("f", "text"));
  ASSERT_TRUE(line.spread("f", "text"));
  line.pass(seconds(20));
  const auto first = line.ask(0, "f");
  const auto messages = line.messages();
  for (int i = 0; i < 100; ++i) {
    const auto again = line.ask(0, "f");
    ASSERT_TRUE(again.outcome.has_value());
    EXPECT_EQ(holding(*again.outcome), 5u);
  }
  EXPECT_EQ(line.messages(), messages);
  line.pass(seconds(6));
  (void)line.ask(0, "f");
  EXPECT_GT(line.messages(), messages) << "control: later it is asked anew";
}

TEST(Far, AStormStaysWithinItsLimits) {
  FarMesh line(6, 0);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(line.node[0]->write("f" + std::to_string(i), "text"));
  ASSERT_TRUE(line.spread("f99", "text"));
  line.pass(seconds(20));
  std::vector<int> came(6);
  for (std::size_t i = 1; i < 6; ++i) {
    line.node[i]->bend_in = [&came, i](local::ToFsd& message) {
      came[i] += std::holds_alternative<local::QuestionCame>(message) ? 1 : 0;
    };
  }
  // An honest node holds itself back ...
  line.node[0]->replica().note_time(line.network.now());
  int accepted = 0, answered = 0;
  for (int i = 0; i < 100; ++i) {
    const Status status = line.node[0]->replica().ask_far(
        "f" + std::to_string(i), "", "", seconds(2),
        [&](const auto&, const FarOutcome& outcome) { answered += holding(outcome) == 6 ? 1 : 0; });
    accepted += status.ok() ? 1 : 0;
    if (!status.ok()) {
      EXPECT_EQ(status.code(), Errc::busy);
    }
  }
  line.node[0]->after_change();
  line.pass(seconds(3));
  EXPECT_EQ(accepted, 16);
  EXPECT_EQ(answered, 16);
  EXPECT_EQ(came[5], 16);
  // ... and one that does not is held back by its neighbours.
  line.pass(seconds(30));
  came.assign(6, 0);
  const auto key = crypto::SigningKey::from_seed(line.identities[0].device_seed);
  for (std::uint8_t i = 0; i < 100; ++i) {
    codec::Question question;
    question.id.data[0] = i;
    question.asker = codec::author_tag(line.identities[0].member);
    codec::sign_question(question, codec::network_id(line.identities[0].genesis), key);
    line.node[0]->host().to_syncd(question);
  }
  line.pass(seconds(3));
  EXPECT_EQ(came[1], 64) << "per neighbour";
  EXPECT_EQ(came[2], 16) << "per asker";
  EXPECT_EQ(came[5], 16);
}

}  // namespace
}  // namespace meshfs::sim
