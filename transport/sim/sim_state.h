// The insides of SimNetwork: edges, ends of streams, events. Only for this folder.
#pragma once

#include <deque>

#include "transport/sim/sim_network.h"

namespace meshfs::transport {

// One end of a stream, kept with the edge that leaves its node. Transitions:
//   closed -connect-> opening -answer-> open -close, peer's close, silence for kStreamGivesUp-> closed
struct Endpoint {
  enum class State : std::uint8_t { closed, opening, open };
  State state = State::closed;
  std::uint64_t epoch = 0;  // same at both ends of one stream
  Instant last_arrival{};   // order: nothing arrives before what was sent earlier
};

struct SimNetwork::Event {
  enum class Kind : std::uint8_t { action, datagram, left, stream, opened, refused, gone, gives_up };
  Kind kind = Kind::action;
  Mode mode = Mode::datagram;
  Node from = 0, to = 0;
  std::uint64_t epoch = 0;
  std::size_t size = 0;
  Frame frame;
  std::function<void()> action;
};

struct SimNetwork::Edge {
  EdgeQuality quality;
  bool cut = false;
  std::uint64_t cuts = 0;   // tells this cut from earlier ones
  Instant busy_until[2]{};  // per mode
  std::size_t queued[2]{};  // bytes under way per mode
  bool wants_room[2]{};
  std::uint64_t segments = 0, segments_lost_ppm = 0;  // of streams: what a kernel would have measured
  std::uint64_t bytes = 0;
  Endpoint end;
  std::deque<Event> held;  // stream frames that met a cut, in order
};

struct SimNetwork::NodeState {
  bool up = true;
  std::map<Node, Edge> edges;
  std::unique_ptr<SimLink> links[2];
};

constexpr std::size_t index_of(SimNetwork::Mode mode) { return static_cast<std::size_t>(mode); }

}  // namespace meshfs::transport
