// Who is around and how we talk to them: beacons, handshakes, streams, and one active session per neighbour.
// Owned by Node; upper parts see it as Mail and through Events.
//
// Which session is active: a reliable one before a datagram one, unless it stalls or loses (StreamHealth): then its place is
// taken by a datagram session for kStreamHold, doubling while it keeps happening, and longer while datagrams lose. Of two made within kTwins of each other the one with
// the smaller key (both sides choose alike), else the newer. A session that lost listens on for kRetire.
#pragma once

#include <array>
#include <map>
#include <set>

#include "syncd/core/airs.h"
#include "syncd/core/handshakes.h"
#include "syncd/core/heard_keys.h"
#include "syncd/core/mail.h"
#include "syncd/core/stream_health.h"
#include "syncd/core/token_bucket.h"
#include "syncd/core/trickle.h"

namespace meshfs::syncd {

struct Neighbour {
  NodeId id;
  std::string name;
  Instant heard;
  std::optional<codec::Nonce> boot;

  struct Beacon {  // the latest
    Path from;
    Instant at;
    codec::Beacon what;
    std::uint64_t counter = 0;  // its frame's: an older one of the same life is a replay
  };
  std::optional<Beacon> beacon;

  struct Stream {              // our attempts to connect (only the smaller id connects)
    std::optional<Path> path;  // under way or up
    Instant next{0};
    Duration backoff = seconds(1);
    // Not before, because it stalled or lost (StreamHealth); the wait doubles.
    Instant avoid_until{0};
    Duration hold{};
    Instant trouble{0};  // the last time
    StreamHealth health;
    Instant next_look{0};
    std::uint64_t frames_out = 0;  // of the session, when all was acknowledged
    Channel::Traffic seen;         // of the datagram session, when last asked whether a stream may come back
  } stream;
  Instant datagram_from{0};  // not before: a stream gets the first chance
  Instant banned_until{0};
  struct Refusal {  // one side's roster does not let the other in
    std::string reason;
    bool ours = false;
    Instant until{0};  // not begun with before
    Instant told{-seconds(3600).ns};
  } refusal;
  Instant doubted{-seconds(1).ns};  // when a beacon of another life was looked into
  std::uint32_t blame = 0;

  struct InOverlay {                       // of one heard on a broadcast link
    bool wanted = false;                   // by us
    std::optional<Instant> grafted;        // what it has came no other way: it gets a session
    bool lost = false;                     // its session died, and no beacon came since
    std::optional<Instant> differs_since;  // its beacons, without a session
    Instant used{0};                       // when it was wanted, or something was asked or compared
    bool kept = false;                     // it told us to keep the session
    bool left = false;                     // it let us go: if we want it we come back and say so
  } overlay;

  std::optional<TokenBucket> news_budget, key_answers;

  std::vector<std::unique_ptr<Session>> sessions;
  Session* active = nullptr;
};

class Neighbours : public Mail, public Airs {
 public:
  static constexpr std::size_t kMaxKnown = 256;    // heard of; the longest silent without session makes room
  static constexpr std::size_t kMaxSessions = 64;  // neighbours in session, whoever wanted it; Overlay leaves about six
  static constexpr Duration kSilence =
      seconds(2400);  // nine beacons in the longest interval, of which bad links lose most: gone
  static constexpr Duration kMoving = seconds(300);  // so long after neighbours came or went others may
  // News under way, and a beacon that was lost, explain for so long that a neighbour without a session differs.
  static constexpr Duration kGraftAfter = seconds(5);
  static constexpr std::size_t kMaxGrafts = 4;         // the latest; a bridge stays one for as long as it is there
  static constexpr Duration kGraftEvery = seconds(1);  // what one brings closes other differences too
  static constexpr Duration kUnused = seconds(120);    // a session that neither side wants
  static constexpr Duration kRetire = seconds(2);
  static constexpr Duration kTwins = seconds(2);
  static constexpr Duration kStreamFirst = milliseconds(500);
  static constexpr Duration kLongestBackoff = seconds(64);
  static constexpr Duration kStreamHold = seconds(30);
  static constexpr Duration kLongestHold = seconds(960);
  static constexpr Duration kStreamForgiven = seconds(600);  // so long without trouble: the wait is short again
  static constexpr std::uint64_t kEnoughPackets = 30;        // to tell that datagrams lose
  static constexpr std::uint64_t kSomeLossPercent = 2;
  // News frames taken from one neighbour: what Casts sends at its fastest, and its answers; and on one link, where many speak.
  // Each costs a tag, and what is new in it a judgement of fsd. Beyond: dropped, as if lost.
  static constexpr TokenBucket::Limits kNewsBudget{128, milliseconds(2)};
  static constexpr TokenBucket::Limits kLinkNewsBudget{1024, microseconds(500)};
  // Answers to one neighbour's questions for broadcast keys, 64 keys each at most; a correct one asks once a second, us in its turn.
  static constexpr TokenBucket::Limits kKeyAnswers{8, seconds(1)};
  // Hellos and beacons looked at, whoever sends them: each costs a tag, a hello an answer. Beyond: dropped unread, as if lost.
  static constexpr TokenBucket::Limits kGreetings{1024, milliseconds(1)};
  // Sessions made, with whomever: each is greeted with a comparison of every set, and its limits are fresh. Twice what we
  // can hold at once, then twenty a second. Beyond, the last step of a handshake counts as lost.
  static constexpr TokenBucket::Limits kNewSessions{128, milliseconds(50)};
  static constexpr Duration kDoubtEvery = milliseconds(500);
  // After a refusal, unless the roster changes here: the other side begins when its own did.
  static constexpr Duration kRefused = seconds(600);
  static constexpr Duration kTellRefused = seconds(10);  // at most so often, whoever asks for it
  static constexpr std::uint32_t kMaxBlame = 8;
  static constexpr Duration kBan = seconds(60);

