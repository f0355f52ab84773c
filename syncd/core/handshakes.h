// Session set-up: Noise (schema/noise), each message with WireGuard's macs, under one rule for datagrams and streams. With strangers
// XX, three messages: who the other side is comes encrypted in the second and third, its credential (schema/codec/network.h) for
// the key it proved. With who was met before on this path IK, two short messages: both name the credentials they remember by a hash.
// Either way the roster of this moment judges, which fsd hands over. If both begin, IK goes on before XX, of two alike the
// smaller first message; the other side answers it.
//
// Transitions, as initiator: begun (first is out, repeated with back-off) -> complete (XX: 2 came, 3 is out; said again when 2 comes
// again. IK: 5 came; its packets follow). IK begun -> declined, or no answer -> XX begun.
// As responder: answered (2 or 5 is out; said again when the first comes again, XX also when a packet of a session comes that it
// should know) -> complete (XX: 3 came; IK: such a packet came under the new keys, since its first message may be an old one).
// What IK can't answer it declines, keeps nothing, and begins its own anew, if any, with XX. Complete ones are remembered for a while, so
// that late copies of their messages begin nothing. What does not authenticate changes nothing, but a forged 6 makes an IK an
// XX, once. An old message sent again completes nothing: keys come of both sides' fresh ones. No clock, no dice: a seed is handed in.
#pragma once

#include <functional>
#include <map>
#include <optional>

#include "schema/noise/cookies.h"
#include "schema/noise/handshake_state.h"
#include "syncd/core/acquaintances.h"
#include "syncd/core/session.h"

namespace meshfs::syncd {

// What a device hears that the roster does not let in.
codec::Bye refusal_of(const codec::Roster& roster, const DeviceKey& device);

class Handshakes {
 public:
  // What this program understands.
  static constexpr std::uint32_t kFeatures = codec::kFeatureQuestions | codec::kFeatureDeltas |
                                             codec::kFeatureSqueezed | codec::kFeatureCells | codec::kFeatureSlices |
                                             codec::kFeatureNews;
  static constexpr std::size_t kMax = 128;  // at a time; more neighbours wait for their next beacon
  static constexpr Duration kFirstRepeat = milliseconds(40);
  static constexpr int kRepeats = 12;      // each wait twice, then doubled: given up after 5 s; 20 % loss costs 0.1 s
  static constexpr int kBriefRepeats = 6;  // of IK, then XX: after 0.9 s, so slow links can answer
  static constexpr Duration kBriefPatience = seconds(2);  // the same on reliable links
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
  // Asked of whoever proved who it is; false: as if its message were lost. `let_in`: by the roster; else whether it hears so.
  using Judge = std::function<bool(const Path&, const codec::Member&, bool let_in)>;
  // `seed`: 32 fresh random bytes.
  Handshakes(Self self, const crypto::LinkKey& seed, Judge judge);

  // Who is let in from now on, and what we show.
  void judge_by(const codec::Roster& roster);
  // Who was met elsewhere is there, too; or began another life and remembers nobody.
  void heard(const NodeId& node, const Path& path) { acquaintances_.heard(node, path); }
  void restarted(const NodeId& node) { acquaintances_.restarted(node); }

  // Begins one on this path unless one is under way. False if there are too many.
  bool begin(const Path& path, bool reliable, Instant now, bool keep = false);
  // The one on this path, begun or under way, asks the peer to leave its stream (codec::kFeatureInstead).
  void take_over(const Path& path, Instant now);
  // A frame of kind handshake. Complete, and let in: the keys.
  std::optional<Session::Keys> on_handshake(const Path& path, bool reliable, std::uint64_t number, ByteView frame,
                                            Instant now);
  void on_cookie(const Path& path, ByteView frame, Instant now);
  // A packet came for a session that is not: perhaps one whose third message got lost, or the first of a new one (IK).
  std::optional<Session::Keys> on_stray(const Path& path, const codec::FrameHeader& header, ByteView frame,
                                        Instant now);
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
    noise::Pattern pattern;
    noise::HandshakeState noise;
    noise::CookieGenerator cookies;
    codec::Hello mine;
    codec::Hello theirs = {};  // of IK's responder
    Bytes first = {};          // the handshake's first message
    Bytes said = {};           // our latest frame, without macs
    bool initiator = true, reliable = false, complete = false;
    bool refused = false;  // and so the stream is to end
    int repeats = 0;
    Instant next{};  // repeat, give up or forget
    Instant said_at{0};
  };
  crypto::Secret<crypto::LinkKey> next_seed(std::string_view purpose);
  State fresh(noise::Pattern pattern, bool initiator, codec::Hello mine, bool reliable,
              const std::optional<crypto::DhPublic>& to = std::nullopt);
  codec::Hello hello(std::uint32_t wish = 0);
  bool room_for(const Path& path);
  // `brief`: with IK if somebody is remembered there.
  void begin_as(const Path& path, codec::Hello mine, bool reliable, Instant now, bool brief);
  bool passes(const Path& path, ByteView frame, Instant now);
  void on_first(const Path& path, noise::Pattern pattern, bool reliable, ByteView message, Instant now);
  bool recognise(State& state, ByteView payload) const;
  void decline(const Path& path, ByteView message, Instant now);
  void on_decline(const Path& path, const State& state, ByteView message, Instant now);
  // Messages 2, 3 and 5.
  std::optional<Session::Keys> on_answer(const Path& path, State& state, ByteView message, Instant now);
  std::optional<Session::Keys> conclude(const Path& path, State& state, noise::HandshakeState& noise,
                                        const codec::Hello& theirs, Instant now);
  void say(const Path& path, State& state, Instant now);
  void say_again(const Path& path, State& state, Instant now);

  Self self_;
  Acquaintances acquaintances_;
  crypto::DhKey own_;
  crypto::Secret<crypto::LinkKey> root_;  // of the next seed
  Judge judge_;
  noise::CookieChecker checker_;
  std::map<Path, State> table_;
  std::vector<Due> out_;
  std::uint32_t last_session_ = 0;
};

}  // namespace meshfs::syncd
