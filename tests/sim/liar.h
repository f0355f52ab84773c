// A member of the network that lies: it holds the key, makes sessions like anybody and then says what costs the honest the most.
// It speaks the wire by hand (the real Session and Handshakes below it, so that what it says arrives), on datagrams. Owned by a
// mesh, a test or a program of tests/hostile; time and waking come from its stage, all chance from its seed. It must never touch an
// honest node but over the network.
//
//   sketch    cells that never decode: of no set at all           beacons   another fingerprint in each, twenty a second
//   cells     cells that decode to ids that nobody has            ranges    every range differs, whatever is asked
//   replays   what it overheard, again and again                  hellos    handshakes begun and never ended, 4,000 a second
//   wants     WantCells, WantItems, Reconcile without end         refused   bundles that no fsd accepts
//   told      nothing of its own: says what it is told (tests/fuzz), so nobody draws it
// What it needs its device's key for (signed_lies.h), or whole daemons to hurt at all; nobody draws these either:
//   forged, twins, dated, flood, paths, symlinks, network, policy, lent; revoked: goes on although it was (by its stage), dates back
//   bombs     content that unpacks to far more than it says, and deltas that command it; answers to the wants it provoked
//   pointers  messages of 1.7 kB whose lists have 500 million elements, or lie in each other
//   junk      50,000 packets a second of no key: noise, and noise behind headers of all kinds
//   keys      wrong broadcast keys for everybody it hears of, asked for or not
//   keywants  wants of 64 broadcast keys each, true ids and made-up ones, without end
#pragma once

#include <functional>
#include <memory>

#include "syncd/core/handshakes.h"
#include "syncd/core/own_broadcast_key.h"
#include "tests/sim/signed_lies.h"
#include "transport/sim/sim_network.h"

namespace meshfs::sim {

// Who says a beacon or news.
struct Speaker {
  NodeId node;
  codec::Nonce boot;
};

class Liar : private syncd::Links {
 public:
  enum class Kind : std::uint8_t {
    sketch,
    beacons,
    cells,
    ranges,
    replays,
    hellos,
    wants,
    refused,
    told,
    forged,
    twins,
    dated,
    flood,
    paths,
    symlinks,
    network,
    bombs,
    pointers,
    junk,
    keys,
    keywants,
    policy,
    lent,
    revoked
  };
  static constexpr std::size_t kKinds = 8;  // that may be drawn
  static constexpr std::size_t kAllKinds = 24;
  static std::optional<Kind> named(std::string_view name);
  static const char* name_of(Kind kind);

  // Where it lies. `at` is called with a time to come and what to do then.
  struct Stage {
    transport::PacketLink& air;  // of datagrams, in range of its victims
    std::function<Instant()> now;
    std::function<void(Instant, std::function<void()>)> at;
    WallMs epoch{1'790'000'000'000};  // at Instant{}
  };
  // `member`: what its fsd would have told it.
  Liar(Stage stage, const codec::local::Welcome& member, Kind kind, std::uint64_t seed);
  // `number`: a node of the network that nobody else is. Its edges are the caller's.
  Liar(transport::SimNetwork& network, transport::SimNetwork::Node number, const codec::local::Welcome& member,
       Kind kind, std::uint64_t seed);
  ~Liar() override;
  // What it signs with; kinds that sign say nothing without.
  void sign_with(SignedLies lies) { lies_ = std::move(lies); }

  void start();
  void stop();
  [[nodiscard]] transport::SimNetwork::Node number() const { return number_; }
  [[nodiscard]] std::uint64_t messages() const { return messages_; }  // said in sessions
  [[nodiscard]] std::uint64_t frames() const { return frames_; }      // beside them
  [[nodiscard]] std::size_t sessions() const { return sessions_.size(); }
  [[nodiscard]] Speaker speaker() const { return {member_.node, boot_}; }
  // Broadcast keys that its neighbours told it.
  [[nodiscard]] const std::map<std::uint32_t, crypto::AeadKey>& heard_keys() const { return heard_keys_; }

  // --- what it is told to say; `message` and `packet` are bytes that may be senseless, under true keys
  std::function<void(const codec::Message&)> heard;                 // in its sessions
  void tell_message(Bytes message);                                 // in every session, by the channel below
  void tell_packet(ByteView packet);                                // in every session, beside the channel
  void tell_handshake(std::uint64_t number, ByteView message);      // with a right first mac
  void tell_frame(codec::FrameKind kind, ByteView payload);         // news: under the key that it told
  void tell_bytes(ByteView frame) { (void)air().send_all(frame); }  // as a stranger: under no key
  void tell_again(std::size_t which);                               // what it overheard
  void leave() { sessions_.clear(); }                               // without a word

 private:
  static constexpr syncd::LinkId kAir = 1;
  static constexpr Duration kTurn = milliseconds(5);
  static constexpr std::size_t kOverheard = 64;

  void on_frame(const transport::LinkAddress& from, ByteView frame);
  void on_message(syncd::Session& from, const codec::Message& message);
  void turn();
  void say_beacon();
  void flood(syncd::Session& victim);
  void listen(const codec::Message& message);
  void push_refused(syncd::Session& victim);
  void greet();
  void say(syncd::Session& to, const codec::Message& message) { say(to, codec::encode_message(message)); }
  void say(syncd::Session& to, Bytes message);
  codec::Fingerprint any_fingerprint();
  std::vector<codec::SketchCell> cells(std::uint32_t first, std::uint32_t number);

  Status send(syncd::LinkId link, const transport::LinkAddress& to, ByteView frame) override;
  Status send_all(syncd::LinkId link, ByteView frame) override;
  void connect(syncd::LinkId, const transport::LinkAddress&) override {}
  void close(syncd::LinkId, const transport::LinkAddress&) override {}
  std::optional<Target> stream_target(syncd::LinkId, const transport::LinkAddress&, std::uint16_t) override {
    return std::nullopt;
  }
  transport::PacketLink& air() { return stage_.air; }
  void say_all(ByteView frame);  // beside sessions
  void sign(syncd::Session& victim);
  void bomb(syncd::Session& victim, const codec::WantBlobs& wants);
  void junk();
  void tell_wrong_keys(syncd::Session& victim, const std::vector<std::uint32_t>& ids);
  void want_keys(syncd::Session& victim);

  Stage stage_;
  transport::SimNetwork::Node number_ = 0;
  Kind kind_;
  Rng rng_;
  codec::local::Welcome member_;
  codec::Nonce boot_;
  crypto::SivKey key_;
  syncd::OwnBroadcastKey own_key_;
  std::map<std::uint32_t, crypto::AeadKey> heard_keys_;
  syncd::Handshakes handshakes_;
  syncd::LinkBudget budget_{UINT64_MAX};
  std::map<syncd::Path, std::unique_ptr<syncd::Session>> sessions_;
  std::vector<Bytes> overheard_;
  std::uint64_t counter_ = 0, turns_ = 0, messages_ = 0, frames_ = 0;
  std::optional<SignedLies> lies_;
  std::uint64_t their_count_ =
      1000;  // items of the victims' shared set, as far as they told: a lie near the truth costs most
  bool lying_ = false;
  std::uint64_t life_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace meshfs::sim
