#include "syncd/core/heard_keys.h"

#include <algorithm>

namespace meshfs::syncd {

const HeardKeys::Held* HeardKeys::Sender::newest() const {
  if (told && (!said || later(told->id, said->id))) return &*told;
  return said ? &*said : nullptr;
}

void HeardKeys::Sender::retire(std::optional<Held>& held, Instant now) {
  if (!held) return;
  before = std::move(held);
  held.reset();
  before_until = now + kOldKey;
}

// Two with the same first bytes are one in 16 million: who is in session has the place.
void HeardKeys::heard(const NodeId& node, const codec::Nonce& boot, LinkId link, bool proven, Instant now) {
  const std::uint32_t part = broadcast_sender(node, boot);
  const auto there = senders_.find(part);
  if (there != senders_.end() && there->second.node == node) {
    there->second.link = link;
    return;
  }
  if (there != senders_.end() && !proven) return;
  forget(node);  // its life before
  Sender& sender = senders_[part] = {};
  sender.node = node;
  sender.link = link;
  want(sender, part, now + kPatience);
}

void HeardKeys::forget(const NodeId& node) {
  std::erase_if(senders_, [&](const auto& one) { return one.second.node == node; });
}

void HeardKeys::want(Sender& sender, std::uint32_t id, Instant at) {
  if (sender.wanted == 0) {
    sender.asks = 0;
    sender.ask_at = at;
  }
  sender.wanted = id;
  sender.ask_at = std::min(sender.ask_at, at);
  due_ = std::min(due_, sender.ask_at);
}

void HeardKeys::shut_out(Instant now) {
  for (auto& [part, sender] : senders_) {
    if (const Held* held = sender.newest(); held != nullptr)
      want(sender, broadcast_sender(held->id) | ((held->id + 1) & 0xff), now + kPatience);
  }
}

// --- keys

void HeardKeys::on_keys(const NodeId& from, const codec::BroadcastKeys& keys, Instant now) {
  for (const codec::BroadcastKey& key : keys.keys) {
    const std::uint32_t part = broadcast_sender(key.id);
    const auto at = senders_.find(part);
    if (at == senders_.end() || key.id == part) continue;
    if (at->second.node == from) {
      on_said(at->second, key, now);
    } else if (const auto asked = asked_.find(from); asked != asked_.end() && std::erase(asked->second, part) > 0) {
      on_told(at->second, key, now);
    }
  }
}

void HeardKeys::on_said(Sender& sender, const codec::BroadcastKey& key, Instant now) {
  sender.wanted = 0;
  if (sender.said && !later(key.id, sender.said->id)) return;  // said before; messages may overtake each other
  Held held{key.id, crypto::Secret<crypto::AeadKey>(key.key), {}};
  if (sender.told && sender.told->is(key)) held.window = sender.told->window;
  sender.retire(sender.told && sender.told->id != key.id ? sender.told : sender.said, now);
  sender.told.reset();
  sender.said = std::move(held);
}

void HeardKeys::on_told(Sender& sender, const codec::BroadcastKey& key, Instant now) {
  if (sender.wanted == 0 || (sender.wanted != broadcast_sender(key.id) && later(sender.wanted, key.id))) return;
  if (sender.said && !later(key.id, sender.said->id)) return;
  sender.wanted = 0;
  if (sender.told && sender.told->is(key)) return;
  sender.retire(sender.told, now);
  sender.told = Held{key.id, crypto::Secret<crypto::AeadKey>(key.key), {}};
}

std::vector<codec::BroadcastKey> HeardKeys::answer(const codec::WantBroadcastKeys& want) const {
  std::vector<codec::BroadcastKey> out;
  for (const std::uint32_t id : want.ids) {
    const auto at = senders_.find(broadcast_sender(id));
    const Held* held = at == senders_.end() ? nullptr : at->second.newest();
    if (held != nullptr && (id == at->first || !later(id, held->id))) out.push_back({held->id, held->key});
  }
  return out;
}

// --- frames

Result<HeardKeys::Opened> HeardKeys::open(const codec::FrameHeader& header, ByteView frame, Instant now) {
  const auto at = senders_.find(broadcast_sender(header.session));
  if (at == senders_.end()) return Errc::not_found;
  Sender& sender = at->second;
  if (now >= sender.before_until) sender.before.reset();
  bool held = false;
  for (std::optional<Held>* one : {&sender.said, &sender.told, &sender.before}) {
    if (!*one || (*one)->id != header.session) continue;
    held = true;
    Result<Bytes> payload = codec::open_counted((*one)->key, frame);
    if (!payload) continue;
    if (!(*one)->window.accept(header.counter)) return Errc::exists;
    if (one == &sender.told && sender.said) sender.retire(sender.said, now);
    // What was told since is wrong.
    if (one == &sender.before && sender.told && sender.told->id == header.session)
      std::swap(sender.told, sender.before);
    return Opened{sender.node, std::move(*payload)};
  }
  held ? note_forged(sender, header.session, now) : note_unknown(sender, header.session, now);
  return held ? Errc::bad_bytes : Errc::no_data;
}

std::optional<NodeId> HeardKeys::told_by_nobody(std::uint32_t id) const {
  const auto at = senders_.find(broadcast_sender(id));
  if (at == senders_.end() || at->second.newest() != nullptr) return std::nullopt;
  const auto round = rounds_.find(at->second.link);
  if (round == rounds_.end() || at->second.asks <= round->second.near) return std::nullopt;
  return at->second.node;
}

void HeardKeys::note_unknown(Sender& sender, std::uint32_t id, Instant now) {
  const Held* held = sender.newest();
  const bool is_later = held != nullptr && later(id, held->id);
  if (held != nullptr && !is_later && !sender.told) return;  // its word: that one is past
  // Of what was told the generation may be as wrong as the key.
  const bool any = held == nullptr || !is_later;
  want(sender, any ? broadcast_sender(id) : id,
       std::max(now, sender.asked_at + (held == nullptr ? kAskAgain : kDoubtEvery)));
}

// By anybody, or under the true key that we were not told. What it said itself is beyond doubt.
void HeardKeys::note_forged(Sender& sender, std::uint32_t id, Instant now) {
  if (sender.told && sender.told->id == id && sender.wanted == 0)
    want(sender, broadcast_sender(id), std::max(now, sender.asked_at + kDoubtEvery));
}

// --- questions

std::optional<HeardKeys::Question> HeardKeys::question(LinkId link, const std::vector<NodeId>& near, Instant now) {
  Round& round = rounds_[link];
  if (near.empty() || now < round.next) return std::nullopt;
  Question out{near[round.turn % near.size()], {}};
  std::vector<std::uint32_t> parts;
  for (auto& [part, sender] : senders_) {
    if (sender.link != link || sender.wanted == 0 || now < sender.ask_at) continue;
    if (std::ranges::binary_search(near, sender.node)) {  // it says so itself
      if (sender.newest() != nullptr) sender.wanted = 0;
      sender.ask_at = now + kAskAgain;
      continue;
    }
    const std::size_t in_vain = sender.asks - std::min<std::size_t>(sender.asks, near.size());
    if (in_vain >= kInVain && sender.newest() != nullptr) {
      sender.wanted = 0;
      continue;
    }
    if (parts.size() == codec::kMaxBroadcastKeys) break;
    parts.push_back(part);
    out.want.ids.push_back(sender.wanted);
    sender.asked_at = now;
    ++sender.asks;
    sender.ask_at = now + std::min(kRound * (std::int64_t{1} << std::min<std::size_t>(in_vain, 10)), kLongest);
  }
  if (parts.empty()) return std::nullopt;
  round.next = now + kRound;
  round.near = near.size();
  ++round.turn;
  asked_[out.to] = std::move(parts);
  return out;
}

void HeardKeys::asked(Instant now) {
  due_ = kNever;
  for (auto& [part, sender] : senders_) {
    if (sender.wanted == 0) continue;
    const Instant next = rounds_[sender.link].next;
    // Nobody to ask on its link.
    if (sender.ask_at <= now && next <= now) sender.ask_at = now + kAskAgain;
    due_ = std::min(due_, std::max(sender.ask_at, next));
  }
}

}  // namespace meshfs::syncd
