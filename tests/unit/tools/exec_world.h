// A node for the tests of mesh-exec: verbs, policy, envelopes, and ports that remember what was asked of them and can die at any step.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tools/exec/executor.h"

namespace meshfs::exec {

extern const std::string kAdmin, kMember, kStranger;  // keys
std::string id_of(std::uint64_t number);

Verb verb_from(const std::string& toml);  // must be good
Catalogue test_catalogue();  // ping (members), uptime, restart (disruptive), set (undo), upgrade (2 signatures)
Policy test_policy();

struct World {
  World();
  Envelope envelope(std::uint64_t number, const std::string& verb, std::vector<std::string> arguments = {},
                    const std::string& key = kAdmin) const;
  [[nodiscard]] Rules rules() const { return {catalogue, policy, places}; }
  [[nodiscard]] Verdict judged(const Envelope& one) const { return judge(one, here, rules(), ledger); }
  void pass(Duration time);

  Catalogue catalogue = test_catalogue();
  Policy policy = test_policy();
  Places places;
  Surroundings here;
  Ledger ledger;
};

// What survives a process: the journal's file and the folder of results; and what the test counts.
struct TestDisk {
  std::string journal;
  std::size_t durable = 0;  // so much of it survives the power, all of it survives the process
  std::map<std::string, records::CommandResult> results;
  std::map<std::string, int> started;  // by id
  std::map<std::string, int> undone;
};

class TestPorts final : public ExecPorts {
 public:
  TestPorts(TestDisk& disk, int steps) : disk_(disk), steps_(steps) {}
  Status remember(const std::string& lines, bool durable) override;
  Status start(const Job& job) override;
  Status show(const records::CommandResult& result, WallMs until) override;
  std::optional<records::CommandResult> shown(const std::string& id) override;
  std::optional<bool> farther_answered(const Envelope& envelope) override;
  void log(const std::string& sentence) override { logged.push_back(sentence); }

  [[nodiscard]] bool dead() const { return steps_ == 0; }
  std::vector<Job> jobs;  // started and not taken by the test
  std::vector<std::string> logged;
  std::optional<bool> farther;
  bool journal_fails = false;
  bool mount_away = false;

 private:
  bool step() { return steps_ != 0 && --steps_ != 0; }
  TestDisk& disk_;
  int steps_;  // so many calls happen, then the process is gone; negative: it lives
};

inline constexpr int kLives = -1;

// One life of the program on that disk.
struct Node : World {
  explicit Node(TestDisk& on, int steps = kLives)
      : disk(on), ports(on, steps), executor(ports, Ledger::read(on.journal).ledger) {
    executor.recover(here);
  }
  void see(const std::vector<Envelope>& present, bool complete = true) {
    executor.see(present, complete, here, rules());
  }
  void tick(Duration time = {}) {
    pass(time);
    executor.tick(here, rules());
  }
  void end(const std::string& id, std::int32_t exit_code, const std::string& reason = {}) {
    executor.ended(id, {exit_code, reason, {"out", "", 3}, seconds(1)}, here);
    tick();
  }
  [[nodiscard]] records::State state(const std::string& id) const { return disk.results.at(id).state; }
  TestDisk& disk;
  TestPorts ports;
  Executor executor;
};

}  // namespace meshfs::exec
