// Finds any difference between our sets and a neighbour's, after a new session or when its beacon shows one, and
// repairs it both ways. Four layers, each falling to the next:
// 1. the cells of its sketch that came in its beacon: a few differences need no question at all;
// 2. more cells, asked for by number (WantCells): bytes follow the difference, whatever the sets' size (sketch.h);
// 3. cells of slices, where more differs than the sketch can hold: a sweep through the id space (sweep.h), each slice's cells made when
//    they are asked for, or its ids named where that is shorter;
// 4. ranges (Meyer 2022): compare sums of ranges, split those that differ 16-way, name ids where few are left. For small sets, where one
//    has little of what the other has, and where cells did not do: what was decoded must give the neighbour's sums, else it lied.
// All answers are stateless; whoever knows the difference sends what the other lacks and wants what it lacks itself. A round
// that was cut short (limits, lost session) leaves a difference, and the next round finds it. Owned by Node.
#pragma once

#include <deque>
#include <map>
#include <set>

#include "syncd/core/fsd_requests.h"
#include "syncd/core/held_dictionaries.h"
#include "syncd/core/item_set.h"
#include "syncd/core/mail.h"
#include "syncd/core/ports.h"
#include "syncd/core/sketch.h"
#include "syncd/core/sweep.h"
#include "syncd/core/token_bucket.h"

namespace meshfs::syncd {

class Reconciler {
 public:
  static constexpr std::uint64_t kLeafItems = 32;  // ids are named from here on down
  static constexpr std::size_t kSplit = 16;
  static constexpr Duration kQuiet = milliseconds(300);  // news under way explain a difference for so long
  // Many hear the same beacon. What the first of them gets reaches the others as news, so each has its turn: up to a second.
  static constexpr std::size_t kFewNeighbours = 2;
  static constexpr Duration kTurn = milliseconds(4);   // times a byte of the own id
  static constexpr Duration kBusyLimit = seconds(3);   // steady news: compare nevertheless after this
  static constexpr Duration kFirstPause = seconds(1);  // between rounds, doubling while they bring nothing
  static constexpr Duration kLongestPause = seconds(60);
  static constexpr Duration kAfterRepair = seconds(3);  // by then its beacon told that all is well
  static constexpr Duration kTold = seconds(60);        // so long after a change beacons tell of that set
  static constexpr Duration kFreshCells = seconds(5);   // cells of a beacon
  static constexpr std::uint32_t kBeaconCells = 20;     // ten differences fit eight times in ten
  static constexpr std::uint32_t kFirstCells = 24;      // asked for when no beacon brought any
  static constexpr std::uint64_t kMostByCells = 1400;   // differences: more need more cells than there are
  static constexpr std::uint32_t kTellingCells = 800;   // if none of the last of these is empty, more differ than that
  static constexpr std::size_t kMaxPushQueue = 16384;   // items to send per neighbour; the rest in the next round
  // In the order of their numbers, so that entries of one commit meet in one request: with half of it wanted fsd gives the whole
  // commit, a third shorter than its entries each with a proof. One request at a time: the next begins with what had no room.
  static constexpr std::size_t kItemsPerRequest = codec::local::kMaxGetItems;
  static constexpr Duration kGather = milliseconds(50);  // wants of one round come in several messages
  static constexpr Duration kLongestGather = milliseconds(500);
  static constexpr std::size_t kMaxRequests = 1;   // to fsd at a time, per neighbour
  static constexpr std::size_t kMaxAsked = 16384;  // ids asked of anybody lately, per set
  // Who brings what it was asked for is not asked again, nor is another one; so long without any of it, it does not.
  static constexpr Duration kAskAgain = seconds(2);
  static constexpr Duration kBringing = seconds(1);  // it sent items so lately: the difference is on its way
  static constexpr Duration kLongBringing = seconds(30);
  static constexpr std::size_t kMostOfHalf =
      16;  // items sent for one upper half; of honest ids two share one hardly ever
  // What one neighbour may have computed for it: 10 answers of cells a second, 22 kB each at most; 100 messages of ranges,
  // each of which sums over a set once (1 million items: 0.1 ms). Beyond, they go unanswered and the next round asks again.
  static constexpr TokenBucket::Limits kCellAnswers{32, milliseconds(100)};
  static constexpr TokenBucket::Limits kRangeAnswers{256, milliseconds(10)};
  // Slices cost what they walk over: 51,200 items a second, a million at once (1 us each on a PC), for answers and for our own questions.
  static constexpr std::uint64_t kWalkItems = 1024;
  static constexpr TokenBucket::Limits kWalks{1536, milliseconds(20)};
  // Fewer, so that who answers does not run out first.
  static constexpr TokenBucket::Limits kOwnWalks{1024, milliseconds(20)};
  // In one answer; they may have fewer there than we.
  static constexpr std::uint64_t kMostWalked = 2 * Sweep::kMostItems;
  static constexpr Duration kSlicePatience = seconds(10);  // for an answer, while nothing else comes either
  // While a search goes on, what it found waits: entries of one commit lie in many slices.
  static constexpr Duration kSearching = milliseconds(500);  // since the neighbour's last question
  static constexpr Duration kLongestSearch = seconds(5);
  // To send or asked for: then a search rests. What is open may add some thousand, below the limits of both tables.
  static constexpr std::size_t kMostFound = std::min(kMaxPushQueue, kMaxAsked) - Sweep::kMostOpen * Sweep::kMostCells;

