#include "tests/sim/sim_mesh.h"

#include "tests/unit/core/world.h"

namespace meshfs::sim {

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

const std::vector<Scenario>& seeded_scenarios() {
  static const std::vector<Scenario> all = [] {
    std::vector<Scenario> out;
    for (const char* topology : {"line", "grid", "random", "domain", "islands", "mobile"}) {
      out.push_back({.name = std::string("seeds-") + topology,
                     .topology = topology,
                     .nodes = 0,
                     .changes = 12,
                     .drawn = true,
                     .span = seconds(20),
                     .patience = seconds(300)});
    }
    return out;
  }();
  return all;
}

namespace {

constexpr std::size_t kFewestNodes = 10, kMostNodes = 25;  // of a seeded run

Faults faults_of(const Scenario& scenario, Rng& rng) {
  Faults out;
  if (scenario.drawn) {
    out = Faults::draw(rng);
    // Who wanders is out of reach most of the time as it is, and its edges belong to Wanderers.
    if (scenario.topology == "mobile") out.partitions = out.absences = out.deaf = 0;
    return out;
  }
  out.loss_ppm = scenario.loss_ppm;
  out.duplicate_ppm = out.reorder_ppm = scenario.loss_ppm / 20;
  out.streams = scenario.streams;
  out.partitions = scenario.partitions;
  out.crashes = scenario.crashes;
  return out;
}

}  // namespace

SimMesh::SimMesh(const Scenario& scenario, std::uint64_t seed, Control control)
    : scenario_(scenario),
      seed_(seed),
      control_(control),
      rng_(seed),
      faults_(faults_of(scenario, rng_)),
      network_(seed * 2 + 1) {
  if (scenario_.nodes == 0) scenario_.nodes = kFewestNodes + rng_.below(kMostNodes - kFewestNodes + 1);
  topology_ = Topology::make(scenario_.topology, scenario_.nodes, rng_);
}

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
  options.streams = faults_.streams;
  options.seed = seed_;
  for (std::size_t i = 0; i < scenario_.nodes; ++i) {
    const SimNetwork::Node number = network_.add_node();
    // Those who share an author are neighbours of their own all the same.
    const codec::Identity neighbour =
        i < members ? identities[i] : test_identity(genesis, secret, seed_ * 10'000 + i, "m" + std::to_string(i));
    nodes_.push_back(std::make_unique<SimNode>(network_, number, identities[i % members], neighbour, options));
    if (faults_.odd_clocks) nodes_.back()->set_clock(draw_clock(rng_, i));
  }
  if (faults_.wrong_clock) {
    const std::size_t node = 1 + rng_.below(scenario_.nodes - 1);  // not the admin's, who decides what time it is
    const WallClock clock = draw_wrong_clock(rng_);
    nodes_[node]->set_clock(clock);
    if (clock.off_ms > 0) ahead_ = node;
  }
  topology_.connect(network_, faults_.quality());
  if (faults_.asymmetric) spread_loss();
  if (scenario_.topology == "mobile") wanderers_ = std::make_unique<Wanderers>(network_, seed_ * 2 + 1);
  const auto liar = test_identity(genesis, secret, seed_ * 10'000 + 9'999, "liar");
  liar_member_ = codec::local::welcome_of(liar, test_proof(liar));
  if (faults_.liar) add_liar();
}

// Those who share an identity only read: two writers with one device key would contradict each other.
std::size_t SimMesh::writer() {
  const std::size_t members = scenario_.members == 0 ? scenario_.nodes : scenario_.members;
  return rng_.below(members);
}

void SimMesh::change() {
  const std::size_t by = writer();
  SimNode& node = *nodes_[by];
  if (!node.running()) return;
  const std::string directory = rng_.percent(50) ? "a" : "b";
  (void)node.make_directory(directory);
  const std::string path = directory + "/" + std::string(1, static_cast<char>('p' + rng_.below(6)));
  auto write = std::make_shared<Write>();
  write->by = by;
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

void SimMesh::plan() {
  for (std::size_t i = 0; i < scenario_.changes; ++i) network_.at(sometime(), [this] { change(); });
  plan_mishaps();
  if (control_ == Control::swallowed_news) nodes_[nodes_.size() / 2]->swallow_offers_percent = 20;
}

// --- the run

Outcome SimMesh::run() {
  build();
  for (const auto& node : nodes_) node->start();
  if (wanderers_) wanderers_->start();
  if (liar_) liar_->start();
  network_.run_until(network_.now() + seconds(3));
  plan();
  network_.run_until(network_.now() + scenario_.span + seconds(6));
  heal();
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
  out.faults = faults_;
  out.settled = network_.now() - healed;
  if (wanderers_) wanderers_->gather();
  if (liar_) liar_->stop();  // nobody is quiet beside it
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
  if (faults_.wrong_clock) {
    let_years_pass();
    for (const std::string& what : {check_sets(), check_trees(), check_acknowledged()}) {
      if (!what.empty()) out.failures["later"] = what;
    }
  }
  return out;
}

}  // namespace meshfs::sim
