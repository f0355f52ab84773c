// Far questions on their way: floods each once to every neighbour that understands them, remembers whom it came from, and
// carries replies back there, gathered. Judges nothing: fsd says whether a question may go on, and what this node
// replies. Owned by Node.
// A question's life: came -> judged by fsd -> open (passed on; replies go back) -> forgotten after kOpenFor.
#pragma once

#include <deque>
#include <map>
#include <set>

#include "syncd/core/mail.h"
#include "syncd/core/ports.h"
#include "syncd/core/token_bucket.h"

namespace meshfs::syncd {

class Questions {
 public:
  static constexpr Duration kOpenFor = seconds(20);  // the longest that anybody waits, and the way there
  // Beyond: the oldest is forgotten, its late replies are dropped.
  static constexpr std::size_t kMaxOpen = 512;
  // From one node each, in the largest network we know of (1,000), and something for made-up ones.
  static constexpr std::size_t kMaxRepliesPassed = 2048;  // per question
  static constexpr std::size_t kMaxRepliesKnown =
      16'384;  // of all open questions, ~1.5 MB; beyond, replies are dropped
  // Replies wait so long for others, so that a hop costs one message rather than hundreds.
  static constexpr Duration kGather = milliseconds(5);
  // What a neighbour may bring, and what one asker may cause through us whoever brings it: people ask a few, and a
  // script that asks for every file has to wait.
  static constexpr TokenBucket::Limits kPerNeighbour{64, milliseconds(50)};
  static constexpr TokenBucket::Limits kPerAsker{16, milliseconds(500)};
  static constexpr std::size_t kMaxBuckets = 256;  // of each kind; the one unused for longest makes room
  static constexpr std::size_t kMaxAtFsd = 128;    // not judged yet

  Questions(Mail& mail, Store& store) : mail_(mail), store_(store) {}

  // Our own, from fsd: asks every neighbour.
  void on_inquire(const codec::Question& question, Instant now);
  // `heard`: how long ago its target was heard, if that is a neighbour.
  void on_question(const NodeId& from, const codec::Question& question, std::optional<Duration> heard, Instant now);
  void on_judged(const codec::local::QuestionJudged& judged, Instant now);
  void on_replies(codec::Replies replies, Instant now);
  Instant tick(Instant now);

 private:
  struct Open {
    std::optional<NodeId> back;  // none: our own
    Instant since{0};
    std::set<FixedBytes<16, struct ReplyKeyTag>> seen;  // a reply comes once, whatever its way
    std::vector<codec::Reply> gathered;
    Instant send_at = kNever;
  };
  struct AtFsd {
    NodeId from;
    codec::Question question;
  };
  Open& open(const codec::QuestionId& id, const std::optional<NodeId>& back, Instant now);
  void flood(const codec::Question& question, const std::optional<NodeId>& but);
  void gather(Open& open, codec::Reply reply, Instant now);
  void send_back(const codec::QuestionId& id, Open& open);

  Mail& mail_;
  Store& store_;
  void forget(const codec::QuestionId& id);

  std::map<codec::QuestionId, Open> open_;
  std::size_t replies_known_ = 0;        // in all `seen`
  std::deque<codec::QuestionId> order_;  // oldest first
  std::map<std::uint64_t, AtFsd> at_fsd_;
  std::uint64_t next_request_ = 1;
  std::map<NodeId, TokenBucket> neighbours_;
  std::map<AuthorTag, TokenBucket> askers_;
};

}  // namespace meshfs::syncd