  Reconciler(const NodeId& self, Mail& mail, Store& store, const HeldDictionaries& dictionaries, const Salt& salt,
             std::uint64_t& next_request)
      : self_(self),
        mail_(mail),
        store_(store),
        dictionaries_(dictionaries),
        salt_(salt),
        next_request_(next_request) {}

  // True if a set changed.
  bool on_items(const codec::local::Items& items, Instant now);
  void on_session(const NodeId& who, Instant now);
  void on_session_end(const NodeId& who);
  // A beacon of a neighbour in session.
  void on_beacon(const NodeId& who, const codec::Beacon& beacon, Instant now);
  void on_want_cells(const NodeId& from, const codec::WantCells& message, Instant now);
  void on_cells(const NodeId& from, codec::Cells message, Instant now);
  void on_reconcile(const NodeId& from, const codec::Reconcile& message, Instant now);
  void on_want_items(const NodeId& from, const codec::WantItems& message, Instant now);
  void on_items_found(codec::local::ItemsFound& found);
  // It sent items, asked for or not.
  void on_brought(const NodeId& who, Instant now);
  Instant tick(Instant now, bool news_under_way);
  // There are items to send and room for them: sessions have sent what blocked them.
  [[nodiscard]] bool hungry(Instant now) const;

  [[nodiscard]] std::vector<codec::SetSummary> summaries() const;
  // What our beacon says of the sets: always a fingerprint; after a change or a difference also which, with cells.
  void fill(codec::Beacon& beacon, Instant now) const;
  // Does it tell the state that we are in?
  [[nodiscard]] bool agrees(const codec::Beacon& beacon) const;
  [[nodiscard]] bool in_sync(const NodeId& who, SetId set) const;
  [[nodiscard]] std::uint64_t rounds() const { return rounds_; }

  // For bulletins, which compare in their own time.
  [[nodiscard]] const ItemSet& items(SetId set) const { return ours(set).items; }
  // Of the ids in [lower, upper), upper 0 stands for 2^64; both 0: all.
  [[nodiscard]] std::vector<codec::SketchCell> cells(SetId set, codec::ItemId lower, codec::ItemId upper,
                                                     std::uint32_t number) const;
  // Of any set: how often, and when last.
  [[nodiscard]] std::uint64_t changes() const;
  [[nodiscard]] Instant changed_at() const;

