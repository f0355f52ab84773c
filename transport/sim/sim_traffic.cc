// What happens to frames: sending, and arriving.
#include "transport/sim/sim_state.h"

namespace meshfs::transport {

namespace {
constexpr std::uint32_t kMillion = 1'000'000;
constexpr std::size_t kSegmentBytes = 1400;
}  // namespace

bool SimNetwork::chance(std::uint32_t ppm) { return ppm != 0 && rng_.below(kMillion) < ppm; }

// --- sending

Instant SimNetwork::transmit(Edge& e, Mode mode, std::size_t size) {
  ++counters_.frames;
  counters_.bytes += size;
  if (mode == Mode::stream) counters_.stream_bytes += size;
  e.bytes += size;
  Instant& busy = e.busy_until[index_of(mode)];
  busy = std::max(busy, now_);
  if (e.quality.bytes_per_second != 0) {
    const std::uint64_t ns = static_cast<std::uint64_t>(size) * 1'000'000'000 / e.quality.bytes_per_second;
    busy = busy + nanoseconds(static_cast<std::int64_t>(ns));
  }
  return busy;
}

Status SimNetwork::send_datagram(Node from, Node to, ByteView frame) {
  Edge* e = edge(from, to);
  if (e == nullptr) return error(Errc::unreachable, "no edge to that node");
  constexpr std::size_t kMode = index_of(Mode::datagram);
  if (e->queued[kMode] + frame.size() > kMaxQueuedBytes) {
    e->wants_room[kMode] = true;
    return Errc::no_space;
  }
  ++counters_.transmissions;
  put_on_air(from, to, *e, std::make_shared<const Bytes>(copy_of(frame)));
  return {};
}

Status SimNetwork::broadcast(Node from, ByteView frame) {
  const Frame shared = std::make_shared<const Bytes>(copy_of(frame));
  ++counters_.transmissions;
  for (auto& [to, e] : nodes_[from]->edges) {
    // A full edge loses its copy: there is no one address that could get room again.
    if (e.queued[index_of(Mode::datagram)] + frame.size() <= kMaxQueuedBytes) put_on_air(from, to, e, shared);
  }
  return {};
}

void SimNetwork::put_on_air(Node from, Node to, Edge& e, const Frame& frame) {
  const Instant left = transmit(e, Mode::datagram, frame->size());
  Event event;
  event.from = from, event.to = to, event.size = frame->size();
  if (left > now_) {
    e.queued[index_of(Mode::datagram)] += frame->size();
    event.kind = Event::Kind::left;
    schedule(left, event);
  }
  if (chance(e.quality.loss_ppm) || e.cut) {
    ++counters_.lost;
    return;
  }
  event.kind = Event::Kind::datagram;
  event.frame = frame;
  if (chance(e.quality.corrupt_ppm) && !frame->empty()) {
    Bytes changed = *frame;
    changed[rng_.below(changed.size())] ^= static_cast<std::uint8_t>(1 + rng_.below(255));
    event.frame = std::make_shared<const Bytes>(std::move(changed));
    ++counters_.corrupted;
  }
  const int copies = chance(e.quality.duplicate_ppm) ? 2 : 1;
  if (copies == 2) ++counters_.duplicated;
  for (int i = 0; i < copies; ++i) {
    Duration takes = e.quality.delay;
    if (e.quality.jitter > Duration{}) {
      takes =
          takes + nanoseconds(static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(e.quality.jitter.ns))));
    }
    if (chance(e.quality.reorder_ppm)) takes = takes + e.quality.delay * 10;
    schedule(left + takes, event);
  }
}

Status SimNetwork::send_stream(Node from, Node to, ByteView frame) {
  Edge* e = edge(from, to);
  if (e == nullptr || e->end.state != Endpoint::State::open) {
    return error(Errc::unreachable, "no open stream to that node");
  }
  constexpr std::size_t kMode = index_of(Mode::stream);
  if (e->queued[kMode] + frame.size() > kMaxQueuedBytes) {
    e->wants_room[kMode] = true;
    return Errc::no_space;
  }
  ++counters_.transmissions;
  e->queued[kMode] += frame.size();  // until delivered: a stream keeps what is not acknowledged
  const std::uint64_t segments = frame.size() / kSegmentBytes + 1;
  e->segments += segments;
  e->segments_lost_ppm += segments * e->quality.loss_ppm;
  Duration takes = e->quality.delay;
  // A lost segment costs a retransmission each time; five in a row are the end of our patience, not of the stream.
  for (int tries = 0; tries < 5 && chance(e->quality.loss_ppm); ++tries) {
    takes = takes + e->quality.delay * 4 + milliseconds(10);
  }
  e->end.last_arrival = std::max(e->end.last_arrival, transmit(*e, Mode::stream, frame.size()) + takes);
  Event event;
  event.kind = Event::Kind::stream;
  event.from = from, event.to = to, event.epoch = e->end.epoch, event.size = frame.size();
  event.frame = std::make_shared<const Bytes>(copy_of(frame));
  schedule(e->end.last_arrival, std::move(event));
  return {};
}

std::optional<LinkQuality> SimNetwork::stream_quality(Node from, Node to) const {
  const Edge* e = edge(from, to);
  if (e == nullptr || e->end.state != Endpoint::State::open) return std::nullopt;
  LinkQuality out;
  out.rtt = e->quality.delay * 2;
  out.sent = e->segments;
  out.lost = e->segments_lost_ppm / kMillion;
  out.queued = e->queued[index_of(Mode::stream)];
  return out;
}

