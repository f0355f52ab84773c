// Brings the blobs that fsd lacks: asks neighbours for many at a time, hands what comes to fsd, and moves on to another
// neighbour when one brings nothing. Accepts only what was asked for. Owned by Node; serving others is Server's.
// A need's life: idle at a neighbour's queue -> asked (maybe answered Missing: the neighbour keeps the want)
// -> handed to fsd -> stored (gone) or refused (blame; idle again). Or resting, when all neighbours were asked in vain and
// others needed the places there. A few stand at a neighbour that brings nothing: the first of them that comes tells that
// its own way is open again, and what rests is asked for at once.
//
// Several sources: needs wait where their entries came from, and a neighbour with room takes over idle ones from the
// fullest queue, so each carries as much as it delivers. Whether it has them shows by trying: one that has not delivered
// lately gets kProbes, and after an answer Missing nothing more for a while that doubles. What one was asked is asked of
// nobody else while it delivers, so nothing comes twice.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <unordered_map>

#include "syncd/core/blob_cache.h"
#include "syncd/core/mail.h"
#include "syncd/core/ports.h"

namespace meshfs::syncd {

class Fetcher {
 public:
  static constexpr std::size_t kMaxAsked = codec::kMaxWants;  // per neighbour: it keeps no more for us
  // Likely bytes under way from one neighbour. The budget moves between these: it grows while fsd keeps up and shrinks
  // while more than kBacklogBytes wait for its disk, since what waits there delays what neighbours ask of fsd.
  static constexpr std::size_t kAskedBytes = 2 * 1024 * 1024;
  static constexpr std::size_t kLeastAskedBytes = 512 * 1024;
  // Once a neighbour's rate is known: what it brings in kAhead (fsd's delays and queues on the way), so that a slow one
  // does not hold what another could bring.
  static constexpr Duration kAhead = milliseconds(400);
  static constexpr std::size_t kLeastAheadBytes = 128 * 1024;
  static constexpr Duration kRateSpan = milliseconds(100);
  static constexpr std::size_t kProbes = 2;
  static constexpr std::size_t kStanding = 8;
  static constexpr std::size_t kMostLookedAt = 512;  // of another's queue, per turn
  static constexpr Duration kProven = seconds(3);    // since it brought something
  static constexpr Duration kFirstProbeRest = milliseconds(200);
  static constexpr Duration kLongestProbeRest = seconds(30);
  static constexpr std::size_t kBacklogBytes = 768 * 1024;
  static constexpr std::size_t kGuessBytes = 16 * 1024;  // of a blob whose size fsd does not hint
  static constexpr Duration kStall = seconds(2);         // a neighbour bringing nothing for so long: ask another
  static constexpr Duration kStuck = seconds(30);        // one want unanswered that long: ask another
  static constexpr Duration kFirstRest = seconds(2);     // asked everybody in vain: again later, doubling up to
  static constexpr Duration kFirstRestNear =
      milliseconds(50);  // it came by broadcast of one without session: soon here
  static constexpr Duration kLongestRest = seconds(64);
  static constexpr Duration kFsdPatience = seconds(30);  // no word on a blob handed over (its disk is full): again
  static constexpr std::size_t kWantBytes = 64 * 1024;   // of signatures per message of wants
  static constexpr std::size_t kPutBytes = 512 * 1024;   // per message to fsd
  // fsd itself bounds what it needs at a time; this many would be 100 MB of tables here. Beyond: ignored.
  static constexpr std::size_t kMaxNeeds = 500'000;

  Fetcher(Mail& mail, Store& store, BlobCache& cache) : mail_(mail), store_(store), cache_(cache) {}

  // `source`: whoever the entries or lists came from that fsd just took in, if any.
  void on_needs(const codec::local::NeedBlobs& needs, const std::optional<NodeId>& source, Instant now);
  void on_blobs(const NodeId& from, std::vector<codec::Blob> blobs, Instant now);
  // These came along with a push and are in the cache; some may be needed already.
  void on_came_along(const NodeId& from, const std::vector<Hash>& hashes, Instant now);
  void on_missing(const NodeId& from, const codec::Missing& missing, Instant now);
  // The outcome of what we handed over. Gives who brought the last stored one.
  std::optional<NodeId> on_stored(const codec::local::BlobsStored& outcome, Instant now);
  // A neighbour waits for this blob here: it is asked for before what fewer wait for, since what many lack is rare around us.
  void on_waiter(const Hash& hash);
  void on_session(const NodeId& who, Instant now);
  void on_session_end(const NodeId& who, Instant now);
  Instant tick(Instant now);

  // Up to `most` blobs that no neighbour in session brings or is about to be asked for, in the order of their need.
  [[nodiscard]] std::vector<Hash> unserved(std::size_t most) const;
  [[nodiscard]] bool needs(const Hash& hash) const { return needs_.contains(hash); }
  [[nodiscard]] std::size_t size() const { return needs_.size(); }
  // What a neighbour brought that was no good, since it was first heard of.
  struct Faults {
    std::uint64_t refused = 0;      // fsd found it false
    std::uint64_t unusable = 0;     // a delta whose base we no longer had: not its fault
    std::uint64_t unrequested = 0;  // more blobs than it was ever asked for
  };
  static constexpr std::size_t kMaxFaulty = 256;  // neighbours whose faults are remembered
  [[nodiscard]] Faults faults_of(const NodeId& who) const;
  // Of blobs that came though nobody needed them any more: asked of two, or asked of one and pushed by another.
  [[nodiscard]] std::uint64_t unneeded_bytes() const { return unneeded_bytes_; }
  [[nodiscard]] std::size_t asked_of(const NodeId& who) const;
  // Who brought this blob, while it is being stored.
  [[nodiscard]] std::optional<NodeId> bringer(const Hash& hash) const;

