// Finds any difference between our sets and a neighbour's, after a new session or when its beacon shows one, and
// repairs it both ways. Range-based (Meyer 2022): compare sums of ranges, split those that differ 16-way, name ids where
// few are left. The responder is stateless; whoever sees the other's ids of a range sends what that one lacks and wants
// what itself lacks. A round that was cut short (limits, lost session) leaves a difference, and the next round finds it.
// Owned by Node.
#pragma once

#include <deque>
#include <map>

#include "syncd/core/fsd_requests.h"
#include "syncd/core/held_dictionaries.h"
#include "syncd/core/item_set.h"
#include "syncd/core/mail.h"
#include "syncd/core/ports.h"

namespace meshfs::syncd {

class Reconciler {
 public:
  static constexpr std::uint64_t kLeafItems = 32;  // ids are named from here on down
  static constexpr std::size_t kSplit = 16;
  static constexpr Duration kQuiet = milliseconds(300);  // news under way explain a difference for so long
  static constexpr Duration kBusyLimit = seconds(3);     // steady news: compare nevertheless after this
  static constexpr Duration kFirstPause = seconds(1);    // between rounds, doubling while they bring nothing
  static constexpr Duration kLongestPause = seconds(60);
  // Neighbours whose beacons we don't hear for kBeaconless, four longest gaps between them, are compared with after kSilentCheck, then
  // eight times as late each time while nothing changes: on links that lose most beacons nothing else would ever be quiet.
  static constexpr Duration kSilentCheck = seconds(32);
  static constexpr Duration kRarestCheck = seconds(3600);
  static constexpr Duration kBeaconless = seconds(192);
  static constexpr std::size_t kMaxPushQueue = 16384;   // items to send per neighbour; the rest in the next round
  static constexpr std::size_t kItemsPerRequest = 128;  // ~100 KiB of proven entries; fsd answers in one message
  static constexpr std::size_t kMaxRequests = 2;        // to fsd at a time, per neighbour
  static constexpr std::size_t kMaxAsked = 16384;       // ids asked of anybody lately, per set
  static constexpr Duration kAskAgain = seconds(2);

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
  // `beacon_at`: when its last beacon was heard, if ever.
  void on_session(const NodeId& who, std::optional<Instant> beacon_at, Instant now);
  void on_session_end(const NodeId& who) { peers_.erase(who); }
  void on_summary(const NodeId& who, const std::vector<codec::SetSummary>& theirs, Instant now);
  void on_reconcile(const NodeId& from, const codec::Reconcile& message, Instant now);
  void on_want_items(const NodeId& from, const codec::WantItems& message);
  void on_items_found(codec::local::ItemsFound& found);
  Instant tick(Instant now, bool news_under_way);
  // There are items to send and room for them: sessions have sent what blocked them.
  [[nodiscard]] bool hungry() const;

  [[nodiscard]] std::vector<codec::SetSummary> summaries() const;
  [[nodiscard]] bool in_sync(const NodeId& who, SetId set) const;
  [[nodiscard]] std::uint64_t rounds() const { return rounds_; }

 private:
  static constexpr std::size_t kSets = kAllSets.size();
  struct Comparison {
    enum class State : std::uint8_t { unknown, differs, equal } state = State::unknown;
    Instant since{0};     // of this state
    Instant check_at{0};  // next round not before
    Instant last_round{0};
    Duration pause = kFirstPause;
    Duration silent = kSilentCheck;  // until the next check of one whose beacons we don't hear
    std::uint64_t changes = 0;       // our set's change count at the last round
  };
  struct Peer {
    std::array<Comparison, kSets> sets;
    std::optional<Instant> summary_at;  // last heard a beacon
    std::deque<std::uint64_t> push;
    std::size_t requests = 0;
  };
  static std::size_t index(SetId set) { return static_cast<std::size_t>(set); }
  void set_state(const NodeId& who, Peer& peer, SetId set, bool equal, Instant now);
  void start_round(const NodeId& who, Comparison& comparison, SetId set, Instant now);
  void answer(const NodeId& to, SetId set, const codec::Range& theirs, std::vector<codec::Range>& out);
  void compare_ids(const NodeId& from, Peer& peer, SetId set, const codec::Range& theirs, Instant now);
  void send_ranges(const NodeId& to, SetId set, std::vector<codec::Range> ranges, bool reply_to_whole);
  void want(const NodeId& from, SetId set, const std::vector<codec::ItemId>& ids, Instant now);
  void queue_push(Peer& peer, const std::vector<ItemSet::Item>& items);
  [[nodiscard]] bool has_room(const NodeId& who, const Peer& peer) const;
  void pump(const NodeId& who, Peer& peer);

  NodeId self_;
  Mail& mail_;
  Store& store_;
  const HeldDictionaries& dictionaries_;
  Salt salt_;
  std::array<ItemSet, kSets> sets_;
  std::array<std::uint64_t, kSets> changes_{};
  std::array<Instant, kSets> changed_at_{};
  std::array<std::map<codec::ItemId, Instant>, kSets> asked_;
  std::map<NodeId, Peer> peers_;
  FsdRequests requests_;
  std::uint64_t& next_request_;
  std::uint64_t rounds_ = 0;
};

}  // namespace meshfs::syncd
