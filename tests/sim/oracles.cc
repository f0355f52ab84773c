// How a mesh must have ended: see sim_mesh.h.
#include <algorithm>

#include "syncd/core/overlay.h"
#include "tests/sim/sim_mesh.h"

namespace meshfs::sim {

std::uint64_t SimMesh::messages_out() const {
  std::uint64_t sum = 0;
  for (const auto& node : nodes_) sum += node->host().core().stats().messages_out;
  return sum;
}

// What one ahead wrote over itself has left its set, and cannot leave the others' before the time comes of what took its place.
bool SimMesh::lacks_its_past() const {
  if (!ahead_) return false;
  const auto others = nodes_.front()->host().core().summaries(), own = nodes_[*ahead_]->host().core().summaries();
  for (std::size_t i = 0; i < own.size() && i < others.size(); ++i) {
    if (own[i].count > others[i].count) return false;
  }
  return own.size() == others.size() && own != others;
}

bool SimMesh::settled() const {
  const auto first = nodes_.front()->host().core().summaries();
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const syncd::Node& core = nodes_[i]->host().core();
    if (core.stats().needs > 0) return false;
    if (core.summaries() != first && !(i == ahead_ && lacks_its_past())) return false;
  }
  return true;
}

std::string SimMesh::check_sets() {
  const auto first = nodes_.front()->replica().status();
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const auto status = nodes_[i]->replica().status();
    if (i == ahead_ && lacks_its_past()) continue;
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
    if (i == ahead_) continue;  // it shows what it wrote, the others do not yet
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

// All start again with clocks that are right and beyond the wrong one.
void SimMesh::let_years_pass() {
  ahead_.reset();
  for (const auto& node : nodes_) {
    node->crash();
    const bool stopped = control_ == Control::stopped_clock && node == nodes_.back();
    if (!stopped) node->set_clock({(Faults::kMostYearsOff + 1) * kYearMs, true});
    node->start();
  }
  const Instant end = network_.now() + scenario_.patience;
  do {
    network_.run_until(network_.now() + milliseconds(250));
  } while (!settled() && network_.now() < end);
}

// Shown somewhere, or replaced by a write or delete that had seen it and is itself not lost.
bool SimMesh::covered(const Write& write, const std::string& shown, std::optional<std::size_t> not_yet) const {
  if (!write.text.empty() && shown.find(write.text) != std::string::npos) return true;
  for (const auto& later : writes_) {
    if (later.get() == &write || write.text.empty() || later->by == not_yet) continue;
    if (std::find(later->replaced.begin(), later->replaced.end(), write.text) == later->replaced.end()) continue;
    // A delete may have been published before its author crashed, acknowledged or not.
    if (later->text.empty() || covered(*later, shown, not_yet)) return true;
  }
  return false;
}

std::string SimMesh::check_acknowledged() {
  const auto lost = [this](SimNode& node, std::optional<std::size_t> not_yet) -> std::string {
    std::string shown;
    for (const auto& [path, what] : node.dump()) shown += what + "\n";
    for (const auto& write : writes_) {
      if (!write->acknowledged || write->text.empty() || write->by == not_yet) continue;
      if (!covered(*write, shown, not_yet)) {
        return "an acknowledged write is lost: " + write->text.substr(0, write->text.find(';'));
      }
    }
    return {};
  };
  std::string out = lost(*nodes_.front(), ahead_);
  if (out.empty() && ahead_) out = lost(*nodes_[*ahead_], std::nullopt);
  return out;
}

// The last beacons after the last change find all equal. Where four of ten are lost, or all have just met, that takes
// some beacons more; then two minutes of silence must come.
std::string SimMesh::check_quiet() {
  constexpr Duration kWindow = seconds(60);
  constexpr int kMostWindows = 8;
  // Streams over such links are given up and tried again for ever, at most every 16 minutes with each neighbour, and
  // every new session is greeted: with a dozen neighbours no two minutes pass without.
  constexpr std::uint32_t kStreamsRestlessPpm = 250'000;
  if (scenario_.drawn && faults_.streams && faults_.loss_ppm > kStreamsRestlessPpm) return {};
  // In a crowd the sessions that nobody wants are let go after two minutes unused, and some come back.
  const bool crowded = std::any_of(nodes_.begin(), nodes_.end(), [](const auto& node) {
    return node->host().core().stats().sessions > syncd::Overlay::kDegreeAll;
  });
  const bool patient = scenario_.drawn || crowded;
  // Its neighbours go on comparing with it: five or six messages a minute and link (clock_test).
  constexpr std::uint64_t kMostWithOneAhead = 20;
  const std::uint64_t allowed =
      lacks_its_past() ? kMostWithOneAhead * network_.neighbours(nodes_[*ahead_]->host().number()).size() : 0;
  network_.run_until(network_.now() + seconds(45));
  std::uint64_t sent = 0;
  int silent = 0;
  for (int i = 0; i < (patient ? kMostWindows : 1); ++i) {
    const std::uint64_t before = messages_out();
    network_.run_until(network_.now() + kWindow);
    sent = messages_out() - before;
    silent = sent <= allowed ? silent + 1 : 0;
    if (silent == (patient ? 2 : 1)) return {};
  }
  return std::to_string(sent) + " messages were sent with nothing to say";
}

std::string describe(const Scenario& scenario, std::uint64_t seed, const Outcome& outcome) {
  std::string out;
  for (const auto& [oracle, what] : outcome.failures) out += "oracle " + oracle + ": " + what + "\n";
  if (!out.empty()) {
    out += "scenario " + scenario.name + ", seed " + std::to_string(seed) + " (" + outcome.faults.words() +
           "); again with: sim_test --scenario " + scenario.name + " --seed " + std::to_string(seed) + "\n";
  }
  return out;
}

}  // namespace meshfs::sim
