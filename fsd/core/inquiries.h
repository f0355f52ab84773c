// Far questions from fsd's side: asks the network in this node's name and verifies what comes back; replies, signed, to
// what others ask. syncd carries both and is trusted with neither. State thread only; time is handed in.
//
// An inquiry's life: asked -> replies gather -> done when everybody who could reply has, or the time is over. Its outcome
// is kept for kKeepFor: the same question again costs nobody anything.
#pragma once

#include <deque>
#include <map>

#include "fsd/core/holdings.h"

namespace meshfs::fsd {

// What is asked about: one version of one object.
struct Subject {
  ObjectId object;
  Hash entry;
  codec::ChunkedContent content;  // root zero: inline or none
};

struct FarReply {
  std::string node;
  codec::Reply reply;
};
struct FarOutcome {
  std::vector<FarReply> replies;    // this node's own first, then as they came; one per node
  std::optional<Duration> heard;    // of a target that did not reply: when anybody in reach heard it last
  std::vector<std::string> silent;  // members that did not reply, sorted; empty if only one was asked
  Duration took;
};

class Inquiries {
 public:
  static constexpr Duration kKeepFor = seconds(5);
  static constexpr Duration kLongest = seconds(15);  // syncd keeps the way back for 20
  // What syncds on the way let pass of one asker: 16 at once, then two a second.
  static constexpr std::size_t kMaxStarted = 16;
  static constexpr Duration kStartedWithin = seconds(8);
  static constexpr std::size_t kMaxKept = 64;  // outcomes, and looks for others

  struct Parts {
    Members& members;
    Sets& sets;
    Holdings& holdings;
    NetworkTime& time;
    const Instant& now;
  };
  struct Me {
    NetworkId network;
    AuthorTag author;
    NodeId node;
    const crypto::SigningKey& device_key;
  };
  using Send = std::function<void(codec::local::ToSyncd)>;
  using Done = std::function<void(const FarOutcome&)>;
  // Told of each content that this node is about to say it has.
  using Promised = std::function<void(const Hash& root)>;
  Inquiries(const Parts& parts, const Me& me, Send send) : parts_(parts), me_(me), send_(std::move(send)) {}

  // Everybody, or one node. `done` is called once, maybe at once. busy: too many questions at a time.
  Status ask(const Subject& subject, const std::optional<NodeId>& target, Duration wait, Done done);
  void on_replies(const codec::Replies& replies);
  // What was looked up here is no more true: content was dropped.
  void forget_looks();
  void on_promise(Promised promised) { promised_ = std::move(promised); }
  codec::local::QuestionJudged judge(const codec::local::QuestionCame& came);
  // Ends what is over; gives when it wants to be called again.
  Instant tick();

 private:
  using Key = Hash;
  struct Open {
    codec::QuestionId id;
    Subject subject;
    std::optional<NodeId> target;
    Instant began{0}, until{0};
    std::map<NodeId, FarReply> replies;
    std::vector<NodeId> order;
    std::optional<Duration> heard;
    std::vector<Done> waiting;
  };
  struct Kept {
    Instant at;
    FarOutcome outcome;
  };
  struct Look {
    Instant at;
    codec::Reply reply;
  };
  static Key key_of(const Subject& subject, const std::optional<NodeId>& target);
  codec::QuestionId next_id();
  codec::Reply look(const Subject& subject);
  void take(Open& open, const NodeId& node, const std::string& name, const codec::Reply& reply);
  [[nodiscard]] bool complete(const Open& open) const;
  std::optional<Duration> last_commit_of(const NodeId& node);
  void finish(std::map<Key, Open>::iterator at);
  template <class Row>
  void make_room(std::map<Key, Row>& rows);

  Parts parts_;
  Me me_;
  Send send_;
  Promised promised_ = [](const Hash&) {};
  std::map<Key, Open> open_;
  std::map<Key, Kept> kept_;
  std::map<Key, Look> looks_;
  std::deque<Instant> started_;
  std::uint64_t asked_ = 0;
};

}  // namespace meshfs::fsd
