#include "syncd/core/handshakes.h"

namespace meshfs::syncd {

bool Handshakes::begin(const Path& path, bool reliable, Instant now, bool keep) {
  if (table_.contains(path)) return true;
  if (table_.size() >= kMax) return false;
  State state;
  state.mine.node = self_.node;
  state.mine.boot = self_.boot;
  state.mine.name = self_.name;
  state.mine.session = ++last_session_;
  state.mine.features = codec::kFeatureQuestions | codec::kFeatureDeltas | codec::kFeatureSqueezed |
                        codec::kFeatureCells | codec::kFeatureSlices | codec::kFeatureNews |
                        (keep ? codec::kFeatureKeep : 0);
  std::array<std::uint8_t, 8> random{};
  const std::uint64_t drawn = rng_.next();
  std::memcpy(random.data(), &drawn, sizeof drawn);
  const std::array<std::uint8_t, 4> number{
      static_cast<std::uint8_t>(last_session_), static_cast<std::uint8_t>(last_session_ >> 8),
      static_cast<std::uint8_t>(last_session_ >> 16), static_cast<std::uint8_t>(last_session_ >> 24)};
  // Unique by boot and number, whatever the generator does.
  state.mine.nonce = crypto::prefix_of<codec::Nonce>(
      crypto::hash_in("meshfs-nonce", {self_.node.view(), self_.boot.view(), number, random}));
  state.reliable = reliable;
  state.next = now + (reliable ? kStreamPatience : kFirstRepeat);
  say(path, table_.emplace(path, std::move(state)).first->second);
  return true;
}

void Handshakes::take_over(const Path& path, Instant now) {
  if (!begin(path, false, now)) return;
  State& state = table_.at(path);
  if ((std::exchange(state.mine.features, state.mine.features | codec::kFeatureInstead) & codec::kFeatureInstead) ==
      0) {
    say(path, state);
  }
}

void Handshakes::say(const Path& path, State& state) {
  state.echoed = state.mine.echo;
  out_.push_back({path, state.mine});
}

std::optional<Session::Keys> Handshakes::on_hello(const Path& path, bool reliable, const codec::Hello& theirs,
                                                  Instant now) {
  if (!begin(path, reliable, now)) return std::nullopt;
  State& state = table_.at(path);
  state.theirs = theirs;
  state.mine.echo = theirs.nonce;
  const bool complete = theirs.echo == state.mine.nonce;
  // Complete for us; they may still lack the echo of theirs.
  if (!complete || state.echoed != theirs.nonce) say(path, state);
  if (!complete) return std::nullopt;
  Session::Keys keys = keys_of(state);
  table_.erase(path);
  return keys;
}

Session::Keys Handshakes::keys_of(const State& state) const {
  Session::Keys keys{state.mine, *state.theirs, {}};
  // The key is of both nonces; echoes may differ between what each side saw.
  codec::Hello a = keys.mine, b = keys.theirs;
  a.echo = b.echo = {};
  keys.key = codec::session_key(self_.network_key, a, b);
  return keys;
}

std::optional<Session::Keys> Handshakes::answered(std::uint32_t session, Path& path) const {
  for (const auto& [where, state] : table_) {
    if (state.mine.session != session || !state.theirs) continue;
    path = where;
    return keys_of(state);
  }
  return std::nullopt;
}

std::vector<Handshakes::Due> Handshakes::due(Instant now, std::vector<Path>& given_up) {
  for (auto it = table_.begin(); it != table_.end();) {
    State& state = it->second;
    if (now < state.next) {
      ++it;
    } else if (!state.reliable && state.repeats < kRepeats) {
      ++state.repeats;
      state.next = now + kFirstRepeat * (std::int64_t{1} << state.repeats / 2);
      say(it->first, state);
      ++it;
    } else {
      given_up.push_back(it->first);
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
