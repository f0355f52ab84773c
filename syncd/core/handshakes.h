// Session set-up: Noise XX (schema/noise), three messages, each with WireGuard's macs, under one rule for datagrams and streams.
// The initiator may be anybody; if both begin, the smaller first message goes on and the other side answers it. Who the
// other side is comes encrypted in the second and third message: its credential (schema/codec/network.h) for the key it proved,
// judged by the roster that fsd hands over.
//
// Transitions, as initiator: begun (1 is out, repeated with back-off) -> complete (2 came, 3 is out; said again when 2 comes again).
// As responder: answered (2 is out; said again when 1 comes again, or a packet of a session that it should know) -> complete (3
// came). Complete ones are remembered for a while, so that late copies of their messages begin nothing. What does not authenticate
// changes nothing. An old message sent again completes nothing: keys come of both sides' fresh ones. No clock, no dice: a seed is handed in.
#pragma once

#include <functional>
#include <map>
#include <optional>

#include "schema/noise/cookies.h"
#include "schema/noise/handshake_state.h"
#include "syncd/core/session.h"

namespace meshfs::syncd {

class Handshakes {
 public:
  // What this program understands.
  static constexpr std::uint32_t kFeatures = codec::kFeatureQuestions | codec::kFeatureDeltas |
                                             codec::kFeatureSqueezed | codec::kFeatureCells | codec::kFeatureSlices |
                                             codec::kFeatureNews;
  static constexpr std::size_t kMax = 128;  // at a time; more neighbours wait for their next beacon
  static constexpr Duration kFirstRepeat = milliseconds(40);
  static constexpr int kRepeats = 12;  // each wait twice, then doubled: given up after 5 s; 20 % loss costs 0.1 s
  static constexpr Duration kAnswered =
      seconds(6);  // so long a responder waits: a little longer than the initiator tries
  static constexpr Duration kStreamPatience = seconds(10);  // on reliable links each message is sent once
  static constexpr Duration kRemembered = seconds(10);      // complete ones
  static constexpr Duration kSayAgain = milliseconds(20);   // at most so often, whatever asks for it

  struct Self {
    codec::Nonce boot;
    NetworkId network;
    crypto::LinkKey network_key;
    crypto::DhSecret link_secret;
    codec::Roster roster;
    std::uint32_t features = kFeatures;
  };
  // Asked of whoever proved who it is; false: as if its message were lost.
  using Judge = std::function<bool(const Path&, const codec::Member&)>;
  // `seed`: 32 fresh random bytes.
  Handshakes(Self self, const crypto::LinkKey& seed, Judge judge);

  // Who is let in from now on, and what we show.
  void judge_by(const codec::Roster& roster) { self_.roster = roster; }

  // Begins one on this path unless one is under way. False if there are too many.
  bool begin(const Path& path, bool reliable, Instant now, bool keep = false);
  // The one on this path, begun or under way, asks the peer to leave its stream (codec::kFeatureInstead).
  void take_over(const Path& path, Instant now);
  // A frame of kind handshake. Complete: the keys.
  std::optional<Session::Keys> on_handshake(const Path& path, bool reliable, std::uint64_t number, ByteView frame,
                                            Instant now);
  void on_cookie(const Path& path, ByteView frame, Instant now);
  // A packet came for a session that is not: perhaps one whose third message got lost.
  void on_unknown_session(const Path& path, std::uint32_t session, Instant now);
  void forget(const Path& path) { table_.erase(path); }
  [[nodiscard]] bool under_way(const Path& path) const;

  // Frames to send now; given-up paths are appended.
  struct Due {
    Path path;
    Bytes frame;
  };
  std::vector<Due> due(Instant now, std::vector<Path>& given_up);
  [[nodiscard]] Instant wake() const;

 private:
  struct State {
    noise::HandshakeState noise;
    noise::CookieGenerator cookies;
    codec::Hello mine;
    Bytes first;  // the handshake's first message
    Bytes said;   // our latest frame, without macs
    bool initiator = true, reliable = false, complete = false;
    int repeats = 0;
    Instant next{};  // repeat, give up or forget
    Instant said_at{0};
  };
  crypto::Secret<crypto::LinkKey> next_seed(std::string_view purpose);
  [[nodiscard]] noise::HandshakeState fresh(bool initiator);
  codec::Hello hello(bool keep);
  bool room_for(const Path& path);
  void begin_as(const Path& path, codec::Hello mine, bool reliable, Instant now);
  void on_first(const Path& path, bool reliable, ByteView frame, ByteView message, Instant now);
  // Messages 2 and 3.
  std::optional<Session::Keys> on_answer(const Path& path, State& state, ByteView message, Instant now);
  void say(const Path& path, State& state, Instant now);
  void say_again(const Path& path, State& state, Instant now);

  Self self_;
  crypto::DhKey own_;
  crypto::Secret<crypto::LinkKey> root_;  // of the next seed
  Judge judge_;
  noise::CookieChecker checker_;
  std::map<Path, State> table_;
  std::vector<Due> out_;
  std::uint32_t last_session_ = 0;
};

}  // namespace meshfs::syncd