 private:
  static constexpr std::size_t kSets = kAllSets.size();
  struct TheirCells {  // the first ones of its sketch, as far as they are here
    ItemSet::Sum of;
    std::vector<codec::SketchCell> cells;
    Instant at{0};
    bool of_beacon = false;
  };
  struct Comparison {
    enum class State : std::uint8_t { unknown, differs, equal } state = State::unknown;
    Instant since{0};     // of this state
    Instant check_at{0};  // next round not before
    Duration pause = kFirstPause;
    std::uint64_t changes = 0;          // our set's change count at the last round
    std::optional<ItemSet::Sum> known;  // what it told last
    TheirCells theirs;
    bool by_ranges = false;  // cells did not do; until the sets were equal
    std::optional<Sweep> sweep;
  };
  struct Peer {
    explicit Peer(Instant now)
        : cell_answers(kCellAnswers, now),
          range_answers(kRangeAnswers, now),
          walks(kWalks, now),
          own_walks(kOwnWalks, now) {}
    std::array<Comparison, kSets> sets;
    std::deque<std::uint64_t> push;
    Instant queued_at{0}, first_queued_at{0};  // the last of them, the first since it was empty
    std::size_t requests = 0;
    std::set<std::uint64_t> pushed;  // queued or sent lately; at most kMaxPushQueue, then duplicates may be sent
    Instant busy_at{0};              // when something was there to be sent
    std::size_t outstanding = 0;     // ids asked of it that did not come yet
    Instant progress_at{0};          // when one came, or the first was asked
    Instant brought_at{0};
    TokenBucket cell_answers, range_answers, walks, own_walks;
    std::optional<Instant> slice_asked_at;  // by it
  };
  struct Ours {
    ItemSet items;
    Sketch sketch;
    std::uint64_t changes = 0;
    Instant changed_at{0}, differed_at{0};
    struct Asked {
      NodeId who;
      Instant at;
    };
    std::map<codec::ItemId, Asked> asked;
  };
  static std::size_t index(SetId set) { return static_cast<std::size_t>(set); }
  [[nodiscard]] Ours& ours(SetId set) { return sets_[index(set)]; }
  [[nodiscard]] const Ours& ours(SetId set) const { return sets_[index(set)]; }
  [[nodiscard]] bool on_its_way(const NodeId& who, const Peer& peer, SetId set, Instant now) const;
  void arrived(Ours& set, codec::ItemId id, Instant now);
  void told(const NodeId& who, Peer& peer, SetId set, const ItemSet::Sum& theirs, Instant now);
  void set_state(const NodeId& who, Peer& peer, SetId set, bool equal, Instant now);
  void start_round(const NodeId& who, Peer& peer, SetId set, Instant now);
  void ask_ranges(const NodeId& who, SetId set);
  void ask_cells(const NodeId& who, SetId set, std::uint32_t first, std::uint32_t number);
  void use_cells(const NodeId& who, Peer& peer, SetId set, Instant now);
  // Of what was decoded for the ids in [lower, upper). False if it does not lead to their sum: then nothing of it is used.
  bool repair(const NodeId& who, Peer& peer, SetId set, const std::vector<codec::ItemId>& ids,
              const Sweep::Slice& where, Instant now);
  [[nodiscard]] bool sweeps(const NodeId& who, const ItemSet::Sum& a, const ItemSet::Sum& b) const;
  void start_sweep(const NodeId& who, Peer& peer, SetId set, std::uint64_t differences, Instant now);
  Instant advance(const NodeId& who, Peer& peer, SetId set, Instant now);
  void ask_slice(const NodeId& who, Peer& peer, SetId set, const Sweep::Slice& slice, Instant now);
  void answer_slice(const NodeId& to, Peer& peer, const codec::WantCells& message, Instant now);
  void on_slice(const NodeId& from, Peer& peer, codec::Cells message, Instant now);
  void use_slice(const NodeId& who, Peer& peer, SetId set, Sweep::Slice& slice, Instant now);
  [[nodiscard]] std::vector<codec::SketchCell> cells_of(SetId set, const Sweep::Slice& where, std::uint32_t first,
                                                        std::uint32_t number) const;
  [[nodiscard]] static bool searching(const Peer& peer, Instant now);
  void answer(const NodeId& to, SetId set, const codec::Range& theirs, std::vector<codec::Range>& out, Instant now);
  std::size_t compare_ids(Peer& peer, SetId set, const codec::Range& theirs, std::vector<codec::ItemId>& lacking,
                          Instant now);
  void send_ranges(const NodeId& to, SetId set, std::vector<codec::Range> ranges, bool reply_to_whole);
  void want(const NodeId& from, SetId set, const std::vector<codec::ItemId>& ids, Instant now);
  void queue_push(Peer& peer, const std::vector<ItemSet::Item>& items, Instant now);
  [[nodiscard]] static bool gathered(const Peer& peer, Instant now);
  [[nodiscard]] bool has_room(const NodeId& who, const Peer& peer) const;
  void pump(const NodeId& who, Peer& peer, Instant now);

  NodeId self_;
  Mail& mail_;
  Store& store_;
  const HeldDictionaries& dictionaries_;
  Salt salt_;
  std::array<Ours, kSets> sets_;
  std::map<NodeId, Peer> peers_;
  FsdRequests requests_;
  std::uint64_t& next_request_;
  std::uint64_t rounds_ = 0;
};

}  // namespace meshfs::syncd