  class Events {
   public:
    virtual ~Events() = default;
    virtual void on_session(const NodeId& who, Instant now) = 0;  // new or replaced: nothing said before counts
    virtual void on_session_end(const NodeId& who, Instant now) = 0;
    virtual void on_message(const NodeId& who, codec::Message message, Instant now) = 0;
    virtual void on_news(const NodeId& who, LinkId link, codec::News news, Instant now) = 0;  // outside sessions
    virtual void on_beacon(const NodeId& who, const codec::Beacon& beacon, Instant now) = 0;  // of one in session
    [[nodiscard]] virtual bool agrees(const codec::Beacon& beacon) const = 0;  // tells the state that we are in
    virtual codec::Beacon beacon(Instant now) = 0;                             // what to say now
  };
  struct Self {
    NodeId node;
    codec::Nonce boot;
    std::uint16_t tcp_port = 0;
    crypto::LinkKey network_key;
    NetworkId network;
    crypto::DhSecret link_secret;
    codec::Roster roster;
    crypto::LinkKey seed;  // 32 fresh random bytes, for keys of handshakes
  };
  struct Totals {
    std::uint64_t frames_in = 0, frames_out = 0, bytes_in = 0, bytes_out = 0, beacons_out = 0, bad_frames = 0,
                  messages_in = 0, messages_out = 0, news_in = 0;
    std::uint64_t news_refused = 0, news_unread = 0;     // replayed, or too many; under keys that are not here
    std::uint64_t handshakes = 0, brief_handshakes = 0;  // sessions made; of those by IK
    std::uint64_t handshake_bytes = 0;                   // of all handshakes, both ways, with their cookies
    std::array<std::uint64_t, std::variant_size_v<codec::Message>> bytes_of_kind_in{};  // of messages, without frames
  };

  Neighbours(Links& links, const std::map<LinkId, transport::LinkTraits>& traits, Events& events, Self self, Rng rng,
             Totals& totals);

  void start(const std::vector<Path>& peers, const std::set<Path>& up, Instant now);
  void on_frame(const Path& from, ByteView frame, Instant now);
  // Connects there, once; as to a configured peer for as long as that lasts.
  void dial(const Path& path, Instant now);
  [[nodiscard]] std::size_t dialled() const;
  void on_up(const Path& peer, Instant now);
  void on_gone(const Path& peer, Instant now);
  void on_room(const Path& peer);
  void something_changed(Instant now) { trickle_.changed(now); }
  void end_all(Instant now, const char* reason);

  // Who is let in from now on. Sessions of a device that is in it no more end at once.
  void judge_by(codec::Roster roster, Instant now);

  Instant tick(Instant now);   // looks after sessions and beacons
  Instant flush(Instant now);  // sends what sessions have; after the upper parts' ticks

  // Mail
  using Mail::send;
  bool send(const NodeId& to, Priority priority, SharedBytes message) override;
  [[nodiscard]] std::size_t queued(const NodeId& to, Priority priority) const override;
  [[nodiscard]] const std::vector<NodeId>& neighbours() const override { return in_session_; }
  void blame(const NodeId& who, const char* what) override;
  [[nodiscard]] std::string name_of(const NodeId& who) const override;
  [[nodiscard]] std::uint32_t features(const NodeId& who) const override;
  [[nodiscard]] Duration time_of(const NodeId& who, std::size_t bytes) const override;

  // Airs
  [[nodiscard]] std::vector<Air> airs() const override;
  void send_news(LinkId link, const std::optional<NodeId>& to, codec::News news) override;
  void graft(const NodeId& who, Instant now) override;