void SimNetwork::connect_stream(Node from, Node to) {
  Edge* e = edge(from, to);
  Event event;
  event.from = from, event.to = to;
  if (e == nullptr) {
    event.kind = Event::Kind::refused;
    schedule(now_, std::move(event));
    return;
  }
  if (e->end.state != Endpoint::State::closed) return;
  e->end.state = Endpoint::State::opening;
  e->end.epoch = ++sequence_;
  event.epoch = e->end.epoch;
  event.kind = Event::Kind::opened;
  schedule(now_ + e->quality.delay * 2, std::move(event));
}

void SimNetwork::close_stream(Node a, Node b, bool tell_a, bool tell_b) {
  Edge* mine = edge(a, b);
  Edge* theirs = edge(b, a);
  if (mine == nullptr || mine->end.state == Endpoint::State::closed) return;
  const std::uint64_t epoch = mine->end.epoch;
  mine->end.state = Endpoint::State::closed;
  Event event;
  event.kind = Event::Kind::gone;
  event.epoch = epoch;
  if (tell_b && theirs != nullptr) {
    event.from = a, event.to = b;
    mine->end.last_arrival = std::max(mine->end.last_arrival, now_ + mine->quality.delay);
    schedule(mine->end.last_arrival, event);
  }
  if (tell_a) {
    if (const auto events = nodes_[a]->links[index_of(Mode::stream)]->events_; events && events->on_gone) {
      events->on_gone(address_of(b));
    }
  }
}

// --- arriving

void SimNetwork::left_queue(Node from, Node to, Mode mode, std::size_t size) {
  Edge& e = *edge(from, to);
  e.queued[index_of(mode)] -= size;
  if (!e.wants_room[index_of(mode)] || e.queued[index_of(mode)] > kMaxQueuedBytes / 2) return;
  e.wants_room[index_of(mode)] = false;
  const auto events = nodes_[from]->links[index_of(mode)]->events_;
  if (nodes_[from]->up && events && events->on_room) events->on_room(address_of(to));
}

void SimNetwork::deliver_stream(Event& event) {
  Edge& forward = *edge(event.from, event.to);
  if (forward.cut) {
    forward.held.push_back(std::move(event));
    return;
  }
  const Endpoint& receiver = edge(event.to, event.from)->end;
  const bool open = receiver.state == Endpoint::State::open && receiver.epoch == event.epoch;
  if (open) {
    ++counters_.delivered;
    const auto events = nodes_[event.to]->links[index_of(Mode::stream)]->events_;
    if (events && events->on_frame) events->on_frame(address_of(event.from), *event.frame);
  } else {
    ++counters_.lost;
    if (forward.end.state == Endpoint::State::open && forward.end.epoch == event.epoch) {
      close_stream(event.from, event.to, true, false);  // the other end knows nothing of this stream: reset
    }
  }
  left_queue(event.from, event.to, Mode::stream, event.size);
}

void SimNetwork::run(Event& event) {
  const auto events_of = [this](Node node, Mode mode) -> std::shared_ptr<const PacketLink::Events> {
    const auto& found = nodes_[node]->links[index_of(mode)];
    return found && nodes_[node]->up ? found->events_ : nullptr;
  };
  switch (event.kind) {
    case Event::Kind::action:
      event.action();
      return;
    case Event::Kind::left:
      left_queue(event.from, event.to, Mode::datagram, event.size);
      return;
    case Event::Kind::stream:
      deliver_stream(event);
      return;
    case Event::Kind::datagram: {
      const auto events = events_of(event.to, Mode::datagram);
      if (!events || !events->on_frame || edge(event.from, event.to)->cut) {
        ++counters_.lost;
        return;
      }
      ++counters_.delivered;
      events->on_frame(address_of(event.from), *event.frame);
      return;
    }
    case Event::Kind::refused:
      if (const auto events = events_of(event.from, Mode::stream); events && events->on_gone) {
        events->on_gone(address_of(event.to));
      }
      return;
    case Event::Kind::opened: {
      Edge& mine = *edge(event.from, event.to);
      Edge& theirs = *edge(event.to, event.from);
      if (mine.end.state != Endpoint::State::opening || mine.end.epoch != event.epoch) return;
      const auto here = events_of(event.from, Mode::stream), there = events_of(event.to, Mode::stream);
      if (!here || !there || mine.cut || theirs.cut || theirs.end.state == Endpoint::State::open) {
        mine.end.state = Endpoint::State::closed;
        if (here && here->on_gone) here->on_gone(address_of(event.to));
        return;
      }
      mine.end = {Endpoint::State::open, event.epoch, mine.end.last_arrival};
      theirs.end = {Endpoint::State::open, event.epoch, theirs.end.last_arrival};
      if (here->on_up) here->on_up(address_of(event.to));
      if (there->on_up) there->on_up(address_of(event.from));
      return;
    }
    case Event::Kind::gone: {
      Edge& theirs = *edge(event.to, event.from);
      if (theirs.end.epoch == event.epoch && !edge(event.from, event.to)->cut) {
        close_stream(event.to, event.from, nodes_[event.to]->up, false);
      }
      return;
    }
    case Event::Kind::gives_up: {
      Edge& e = *edge(event.from, event.to);
      if (!e.cut || e.cuts != event.epoch) return;
      for (const Event& frame : std::exchange(e.held, {})) e.queued[index_of(Mode::stream)] -= frame.size;
      close_stream(event.from, event.to, nodes_[event.from]->up, false);
      close_stream(event.to, event.from, nodes_[event.to]->up, false);
      return;
    }
  }
}

}  // namespace meshfs::transport
