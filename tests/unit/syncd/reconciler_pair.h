// Two reconcilers side by side: what they say to each other, in bytes and messages, and what would travel then. Every
// message arrives at once and whole; fsd is played by the item numbers. For tests and tests/bench.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <set>

#include "syncd/core/reconciler.h"
#include "tests/unit/syncd/fakes.h"

namespace meshfs::syncd {

class ReconcilerSide : public Mail, public Store {
 public:
  ReconcilerSide(const NodeId& self, const NodeId& other) : self_(self), around_{other} {}

  // Mail
  using Mail::send;
  bool send(const NodeId&, Priority, SharedBytes message) override {
    bytes += message->size();
    ++messages;
    out.push_back(*codec::decode_message(*message));
    return true;
  }
  [[nodiscard]] std::size_t queued(const NodeId&, Priority) const override { return slow ? pushed.size() * 300 : 0; }
  [[nodiscard]] const std::vector<NodeId>& neighbours() const override { return around_; }
  void blame(const NodeId&, const char*) override { ++blamed; }
  [[nodiscard]] std::string name_of(const NodeId&) const override { return "n"; }
  [[nodiscard]] std::uint32_t features(const NodeId&) const override { return other_features; }
  // Store: what fsd is asked for is what the other side lacks.
  void send(codec::local::ToFsd message) override {
    if (auto* get = std::get_if<codec::local::GetItems>(&message)) {
      in_order = in_order && std::is_sorted(get->items.begin(), get->items.end());
      pushed.insert(get->items.begin(), get->items.end());
      pushed_count += get->items.size();
      if (sent != nullptr) sent->insert(get->items.begin(), get->items.end());
      if (sent_in_order != nullptr) sent_in_order->insert(sent_in_order->end(), get->items.begin(), get->items.end());
      reconciler.on_items_found(
          *std::make_unique<codec::local::ItemsFound>(codec::local::ItemsFound{get->request, {}}));
    }
  }

  // Item `number` is here too (or no longer).
  static Hash hash_of(std::uint64_t number) {
    Hash hash;
    std::memcpy(hash.data.data(), &number, sizeof number);
    return hash;
  }
  void add(const std::vector<std::uint64_t>& numbers, SetId set, Instant now) {
    codec::local::Items items;
    for (const std::uint64_t number : numbers) items.added.push_back({number, set, hash_of(number)});
    reconciler.on_items(items, now);
  }

  std::deque<codec::Message> out;
  std::size_t bytes = 0, messages = 0, pushed_count = 0;
  std::set<std::uint64_t> pushed;
  std::set<std::uint64_t>* sent = nullptr;  // all that were pushed, for who wants to know
  std::vector<std::uint64_t>* sent_in_order = nullptr;
  int blamed = 0;
  bool in_order = true;  // what fsd was asked for, in each request
  bool slow = false;     // what was pushed and did not arrive yet waits in the channel
  std::uint32_t other_features = codec::kFeatureCells | codec::kFeatureSlices;

 private:
  NodeId self_;
  std::vector<NodeId> around_;
  HeldDictionaries dictionaries_{*this};
  std::uint64_t next_request_ = 1;

 public:
  Reconciler reconciler{self_, *this, *this, dictionaries_, Salt{}, next_request_};
};

class ReconcilerPair {
 public:
  ReconcilerPair() {
    a.reconciler.on_session(node(2), now);
    b.reconciler.on_session(node(1), now);
  }

  // A beacon of `from`, heard by the other. Returns the bytes of what it says of sets.
  std::size_t beacon(ReconcilerSide& from) {
    codec::Beacon told, quiet;
    from.reconciler.fill(told, now);
    quiet.all = told.all;
    other(from).reconciler.on_beacon(&from == &a ? node(1) : node(2), told, now);
    return codec::encode_beacon(told).size() - codec::encode_beacon(quiet).size();
  }
  // Until nobody has anything to say at this moment; then time goes on. Returns the round trips of the moment that took most.
  int settle(Duration duration) {
    int most = 0;
    for (const Instant end = now + duration; now < end; now = now + milliseconds(50)) {
      a.reconciler.tick(now, false);
      b.reconciler.tick(now, false);
      if (bring_what_is_pushed) bring();
      int halves = 0;
      while (!a.out.empty() || !b.out.empty()) {
        ++halves;
        pass(a, b);
        pass(b, a);
        a.reconciler.tick(now, false);
        b.reconciler.tick(now, false);
        if (bring_what_is_pushed) bring();
      }
      most = std::max(most, (halves + 1) / 2);
    }
    return most;
  }

  ReconcilerSide& other(ReconcilerSide& side) { return &side == &a ? b : a; }

  Instant now{seconds(1000).ns};
  ReconcilerSide a{node(1), node(2)}, b{node(2), node(1)};
  bool bring_what_is_pushed = true;
  std::size_t items_per_step = SIZE_MAX;  // each way, of 50 ms and of each exchange of messages
  SetId set = SetId::shared;              // of all items below ...
  static constexpr std::uint64_t kOfNodes = 80'000'000'000;
  std::function<void(codec::Message&, bool from_a)> bend;  // what passes, to be changed as a liar would
  std::function<bool(const codec::Message&, bool from_a)> lose;

  [[nodiscard]] SetId set_of(std::uint64_t number) const { return number < kOfNodes ? set : SetId::nodes; }

  // Nobody bends messages any more; both tell of their sets, and what that shows is settled.
  void beacon_without_lies() {
    bend = nullptr;
    beacon(a);
    beacon(b);
    settle(seconds(130));
  }

 private:
  void pass(ReconcilerSide& from, ReconcilerSide& to) {
    const NodeId who = &from == &a ? node(1) : node(2);
    std::deque<codec::Message> messages = std::exchange(from.out, {});
    for (codec::Message& message : messages) {
      if (bend) bend(message, &from == &a);
      if (lose && lose(message, &from == &a)) continue;
      if (const auto* reconcile = std::get_if<codec::Reconcile>(&message)) {
        to.reconciler.on_reconcile(who, *reconcile, now);
      } else if (const auto* items = std::get_if<codec::WantItems>(&message)) {
        to.reconciler.on_want_items(who, *items, now);
      } else if (const auto* want = std::get_if<codec::WantCells>(&message)) {
        to.reconciler.on_want_cells(who, *want, now);
      } else if (auto* cells = std::get_if<codec::Cells>(&message)) {
        to.reconciler.on_cells(who, std::move(*cells), now);
      }
    }
  }
  void bring() {
    for (auto [from, to] : {std::pair{&a, &b}, std::pair{&b, &a}}) {
      for (std::size_t i = 0; !from->pushed.empty() && i < items_per_step; ++i) {
        const std::uint64_t number = from->pushed.extract(from->pushed.begin()).value();
        to->reconciler.on_brought(from == &a ? node(1) : node(2), now);
        to->add({number}, set_of(number), now);
      }
    }
  }
};

}  // namespace meshfs::syncd
