// Small records over a line of whole nodes of which some hold the dictionary: all end with the same, the links carry less, and
// then it is quiet.
#include <gtest/gtest.h>
#include <zdict.h>

#include "tests/records/stats_record.h"
#include "tests/sim/sim_node.h"
#include "tests/unit/core/world.h"

namespace meshfs::sim {
namespace {

namespace local = codec::local;

std::string json_dictionary() {
  std::string samples, out(4096, '\0');
  std::vector<std::size_t> sizes;
  for (std::uint64_t n = 0; n < 2000; ++n) {
    const std::string one = testing::stats_record(100'000 + n);
    samples += one;
    sizes.push_back(one.size());
  }
  out.resize(ZDICT_trainFromBuffer(out.data(), out.size(), samples.data(), sizes.data(), 2000));
  return out;
}

struct Line {
  explicit Line(std::uint32_t loss_ppm) {
    const crypto::Seed secret = test_seed(31, 7);
    const codec::Genesis genesis = test_genesis(secret, 0);
    for (std::uint64_t i = 0; i < 5; ++i) {
      const auto identity = test_identity(genesis, secret, i, "n" + std::to_string(i));
      const auto number = network.add_node();
      nodes.push_back(std::make_unique<SimNode>(network, number, identity, identity, SimHost::Options{.seed = i + 1}));
      if (i > 0) network.connect(number - 1, number, {.delay = milliseconds(2), .loss_ppm = loss_ppm});
    }
  }
  ~Line() {
    for (auto& one : nodes) one->host().stop();
  }
  // Says of no dictionary, as a node would that could not read it.
  void leave_without_dictionary(std::size_t i) {
    nodes[i]->bend_out = [](local::ToSyncd& message) {
      if (auto* held = std::get_if<local::Dictionaries>(&message)) held->ids.clear();
    };
  }
  void start() {
    for (auto& one : nodes) one->start();
    pass(seconds(5));
  }
  void install() {
    auto& files = nodes[0]->replica().files();
    const auto network_folder = files.lookup(files.root(), "network");
    ASSERT_TRUE(files.make_directory(*network_folder, "dictionaries", test_attributes(0755)).ok());
    ASSERT_TRUE(nodes[0]->write("network/dictionaries/json.zdict", json_dictionary()));
    pass(seconds(20));
    for (auto& one : nodes) EXPECT_EQ(one->replica().dictionaries().size(), 1u);
  }
  // Bytes that `count` records took on all links until everybody had them.
  std::uint64_t spread(std::uint64_t first, std::uint64_t count) {
    pass(seconds(60));
    const std::uint64_t before = network.counters().bytes;
    for (std::uint64_t n = first; n < first + count; ++n) {
      EXPECT_TRUE(nodes[0]->write(std::to_string(n) + ".json", testing::stats_record(n)));
      pass(milliseconds(50));
    }
    pass(seconds(10));
    for (std::uint64_t n = first; n < first + count; ++n) {
      for (auto& one : nodes) EXPECT_EQ(one->text_of(std::to_string(n) + ".json"), testing::stats_record(n));
    }
    return network.counters().bytes - before;
  }
  void pass(Duration time) { network.run_until(network.now() + time); }
  std::uint64_t messages() const {
    std::uint64_t sum = 0;
    for (const auto& one : nodes) sum += one->host().core().stats().messages_out;
    return sum;
  }

  transport::SimNetwork network{77};
  std::vector<std::unique_ptr<SimNode>> nodes;
};

void expect_equal_and_quiet(Line& line) {
  line.pass(seconds(30));
  for (auto& one : line.nodes) EXPECT_EQ(one->dump(), line.nodes[0]->dump());
  const std::uint64_t messages = line.messages();
  line.pass(seconds(60));
  EXPECT_EQ(line.messages(), messages);
}

TEST(SqueezedLine, TheDictionarySavesBytesOnEveryLink) {
  Line line(0);
  line.start();
  const std::uint64_t plain = line.spread(0, 40);
  line.install();
  const std::uint64_t squeezed = line.spread(40, 40);
  std::printf("40 records over 4 links: %llu bytes plain, %llu squeezed\n", static_cast<unsigned long long>(plain),
              static_cast<unsigned long long>(squeezed));
  EXPECT_LT(squeezed + std::uint64_t{40} * 4 * 90, plain);
  for (std::size_t i = 1; i < line.nodes.size(); ++i) {
    EXPECT_GE(line.nodes[i]->replica().dictionaries().front().records, 40u) << "node " << i;
  }
  expect_equal_and_quiet(line);
}

TEST(SqueezedLine, NodesWithoutItGetPlainAndPassItOn) {
  Line line(0);
  line.leave_without_dictionary(2);
  line.start();
  line.install();
  (void)line.spread(0, 30);
  EXPECT_GE(line.nodes[1]->replica().dictionaries().front().records, 30u);
  EXPECT_EQ(line.nodes[2]->replica().dictionaries().front().records, 0u);
  EXPECT_EQ(line.nodes[3]->replica().dictionaries().front().records, 0u);
  expect_equal_and_quiet(line);
}

TEST(SqueezedLine, LossAndTheLastOneWithout) {
  Line line(200'000);
  line.leave_without_dictionary(4);
  line.start();
  line.install();
  (void)line.spread(0, 30);
  expect_equal_and_quiet(line);
}

}  // namespace
}  // namespace meshfs::sim
