// A whole mesh in virtual time: topology, faults and users' changes drawn from one seed, and the oracles that judge how
// it ends. One seed gives one run, to the last bit.
//
// Oracles: `sets` every node's set summaries are equal and nothing is missing; `trees` every node shows the same tree;
// `acknowledged` whatever sync() promised is shown, or a later write that had seen it (or a delete) took its place;
// `quiet` afterwards only beacons are sent.
// Beside a confirmed clock that is years ahead the trees of all others are equal, and nothing that its node wrote took anything
// from them; `later`, when its time has come, all trees are equal and nothing of anybody is lost.
#pragma once

#include "tests/sim/faults.h"
#include "tests/sim/topology.h"
#include "tests/sim/wanderers.h"

namespace meshfs::sim {

struct Scenario {
  std::string name;
  std::string topology;  // see topology.h
  std::size_t nodes = 10;
  std::size_t members = 0;  // 0: every node is one; else so many write, the others share their identities
  std::uint32_t loss_ppm = 0;
  bool streams = false;
  std::size_t changes = 40;  // by users
  std::size_t partitions = 0;
  std::size_t crashes = 0;
  bool drawn = false;                // the seed draws all faults: see faults.h
  Duration span = seconds(30);       // over which all of that happens
  Duration patience = seconds(200);  // until all is equal
};
const std::vector<Scenario>& scenarios();
// One for each topology, small, with drawn faults: for many seeds. SimMesh draws from the seed how many nodes, too.
const std::vector<Scenario>& seeded_scenarios();

// A bug put in on purpose, and the oracle that must find it.
enum class Control : std::uint8_t {
  none,
  swallowed_news,
  private_file,
  early_acknowledgement,
  phantom_item,
  stopped_clock
};

struct Outcome {
  std::map<std::string, std::string> failures;  // by oracle; empty: all is well
  Hash final;                                   // of all trees, sets and traffic
  std::uint64_t frames = 0, messages = 0, acknowledged = 0, rounds = 0;
  Faults faults;       // as they were drawn
  Duration settled{};  // after the last fault, until all was equal
};

// What the oracles found, with the line that runs it again; empty if all is well.
std::string describe(const Scenario& scenario, std::uint64_t seed, const Outcome& outcome);

class SimMesh {
 public:
  SimMesh(const Scenario& scenario, std::uint64_t seed, Control control);
  ~SimMesh();
  Outcome run();

 private:
  struct Write {  // or delete: then `text` is empty
    std::size_t by = 0;
    std::string text;
    std::vector<std::string> replaced;  // texts its author saw at the path
    bool acknowledged = false;
  };

  void build();
  void plan();
  void change();
  std::size_t writer();
  // mishaps.cc
  void add_liar();
  void plan_mishaps();
  Instant sometime();
  void spread_loss();
  void partition();
  void crash_one();
  void leave_one();
  void deafen_one();
  void heal();
  // oracles.cc
  [[nodiscard]] bool settled() const;
  std::string check_sets();
  std::string check_trees();
  std::string check_acknowledged();
  std::string check_quiet();
  void let_years_pass();
  [[nodiscard]] bool lacks_its_past() const;
  // By what others than `not_yet` wrote.
  [[nodiscard]] bool covered(const Write& write, const std::string& shown, std::optional<std::size_t> not_yet) const;
  [[nodiscard]] std::uint64_t messages_out() const;

  Scenario scenario_;
  std::uint64_t seed_;
  Control control_;
  Rng rng_;
  Faults faults_;
  Topology topology_;
  transport::SimNetwork network_;
  std::unique_ptr<Wanderers> wanderers_;  // of a mobile mesh
  codec::local::Welcome liar_member_;
  std::unique_ptr<Liar> liar_;
  std::vector<std::unique_ptr<SimNode>> nodes_;
  std::optional<std::size_t> ahead_;  // whose clock is wrong, until its time has come
  std::vector<std::shared_ptr<Write>> writes_;
  std::uint64_t next_text_ = 1;
};

}  // namespace meshfs::sim
