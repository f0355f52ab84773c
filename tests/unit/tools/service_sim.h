// A fake mesh for one decide function: files come, change, go and expire; each of N nodes hears of it late, in an order of its own, and some
// of what it hears is garbage. Pure and seeded: a failure names the seed and the step.
//
// Besides the caller's oracle it demands of every service: equal views and times give equal actions, in any order of asking; actions within
// the limits; nothing changes before wake_at says so; nodes that see the same render the same.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "schema/vocab/rng.h"
#include "tools/service/collection.h"
#include "tools/service/patterns.h"
#include "tools/service/service.h"

namespace meshfs::service {

struct SimMesh {
  Service service;
  std::size_t nodes = 4;
  std::vector<std::string> paths;                          // that files may have; "ME" stands for a node's name
  std::function<std::string(Rng&, WallMs now)> new_bytes;  // what an honest writer writes
  std::int64_t lifetime_ms = 0;                            // of records, 0: for ever
  unsigned garbage_percent = 10;
  bool same_everywhere = true;  // renders do not depend on the node
  // What is wrong with these actions for this view and time; empty: nothing.
  std::function<std::string(const View&, WallMs now, const Actions&)> oracle;
};

class ServiceSim {
 public:
  ServiceSim(SimMesh mesh, std::uint64_t seed) : mesh_(std::move(mesh)), seed_(seed), rng_(seed) {
    for (std::size_t i = 0; i < mesh_.nodes; ++i) nodes_.emplace_back(mesh_.service.limits);
    for (std::size_t i = 0; i < mesh_.nodes; ++i)
      nodes_[i].files.name_node("node" + std::to_string(i), std::string(64, 'a'));
  }

  // Nothing, or what went wrong.
  std::optional<std::string> run(int steps) {
    for (step_ = 0; step_ < steps && wrong_.empty(); ++step_) {
      now_.ms += static_cast<std::int64_t>(rng_.below(5'000));
      expire();
      write();
      for (std::size_t i = 0; i < 3; ++i) hear(nodes_[rng_.below(nodes_.size())], rng_.below(mesh_.paths.size() + 1));
      judge(nodes_[rng_.below(nodes_.size())]);
    }
    if (wrong_.empty()) converge();
    if (wrong_.empty()) return {};
    return "seed " + std::to_string(seed_) + ", step " + std::to_string(step_) + ": " + wrong_;
  }
  [[nodiscard]] std::size_t judged() const { return judged_; }

 private:
  struct Version {
    std::optional<File> file;  // none: deleted
    std::uint64_t number = 0;
  };
  struct Node {
    explicit Node(const Limits& limits) : files(limits) {}
    Collection files;
    std::map<std::string, std::uint64_t> heard;
  };

  std::string some_path() {
    std::string path = mesh_.paths[rng_.below(mesh_.paths.size())];
    if (const std::size_t at = path.find("ME"); at != std::string::npos)
      path.replace(at, 2, "node" + std::to_string(rng_.below(mesh_.nodes)));
    return path;
  }
  void spoil(std::string& bytes) {
    if (bytes.empty() || rng_.percent(30)) bytes.resize(rng_.below(bytes.size() + 1));
    for (std::uint64_t i = rng_.below(4); i > 0 && !bytes.empty(); --i)
      bytes[rng_.below(bytes.size())] = static_cast<char>(rng_.below(256));
  }
  void write() {
    Version& version = truth_[some_path()];
    ++version.number;
    version.file.reset();
    if (rng_.percent(25)) return;
    File file;
    file.bytes = mesh_.new_bytes(rng_, now_);
    if (rng_.percent(mesh_.garbage_percent)) spoil(file.bytes);
    file.author = "node" + std::to_string(rng_.below(mesh_.nodes));
    file.version = std::to_string(version.number);
    file.when_ms = now_.ms;
    version.file = std::move(file);
  }
  void expire() {
    if (mesh_.lifetime_ms == 0) return;
    for (auto& [path, version] : truth_)
      if (version.file && version.file->when_ms + mesh_.lifetime_ms <= now_.ms) {
        version.file.reset();
        ++version.number;
      }
  }
  // The node hears of everything new but what it skips.
  void hear(Node& node, std::uint64_t skipped) {
    for (const auto& [path, version] : truth_) {
      if (skipped > 0 && rng_.below(skipped + 1) > 0) continue;
      std::uint64_t& heard = node.heard[path];
      if (heard == version.number) continue;
      heard = version.number;
      if (version.file && patterns().matches(path)) {
        (void)node.files.put(path, *version.file);
      } else {
        (void)node.files.remove(path);
      }
    }
  }
  const Patterns& patterns() {
    if (!patterns_) patterns_ = *Patterns::parse(mesh_.service.patterns);
    return *patterns_;
  }

  static bool same(const Actions& a, const Actions& b) {
    return a.renders == b.renders && a.publishes == b.publishes && a.reload == b.reload && a.wake_at == b.wake_at &&
           a.says == b.says && a.counters == b.counters;
  }
  void judge(Node& node) {
    ++judged_;
    const View& view = node.files.view();
    const auto actions = mesh_.service.decide(view, now_);
    if (!actions) return (void)(wrong_ = "it fails: " + actions.failure().message);
    if (const Status fine = check_actions(mesh_.service, *actions); !fine)
      return (void)(wrong_ = fine.failure().message);
    if (actions->wake_at && *actions->wake_at <= now_) return (void)(wrong_ = "it wants to be woken in the past");
    if (mesh_.oracle) wrong_ = mesh_.oracle(view, now_, *actions);
    if (!wrong_.empty()) return;
    (void)mesh_.service.decide(nodes_[rng_.below(nodes_.size())].files.view(), now_);  // must leave nothing behind
    const auto again = mesh_.service.decide(view, now_);
    if (!again || !same(*actions, *again)) return (void)(wrong_ = "asked twice it decides otherwise");
    const std::int64_t rest = actions->wake_at ? actions->wake_at->ms - now_.ms : std::int64_t{86'400'000};
    const WallMs later{now_.ms + static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(rest)))};
    const auto then = mesh_.service.decide(view, later);
    if (!then || then->renders != actions->renders || then->publishes != actions->publishes)
      wrong_ = "what it wants changes with time, and it did not ask to be woken";
  }
  void converge() {
    std::optional<Actions> first;
    for (Node& node : nodes_) {
      hear(node, 0);
      judge(node);
      const auto actions = mesh_.service.decide(node.files.view(), now_);
      if (!wrong_.empty() || !actions) return;
      if (first && mesh_.same_everywhere && first->renders != actions->renders)
        wrong_ = "two nodes see the same and render otherwise";
      if (!first) first = *actions;
    }
  }

  SimMesh mesh_;
  std::uint64_t seed_;
  Rng rng_;
  WallMs now_{1'764'590'000'000};
  std::map<std::string, Version> truth_;
  std::vector<Node> nodes_;
  std::optional<Patterns> patterns_;
  int step_ = 0;
  std::size_t judged_ = 0;
  std::string wrong_;
};

}  // namespace meshfs::service