 private:
  using Order = std::uint64_t;  // small first, then what most neighbours wait for, then as fsd listed them
  struct Need {
    codec::BlobKind kind = codec::BlobKind::chunk;
    std::size_t bytes = 0;     // likely
    std::vector<Hash> bases;   // said with the want, until a delta against one was no good
    std::uint64_t offset = 0;  // said with them
    Bytes signature;           // said with the want, likewise
    Order order = 0;
    unsigned waiters = 0;           // neighbours that waited for it here
    std::optional<NodeId> home;     // whom its entries came from
    std::optional<NodeId> idle_at;  // waits in that neighbour's queue
    std::vector<NodeId> asked;      // who has our want now
    std::vector<NodeId> tried;      // asked in this round of all neighbours
    bool handed_over = false;
    Instant handed_at{0};
    std::optional<NodeId> from;  // who brought it
    Duration rest = kFirstRest;
    Instant resting_until = kNever;
  };
  struct Asked {
    Instant at;
    bool missing = false;
    bool taken = false;     // from another's queue: it may lack this
    bool standing = false;  // it brought nothing for long and keeps this want: counts no more as bytes under way
  };
  struct Peer {
    std::map<Order, Hash> idle;
    std::unordered_map<Hash, Asked, FixedBytesHash> asked;  // never iterated into output; see asked_order
    std::map<Order, Hash> asked_order;
    std::size_t asked_bytes = 0;
    std::size_t standing = 0;         // of the asked
    std::vector<Hash> cancel, again;  // to say with the next message
    Instant progress{0};
    Instant next_check{0};
    double rate = 0;  // bytes per second it brings while asked; 0: not known
    Instant rate_since{0};
    std::size_t rate_bytes = 0;
    Instant proven_until{0};
    std::size_t taken = 0;  // asked
    Instant next_probe{0};
    Duration probe_rest = kFirstProbeRest;
  };

  template <class T>
  static bool contains(const std::vector<T>& list, const T& one) {
    return std::find(list.begin(), list.end(), one) != list.end();
  }
  void add(const codec::local::NeedBlobs::Need& need, const std::optional<NodeId>& source, Instant now);
  [[nodiscard]] std::optional<NodeId> next_target(const Need& need, const std::optional<NodeId>& first) const;
  void make_idle(const Hash& hash, Need& need, const std::optional<NodeId>& first, Instant now);
  void unask(const NodeId& who, const Hash& hash, Need& need, bool cancel);
  void leave_idle(Need& need);
  void finish(const Hash& hash);
  void ask(const NodeId& who, Peer& peer, Instant now);
  void check_progress(const NodeId& who, Peer& peer, Instant now);
  void give_up_on(const NodeId& who, const Hash& hash, Instant now);
  void let_stand(Peer& peer, const Hash& hash, Instant now);
  void ask_for_standing(const NodeId& who, Instant now);
  void wake_resting(const NodeId& first, Instant now);
  void requeue(const NodeId& who, const Peer& before, const std::optional<NodeId>& first, Instant now);
  void take_over(const NodeId& who, Peer& peer, Instant now);
  void note_rate(Peer& peer, std::size_t bytes, Instant now);
  [[nodiscard]] std::size_t room(const Peer& peer) const;
  void take_back(Need& need);
  void note_handed_over(const Hash& hash, Need& need, const std::optional<NodeId>& from, Instant now);
  [[nodiscard]] bool may_bring(const NodeId& from, Need& need, const codec::Blob& blob);
  [[nodiscard]] codec::WantBlobs::Want want_of(const NodeId& who, const Hash& hash, const Need& need) const;
  // What is remembered of a neighbour beyond its sessions: content asked for in one may come over the one before.
  struct Record {
    Faults faults;
    std::uint64_t credit = 0;  // blobs it may bring: one per want that was said
  };
  static void forget_bases(Need& need);
  Record& record(const NodeId& who);
  void hand_over(std::vector<codec::Blob> blobs, const std::string& from);

  Mail& mail_;
  Store& store_;
  BlobCache& cache_;
  std::unordered_map<Hash, Need, FixedBytesHash> needs_;  // looked up only
  std::map<NodeId, Peer> peers_;
  std::map<std::pair<Instant, Order>, Hash> resting_;
  std::deque<std::pair<Instant, Hash>> handed_;  // in the order of handing over; outcomes make entries stale
  std::map<NodeId, Record> records_;
  Order next_order_ = 0;
  std::size_t budget_ = kAskedBytes / 4;
  std::uint64_t unneeded_bytes_ = 0;
  std::size_t handed_bytes_ = 0;  // likely bytes that fsd has in hand
};

}  // namespace meshfs::syncd