  [[nodiscard]] const std::map<NodeId, Neighbour>& all() const { return known_; }

 private:
  struct ConfiguredPeer {
    Path path;
    Instant next{0};
    Duration backoff = seconds(1);
    bool pending = false;  // connecting or up
    bool once = false;     // forgotten when that ends
  };

  void on_beacon(const Path& from, std::uint64_t counter, ByteView frame, Instant now);
  void on_news(const Path& from, const codec::FrameHeader& header, ByteView frame, Instant now);
  void on_other_boot(Neighbour& neighbour, const Path& from, Instant now);
  void on_handshake(const Path& from, const codec::FrameHeader& header, ByteView frame, Instant now);
  // May whoever proved this make a session with us now, or else hear that it is not let in?
  bool welcome(const Path& from, const codec::Member& member, bool let_in);
  void on_refused(Neighbour& neighbour, const std::string& reason, Instant now);
  void keep_off(Neighbour& neighbour, std::string reason, bool ours, Instant now);
  void on_packet(const Path& from, const codec::FrameHeader& header, ByteView frame, Instant now);
  // Whether the message was of sessions and keys alone, and so is done with.
  bool take_keys(const NodeId& who, Session& session, const codec::Message& message, Instant now);
  void tell_key(const NodeId& who);
  void shut_out(Instant now);
  Instant look_after_keys(Instant now);
  void deliver(const NodeId& who, Session& session, const std::vector<SharedView>& messages, Instant now);
  Neighbour* known(const NodeId& id, Instant now);
  Session* session_on(const Path& path) const;
  bool may_establish(Instant now);
  void establish(const Path& path, std::optional<Session::Keys> complete, Instant now);
  void note_ways(const Neighbour& neighbour);
  void choose_active(Neighbour& neighbour, Instant now);
  void avoid_stream(Neighbour& neighbour, Instant now);
  void watch_stream(Neighbour& neighbour, Instant now, Instant& wake);
  bool stream_may_return(Neighbour& neighbour, Instant now, Instant& wake);
  void end_session(Neighbour& neighbour, const Session* session, Instant now);
  [[nodiscard]] std::vector<NodeId> heard_on(LinkId link, Instant now) const;
  [[nodiscard]] bool in_overlay(const Neighbour& neighbour) const;
  [[nodiscard]] static bool may_reach_out(const Neighbour& neighbour);
  void lose(Neighbour& neighbour, Instant now);
  void choose_wanted(Instant now, Instant& wake);
  void compare(Neighbour& neighbour, Instant now);
  void graft(Neighbour& neighbour, Instant now);
  static void note_use(Neighbour& neighbour, const codec::Message& message, Instant now);
  bool let_go(Neighbour& neighbour, Instant now, Instant& wake);
  void say_bye(Neighbour& neighbour, const char* reason, Instant now);
  [[nodiscard]] bool insists(const Path& path) const;
  void reach_out(Neighbour& neighbour, Instant now, Instant& wake);
  void look_after(Neighbour& neighbour, Instant now, Instant& wake);
  void send_handshakes(Instant now);
  void send_beacon(Instant now);
  void limit_beacons(Instant now);
  void connect_peers(Instant now, Instant& wake);
  void refresh_list();
  LinkBudget& budget(LinkId link);
  [[nodiscard]] bool thin(const Neighbour& neighbour);
  std::size_t flush_one(Session& session, Instant now, std::size_t most = SIZE_MAX);
  void flush_thin(Instant now);
  [[nodiscard]] bool reliable(LinkId link) const;

  Links& links_;
  const std::map<LinkId, transport::LinkTraits>& traits_;
  Events& events_;
  Self self_;
  Totals& totals_;
  crypto::SivKey network_key_;
  Handshakes handshakes_;
  OwnBroadcastKey own_key_;
  HeardKeys heard_keys_;
  Trickle trickle_;
  std::optional<TokenBucket> greetings_, new_sessions_;
  Instant moved_{0};                 // when a neighbour came or went
  std::uint64_t frame_counter_ = 0;  // of beacons
  std::map<NodeId, Neighbour> known_;
  std::map<std::uint32_t, std::pair<NodeId, Session*>> by_number_;
  std::vector<NodeId> in_session_;
  Instant choose_at_{0};  // anew whom to want
  Instant grafted_at_{-kGraftEvery.ns};
  std::vector<ConfiguredPeer> peers_;
  std::map<LinkId, TokenBucket> news_budgets_;
  std::map<LinkId, LinkBudget> budgets_;  // of what we send
  std::uint64_t served_ = 0;
  Instant turn_{0};  // the latest
};

}  // namespace meshfs::syncd
