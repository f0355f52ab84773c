#include "syncd/core/handshakes.h"

namespace meshfs::syncd {

namespace {

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

noise::HandshakeState Handshakes::fresh(bool initiator) {
  crypto::Secret<crypto::DhSecret> secret;
  secret.data = next_seed("meshfs ephemeral").data;
  const crypto::DhKey ephemeral(secret);
  return {noise::Pattern::xx, initiator, prologue_of(self_.network), {own_, ephemeral}};
}

bool Handshakes::under_way(const Path& path) const {
  const auto it = table_.find(path);
  return it != table_.end() && !it->second.complete;
}

bool Handshakes::room_for(const Path& path) {
  if (table_.contains(path) || table_.size() < kMax) return true;
  return std::erase_if(table_, [](const auto& one) { return one.second.complete; }) > 0;
}

void Handshakes::begin_as(const Path& path, codec::Hello mine, bool reliable, Instant now) {
  State state{fresh(true), noise::CookieGenerator(self_.network_key.view()), std::move(mine), {}, {}};
  state.first = *state.noise.write_message({});
  state.said = framed(1, state.first);
  state.reliable = reliable;
  state.next = now + (reliable ? kStreamPatience : kFirstRepeat);
  say(path, table_.insert_or_assign(path, std::move(state)).first->second, now);
}

codec::Hello Handshakes::hello(bool keep) {
  return {self_.boot, ++last_session_, self_.features | (keep ? codec::kFeatureKeep : 0), self_.roster.credential};
}

bool Handshakes::begin(const Path& path, bool reliable, Instant now, bool keep) {
  if (under_way(path)) return true;
  if (!room_for(path)) return false;
  begin_as(path, hello(keep), reliable, now);
  return true;
}

void Handshakes::take_over(const Path& path, Instant now) {
  if (!begin(path, false, now)) return;
  State& state = table_.at(path);
  if ((state.mine.features & codec::kFeatureInstead) != 0) return;
  state.mine.features |= codec::kFeatureInstead;
  if (!state.initiator) begin_as(path, state.mine, false, now);  // the answer left without it
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
  if (number < 1 || number > 3 || frame.size() < codec::kPlainHeaderBytes + noise::kMacsBytes) return std::nullopt;
  const ByteView message =
      frame.subspan(codec::kPlainHeaderBytes, frame.size() - codec::kPlainHeaderBytes - noise::kMacsBytes);
  if (number == 1) return on_first(path, reliable, frame, message, now), std::nullopt;
  const auto it = table_.find(path);
  if (it == table_.end() || it->second.initiator != (number == 2) || !checker_.first_mac_is_right(frame))
    return std::nullopt;
  if (it->second.complete) {
    if (it->second.initiator) say_again(path, it->second, now);
    return std::nullopt;
  }
  return on_answer(path, it->second, message, now);
}

void Handshakes::on_first(const Path& path, bool reliable, ByteView frame, ByteView message, Instant now) {
  const Bytes source = source_of(path);
  switch (checker_.judge(frame, source, now)) {
    case noise::CookieChecker::Verdict::drop:
      return;
    case noise::CookieChecker::Verdict::ask_for_cookie: {
      Bytes reply = codec::plain_header({codec::FrameKind::cookie, 0, 0});
      const Bytes cookie = checker_.cookie_reply(frame, source, now);
      reply.insert(reply.end(), cookie.begin(), cookie.end());
      return out_.push_back({path, std::move(reply)});
    }
    case noise::CookieChecker::Verdict::pass:
      break;
  }
  const auto it = table_.find(path);
  const bool ours = it != table_.end() && !it->second.complete;  // else one of before, or none
  if (it != table_.end() && !it->second.initiator && std::ranges::equal(it->second.first, message))
    return it->second.complete ? void() : say_again(path, it->second, now);
  if (!room_for(path)) return;
  if (ours && it->second.initiator && std::ranges::lexicographical_compare(it->second.first, message)) return;
  State state{fresh(false),
              noise::CookieGenerator(self_.network_key.view()),
              ours ? it->second.mine : hello(false),
              copy_of(message),
              {},
              false,
              reliable};
  if (!state.noise.read_message(message)) return;
  const Result<Bytes> answer = state.noise.write_message(codec::encode_hello(state.mine));
  if (!answer) return;
  state.said = framed(2, *answer);
  state.next = now + (reliable ? kStreamPatience : kAnswered);
  say(path, table_.insert_or_assign(path, std::move(state)).first->second, now);
}

std::optional<Session::Keys> Handshakes::on_answer(const Path& path, State& state, ByteView message, Instant now) {
  noise::HandshakeState attempt = state.noise;
  const Result<Bytes> payload = attempt.read_message(message);
  const Result<codec::Hello> theirs = payload ? codec::decode_hello(*payload) : Result<codec::Hello>(payload.failure());
  if (!theirs) return std::nullopt;
  const Result<codec::Member> member =
      codec::verify_credential(theirs->credential, *attempt.remote_static(), self_.network, self_.roster);
  if (!member || !judge_(path, *member)) {
    if (state.reliable) state.next = now;  // nothing more can come of this stream: who believes in it shall see it end
    return std::nullopt;
  }
  if (state.initiator) {
    const Result<Bytes> third = attempt.write_message(codec::encode_hello(state.mine));
    if (!third) return std::nullopt;
    state.said = framed(3, *third);
    say(path, state, now);
  }
  state.next = now + kRemembered;
  state.complete = true;
  const noise::HandshakeState::Transport transport = attempt.split();
  Session::Keys keys{state.mine, *theirs, member->node, member->device, member->name, {}, {}};
  keys.start = {state.initiator, crypto::Secret<crypto::AeadKey>(transport.send.key()),
                crypto::Secret<crypto::AeadKey>(transport.receive.key()), next_seed("meshfs renewals")};
  std::copy_n(attempt.handshake_hash().data.begin(), codec::Fingerprint::kSize, keys.id.data.begin());
  return keys;
}

void Handshakes::on_cookie(const Path& path, ByteView frame, Instant now) {
  const auto it = table_.find(path);
  if (it == table_.end() || !it->second.initiator || it->second.complete) return;
  if (it->second.cookies.take_reply(frame.subspan(codec::kPlainHeaderBytes), now)) say(path, it->second, now);
}

void Handshakes::on_unknown_session(const Path& path, std::uint32_t session, Instant now) {
  const auto it = table_.find(path);
  if (it == table_.end() || it->second.initiator || it->second.complete || it->second.mine.session != session) return;
  say_again(path, it->second, now);
}

std::vector<Handshakes::Due> Handshakes::due(Instant now, std::vector<Path>& given_up) {
  for (auto it = table_.begin(); it != table_.end();) {
    State& state = it->second;
    if (now < state.next) {
      ++it;
    } else if (state.initiator && !state.complete && !state.reliable && state.repeats < kRepeats) {
      ++state.repeats;
      state.next = now + kFirstRepeat * (std::int64_t{1} << state.repeats / 2);
      say(it->first, state, now);
      ++it;
    } else {
      if (!state.complete) given_up.push_back(it->first);
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
