// The part of Neighbours that hands out keys inside sessions: their renewal, our broadcast key, and those of others to who asks.
#include <algorithm>

#include "syncd/core/neighbours.h"

namespace meshfs::syncd {

bool Neighbours::take_keys(const NodeId& who, Session& session, const codec::Message& message, Instant now) {
  if (const auto* rekey = std::get_if<codec::Rekey>(&message); rekey != nullptr) {
    if (!session.on_rekey(*rekey, now)) blame(who, "a renewal of keys out of turn");
  } else if (const auto* keys = std::get_if<codec::BroadcastKeys>(&message); keys != nullptr) {
    heard_keys_.on_keys(who, *keys, now);
  } else if (const auto* want = std::get_if<codec::WantBroadcastKeys>(&message); want != nullptr) {
    Neighbour& neighbour = known_.at(who);
    if (!neighbour.key_answers) neighbour.key_answers.emplace(kKeyAnswers, now);
    if (!neighbour.key_answers->take(now)) return true;
    codec::BroadcastKeys answer{heard_keys_.answer(*want)};
    if (!answer.keys.empty()) send(who, Priority::control, answer);
  } else {
    return false;
  }
  return true;
}

// Also to who is not heard yet: its beacon may be on its way.
void Neighbours::tell_key(const NodeId& who) {
  const bool broadcasts = std::ranges::any_of(traits_, [](const auto& one) { return one.second.broadcast; });
  if (broadcasts && (features(who) & codec::kFeatureNews) != 0)
    send(who, Priority::control, codec::BroadcastKeys{{own_key_.told()}});
}

void Neighbours::shut_out(Instant now) {
  own_key_.shut_out(now);
  heard_keys_.shut_out(now);
  for (const NodeId& who : in_session_) tell_key(who);
}

Instant Neighbours::look_after_keys(Instant now) {
  if (now >= own_key_.due()) {
    if (own_key_.replace(now)) heard_keys_.shut_out(now);
    for (const NodeId& who : in_session_) tell_key(who);
  }
  if (now >= heard_keys_.due()) {
    for (const Air& air : airs()) {
      if (const auto question = heard_keys_.question(air.link, air.near, now))
        send(question->to, Priority::control, question->want);
    }
    heard_keys_.asked(now);
  }
  return std::min(own_key_.due(), heard_keys_.due());
}

}  // namespace meshfs::syncd
