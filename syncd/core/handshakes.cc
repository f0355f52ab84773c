#include "syncd/core/handshakes.h"

#include <algorithm>

namespace meshfs::syncd {

namespace {

// A frame's counter: which message it is.
enum Number : std::uint64_t { kXxFirst = 1, kXxSecond = 2, kXxThird = 3, kIkFirst = 4, kIkSecond = 5, kDecline = 6 };
constexpr std::size_t kEchoBytes = 16;  // of the message that is declined: of its fresh key, so nobody guesses them

using noise::Pattern;

codec::Known known_of(ByteView initiator, ByteView responder) {
  return crypto::prefix_of<codec::Known>(crypto::hash_in("meshfs known", {initiator, responder}));
}

Bytes encoded(codec::Hello hello, ByteView credential) {
  hello.credential = copy_of(credential);
  return codec::encode_hello(hello);
}

Bytes prologue_of(const NetworkId& network) {
  Bytes out = copy_of(as_bytes("meshfs"));
  out.insert(out.end(), network.data.begin(), network.data.end());
  return out;
}

Bytes framed(std::uint64_t number, ByteView message) {
  Bytes frame = codec::plain_header({codec::FrameKind::handshake, 0, number});
  frame.insert(frame.end(), message.begin(), message.end());
  return frame;
}

Bytes source_of(const Path& path) {
  Bytes out = copy_of(as_bytes(path.address.key));
  out.push_back(static_cast<std::uint8_t>(path.link));
  return out;
}

}  // namespace

codec::Bye refusal_of(const codec::Roster& roster, const DeviceKey& device) {
  const bool denied = std::binary_search(roster.denied.begin(), roster.denied.end(), device);
  return {denied ? "this node was revoked, or its key replaced by a later one"
                 : "this node is no member, and no invitation of it holds",
          true};
}

Handshakes::Handshakes(Self self, const crypto::LinkKey& seed, Judge judge)
    : self_(std::move(self)),
      own_(self_.link_secret),
      root_(crypto::derive_key(seed, "meshfs step", {})),
      judge_(std::move(judge)),
      checker_(self_.network_key.view(), crypto::derive_key(seed, "meshfs cookies", {})) {}

// Each once; what led to it is gone.
crypto::Secret<crypto::LinkKey> Handshakes::next_seed(std::string_view purpose) {
  crypto::Secret<crypto::LinkKey> seed(crypto::derive_key(root_, purpose, {}));
  root_ = crypto::Secret<crypto::LinkKey>(crypto::derive_key(root_, "meshfs step", {}));
  return seed;
}

void Handshakes::judge_by(const codec::Roster& roster) {
  self_.roster = roster;
  acquaintances_.forget(roster.denied);
}

Handshakes::State Handshakes::fresh(Pattern pattern, bool initiator, codec::Hello mine, bool reliable,
                                    const std::optional<crypto::DhPublic>& to) {
  crypto::Secret<crypto::DhSecret> secret;
  secret.data = next_seed("meshfs ephemeral").data;
  const crypto::DhKey ephemeral(secret);
  State state{pattern,
              {pattern, initiator, prologue_of(self_.network), {own_, ephemeral, to}},
              noise::CookieGenerator(self_.network_key.view()),
              std::move(mine)};
  state.initiator = initiator;
  state.reliable = reliable;
  return state;
}

bool Handshakes::under_way(const Path& path) const {
  const auto it = table_.find(path);
  return it != table_.end() && !it->second.complete;
}

bool Handshakes::room_for(const Path& path) {
  if (table_.contains(path) || table_.size() < kMax) return true;
  return std::erase_if(table_, [](const auto& one) { return one.second.complete; }) > 0;
}

void Handshakes::begin_as(const Path& path, codec::Hello mine, bool reliable, Instant now, bool brief) {
  const Acquaintance* whom = brief ? acquaintances_.at(path) : nullptr;
  State state = whom != nullptr ? fresh(Pattern::ik, true, std::move(mine), reliable, whom->key)
                                : fresh(Pattern::xx, true, std::move(mine), reliable);
  Bytes payload;
  if (whom != nullptr) payload = encoded(state.mine, known_of(self_.roster.credential, whom->credential).view());
  state.first = *state.noise.write_message(payload);  // with a key that gave a secret before
  state.said = framed(whom != nullptr ? kIkFirst : kXxFirst, state.first);
  state.next = now + (!reliable ? kFirstRepeat : whom != nullptr ? kBriefPatience : kStreamPatience);
  say(path, table_.insert_or_assign(path, std::move(state)).first->second, now);
}

codec::Hello Handshakes::hello(std::uint32_t wish) { return {self_.boot, ++last_session_, self_.features | wish, {}}; }

bool Handshakes::begin(const Path& path, bool reliable, Instant now, bool keep) {
  if (under_way(path)) return true;
  if (!room_for(path)) return false;
  begin_as(path, hello(keep ? codec::kFeatureKeep : 0), reliable, now, true);
  return true;
}

void Handshakes::take_over(const Path& path, Instant now) {
  const auto it = table_.find(path);
  const bool begun = under_way(path);
  if (!begun && !room_for(path)) return;
  if (begun && (it->second.mine.features & codec::kFeatureInstead) != 0) return;
  codec::Hello mine = begun ? it->second.mine : hello();
  mine.features |= codec::kFeatureInstead;
  // Of XX's initiator it is still to come; else what says it has left already, without it.
  if (begun && it->second.initiator && it->second.pattern == Pattern::xx) {
    it->second.mine = mine;
  } else {
    begin_as(path, mine, false, now, true);
  }
}

void Handshakes::say(const Path& path, State& state, Instant now) {
  Bytes frame = state.said;
  state.cookies.add_macs(frame, now);
  state.said_at = now;
  out_.push_back({path, std::move(frame)});
}

void Handshakes::say_again(const Path& path, State& state, Instant now) {
  if (now - state.said_at >= kSayAgain) say(path, state, now);
}

std::optional<Session::Keys> Handshakes::on_handshake(const Path& path, bool reliable, std::uint64_t number,
                                                      ByteView frame, Instant now) {
  if (number < kXxFirst || number > kDecline || frame.size() < codec::kPlainHeaderBytes + noise::kMacsBytes)
    return std::nullopt;
  const ByteView message =
      frame.subspan(codec::kPlainHeaderBytes, frame.size() - codec::kPlainHeaderBytes - noise::kMacsBytes);
  if (number == kXxFirst || number == kIkFirst) {
    const Pattern pattern = number == kXxFirst ? Pattern::xx : Pattern::ik;
    if (passes(path, frame, now)) on_first(path, pattern, reliable, message, now);
    return std::nullopt;
  }
  const auto it = table_.find(path);
  if (it == table_.end() || it->second.initiator == (number == kXxThird) ||
      it->second.pattern != (number >= kIkSecond ? Pattern::ik : Pattern::xx) || !checker_.first_mac_is_right(frame)) {
    return std::nullopt;
  }
  if (it->second.complete) {
    if (number == kXxSecond) say_again(path, it->second, now);
    return std::nullopt;
  }
  if (number == kDecline) return on_decline(path, it->second, message, now), std::nullopt;
  return on_answer(path, it->second, message, now);
}

bool Handshakes::passes(const Path& path, ByteView frame, Instant now) {
  const Bytes source = source_of(path);
  const noise::CookieChecker::Verdict verdict = checker_.judge(frame, source, now);
  if (verdict == noise::CookieChecker::Verdict::ask_for_cookie) {
    Bytes reply = codec::plain_header({codec::FrameKind::cookie, 0, 0});
    const Bytes cookie = checker_.cookie_reply(frame, source, now);
    reply.insert(reply.end(), cookie.begin(), cookie.end());
    out_.push_back({path, std::move(reply)});
  }
  return verdict == noise::CookieChecker::Verdict::pass;
}

void Handshakes::on_first(const Path& path, Pattern pattern, bool reliable, ByteView message, Instant now) {
  const auto it = table_.find(path);
  const bool ours = it != table_.end() && !it->second.complete;  // else one of before, or none
  if (it != table_.end() && !it->second.initiator && std::ranges::equal(it->second.first, message))
    return it->second.complete ? void() : say_again(path, it->second, now);
  if (message.size() < crypto::DhPublic::kSize || !room_for(path)) return;
  if (ours && it->second.initiator) {
    const bool first = it->second.pattern == pattern ? std::ranges::lexicographical_compare(it->second.first, message)
                                                     : it->second.pattern == Pattern::ik;
    if (first) return;
  }
  State state = fresh(pattern, false, ours ? it->second.mine : hello(), reliable);
  state.first = copy_of(message);
  const Result<Bytes> payload = state.noise.read_message(message);
  const bool brief = pattern == Pattern::ik;
  if (brief && (!payload || !recognise(state, *payload))) return decline(path, message, now);
  if (!payload) return;
  const Result<Bytes> answer =
      state.noise.write_message(encoded(state.mine, brief ? ByteView() : ByteView(self_.roster.credential)));
  if (!answer) return;
  state.said = framed(brief ? kIkSecond : kXxSecond, *answer);
  state.next = now + (reliable ? kStreamPatience : kAnswered);
  say(path, table_.insert_or_assign(path, std::move(state)).first->second, now);
}

// Whether we know who begins, by the credential it shows now, and it us. Who it is counts only once a packet came.
bool Handshakes::recognise(State& state, ByteView payload) const {
  Result<codec::Hello> theirs = codec::decode_hello(payload);
  const Acquaintance* whom = acquaintances_.find(*state.noise.remote_static());
  if (!theirs || whom == nullptr) return false;
  if (!std::ranges::equal(theirs->credential, known_of(whom->credential, self_.roster.credential).view())) return false;
  state.theirs = std::move(*theirs);
  return true;
}

void Handshakes::decline(const Path& path, ByteView message, Instant now) {
  Bytes frame = framed(kDecline, message.first(kEchoBytes));
  noise::CookieGenerator(self_.network_key.view()).add_macs(frame, now);
  out_.push_back({path, std::move(frame)});
  // The other side heeded no XX of ours before its IK, and does from now on; an IK of ours it would decline, too.
  if (!under_way(path)) return;
  State& state = table_.at(path);
  if (!state.initiator) return;
  if (state.pattern == Pattern::xx) return say(path, state, now);
  begin_as(path, state.mine, state.reliable, now, false);
}

void Handshakes::on_decline(const Path& path, const State& state, ByteView message, Instant now) {
  if (!std::ranges::equal(message, ByteView(state.first).first(kEchoBytes))) return;
  begin_as(path, state.mine, state.reliable, now, false);
}

std::optional<Session::Keys> Handshakes::on_answer(const Path& path, State& state, ByteView message, Instant now) {
  noise::HandshakeState attempt = state.noise;
  const Result<Bytes> payload = attempt.read_message(message);
  const Result<codec::Hello> theirs = payload ? codec::decode_hello(*payload) : Result<codec::Hello>(payload.failure());
  if (!theirs) return std::nullopt;
  return conclude(path, state, attempt, *theirs, now);
}

std::optional<Session::Keys> Handshakes::conclude(const Path& path, State& state, noise::HandshakeState& noise,
                                                  const codec::Hello& theirs, Instant now) {
  std::optional<Session::Keys> out;
  const crypto::DhPublic key = *noise.remote_static();
  const bool brief = state.pattern == Pattern::ik;
  const Acquaintance* whom = brief ? acquaintances_.find(key) : nullptr;
  const Bytes shown = whom != nullptr ? whom->credential : theirs.credential;
  const Result<codec::Member> member = codec::verify_credential(shown, key, self_.network);
  const bool let_in = member && codec::lets_in(self_.roster, shown, self_.network);
  const bool judged = member && judge_(path, *member, let_in);
  state.refused = state.reliable && !(judged && let_in);  // who believes in this stream shall see it end
  state.complete = judged || state.refused;
  if (state.complete) state.next = state.refused ? now : now + kRemembered;
  if (!judged) return out;
  if (!noise.complete()) {
    const Result<Bytes> third = noise.write_message(encoded(state.mine, self_.roster.credential));
    if (!third) return out;
    state.said = framed(kXxThird, *third);
    say(path, state, now);
  }
  const noise::HandshakeState::Transport transport = noise.split();
  if (!let_in) {
    const auto bye = std::make_shared<const Bytes>(codec::encode_message(refusal_of(self_.roster, member->device)));
    codec::Packet packet;
    packet.pieces.push_back({1, 0, static_cast<std::uint32_t>(bye->size()), SharedView(bye)});
    const codec::FrameHeader header{codec::FrameKind::packet, theirs.session, 1};
    out_.push_back({path, codec::seal_packet(transport.send.key(), header, packet)});
    return out;
  }
  acquaintances_.met(path, {key, member->node, member->device, shown});
  Session::Keys& keys = out.emplace();
  keys.mine = state.mine;
  keys.theirs = theirs;
  keys.theirs.credential = shown;
  keys.node = member->node;
  keys.device = member->device;
  keys.name = member->name;
  keys.brief = brief;
  keys.start = {state.initiator, crypto::Secret<crypto::AeadKey>(transport.send.key()),
                crypto::Secret<crypto::AeadKey>(transport.receive.key()), next_seed("meshfs renewals")};
  std::copy_n(noise.handshake_hash().data.begin(), codec::Fingerprint::kSize, keys.id.data.begin());
  return out;
}

void Handshakes::on_cookie(const Path& path, ByteView frame, Instant now) {
  const auto it = table_.find(path);
  if (it == table_.end() || !it->second.initiator || it->second.complete) return;
  if (it->second.cookies.take_reply(frame.subspan(codec::kPlainHeaderBytes), now)) say(path, it->second, now);
}

std::optional<Session::Keys> Handshakes::on_stray(const Path& path, const codec::FrameHeader& header, ByteView frame,
                                                  Instant now) {
  const auto it = table_.find(path);
  if (it == table_.end() || it->second.initiator || it->second.complete || it->second.mine.session != header.session)
    return std::nullopt;
  State& state = it->second;
  if (state.pattern == Pattern::xx) return say_again(path, state, now), std::nullopt;
  if (!codec::open_counted(state.noise.split().receive.key(), frame)) return std::nullopt;
  return conclude(path, state, state.noise, state.theirs, now);
}

std::vector<Handshakes::Due> Handshakes::due(Instant now, std::vector<Path>& given_up) {
  for (auto it = table_.begin(); it != table_.end();) {
    State& state = it->second;
    if (now < state.next) {
      ++it;
    } else if (state.initiator && !state.complete && state.pattern == Pattern::ik &&
               (state.reliable || state.repeats >= kBriefRepeats)) {
      begin_as(it->first, state.mine, state.reliable, now, false);
      state.repeats = kBriefRepeats;  // tried for as long as any
      ++it;
    } else if (state.initiator && !state.complete && !state.reliable && state.repeats < kRepeats) {
      ++state.repeats;
      state.next = now + kFirstRepeat * (std::int64_t{1} << state.repeats / 2);
      say(it->first, state, now);
      ++it;
    } else {
      if (!state.complete || state.refused) given_up.push_back(it->first);
      it = table_.erase(it);
    }
  }
  return std::exchange(out_, {});
}

Instant Handshakes::wake() const {
  if (!out_.empty()) return Instant{0};
  Instant at = kNever;
  for (const auto& [path, state] : table_) at = std::min(at, state.next);
  return at;
}

}  // namespace meshfs::syncd
