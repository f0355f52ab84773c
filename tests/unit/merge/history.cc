#include "tests/unit/merge/history.h"

#include <algorithm>
#include <memory>

#include "tests/unit/merge/user.h"

namespace meshfs::test {

namespace {

class History {
 public:
  History(std::uint64_t seed, const Plan& plan, const Rules& rules) : rng_(seed), plan_(plan) {
    const std::size_t count = plan.replicas != 0 ? plan.replicas : 3 + rng_.below(3);
    world_.through_codec = plan.through_codec;
    const bool one_ahead = plan.skewed_clocks && rng_.percent(20);
    for (std::size_t i = 0; i < count; ++i) {
      const auto skew = plan.skewed_clocks ? static_cast<std::int64_t>(rng_.below(300'000)) : 0;
      const std::int64_t ahead = one_ahead && i == 0 ? 30 * 60'000 : 0;
      replicas_.push_back(
          std::make_unique<Replica>(world_, rules, static_cast<std::uint8_t>(i + 1), WallMs{kStart.ms + skew + ahead}));
      users_.emplace_back(*replicas_.back(), rng_);
    }
    inbox_.resize(count);
    group_.resize(count);
  }

  [[nodiscard]] Tally tally() const { return world_.tally; }

  std::string run() {
    if (plan_.moving_directories) {
      for (char name = 'a'; name < 'e'; ++name) users_[0].make_directory(LocalId{}, std::string(1, name));
      if (auto bad = exchange_all(); !bad.empty()) return bad;
    }
    for (std::size_t done = 0; done < plan_.operations; ++done) {
      if (auto bad = step(); !bad.empty()) return "after operation " + std::to_string(done) + ": " + bad;
    }
    return finish();
  }

 private:
  std::string step() {
    world_.advance(milliseconds(static_cast<std::int64_t>(rng_.below(rng_.percent(5) ? 600'000 : 50))));
    for (auto& replica : replicas_) replica->tick();
    if (plan_.in_sync) {
      if (auto bad = exchange_all(); !bad.empty()) return bad;
      if (plan_.old_floor && rng_.percent(10)) pass_three_months();
    } else if (rng_.percent(15)) {
      for (auto& group : group_) group = rng_.below(2);
    }
    const std::size_t who = rng_.below(replicas_.size());
    const bool move = plan_.moving_directories && rng_.percent(70);
    for (const Sent* sent : move ? users_[who].move_some_directory() : users_[who].anything(!plan_.in_sync)) {
      publish(who, *sent);
    }
    if (!plan_.in_sync) deliver_some();
    for (auto& replica : replicas_) {
      if (!replica->trouble().empty()) return replica->trouble();
      if (auto bad = replica->judge_touched(); !bad.empty()) return bad;
      if (plan_.in_sync && replica == replicas_[who] && has_conflict(*replica))
        return "a conflict though all were in sync";
    }
    return {};
  }

  void publish(std::size_t who, const Sent& sent) {
    for (std::size_t to = 0; to < replicas_.size(); ++to) {
      if (to != who && group_[to] == group_[who]) inbox_[to].push_back(&sent);
    }
  }

  void deliver_some() {
    for (std::size_t to = 0; to < replicas_.size(); ++to) {
      auto& inbox = inbox_[to];
      for (std::uint64_t n = rng_.below(3); n > 0 && !inbox.empty(); --n) {
        const std::size_t at = rng_.below(inbox.size());
        replicas_[to]->receive(*inbox[at]);
        if (rng_.percent(80)) inbox.erase(inbox.begin() + static_cast<std::ptrdiff_t>(at));  // else: again, later
      }
    }
    if (rng_.percent(10)) {
      const std::size_t a = rng_.below(replicas_.size()), b = rng_.below(replicas_.size());
      if (a != b && group_[a] == group_[b]) reconcile(*replicas_[a], *replicas_[b], rng_);
    }
  }

  std::string exchange_all() {
    std::vector<Replica*> all;
    for (auto& replica : replicas_) all.push_back(replica.get());
    for (auto& inbox : inbox_) inbox.clear();
    return reconcile_all(all, rng_);
  }

  // What is older is a ghost by then: nothing of it is under way, and nothing of it is offered any more.
  void pass_three_months() {
    world_.advance(milliseconds(kTombstoneKeepMs + 1000));
    for (auto& replica : replicas_) {
      replica->tick();
      replica->floor = {replica->time().ms - kTombstoneKeepMs};
    }
  }

  static bool has_conflict(const Replica& replica) {
    const auto all = replica.all_shown();
    return std::any_of(all.begin(), all.end(), [](const Shown& shown) { return shown.contents.size() > 1; });
  }

  std::string finish() {
    auto late = inbox_;
    world_.advance(seconds(3600));  // what was ahead is due
    for (auto& replica : replicas_) replica->tick();
    if (auto bad = exchange_all(); !bad.empty()) return bad;
    if (auto bad = compare(); !bad.empty()) return bad;
    if (plan_.old_floor) return {};
    for (std::size_t to = 0; to < replicas_.size(); ++to) {
      for (const Sent* sent : late[to]) replicas_[to]->receive(*sent);
      for (const Sent& sent : world_.entries) replicas_[to]->receive(sent);  // own echo and old states too
    }
    if (auto bad = compare(); !bad.empty()) return "after late and repeated delivery: " + bad;
    return compare_orders();
  }

  std::string compare() {
    const Replica& first = *replicas_.front();
    for (const auto& replica : replicas_) {
      if (!replica->trouble().empty()) return replica->trouble();
      if (auto bad = replica->judge_all(); !bad.empty()) return bad;
      if (replica->waits()) return "an entry waits for an origin that nobody has";
      if (replica->set() != first.set()) return "sets differ";
      if (replica->tree() != first.tree()) return "trees differ";
      if (replica->all_shown() != first.all_shown()) return "objects show differently";
      for (const auto& [object, heads] : first.objects()) {
        if (lasting(*replica, object) != lasting(first, object)) return "heads differ";
      }
    }
    count(first);
    return complete(first);
  }

  static Heads lasting(const Replica& replica, const LocalId& object) {
    Heads out = replica.heads(object);
    std::erase_if(out, [&](const Head& head) { return head.tombstone && replica.is_past_floor(head.stamp); });
    return out;
  }

  void count(const Replica& replica) {
    Tally& tally = world_.tally;
    std::vector<DirectoryPlace> directories;
    for (const Shown& shown : replica.all_shown()) {
      if (shown.contents.size() > 1) ++tally.conflicts;
      if (shown.covered_directory && replica.tree().directories.contains(shown.object.local))
        ++tally.covered_directories;
      const auto live = live_heads(replica.heads(shown.object.local), replica.time());
      const bool deleted = std::any_of(live.begin(), live.end(), [](const Head* head) { return head->tombstone; });
      if (deleted && shown.alive) ++tally.deletes_beaten;
      if (surviving_contents(live).size() > shown.contents.size()) ++tally.equal_contents;
      if (shown.kind != codec::Kind::directory) continue;
      directories.push_back({shown.object.local, shown.place.stamp, shown.place.value});
    }
    for (const auto& [directory, place] : effective_places(directories)) {
      if (place.fallback == Fallback::previous) ++tally.fallbacks;
      if (place.fallback == Fallback::lost) ++tally.lost;
    }
  }

  // All that lives has a name, every conflicting content has one, and each name leads to something that lives.
  static std::string complete(const Replica& replica) {
    std::map<NodeKey, std::size_t> named;
    for (const auto& [directory, names] : replica.tree().directories) {
      for (const auto& [name, key] : names) {
        if (!FileName::from(name)) return "the tree has an impossible name";
        ++named[key];
      }
    }
    for (const Shown& shown : replica.all_shown()) {
      if (shown.covered_directory) continue;
      if (named[{shown.object, std::nullopt}] < 1) return "a living object has no name in the tree";
      if (named[{shown.object, std::nullopt}] > 1 + shown.links.size()) return "an object has too many names";
      for (std::size_t i = 1; i < shown.contents.size(); ++i) {
        if (named[{shown.object, shown.contents[i].stamp}] != 1) return "a conflicting content is not visible";
      }
    }
    return {};
  }

  // The same entries in other orders, at a newcomer's: equal heads and tree.
  std::string compare_orders() {
    const Replica& first = *replicas_.front();
    std::vector<const Sent*> all;
    for (const Sent& sent : world_.entries) all.push_back(&sent);
    for (int order = 0; order < 2; ++order) {
      for (std::size_t i = all.size(); i > 1; --i) std::swap(all[i - 1], all[rng_.below(i)]);
      Replica newcomer(world_, {}, 100, first.time());
      for (const Sent* sent : all) newcomer.receive(*sent);
      reconcile(newcomer, *replicas_.front(), rng_);
      if (newcomer.tree() != first.tree()) return "another order of arrival gives another tree";
      for (const auto& [object, heads] : first.objects()) {
        if (newcomer.heads(object) != heads) return "another order of arrival gives other heads";
      }
    }
    auto shuffled = first.all_shown();
    for (std::size_t i = shuffled.size(); i > 1; --i) std::swap(shuffled[i - 1], shuffled[rng_.below(i)]);
    if (build_tree(shuffled, true) != first.tree()) return "another order of objects gives another tree";
    return {};
  }

  Rng rng_;
  const Plan plan_;
  World world_;
  std::vector<std::unique_ptr<Replica>> replicas_;
  std::vector<User> users_;
  std::vector<std::vector<const Sent*>> inbox_;
  std::vector<std::uint64_t> group_;
};

}  // namespace

std::string run_history(std::uint64_t seed, const Plan& plan, const Rules& rules, Tally* tally) {
  History history(seed, plan, rules);
  std::string bad = history.run();
  if (tally != nullptr) *tally = history.tally();
  return bad;
}

}  // namespace meshfs::test
