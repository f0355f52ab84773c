#include "tests/sim/sim_mesh.h"

#include <algorithm>
#include <set>

#include "tests/unit/core/world.h"

namespace meshfs::sim {

using transport::EdgeQuality;
using transport::SimNetwork;

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all{
      {.name = "line10", .topology = "line", .nodes = 10, .changes = 60},
      {.name = "line10-streams", .topology = "line", .nodes = 10, .streams = true, .changes = 60, .partitions = 2},
      {.name = "line10-loss30", .topology = "line", .nodes = 10, .loss_ppm = 300'000, .changes = 60},
      {.name = "grid25-partitions",
       .topology = "grid",
       .nodes = 25,
       .loss_ppm = 100'000,
       .changes = 60,
       .partitions = 3},
      {.name = "grid16-crashes", .topology = "grid", .nodes = 16, .loss_ppm = 50'000, .changes = 80, .crashes = 12},
      {.name = "random60-all",
       .topology = "random",
       .nodes = 60,
       .members = 30,
       .loss_ppm = 200'000,
       .changes = 60,
       .partitions = 2,
       .crashes = 10},
      {.name = "random1000",
       .topology = "random",
       .nodes = 1000,
       .members = 12,
       .loss_ppm = 100'000,
       .changes = 24,
       .partitions = 1,
       .crashes = 5,
       .span = seconds(20)},
  };
  return all;
}

SimMesh::SimMesh(const Scenario& scenario, std::uint64_t seed, Control control)
    : scenario_(scenario), seed_(seed), control_(control), rng_(seed), network_(seed * 2 + 1) {}

SimMesh::~SimMesh() = default;

// --- the world

void SimMesh::build() {
  const crypto::Seed secret = test_seed(seed_, 9);
  const codec::Genesis genesis = test_genesis(secret, seed_ * 10'000);
  const std::size_t members = scenario_.members == 0 ? scenario_.nodes : scenario_.members;
  std::vector<codec::Identity> identities;
  for (std::size_t i = 0; i < members; ++i) {
    identities.push_back(test_identity(genesis, secret, seed_ * 10'000 + i, "m" + std::to_string(i)));
  }
  SimHost::Options options;
  options.streams = scenario_.streams;
  options.seed = seed_;
  for (std::size_t i = 0; i < scenario_.nodes; ++i) {
    const SimNetwork::Node number = network_.add_node();
    const NodeId id = *NodeId::from(crypto::hash_of(as_bytes("node " + std::to_string(i))).view());
    nodes_.push_back(std::make_unique<SimNode>(network_, number, identities[i % members], id, options));
  }
  const EdgeQuality quality{.delay = milliseconds(2),
                            .jitter = milliseconds(1),
                            .loss_ppm = scenario_.loss_ppm,
                            .duplicate_ppm = scenario_.loss_ppm / 20,
                            .reorder_ppm = scenario_.loss_ppm / 20};
  const auto count = static_cast<SimNetwork::Node>(scenario_.nodes);
  if (scenario_.topology == "line") {
    for (SimNetwork::Node i = 0; i + 1 < count; ++i) network_.connect(i, i + 1, quality);
  } else if (scenario_.topology == "grid") {
    SimNetwork::Node side = 1;
    while (side * side < count) ++side;
    for (SimNetwork::Node i = 0; i < count; ++i) {
      if ((i + 1) % side != 0 && i + 1 < count) network_.connect(i, i + 1, quality);
      if (i + side < count) network_.connect(i, i + side, quality);
    }
  } else {
    // Random places in a square; radio range for about seven neighbours, and a link to the nearest one before it, so
    // that the whole hangs together.
    std::vector<std::pair<double, double>> place;
    for (SimNetwork::Node i = 0; i < count; ++i) {
      place.emplace_back(static_cast<double>(rng_.below(1'000'000)) / 1e6,
                         static_cast<double>(rng_.below(1'000'000)) / 1e6);
    }
    const double range2 = 7.0 / 3.14159 / static_cast<double>(count);
    for (SimNetwork::Node i = 1; i < count; ++i) {
      SimNetwork::Node nearest = 0;
      double least = 9;
      for (SimNetwork::Node k = 0; k < i; ++k) {
        const double dx = place[i].first - place[k].first, dy = place[i].second - place[k].second;
        const double distance2 = dx * dx + dy * dy;
        if (distance2 < least) least = distance2, nearest = k;
        if (distance2 < range2) network_.connect(i, k, quality);
      }
      if (least >= range2) network_.connect(i, nearest, quality);
    }
  }
}

// Those who share an identity only read: two writers with one device key would contradict each other.
SimNode& SimMesh::writer() {
  const std::size_t members = scenario_.members == 0 ? scenario_.nodes : scenario_.members;
  return *nodes_[rng_.below(members)];
}

void SimMesh::change() {
  SimNode& node = writer();
  if (!node.running()) return;
  const std::string directory = rng_.percent(50) ? "a" : "b";
  (void)node.make_directory(directory);
  const std::string path = directory + "/" + std::string(1, static_cast<char>('p' + rng_.below(6)));
  auto write = std::make_shared<Write>();
  if (const auto seen = node.text_of(path)) write->replaced.push_back(*seen);
  if (rng_.percent(15)) {
    // A delete removes what the path shows; conflicting contents beside it have paths of their own.
    if (!node.unlink(path)) return;
  } else {
    write->text = "text " + std::to_string(next_text_++) + ";" + std::string(rng_.below(4) == 0 ? 1500 : 5, '.');
    if (!node.write(path, write->text)) return;
  }
  writes_.push_back(write);
  if (control_ == Control::early_acknowledgement) {
    write->acknowledged = true;
    // The power goes before the flush.
    if (rng_.percent(50)) {
      node.crash();
      network_.at(network_.now() + seconds(2), [&node] { node.start(); });
    }
    return;
  }
  node.sync([write](const Status& status) { write->acknowledged = write->acknowledged || status.ok(); });
}

void SimMesh::partition() {
  std::vector<std::uint32_t> group;
  const std::uint64_t split = 1 + rng_.below(scenario_.nodes - 1);
  for (std::size_t i = 0; i < scenario_.nodes; ++i) group.push_back(i < split ? 0 : 1);
  network_.partition(group);
  network_.at(network_.now() + seconds(4) + milliseconds(static_cast<std::int64_t>(rng_.below(12'000))),
              [this] { network_.mend_all(); });
}

void SimMesh::crash_one() {
  SimNode& node = *nodes_[rng_.below(nodes_.size())];
  if (!node.running()) return;
  node.crash();
  network_.at(network_.now() + milliseconds(200 + static_cast<std::int64_t>(rng_.below(5'000))),
              [&node] { node.start(); });
}

void SimMesh::plan() {
  const Instant begin = network_.now();
  const auto sometime = [&] {
    return begin + nanoseconds(static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(scenario_.span.ns))));
  };
  for (std::size_t i = 0; i < scenario_.changes; ++i) network_.at(sometime(), [this] { change(); });
  for (std::size_t i = 0; i < scenario_.partitions; ++i) network_.at(sometime(), [this] { partition(); });
  for (std::size_t i = 0; i < scenario_.crashes; ++i) network_.at(sometime(), [this] { crash_one(); });
  if (control_ == Control::swallowed_news) nodes_[nodes_.size() / 2]->swallow_offers_percent = 20;
}

// --- oracles

std::uint64_t SimMesh::messages_out() const {
  std::uint64_t sum = 0;
  for (const auto& node : nodes_) sum += node->host().core().stats().messages_out;
  return sum;
}

bool SimMesh::settled() const {
  const auto first = nodes_.front()->host().core().summaries();
  for (const auto& node : nodes_) {
    if (node->host().core().summaries() != first || node->host().core().stats().needs > 0) return false;
  }
  return true;
}

std::string SimMesh::check_sets() {
  const auto first = nodes_.front()->replica().status();
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const auto status = nodes_[i]->replica().status();
    if (status.sets != first.sets) return "node " + std::to_string(i) + " holds another set than node 0";
    if (status.missing_blobs > 0) return "node " + std::to_string(i) + " lacks content";
    if (status.pending > 0) return "node " + std::to_string(i) + " has entries that wait for others";
    if (nodes_[i]->host().core().summaries() != nodes_.front()->host().core().summaries()) {
      return "the syncd of node " + std::to_string(i) + " tells another fingerprint than that of node 0";
    }
  }
  return {};
}

std::string SimMesh::check_trees() {
  const auto first = nodes_.front()->dump();
  for (std::size_t i = 1; i < nodes_.size(); ++i) {
    const auto other = nodes_[i]->dump();
    if (other == first) continue;
    for (const auto& [path, what] : other) {
      const auto at = first.find(path);
      if (at == first.end()) return "node " + std::to_string(i) + " shows " + path + ", node 0 does not";
      if (at->second != what) return path + " differs between node 0 and node " + std::to_string(i);
    }
    return "node 0 shows more than node " + std::to_string(i);
  }
  return {};
}

// Shown somewhere, or replaced by a write or delete that had seen it and is itself not lost.
bool SimMesh::covered(const Write& write, const std::string& shown) const {
  if (!write.text.empty() && shown.find(write.text) != std::string::npos) return true;
  for (const auto& later : writes_) {
    if (later.get() == &write || write.text.empty()) continue;
    if (std::find(later->replaced.begin(), later->replaced.end(), write.text) == later->replaced.end()) continue;
    // A delete may have been published before its author crashed, acknowledged or not.
    if (later->text.empty() || covered(*later, shown)) return true;
  }
  return false;
}

std::string SimMesh::check_acknowledged() {
  std::string shown;
  for (const auto& [path, what] : nodes_.front()->dump()) shown += what + "\n";
  for (const auto& write : writes_) {
    if (!write->acknowledged || write->text.empty()) continue;
    if (!covered(*write, shown))
      return "an acknowledged write is lost: " + write->text.substr(0, write->text.find(';'));
  }
  return {};
}

std::string SimMesh::check_quiet() {
  network_.run_until(network_.now() + seconds(45));  // the last beacons after the last change find all equal
  const std::uint64_t before = messages_out();
  network_.run_until(network_.now() + seconds(60));
  const std::uint64_t sent = messages_out() - before;
  return sent == 0 ? std::string() : std::to_string(sent) + " messages were sent with nothing to say";
}

Outcome SimMesh::run() {
  build();
  for (const auto& node : nodes_) node->start();
  network_.run_until(network_.now() + seconds(3));
  plan();
  network_.run_until(network_.now() + scenario_.span + seconds(6));
  network_.mend_all();
  for (const auto& node : nodes_) {
    node->swallow_offers_percent = 0;
    if (!node->running()) node->start();
  }
  if (control_ == Control::phantom_item) nodes_.back()->tell_phantom_item();
  const Instant healed = network_.now();
  const bool controlled = control_ == Control::phantom_item || control_ == Control::swallowed_news;
  const Instant end = healed + (controlled ? seconds(60) : scenario_.patience);
  do {
    network_.run_until(network_.now() + milliseconds(250));
  } while (!settled() && network_.now() < end);
  Outcome out;
  out.settled = network_.now() - healed;
  const std::string quiet = check_quiet();
  if (control_ == Control::private_file) nodes_.back()->keep_private_file("mine");
  const std::pair<const char*, std::string> verdicts[]{
      {"sets", check_sets()}, {"trees", check_trees()}, {"acknowledged", check_acknowledged()}, {"quiet", quiet}};
  for (const auto& [oracle, what] : verdicts) {
    if (!what.empty()) out.failures[oracle] = what;
  }
  std::string all;
  for (const auto& node : nodes_) {
    for (const auto& [path, what] : node->dump()) all += path + "\0" + what + "\n";
    for (const auto& set : node->host().core().summaries()) all += set.fingerprint.hex();
    const auto stats = node->host().core().stats();
    out.frames += stats.frames_out;
    out.messages += stats.messages_out;
    out.rounds += stats.reconcile_rounds;
    all += std::to_string(stats.bytes_out) + " " + std::to_string(stats.frames_in) + "\n";
  }
  out.final = crypto::hash_of(as_bytes(all));
  for (const auto& write : writes_) out.acknowledged += write->acknowledged ? 1 : 0;
  return out;
}

}  // namespace meshfs::sim
