#include "transport/sim/sim_network.h"

#include "schema/vocab/check.h"
#include "transport/sim/sim_state.h"

namespace meshfs::transport {

SimNetwork::SimNetwork(std::uint64_t seed) : rng_(seed) {}
SimNetwork::~SimNetwork() = default;

SimNetwork::Node SimNetwork::add_node() {
  nodes_.push_back(std::make_unique<NodeState>());
  return static_cast<Node>(nodes_.size() - 1);
}

SimNetwork::Edge* SimNetwork::edge(Node from, Node to) {
  if (from >= nodes_.size()) return nullptr;
  const auto found = nodes_[from]->edges.find(to);
  return found == nodes_[from]->edges.end() ? nullptr : &found->second;
}

const SimNetwork::Edge* SimNetwork::edge(Node from, Node to) const {
  return const_cast<SimNetwork*>(this)->edge(from, to);
}

void SimNetwork::connect(Node a, Node b, const EdgeQuality& both_ways) {
  CHECK(a < nodes_.size() && b < nodes_.size() && a != b);
  nodes_[a]->edges[b].quality = both_ways;
  nodes_[b]->edges[a].quality = both_ways;
}

void SimNetwork::set_quality(Node from, Node to, const EdgeQuality& one_way) {
  Edge* found = edge(from, to);
  CHECK(found != nullptr);
  found->quality = one_way;
}

void SimNetwork::set_quality_everywhere(const EdgeQuality& quality) {
  for (auto& node : nodes_) {
    for (auto& [to, e] : node->edges) e.quality = quality;
  }
}

void SimNetwork::cut(Node from, Node to) {
  Edge* found = edge(from, to);
  CHECK(found != nullptr);
  set_cut(*found, from, to, true);
}

void SimNetwork::mend(Node from, Node to) {
  Edge* found = edge(from, to);
  CHECK(found != nullptr);
  set_cut(*found, from, to, false);
}

void SimNetwork::partition(const std::vector<std::uint32_t>& group_of) {
  CHECK(group_of.size() == nodes_.size());
  for (Node from = 0; from < nodes_.size(); ++from) {
    for (auto& [to, e] : nodes_[from]->edges) set_cut(e, from, to, group_of[from] != group_of[to]);
  }
}

void SimNetwork::mend_all() { partition(std::vector<std::uint32_t>(nodes_.size(), 0)); }

void SimNetwork::set_cut(Edge& e, Node from, Node to, bool cut) {
  if (e.cut == cut) return;
  e.cut = cut;
  if (cut) {
    ++e.cuts;
    Event event;
    event.kind = Event::Kind::gives_up;
    event.from = from, event.to = to, event.epoch = e.cuts;
    schedule(now_ + kStreamGivesUp, std::move(event));
    return;
  }
  for (Event& event : std::exchange(e.held, {})) {
    e.end.last_arrival = std::max(e.end.last_arrival, now_ + e.quality.delay);
    const Instant when = e.end.last_arrival;
    schedule(when, std::move(event));
  }
}

void SimNetwork::set_up(Node node, bool up) {
  CHECK(node < nodes_.size());
  NodeState& state = *nodes_[node];
  if (state.up == up) return;
  if (!up) {
    for (auto& [to, e] : state.edges) {
      if (e.end.state != Endpoint::State::closed) close_stream(node, to, false, true);
    }
  }
  state.up = up;
}

bool SimNetwork::is_up(Node node) const { return node < nodes_.size() && nodes_[node]->up; }

std::vector<SimNetwork::Node> SimNetwork::neighbours(Node node) const {
  std::vector<Node> out;
  for (const auto& [to, e] : nodes_.at(node)->edges) out.push_back(to);
  return out;
}

SimLink& SimNetwork::link(Node node, Mode mode) {
  CHECK(node < nodes_.size());
  auto& found = nodes_[node]->links[index_of(mode)];
  if (!found) found = std::make_unique<SimLink>(*this, node, mode);
  return *found;
}

LinkAddress SimNetwork::address_of(Node node) {
  std::string key;
  for (int shift = 24; shift >= 0; shift -= 8) key += static_cast<char>((node >> shift) & 0xff);
  return {key, "node " + std::to_string(node)};
}

std::optional<SimNetwork::Node> SimNetwork::node_of(const LinkAddress& address) {
  if (address.key.size() != 4) return std::nullopt;
  Node node = 0;
  for (const char c : address.key) node = (node << 8) | static_cast<std::uint8_t>(c);
  return node;
}

// --- time

std::uint32_t SimNetwork::schedule(Instant when, Event event) {
  std::uint32_t slot = 0;
  if (free_slots_.empty()) {
    slot = static_cast<std::uint32_t>(slots_.size());
    slots_.push_back(std::move(event));
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
    slots_[slot] = std::move(event);
  }
  due_.push({std::max(when, now_), sequence_++, slot});
  return slot;
}

void SimNetwork::at(Instant when, std::function<void()> action) {
  Event event;
  event.action = std::move(action);
  schedule(when, std::move(event));
}

bool SimNetwork::step() {
  if (due_.empty()) return false;
  const Due due = due_.top();
  due_.pop();
  now_ = due.when;
  Event event = std::move(slots_[due.slot]);  // callbacks schedule: the slot may move
  slots_[due.slot] = Event{};
  free_slots_.push_back(due.slot);
  run(event);
  return true;
}

void SimNetwork::run_until(Instant end) {
  while (!due_.empty() && due_.top().when <= end) step();
  now_ = std::max(now_, end);
}

Instant SimNetwork::next_event() const { return due_.empty() ? kNever : due_.top().when; }

std::uint64_t SimNetwork::bytes_on(Node from, Node to) const {
  const Edge* found = edge(from, to);
  return found == nullptr ? 0 : found->bytes;
}

}  // namespace meshfs::transport
