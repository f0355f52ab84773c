// The part of Neighbours that chooses between a neighbour's sessions: which is active, when a stream has to go and when it
// may come back.
#include <algorithm>

#include "syncd/core/neighbours.h"

namespace meshfs::syncd {

void Neighbours::choose_active(Neighbour& neighbour, Instant now) {
  Session* best = nullptr;
  for (const auto& session : neighbour.sessions) {
    if (session->retire_at != kNever) continue;
    if (best == nullptr) {
      best = session.get();
      continue;
    }
    const Session& a = *session;
    bool better = a.established() > best->established();
    if (a.reliable() != best->reliable()) {
      better = a.reliable() != (now < neighbour.stream.avoid_until);
    } else if (a.established() - best->established() < kTwins && best->established() - a.established() < kTwins) {
      better = a.keys().id < best->keys().id;
    }
    if (better) best = session.get();
  }
  if (best == nullptr && !neighbour.sessions.empty()) {  // only retiring ones are left: better than none
    best = neighbour.sessions.back().get();
    best->retire_at = kNever;
  }
  if (best == neighbour.active) return;
  const Session* left = neighbour.active;
  neighbour.active = best;
  for (const auto& session : neighbour.sessions) {
    if (session.get() != best && session->retire_at == kNever) session->retire_at = now + kRetire;
  }
  refresh_list();
  if (best != nullptr && !best->reliable() && now < neighbour.stream.avoid_until && left != nullptr) {
    for (const auto& session : neighbour.sessions) {
      if (session->reliable()) links_.abandon(session->path().link, session->path().address);
      if (session->reliable()) session->retire_at = now;
    }
  }
  moved_ = now;
  if (best == nullptr) {
    heard_keys_.on_session_end(neighbour.id);
    trickle_.inconsistent(now);
    events_.on_session_end(neighbour.id, now);
  } else {
    if (best->reliable()) {
      neighbour.stream.backoff = seconds(1);
      neighbour.stream.health = {};
      neighbour.stream.frames_out = 0;
    }
    tell_key(neighbour.id);
    events_.on_session(neighbour.id, now);
  }
}

// Both sides come here within a round trip: one by its own measurement, the other by the hello that says so.
void Neighbours::avoid_stream(Neighbour& neighbour, Instant now) {
  if (now < neighbour.stream.avoid_until) return;
  Neighbour::Stream& stream = neighbour.stream;
  const bool forgiven = stream.hold == Duration{} || now - stream.trouble > stream.hold + kStreamForgiven;
  stream.hold = forgiven ? kStreamHold : std::min(stream.hold * 2, kLongestHold);
  stream.trouble = now;
  stream.avoid_until = now + stream.hold;
  stream.seen = {};
}

// While the stream carries something it is judged. What stalls in it is lost with it: wants are asked again, sets compared.
void Neighbours::watch_stream(Neighbour& neighbour, Instant now, Instant& wake) {
  const Path& heard_on = neighbour.beacon->from;
  if (reliable(heard_on.link)) return;  // no other way to it
  const Session& stream = *neighbour.active;
  if (now >= neighbour.stream.avoid_until) {
    if (stream.channel().idle() && stream.counts().frames_out == neighbour.stream.frames_out) return;
    if (now < neighbour.stream.next_look) {
      wake = std::min(wake, neighbour.stream.next_look);
      return;
    }
    neighbour.stream.next_look = now + StreamHealth::kLookEvery;
    wake = std::min(wake, neighbour.stream.next_look);
    const auto measured = links_.quality(stream.path().link, stream.path().address);
    // Once all is acknowledged it rests until more is said.
    const bool quiet = stream.channel().idle() && (!measured || measured->queued == 0);
    if (quiet) neighbour.stream.frames_out = stream.counts().frames_out;
    if (!measured || neighbour.stream.health.suits(*measured, now)) return;
    avoid_stream(neighbour, now);
  }
  handshakes_.take_over(heard_on, now);
}

// Smaller id only, which is who connects. Datagrams that still lose say that a stream would stall again.
bool Neighbours::stream_may_return(Neighbour& neighbour, Instant now, Instant& wake) {
  Neighbour::Stream& stream = neighbour.stream;
  if (now < stream.avoid_until) {
    wake = std::min(wake, stream.avoid_until);
    return false;
  }
  if (neighbour.active == nullptr) return true;
  const Channel::Traffic traffic = neighbour.active->channel().traffic();
  const std::uint64_t sent = traffic.sent - std::min(stream.seen.sent, traffic.sent);
  const std::uint64_t lost = traffic.lost - std::min(stream.seen.lost, traffic.lost);
  stream.seen = traffic;
  if (sent < kEnoughPackets || lost * 100 < sent * kSomeLossPercent) return true;
  stream.avoid_until = now + std::max(stream.hold, kStreamHold);
  wake = std::min(wake, stream.avoid_until);
  return false;
}

}  // namespace meshfs::syncd
