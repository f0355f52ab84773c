// The part of Neighbours that keeps off whom the roster does not let in: its sessions end, it hears why under keys that only it
// has, and neither side begins again for kRefused. Nobody else learns of it.
#include <algorithm>

#include "schema/vocab/quoting.h"
#include "syncd/core/neighbours.h"

namespace meshfs::syncd {

bool Neighbours::welcome(const Path& from, const codec::Member& member, bool let_in) {
  if (member.node == self_.node) {  // a stream to ourselves, or our own multicast
    if (reliable(from.link)) links_.close(from.link, from.address);
    return false;
  }
  Neighbour* neighbour = known(member.node, turn_);
  if (neighbour == nullptr || turn_ < neighbour->banned_until) return false;
  if (!let_in && turn_ - neighbour->refusal.told < kTellRefused) return false;
  if (!may_establish(turn_)) return false;
  if (let_in) return true;
  neighbour->refusal.told = turn_;
  if (neighbour->active == nullptr) neighbour->name = member.name;
  keep_off(*neighbour, refusal_of(self_.roster, member.device).reason, true, turn_);
  return true;
}

void Neighbours::on_refused(Neighbour& neighbour, const std::string& reason, Instant now) {
  for (ConfiguredPeer& peer : peers_) {
    const auto is_its = [&](const auto& session) { return session->path() == peer.path; };
    if (std::ranges::any_of(neighbour.sessions, is_its)) peer.backoff = kRefused;
  }
  links_.tell("neighbour " + name_of(neighbour.id) + " refused: " + printable(reason));
  keep_off(neighbour, reason, false, now);
}

// Of a node that has a session by another key of its own nothing changes.
void Neighbours::keep_off(Neighbour& neighbour, std::string reason, bool ours, Instant now) {
  if (ours && neighbour.active != nullptr) return;
  neighbour.refusal.reason = std::move(reason);
  neighbour.refusal.ours = ours;
  neighbour.refusal.until = now + kRefused;
  neighbour.overlay.grafted.reset();
  lose(neighbour, now);  // until its first beacon after that
}

// A session stays with whom the roster before let in only because we were no member ourselves: it may not have heard of all yet.
void Neighbours::judge_by(codec::Roster roster, Instant now) {
  handshakes_.judge_by(roster);
  std::swap(self_.roster, roster);  // `roster`: the one before
  const auto lacks = [](const std::vector<DeviceKey>& all, const std::vector<DeviceKey>& some) {
    return !std::includes(all.begin(), all.end(), some.begin(), some.end());
  };
  const bool somebody_out = lacks(self_.roster.devices, roster.devices) || lacks(roster.denied, self_.roster.denied);
  roster.open = false;
  for (auto& [id, neighbour] : known_) {
    neighbour.refusal.until = now;
    const auto is_out = [&](const auto& session) {
      const ByteView shown = session->keys().theirs.credential;
      return !codec::lets_in(self_.roster, shown, self_.network) &&
             (std::ranges::binary_search(self_.roster.denied, session->keys().device) ||
              codec::lets_in(roster, shown, self_.network));
    };
    for (auto out = neighbour.sessions.begin();
         (out = std::ranges::find_if(neighbour.sessions, is_out)) != neighbour.sessions.end();) {
      Session& session = **out;
      const codec::Bye bye = refusal_of(self_.roster, session.keys().device);
      session.channel().queue(Priority::control, std::make_shared<const Bytes>(codec::encode_message(bye)));
      flush_one(session, now);
      end_session(neighbour, &session, now);
      heard_keys_.forget(id);
      keep_off(neighbour, bye.reason, true, now);
    }
  }
  if (somebody_out) shut_out(now);
}

}  // namespace meshfs::syncd
