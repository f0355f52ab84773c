// The part of Neighbours that keeps off whom the roster does not let in: its sessions end, it hears why under keys that only it
// has, and neither side begins again for kRefused. Nobody else learns of it.
#include <algorithm>

#include "schema/vocab/quoting.h"
#include "syncd/core/neighbours.h"

namespace meshfs::syncd {

namespace {

bool in(const std::vector<DeviceKey>& devices, const DeviceKey& one) {
  return std::binary_search(devices.begin(), devices.end(), one);
}

// For whom it concerns.
codec::Bye refusal_of(const codec::Roster& roster, const codec::Credential& who) {
  return {in(roster.denied, who.member.device) ? "this node was revoked, or its key replaced by a later one"
                                               : "this node is no member, and no invitation of it holds",
          true};
}

}  // namespace

bool Neighbours::welcome(const Path& from, const codec::Member& member, bool let_in) {
  if (member.node == self_.node) {  // a stream to ourselves, or our own multicast
    if (reliable(from.link)) links_.close(from.link, from.address);
    return false;
  }
  Neighbour* neighbour = known(member.node, turn_);
  if (neighbour == nullptr || turn_ < neighbour->banned_until) return false;
  if (!let_in && turn_ - neighbour->refusal.told < kTellRefused) return false;
  if (!may_establish(turn_)) return false;
  if (!let_in) neighbour->refusal.told = turn_;
  return true;
}

// Once, in a session that lasts no longer than that. If it gets lost the other side comes again.
void Neighbours::refuse(const Path& path, Session::Keys keys, Instant now) {
  const auto traits = traits_.find(path.link);
  Neighbour* neighbour = known(keys.credential.member.node, now);
  if (traits == traits_.end() || neighbour == nullptr) return;
  send_handshakes(now);  // the last of which the keys come
  const codec::Bye bye = refusal_of(self_.roster, keys.credential);
  if (neighbour->active == nullptr) {
    neighbour->name = keys.credential.member.name;
    neighbour->boot = keys.theirs.boot;
  }
  keep_off(*neighbour, bye.reason, true, now);
  Session session(links_, traits->second, budget(path.link), path, std::move(keys), now);
  say_in(session, bye, now);
  if (!session.reliable()) return;
  links_.close(path.link, path.address);
  on_gone(path, now);
}

void Neighbours::on_refused(Neighbour& neighbour, const std::string& reason, Instant now) {
  for (ConfiguredPeer& peer : peers_) {
    const auto is_its = [&](const auto& session) { return session->path() == peer.path; };
    if (std::ranges::any_of(neighbour.sessions, is_its)) peer.not_before = now + kRefused;
  }
  links_.tell("neighbour " + printable(name_of(neighbour.id)) + " refused: " + printable(reason));
  keep_off(neighbour, reason, false, now);
}

void Neighbours::say_in(Session& session, const codec::Bye& bye, Instant now) {
  session.channel().queue(Priority::control, std::make_shared<const Bytes>(codec::encode_message(bye)));
  flush_one(session, now);
}

// Of a node that has a session by another key of its own nothing changes.
void Neighbours::keep_off(Neighbour& neighbour, std::string reason, bool ours, Instant now) {
  if (ours && neighbour.active != nullptr) return;
  neighbour.refusal.reason = std::move(reason);
  neighbour.refusal.ours = ours;
  neighbour.refusal.until = now + kRefused;
  lose(neighbour, now);
}

// A session stays with whom the roster before let in only because we were no member ourselves: it may not have heard of all yet.
void Neighbours::judge_by(codec::Roster roster, Instant now) {
  handshakes_.judge_by(roster);
  std::swap(self_.roster, roster);  // `roster`: the one before
  const bool somebody_out =
      !std::ranges::all_of(roster.devices, [&](const DeviceKey& one) { return in(self_.roster.devices, one); }) ||
      !std::ranges::all_of(self_.roster.denied, [&](const DeviceKey& one) { return in(roster.denied, one); });
  roster.open = false;
  for (ConfiguredPeer& peer : peers_) peer.not_before = now;
  for (auto& [id, neighbour] : known_) {
    neighbour.refusal.until = now;
    const auto is_out = [&](const auto& session) {
      const codec::Credential& who = session->keys().credential;
      return !codec::lets_in(self_.roster, who, self_.network) &&
             (in(self_.roster.denied, who.member.device) || codec::lets_in(roster, who, self_.network));
    };
    for (auto out = neighbour.sessions.begin();
         (out = std::ranges::find_if(neighbour.sessions, is_out)) != neighbour.sessions.end();) {
      const codec::Bye bye = refusal_of(self_.roster, (*out)->keys().credential);
      say_in(**out, bye, now);
      end_session(neighbour, out->get(), now);
      heard_keys_.forget(id);
      keep_off(neighbour, bye.reason, true, now);
    }
  }
  if (somebody_out) shut_out(now);
}

}  // namespace meshfs::syncd
