// What a Node is made of, and who hears of what: messages from neighbours and from fsd go to the part they concern.
// Internal to the core.
#pragma once

#include "syncd/core/board.h"
#include "syncd/core/fetcher.h"
#include "syncd/core/gossip.h"
#include "syncd/core/held_dictionaries.h"
#include "syncd/core/neighbours.h"
#include "syncd/core/node.h"
#include "syncd/core/questions.h"
#include "syncd/core/reconciler.h"
#include "syncd/core/server.h"

namespace meshfs::syncd {

// Everything that exists only while fsd is there: made at Welcome, gone with the socket.
class Life : public Neighbours::Events {
 public:
  static constexpr Duration kReportEvery = seconds(2);  // while messages pass or neighbours come and go
  static constexpr Duration kReportRest = seconds(8);   // so much later in silence: only `last heard` moves
  static constexpr Duration kVoteEvery = seconds(60);
  // Nodes that only a bulletin shows are dialled, so few at a time: each that answers joins all that are behind it. The smaller id
  // begins; the other one after a while, since only one of the two may be let through.
  static constexpr Duration kDialEvery = seconds(5);
  static constexpr std::size_t kMaxDialled = 3;
  static constexpr Duration kLargerWaits = seconds(40);
  static constexpr Duration kFirstRedial = seconds(60), kLongestRedial = seconds(3600);

  Life(Links& links, Store& store, const std::map<LinkId, transport::LinkTraits>& traits,
       const codec::local::Welcome& welcome, const codec::Nonce& boot, const crypto::LinkKey& seed,
       std::uint16_t tcp_port, Rng rng, Neighbours::Totals& totals);

  void add_bulletin(BulletinId id, const transport::BulletinTraits& traits, std::uint32_t& version,
                    std::vector<codec::PageAddress> addresses);
  [[nodiscard]] Board* board(BulletinId id);

  void on_fsd(codec::local::ToSyncd message, Instant now, const std::vector<Path>& peers, const std::set<Path>& up);
  Instant tick(Instant now);
  // Before the snapshot is complete our sums would be wrong: nothing is said or heard.
  [[nodiscard]] bool ready() const { return ready_; }
  [[nodiscard]] Neighbours& neighbours() { return neighbours_; }
  [[nodiscard]] std::string peers_json(Instant now) const;
  void fill(Node::Stats& stats) const;
  [[nodiscard]] std::vector<codec::SetSummary> summaries() const { return reconciler_.summaries(); }

  void on_session(const NodeId& who, Instant now) override;
  void on_session_end(const NodeId& who, Instant now) override;
  void on_message(const NodeId& who, codec::Message message, Instant now) override;
  void on_news(const NodeId& who, LinkId link, codec::News news, Instant now) override;
  void on_beacon(const NodeId& who, const codec::Beacon& beacon, Instant now) override;
  [[nodiscard]] bool agrees(const codec::Beacon& beacon) const override { return reconciler_.agrees(beacon); }
  codec::Beacon beacon(Instant now) override;

 private:
  void on_stored(const codec::local::BlobsStored& outcome, Instant now);
  void on_question(const NodeId& who, const codec::Question& question, Instant now);
  void on_push(const NodeId& who, codec::Push push, Instant now);
  void look_at_boards(Instant now);
  Instant dial(Instant now);
  Instant vote(Instant now);
  Instant report(Instant now);
  [[nodiscard]] std::string peer_json(const Neighbour& neighbour, Instant now) const;

  void measure_rates(Instant now);

  Links& links_;
  Store& store_;
  const Neighbours::Totals& totals_;
  codec::local::Welcome welcome_;
  codec::Nonce boot_;
  std::uint16_t tcp_port_;
  bool ready_ = false;
  BlobCache cache_;
  std::uint64_t next_request_ = 1;  // of GetItems and GetBlobs alike
  Neighbours neighbours_;
  HeldDictionaries dictionaries_;
  Gossip gossip_;
  Reconciler reconciler_;
  Fetcher fetcher_;
  Server server_;
  Questions questions_;
  std::map<BulletinId, std::unique_ptr<Board>> boards_;
  struct Dialled {
    Instant next;
    Duration backoff = kFirstRedial;
    std::size_t address = 0;  // of those it says, counted on
  };
  std::map<NodeId, Dialled> dialled_;  // those shown now; Board::kMaxPeers for each bulletin
  Instant next_dial_{0};
  std::optional<NodeId> source_;  // who brought what fsd took in last
  struct Clock {
    codec::local::NetworkTime told;
    Instant at;
  };
  std::optional<Clock> clock_;
  std::map<NodeId, Instant> pinged_;
  std::map<NodeId, Duration> ping_rtt_;
  struct Rate {  // over the time between the last two reports
    std::uint32_t session = 0;
    Instant at{0};
    std::uint64_t bytes_in = 0, bytes_out = 0;  // of the session so far
    std::uint64_t in_per_s = 0, out_per_s = 0;
  };
  std::map<NodeId, Rate> rates_;  // of neighbours in session
  Instant next_vote_{0}, next_report_{0};
  std::size_t voters_ = 0;
  std::uint64_t reported_said_ = 0;
  std::size_t reported_sessions_ = 0;
};

}  // namespace meshfs::syncd
