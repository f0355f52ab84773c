// The broadcast keys of others: those that are heard, on which link, said by themselves in a session or told by neighbours who hold
// them; whom to ask for what; and the opening of news frames. Owned by Neighbours. It never sends and has no clock or dice. It must never let what another told
// take the place of what a sender said itself, nor keep a key of who was not heard.
//
// A sender: heard -its own session-> said. heard -kPatience-> asked for -a neighbour has it-> told -its own session-> said.
// said or told, and a frame of a later generation -> asked for again, while it counts on; a frame that a told key does not open: the same.
#pragma once

#include <map>
#include <optional>

#include "syncd/core/own_broadcast_key.h"
#include "syncd/core/ports.h"
#include "syncd/core/replay_window.h"

namespace meshfs::syncd {

class HeardKeys {
 public:
  static constexpr Duration kOldKey = seconds(10);   // frames that were on their way
  static constexpr Duration kPatience = seconds(1);  // its own session may bring it, others are asked for together
  static constexpr Duration kRound = seconds(1);     // on one link one neighbour is asked at a time, then the next
  static constexpr Duration kAskAgain = seconds(5);  // for one key because of frames, which anybody can send
  static constexpr Duration kDoubtEvery = seconds(10);
  static constexpr Duration kLongest = seconds(600);  // nobody asked had it: less and less often,
  static constexpr std::uint32_t kInVain = 4;         // and so often after all of them if there is another key of it

  // A beacon or a session says that it lives, by this boot nonce; nobody else's ids begin like its own. `proven`: a session.
  void heard(const NodeId& node, const codec::Nonce& boot, LinkId link, bool proven, Instant now);
  void forget(const NodeId& node);
  void on_session_end(const NodeId& who) { asked_.erase(who); }
  // Somebody is let in no more: all replace theirs.
  void shut_out(Instant now);

  void on_keys(const NodeId& from, const codec::BroadcastKeys& keys, Instant now);
  // Those of the wanted that are here.
  [[nodiscard]] std::vector<codec::BroadcastKey> answer(const codec::WantBroadcastKeys& want) const;

  struct Opened {
    NodeId node;
    Bytes payload;
  };
  // not_found: of whom nobody heard. no_data: under no key that is here. bad_bytes: forged. exists: sent again, or too old to tell.
  Result<Opened> open(const codec::FrameHeader& header, ByteView frame, Instant now);
  // Whose key this is, if all in session on its link were asked in vain: none of them has one with it, so its news come no other way.
  [[nodiscard]] std::optional<NodeId> told_by_nobody(std::uint32_t id) const;

  // Not before then is anybody to be asked.
  [[nodiscard]] Instant due() const { return due_; }
  // Whom to ask for what on that link; `near`: in session there, by id.
  struct Question {
    NodeId to;
    codec::WantBroadcastKeys want;
  };
  std::optional<Question> question(LinkId link, const std::vector<NodeId>& near, Instant now);
  // All links were looked at.
  void asked(Instant now);

 private:
  struct Held {
    std::uint32_t id = 0;
    crypto::Secret<crypto::AeadKey> key;
    ReplayWindow window;
    [[nodiscard]] bool is(const codec::BroadcastKey& other) const { return id == other.id && key == other.key; }
  };
  struct Sender {
    NodeId node;
    LinkId link = 0;
    std::optional<Held> said, told, before;  // by itself, by others, what one of these took the place of
    Instant before_until{0};
    std::uint32_t wanted = 0;  // an id; 0: nothing
    Instant ask_at{0}, asked_at{-kLongest.ns};
    std::uint32_t asks = 0;
    [[nodiscard]] const Held* newest() const;
    void retire(std::optional<Held>& held, Instant now);
  };

  void want(Sender& sender, std::uint32_t id, Instant at);
  void on_said(Sender& sender, const codec::BroadcastKey& key, Instant now);
  void on_told(Sender& sender, const codec::BroadcastKey& key, Instant now);
  void note_unknown(Sender& sender, std::uint32_t id, Instant now);
  void note_forged(Sender& sender, std::uint32_t id, Instant now);

  std::map<std::uint32_t, Sender> senders_;             // by broadcast_sender(); as many as neighbours are known
  std::map<NodeId, std::vector<std::uint32_t>> asked_;  // of neighbours in session: senders, the latest question's
  struct Round {
    Instant next{0};
    std::size_t turn = 0, near = 0;  // how many were in session at the latest question
  };
  std::map<LinkId, Round> rounds_;
  Instant due_ = kNever;
};

}  // namespace meshfs::syncd
