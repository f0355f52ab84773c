// News by broadcast: one frame to all in range instead of a copy to each. Who took an item in by it either sends it on after
// a short random wait or, if everybody near is known to have it or enough others sent it meanwhile, only says that it is here
// (`have`, several items in one frame). Both acknowledge. Whoever near stays silent is asked; who lacks the item gets it in its
// session, three or more get it by one more frame. Owned by Gossip. It must never decide what goes to whom for the first time.
//
// A cast, one item on one link: waiting -its turn-> watched -all near have it-> gone
//                                                   watched -kAsks in vain-> gone, pushed in the sessions of the silent
// Times follow from the link. Where many are heard a turn comes within `span`, a quarter of a hop's time per neighbour, so
// that of n contenders about four begin before they can have heard of each other; where few are, it comes at once.
#pragma once

#include <map>

#include "schema/vocab/rng.h"
#include "syncd/core/airs.h"
#include "syncd/core/news.h"
#include "syncd/core/token_bucket.h"

namespace meshfs::syncd {

class Casts {
 public:
  // Fewer get it in their sessions: those repair loss by themselves, and an answer costs as much as a copy.
  static constexpr std::size_t kBroadcastFrom = 3;
  // Where at most four are near, two suffice: one of a grid's inner nodes who took an item in while a neighbour brought it
  // too would else say nothing, and the front would wait for questions.
  static constexpr std::size_t kFewestServed = 2;
  // Up to so many heard nobody waits: what a wait saves there is a sending in ten, what it costs is half of the time.
  static constexpr std::size_t kAtOnceUpTo = 6;
  // So many sendings of others were heard: another would reach hardly anybody new (the counter of Ni et al. 1999).
  static constexpr std::size_t kEnoughCopies = 3;
  static constexpr int kAsks = 3;
  // At a time, of all links: two seconds at the pace below. What comes beyond goes in sessions, which control their rate.
  static constexpr std::size_t kMaxCasts = 512;
  static constexpr Duration kShortestSpan = milliseconds(1);  // only answers wait as little
  static constexpr Duration kLongestSpan = milliseconds(250);
  static constexpr Duration kJudging = milliseconds(4);  // what fsd takes to judge, usually

  Casts(Airs& airs, Rng rng) : airs_(airs), rng_(rng) {}

  struct Start {
    LinkId link = 0;
    HeaderHash key;
    SharedParcel parcel;
    const codec::Bundle* form = nullptr;  // of the parcel's: what all near can read
    std::vector<NodeId> lacking;          // near, not known to have it
    std::size_t copies = 0;               // heard so far on that link
    bool at_once = false;                 // nobody here can have it yet
  };
  // False if it has to go another way: too many, too large.
  bool begin(const Air& air, Start start, Instant now);

  // `who` has it, says a frame with the item (`sent`) or without.
  void on_have(LinkId link, const NodeId& who, const codec::NewsKey& key, bool sent);
  void on_lack(LinkId link, const NodeId& who, const codec::NewsKey& key, Instant now);
  void on_session_end(const NodeId& who);

  // Sends what is due. What must go in a session instead is appended.
  struct Repair {
    NodeId to;
    HeaderHash key;
    SharedParcel parcel;
  };
  Instant tick(Instant now, std::vector<Repair>& repairs);

  [[nodiscard]] std::size_t size() const { return casts_.size(); }
  struct Counts {
    std::uint64_t items = 0;   // sent by broadcast, once per frame they were in
    std::uint64_t frames = 0;  // that had items
    std::uint64_t haves = 0, asks = 0, answers = 0;
    std::uint64_t repairs = 0;  // pushed in sessions instead
  };
  [[nodiscard]] const Counts& counts() const { return counts_; }
  Counts& counts() { return counts_; }

  // When every answer of those near must have come, if it comes.
  static Duration settled_after(const Air& air);
  static bool fits(const Air& air, const codec::Bundle& form, const std::vector<SharedBlob>& along);

 private:
  struct Cast {
    HeaderHash key;
    SharedParcel parcel;
    const codec::Bundle* form = nullptr;
    std::vector<NodeId> lacking;
    std::vector<NodeId> without;  // of those: said so
    std::size_t copies = 0;
    std::size_t enough = kBroadcastFrom;  // who lack it, for a frame to be worth it
    bool waiting = true;
    bool owes = true;  // nobody near was told yet that it is here
    int asks = 0;
    Instant due;
    [[nodiscard]] bool worth_sending() const;
  };
  using Place = std::pair<codec::NewsKey, LinkId>;
  using ByPlace = std::map<Place, Cast>;

  static Duration span(const Air& air);
  void send_items(const Air& air, Instant now);
  void send_frame(const Air& air, Instant now, bool only_urgent);
  void say_have(const Air& air, Instant now);
  void watch(const Air& air, Instant now, std::vector<Repair>& repairs);
  void repair(Cast& cast, const std::vector<NodeId>& to, std::vector<Repair>& repairs);
  void add_haves(LinkId link, std::size_t room, Instant watched_at, codec::News& news);

  Airs& airs_;
  Rng rng_;
  ByPlace casts_;
  std::map<LinkId, TokenBucket> pace_;
  Instant wake_ = kNever;
  Counts counts_;
};

}  // namespace meshfs::syncd
