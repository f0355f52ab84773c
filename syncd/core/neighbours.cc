#include "syncd/core/neighbours.h"

#include <algorithm>

namespace meshfs::syncd {

Neighbours::Neighbours(Links& links, const std::map<LinkId, transport::LinkTraits>& traits, Events& events, Self self,
                       Rng rng, Totals& totals)
    : links_(links),
      traits_(traits),
      events_(events),
      self_(std::move(self)),
      totals_(totals),
      network_key_(self_.network_key),
      handshakes_({self_.boot, self_.network, self_.network_key, self_.link_secret, self_.roster}, self_.seed,
                  [this](const Path& from, const codec::Member& member, bool in) { return welcome(from, member, in); }),
      own_key_(self_.seed, broadcast_sender(self_.node, self_.boot)),
      trickle_(rng) {}

void Neighbours::start(const std::vector<Path>& peers, const std::set<Path>& up, Instant now) {
  trickle_.start(now);
  for (const Path& path : peers) peers_.push_back({path, now, seconds(1), up.contains(path), false});
  for (const Path& path : up) on_up(path, now);
}

bool Neighbours::reliable(LinkId link) const {
  const auto it = traits_.find(link);
  return it != traits_.end() && it->second.reliable;
}

Neighbour* Neighbours::known(const NodeId& id, Instant now) {
  if (const auto it = known_.find(id); it != known_.end()) return &it->second;
  if (known_.size() >= kMaxKnown) {
    auto oldest = known_.end();
    for (auto it = known_.begin(); it != known_.end(); ++it) {
      if (!it->second.sessions.empty()) continue;
      if (oldest == known_.end() || it->second.heard < oldest->second.heard) oldest = it;
    }
    if (oldest == known_.end()) return nullptr;
    heard_keys_.forget(oldest->first);
    known_.erase(oldest);
  }
  Neighbour& made = known_[id];
  made.id = id;
  made.heard = now;
  made.datagram_from = now;
  return &made;
}

Session* Neighbours::session_on(const Path& path) const {
  for (const auto& [number, entry] : by_number_) {
    if (entry.second->path() == path) return entry.second;
  }
  return nullptr;
}

// --- sessions

void Neighbours::establish(const Path& path, std::optional<Session::Keys> complete, Instant now) {
  if (!complete) return;
  Session::Keys& keys = *complete;
  Neighbour* neighbour = known(keys.node, now);
  const auto traits = traits_.find(path.link);
  if (neighbour == nullptr || traits == traits_.end()) return;
  if (neighbour->sessions.empty() && in_session_.size() >= kMaxSessions) return;
  if (Session* old = session_on(path); old != nullptr) {
    const NodeId owner = by_number_.at(old->keys().mine.session).first;
    end_session(known_.at(owner), old, now);
  }
  std::vector<const Session*> before_restart;
  for (const auto& session : neighbour->sessions) {
    if (session->keys().theirs.boot != keys.theirs.boot) before_restart.push_back(session.get());
  }
  for (const Session* session : before_restart) end_session(*neighbour, session, now);
  neighbour->name = keys.name;
  neighbour->boot = keys.theirs.boot;
  neighbour->heard = now;
  const LinkId heard_on = neighbour->beacon ? neighbour->beacon->from.link : path.link;
  heard_keys_.heard(neighbour->id, keys.theirs.boot, heard_on, true, now);
  const std::uint32_t number = keys.mine.session;
  // A stream of theirs says that they find it good again, their wish for another session that it is not.
  if (traits->second.reliable && !thin(*neighbour)) neighbour->stream.avoid_until = Instant{0};
  if ((keys.theirs.features & codec::kFeatureInstead) != 0) avoid_stream(*neighbour, now);
  if ((keys.theirs.features & codec::kFeatureKeep) != 0) neighbour->overlay.kept = true;
  neighbour->overlay.left = neighbour->overlay.lost = false;
  neighbour->sessions.push_back(
      std::make_unique<Session>(links_, traits->second, budget(path.link), path, std::move(keys), now));
  by_number_[number] = {neighbour->id, neighbour->sessions.back().get()};
  note_ways(*neighbour);
  ++totals_.handshakes;
  totals_.brief_handshakes += neighbour->sessions.back()->keys().brief ? 1 : 0;
  choose_active(*neighbour, now);
}

// Who had a session with it in this life of it need not show credentials there.
void Neighbours::note_ways(const Neighbour& neighbour) {
  if (!neighbour.beacon || neighbour.beacon->what.boot != neighbour.boot) return;
  handshakes_.heard(neighbour.id, neighbour.beacon->from);
  if (neighbour.stream.path) handshakes_.heard(neighbour.id, *neighbour.stream.path);
}

void Neighbours::end_session(Neighbour& neighbour, const Session* session, Instant now) {
  const auto it = std::find_if(neighbour.sessions.begin(), neighbour.sessions.end(),
                               [&](const auto& other) { return other.get() == session; });
  CHECK(it != neighbour.sessions.end());
  const std::unique_ptr<Session> ended = std::move(*it);
  neighbour.sessions.erase(it);
  by_number_.erase(ended->keys().mine.session);
  if (ended->reliable()) {
    links_.close(ended->path().link, ended->path().address);
    if (neighbour.stream.path == ended->path()) {
      neighbour.stream.path.reset();
      neighbour.stream.next = now + neighbour.stream.backoff;
    }
    for (ConfiguredPeer& peer : peers_) {
      if (peer.path == ended->path()) peer.pending = false, peer.next = now + peer.backoff;
    }
    std::erase_if(peers_, [&](const ConfiguredPeer& peer) { return peer.once && peer.path == ended->path(); });
  }
  if (neighbour.active == ended.get()) choose_active(neighbour, now);
}

void Neighbours::refresh_list() {
  in_session_.clear();
  for (const auto& [id, neighbour] : known_) {
    if (neighbour.active != nullptr) in_session_.push_back(id);
  }
}

void Neighbours::end_all(Instant now, const char* reason) {
  for (auto& [id, neighbour] : known_) {
    if (neighbour.active != nullptr) send(id, Priority::news, codec::Bye{reason});
    for (const auto& session : neighbour.sessions) {
      session->flush(now);
      if (session->reliable()) links_.close(session->path().link, session->path().address);
    }
  }
}

// --- links

void Neighbours::dial(const Path& path, Instant now) {
  if (session_on(path) != nullptr) return;
  if (std::ranges::any_of(peers_, [&](const ConfiguredPeer& peer) { return peer.path == path; })) return;
  peers_.push_back({path, now, seconds(1), false, true});
}

std::size_t Neighbours::dialled() const {
  return static_cast<std::size_t>(std::ranges::count_if(peers_, &ConfiguredPeer::once));
}

void Neighbours::on_up(const Path& peer, Instant now) { handshakes_.begin(peer, true, now, insists(peer)); }

void Neighbours::on_gone(const Path& peer, Instant now) {
  handshakes_.forget(peer);
  for (ConfiguredPeer& configured : peers_) {
    if (configured.path != peer) continue;
    configured.pending = false;
    configured.next = now + configured.backoff;
    configured.backoff = std::min(configured.backoff * 2, kLongestBackoff);
  }
  std::erase_if(peers_, [&](const ConfiguredPeer& configured) { return configured.once && configured.path == peer; });
  for (auto& [id, neighbour] : known_) {
    if (neighbour.stream.path != peer) continue;
    neighbour.stream.path.reset();
    neighbour.stream.next = now + neighbour.stream.backoff;
    neighbour.stream.backoff = std::min(neighbour.stream.backoff * 2, kLongestBackoff);
    neighbour.datagram_from = now;
  }
  if (Session* session = session_on(peer); session != nullptr) {
    const NodeId owner = by_number_.at(session->keys().mine.session).first;
    end_session(known_.at(owner), session, now);
  }
}

void Neighbours::on_room(const Path& peer) {
  for (const auto& [number, entry] : by_number_) {
    if (entry.second->path() == peer) entry.second->on_room();
  }
}

void Neighbours::connect_peers(Instant now, Instant& wake) {
  for (ConfiguredPeer& peer : peers_) {
    if (peer.pending) continue;
    if (now >= peer.next) {
      peer.pending = true;
      links_.connect(peer.path.link, peer.path.address);
    } else {
      wake = std::min(wake, peer.next);
    }
  }
}

// A neighbour with a fresh beacon and no session, or only a datagram session though it accepts streams.
void Neighbours::reach_out(Neighbour& neighbour, Instant now, Instant& wake) {
  if (!neighbour.beacon || now - neighbour.beacon->at > kSilence || now < neighbour.banned_until) return;
  const Neighbour::Beacon& beacon = *neighbour.beacon;
  const bool has_stream = neighbour.active != nullptr && neighbour.active->reliable();
  if (has_stream) return watch_stream(neighbour, now, wake);
  if (!may_reach_out(neighbour)) return;
  if (self_.node < neighbour.id && beacon.what.tcp_port != 0 && !neighbour.stream.path &&
      stream_may_return(neighbour, now, wake)) {
    if (now < neighbour.stream.next) {
      wake = std::min(wake, neighbour.stream.next);
    } else if (const auto target = links_.stream_target(beacon.from.link, beacon.from.address, beacon.what.tcp_port)) {
      neighbour.stream.path = Path{target->link, target->address};
      note_ways(neighbour);
      links_.connect(target->link, target->address);
    } else {
      neighbour.stream.next = now + kLongestBackoff;
    }
  }
  if (neighbour.active != nullptr || in_session_.size() >= kMaxSessions) return;
  if (handshakes_.under_way(beacon.from)) return;
  if (now < neighbour.datagram_from) {
    wake = std::min(wake, neighbour.datagram_from);
    return;
  }
  neighbour.datagram_from = now + kSilence;  // after a failure: not before its next beacon says so
  handshakes_.begin(beacon.from, reliable(beacon.from.link), now, insists(beacon.from));
}

void Neighbours::say_bye(Neighbour& neighbour, const char* reason, Instant now) {
  send(neighbour.id, Priority::news, codec::Bye{reason});
  if (neighbour.active != nullptr) neighbour.active->flush(now);
  while (!neighbour.sessions.empty()) end_session(neighbour, neighbour.sessions.back().get(), now);
}

void Neighbours::look_after(Neighbour& neighbour, Instant now, Instant& wake) {
  if (neighbour.blame >= kMaxBlame) {
    neighbour.blame = 0;
    neighbour.banned_until = now + kBan;
    return say_bye(neighbour, "too many frames that make no sense", now);
  }
  if (let_go(neighbour, now, wake)) return say_bye(neighbour, "enough neighbours without it", now);
  std::vector<const Session*> ended;
  for (const auto& session : neighbour.sessions) {
    // A beacon counts too: a quiet session needs no traffic of its own, and a broken stream tells by on_gone().
    const Instant silent_at = std::max(session->heard(), neighbour.heard) + kSilence;
    if (now >= session->retire_at || now >= silent_at || session->channel().dead(now) || session->unreachable() ||
        session->sealing().spent(now)) {
      ended.push_back(session.get());
    } else {
      wake = std::min({wake, session->retire_at, silent_at});
    }
  }
  for (const Session* session : ended) end_session(neighbour, session, now);
  if (ended.empty() || neighbour.active != nullptr) return;
  neighbour.datagram_from = now;
  lose(neighbour, now);
}

void Neighbours::send_handshakes(Instant now) {
  std::vector<Path> given_up;
  for (const Handshakes::Due& due : handshakes_.due(now, given_up)) {
    const Bytes& frame = due.frame;
    totals_.handshake_bytes += frame.size();
    // A datagram that does not leave is repeated anyway; a stream without room for its first frame is broken.
    const Status sent = links_.send(due.path.link, due.path.address, frame);
    if (!sent && reliable(due.path.link)) links_.close(due.path.link, due.path.address);
    ++totals_.frames_out;
    totals_.bytes_out += frame.size();
    budget(due.path.link).count(frame.size(), now);
  }
  for (const Path& path : given_up) {
    if (reliable(path.link)) {
      links_.close(path.link, path.address);
      on_gone(path, now);
      continue;
    }
    for (auto& [id, neighbour] : known_) {
      if (neighbour.active == nullptr && neighbour.beacon && neighbour.beacon->from == path) lose(neighbour, now);
    }
  }
}

void Neighbours::send_beacon(Instant now) {
  if (trickle_.redundant()) return trickle_.done(now);
  const codec::Beacon beacon = events_.beacon(now);
  const Bytes payload = codec::encode_beacon(beacon);
  bool left = false, tried = false;
  for (const auto& [link, traits] : traits_) {
    if (!traits.broadcast) continue;
    const Bytes frame = codec::seal_shared(network_key_, {codec::FrameKind::beacon, 0, ++frame_counter_}, payload);
    tried = true;
    if (!links_.send_all(link, frame)) continue;
    left = true;
    ++totals_.beacons_out;
    ++totals_.frames_out;
    totals_.bytes_out += frame.size();
    budget(link).count(frame.size(), now);
  }
  for (const NodeId& who : in_session_) {
    if (known_.at(who).beacon) continue;  // whose beacons we hear hears ours
    send(who, Priority::control, beacon);
    tried = left = true;
  }
  if (left || !tried) {
    trickle_.done(now);
  } else {
    trickle_.not_sent(now);
  }
}

void Neighbours::limit_beacons(Instant now) {
  const bool moving = moved_ > Instant{0} && now - moved_ < kMoving;
  trickle_.limit(in_session_.empty() ? Trickle::kLongestAlone
                 : moving            ? Trickle::kLongestMoving
                                     : Trickle::kLongest,
                 now);
}

Instant Neighbours::tick(Instant now) {
  turn_ = now;
  Instant wake = kNever;
  connect_peers(now, wake);
  choose_wanted(now, wake);
  for (auto& [id, neighbour] : known_) {
    look_after(neighbour, now, wake);
    reach_out(neighbour, now, wake);
  }
  limit_beacons(now);
  if (now >= trickle_.at()) send_beacon(now);
  return std::min({wake, trickle_.at(), look_after_keys(now)});
}

Instant Neighbours::flush(Instant now) {
  send_handshakes(now);
  Instant wake = handshakes_.wake();
  flush_thin(now);
  for (auto& [id, neighbour] : known_) {
    for (const auto& session : neighbour.sessions) {
      flush_one(*session, now);
      wake = std::min(wake, session->unreachable() ? now : session->wake());
    }
  }
  return wake;
}

// --- Mail

bool Neighbours::send(const NodeId& to, Priority priority, SharedBytes message) {
  const auto it = known_.find(to);
  if (it == known_.end() || it->second.active == nullptr) return false;
  if (!it->second.active->channel().queue(priority, std::move(message))) return false;
  ++totals_.messages_out;
  return true;
}

std::size_t Neighbours::queued(const NodeId& to, Priority priority) const {
  const auto it = known_.find(to);
  if (it == known_.end() || it->second.active == nullptr) return SIZE_MAX / 2;
  return it->second.active->channel().queued(priority);
}

void Neighbours::blame(const NodeId& who, const char*) {
  if (const auto it = known_.find(who); it != known_.end()) ++it->second.blame;
}

std::uint32_t Neighbours::features(const NodeId& who) const {
  const auto it = known_.find(who);
  const bool in_session = it != known_.end() && it->second.active != nullptr;
  return in_session ? it->second.active->keys().theirs.features : 0;
}

std::string Neighbours::name_of(const NodeId& who) const {
  const auto it = known_.find(who);
  if (it == known_.end() || it->second.name.empty()) return who.hex().substr(0, 8);
  return it->second.name;
}

}  // namespace meshfs::syncd
