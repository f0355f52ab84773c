// Session set-up: Hello, Hello with echo, Hello with echo, under the network key. Both sides run the same rules, so it
// does not matter who begins or whether both do. A handshake is complete for the one who sees its own nonce echoed, or
// a packet under the new key. An old Hello sent again by somebody cannot complete one: it lacks the fresh nonce.
// Transitions: none -> begun (our Hello is out, repeated with back-off) -> answered (their Hello is known) -> complete.
#pragma once

#include <map>
#include <optional>

#include "schema/vocab/rng.h"
#include "syncd/core/session.h"

namespace meshfs::syncd {

class Handshakes {
 public:
  static constexpr std::size_t kMax = 128;  // at a time; more neighbours wait for their next beacon
  static constexpr Duration kFirstRepeat = milliseconds(40);
  static constexpr int kRepeats = 12;  // each wait twice, then doubled: given up after 5 s; 20 % loss costs 0.1 s
  static constexpr Duration kStreamPatience = seconds(10);  // on reliable links Hello is sent once

  struct Self {
    NodeId node;
    codec::Nonce boot;
    std::string name;
    crypto::LinkKey network_key;
  };
  Handshakes(Self self, Rng rng) : self_(std::move(self)), rng_(rng) {}

  // Begins one on this path unless one is under way. False if there are too many.
  bool begin(const Path& path, bool reliable, Instant now, bool keep = false);
  // The one on this path, begun or under way, asks the peer to leave its stream (codec::kFeatureInstead).
  void take_over(const Path& path, Instant now);
  // Their Hello arrived (authentic). Complete: the keys.
  std::optional<Session::Keys> on_hello(const Path& path, bool reliable, const codec::Hello& theirs, Instant now);
  // The answered handshake in which we gave this session number; its key may open the frame.
  [[nodiscard]] std::optional<Session::Keys> answered(std::uint32_t session, Path& path) const;
  void forget(const Path& path) { table_.erase(path); }
  [[nodiscard]] bool under_way(const Path& path) const { return table_.contains(path); }

  // Hellos to send now; given-up paths are appended.
  struct Due {
    Path path;
    codec::Hello hello;
  };
  std::vector<Due> due(Instant now, std::vector<Path>& given_up);
  [[nodiscard]] Instant wake() const;

 private:
  struct State {
    codec::Hello mine;
    std::optional<codec::Hello> theirs;
    bool reliable = false;
    codec::Nonce echoed;  // the nonce of theirs that our last Hello carried
    int repeats = 0;
    Instant next;  // repeat, or give up
  };
  Session::Keys keys_of(const State& state) const;

  Self self_;
  Rng rng_;
  void say(const Path& path, State& state);

  std::map<Path, State> table_;
  std::vector<Due> out_;
  std::uint32_t last_session_ = 0;
};

}  // namespace meshfs::syncd
