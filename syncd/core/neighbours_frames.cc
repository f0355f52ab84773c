// The part of Neighbours that takes in frames: which kind, from whom, authentic or not.
#include "syncd/core/neighbours.h"

namespace meshfs::syncd {

void Neighbours::on_frame(const Path& from, ByteView frame, Instant now) {
  ++totals_.frames_in;
  totals_.bytes_in += frame.size();
  const Result<codec::FrameHeader> header = codec::peek_frame(frame);
  if (!header) {
    ++totals_.bad_frames;
    return;
  }
  if (header->kind == codec::FrameKind::packet) return on_packet(from, *header, frame, now);
  if (frame.size() > codec::kMaxFrameBeforeAuth) {
    ++totals_.bad_frames;
    return;
  }
  if (header->kind == codec::FrameKind::news) return on_news(from, *header, frame, now);
  if (!greetings_) greetings_.emplace(kGreetings, now);
  if (!greetings_->take(now)) return;
  if (header->kind == codec::FrameKind::beacon) return on_beacon(from, header->counter, frame, now);
  on_handshake(from, *header, frame, now);
}

void Neighbours::on_beacon(const Path& from, std::uint64_t counter, ByteView frame, Instant now) {
  const Result<Bytes> payload = codec::open_shared(network_key_, frame);
  Result<codec::Beacon> beacon = payload ? codec::decode_beacon(*payload) : Result<codec::Beacon>(payload.failure());
  if (!beacon) {
    ++totals_.bad_frames;
    return;
  }
  if (beacon->node == self_.node) return;
  Neighbour* neighbour = known(beacon->node, now);
  if (neighbour == nullptr) return;
  if (neighbour->active != nullptr && neighbour->active->keys().theirs.boot != beacon->boot) {
    return on_other_boot(*neighbour, from, now);
  }
  const bool new_life = !neighbour->beacon || neighbour->beacon->what.boot != beacon->boot;
  if (!new_life && counter <= neighbour->beacon->counter) return;  // sent again by somebody
  if (new_life) {
    if (neighbour->beacon) {
      handshakes_.restarted(neighbour->id);
      neighbour->refusal.until = now;  // perhaps it has another key
    }
    neighbour->datagram_from = now;
    if (beacon->tcp_port != 0 && self_.tcp_port != 0 &&
        links_.stream_target(from.link, from.address, beacon->tcp_port)) {
      neighbour->datagram_from = now + kStreamFirst;
    }
    neighbour->stream.next = now;
    neighbour->stream.backoff = seconds(1);
  }
  neighbour->heard = now;
  const bool lost = neighbour->overlay.lost, kept_off = now < neighbour->refusal.until;
  if (!neighbour->beacon || neighbour->beacon->from.link != from.link || (lost && !kept_off)) choose_at_ = now;
  neighbour->overlay.lost = lost && kept_off;
  neighbour->beacon = Neighbour::Beacon{from, now, std::move(*beacon), counter};
  const codec::Beacon& heard = neighbour->beacon->what;
  note_ways(*neighbour);
  heard_keys_.heard(heard.node, heard.boot, from.link, false, now);
  if (thin(*neighbour)) neighbour->stream.avoid_until = kNever;
  if (neighbour->active == nullptr && neighbour->datagram_from > now + kStreamFirst) neighbour->datagram_from = now;
  if (events_.agrees(heard)) {
    trickle_.consistent();
  } else if (neighbour->active == nullptr) {
    trickle_.inconsistent(now);  // with a session the difference is settled there
  }
  compare(*neighbour, now);
  if (neighbour->active != nullptr) events_.on_beacon(neighbour->id, heard, now);
}

// It restarted, or somebody sends a beacon of an earlier life again. A handshake tells: only the living answer it, and a new
// boot nonce ends what the old session knew. On a stream a word makes the other side's system say that it knows nothing of it.
void Neighbours::on_other_boot(Neighbour& neighbour, const Path& from, Instant now) {
  if (now - neighbour.doubted < kDoubtEvery) return;
  neighbour.doubted = now;
  handshakes_.restarted(neighbour.id);
  send(neighbour.id, Priority::control, codec::Ping{0, true});
  if (!neighbour.active->reliable()) handshakes_.begin(from, reliable(from.link), now);
}

void Neighbours::on_handshake(const Path& from, const codec::FrameHeader& header, ByteView frame, Instant now) {
  turn_ = now;
  totals_.handshake_bytes += frame.size();
  if (header.kind == codec::FrameKind::cookie) return handshakes_.on_cookie(from, frame, now);
  establish(from, handshakes_.on_handshake(from, reliable(from.link), header.counter, frame, now), now);
}

bool Neighbours::may_establish(Instant now) {
  if (!new_sessions_) new_sessions_.emplace(kNewSessions, now);
  return new_sessions_->take(now);
}

void Neighbours::on_packet(const Path& from, const codec::FrameHeader& header, ByteView frame, Instant now) {
  auto it = by_number_.find(header.session);
  if (it == by_number_.end()) {
    turn_ = now;
    establish(from, handshakes_.on_stray(from, header, frame, now), now);
    it = by_number_.find(header.session);
  }
  if (it == by_number_.end()) {
    ++totals_.bad_frames;
    return;
  }
  const NodeId who = it->second.first;
  Session& session = *it->second.second;
  if (session.path().link != from.link || (session.reliable() && session.path().address != from.address)) {
    ++totals_.bad_frames;
    return;
  }
  std::vector<SharedView> messages;
  if (!session.on_frame(header, frame, now, messages)) {
    ++totals_.bad_frames;
    return;
  }
  if (session.path().address != from.address) session.move_to(from.address);
  known_.at(who).heard = now;
  deliver(who, session, messages, now);
}

void Neighbours::deliver(const NodeId& who, Session& session, const std::vector<SharedView>& messages, Instant now) {
  for (const SharedView& bytes : messages) {
    Result<codec::Message> message = codec::decode_shared_message(bytes);
    if (!message && message.code() == Errc::unsupported) continue;  // of a later version: not ours to understand
    if (!message) {
      blame(who, "a message that does not decode");
      continue;
    }
    ++totals_.messages_in;
    totals_.bytes_of_kind_in.at(message->index()) += bytes.size();
    if (const auto* bye = std::get_if<codec::Bye>(&*message); bye != nullptr) {
      Neighbour& neighbour = known_.at(who);
      if (bye->refused) on_refused(neighbour, bye->reason, now);
      neighbour.datagram_from = now + seconds(1);  // no immediate new attempt: it wanted to go
      neighbour.overlay.left = true;
      neighbour.overlay.kept = false;
      while (!neighbour.sessions.empty()) end_session(neighbour, neighbour.sessions.back().get(), now);
      return;
    }
    if (take_keys(who, session, *message, now)) continue;
    note_use(known_.at(who), *message, now);
    events_.on_message(who, std::move(*message), now);
  }
}

}  // namespace meshfs::syncd
