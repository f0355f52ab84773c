// What goes through one bulletin: an engine of the mesh that shows each node's few pages to all others, seconds later, the last
// value wins (transport/port/bulletin.h). No messages and no sessions: each node's last page tells a state (its sets, what it
// lacks, whose pages it has seen), the other pages carry pieces of what somebody lacks. So one publication serves all, and
// whatever was missed shows in the next state. Owned by Life, one per bulletin.
//
// - News of ours is published at once; news from links after a while, unless it showed here meanwhile.
// - Who lacks items says so by cells of its sketch; who lacks blobs, by naming them, at first whole, then the missing parts. Of
//   those who could bring it one begins, chosen by hash so that all choose alike; the next one only where nothing came.
// - A piece stays until those who want it have seen it. Then others take its place: a sliding window with selective repair.
// - Who is linked to us by sessions, over however many nodes, needs no bulletin: for them nothing is published.
// - Pages change at most every `pace`, else nobody far away would ever see one whole; one more may go at once if it is news.
#pragma once

#include <memory>

#include "syncd/core/assembly.h"
#include "syncd/core/fetcher.h"
#include "syncd/core/gossip.h"
#include "syncd/core/reconciler.h"
#include "syncd/core/shelf.h"

namespace meshfs::syncd {

class Board {
 public:
  static constexpr std::size_t kMaxPeers = 256;
  static constexpr Duration kGather = milliseconds(300);  // what comes together is said together
  // To say that all is well, or with whom we are linked, waits so long, and up to twice that: nobody needs it.
  static constexpr Duration kLazy = seconds(30);
  static constexpr Duration kLinked = seconds(20);
  // What came here after a peer's state is likely to come there too: its next state is waited for.
  static constexpr Duration kStale = kLazy * 3;
  static constexpr Duration kWorking = seconds(60);  // it brought something so lately
  static constexpr unsigned kMostDoubled = 16, kDoublings = 2;
  static constexpr Duration kLongestSlice = seconds(900);
  static constexpr Duration kSettle = seconds(2);  // pages of one change come one by one
  // An item that was published is so again if it is still lacking, after a pause that doubles: who refuses it lacks it for ever.
  static constexpr Duration kLeastAskAgain = seconds(10), kAskAgain = seconds(90), kLongestAskAgain = seconds(7200);
  static constexpr Duration kTold = seconds(60);  // so long after a change the state tells of its sets
  static constexpr Duration kHush =
      seconds(180);  // all is well for so long: an engine that repeats for ever gets nothing to
  static constexpr Duration kRemember = seconds(3600);  // who was hushed counts as there
  static constexpr Duration kGoneAfter = seconds(300);  // a letter of which nothing more comes
  static constexpr std::size_t kMaxLater = 256;         // news that wait for others
  static constexpr std::size_t kMaxHeard = 4096;        // keys of news seen here
  static constexpr std::size_t kItemsAtOnce = 256;      // asked of fsd
  static constexpr std::size_t kBlobsEach = 4;          // of one peer's wants, under way from fsd or on the shelf
  static constexpr std::size_t kMaxLookups = 32;

  struct Self {
    NodeId node;
    std::uint32_t* version;  // of our pages, counts on when fsd comes back
    crypto::LinkKey network_key;
    std::function<codec::Beacon(Instant)> beacon;
    std::vector<codec::PageAddress> addresses;
  };
  struct Parts {
    Mail& mail;
    Links& links;
    Store& store;
    BlobCache& cache;
    Gossip& gossip;
    Reconciler& reconciler;
    Fetcher& fetcher;
    std::uint64_t& next_request;
  };
  Board(BulletinId id, const transport::BulletinTraits& traits, Self self, const Parts& parts, Rng rng);

  void on_page(const transport::BulletinAuthor& author, std::size_t number, ByteView bytes, Instant now);
  void on_gone(const transport::BulletinAuthor& author, Instant now);
  // It goes out to neighbours now. `own`: made here.
  void on_news(const News& news, const HeaderHash& key, const std::vector<SharedBlob>& along, bool own, Instant now);
  // False: of no request of ours.
  bool on_items_found(const codec::local::ItemsFound& found, Instant now);
  bool on_blobs_found(const codec::local::BlobsFound& found, Instant now);
  void set_health(const transport::BulletinHealth& health) { health_ = health; }
  void set_addresses(std::vector<codec::PageAddress> addresses) { self_.addresses = std::move(addresses); }
  // Something changed: sets, needs, sessions.
  void look_soon(Instant now) { next_look_ = std::min(next_look_, now + milliseconds(50)); }
  Instant tick(Instant now);

  [[nodiscard]] std::size_t peers() const { return peers_.size(); }
  // Who was heard here, is not linked to us, and says where it accepts streams.
  struct Reachable {
    NodeId node;
    std::uint16_t tcp_port = 0;
    std::vector<codec::PageAddress> addresses;
  };
  [[nodiscard]] std::vector<Reachable> reachable() const;
  [[nodiscard]] std::string json(Instant now) const;
  struct Counts {
    std::uint64_t changes = 0, pages_in = 0, bad_pages = 0, placed_bytes = 0, repeated_bytes = 0;
  };
  [[nodiscard]] Counts counts() const;

 private:
  struct Peer {
    NodeId id;
    codec::NodeTag tag = 0;
    std::string author;  // key
    codec::PageHead head;
    std::uint32_t version = 0;  // of its newest page that came
    std::uint32_t head_version = 0;
    std::map<std::size_t, std::uint32_t> pages;  // versions, by place
    std::uint32_t brought = 0;                   // the newest of them that brought something
    Instant head_at{0}, heard_at{0};
    Instant brought_at{-seconds(3600).ns};  // pieces
    std::uint32_t told_seen = 0;            // of our versions, the newest it told to have seen
    bool gone = false;                      // hushed, not forgotten
    bool outside = true;                    // no chain of sessions leads there
    // What its state says beside our sets; as of these changes of ours.
    std::uint64_t compared = UINT64_MAX;
    struct Lack {
      codec::ItemId id;
      std::uint64_t number;
      bool from_head;  // it lacked it when its state came; else that may have come there since as it came here
    };
    std::vector<Lack> lacks;
    std::map<SetId, std::uint64_t> apart;  // that so many ids differ, its cells told lately
    bool has_more = false;                 // than we, as far as we know
    bool served = false;                   // it wants what is on our shelf
    bool unclear = false;
    std::map<std::uint64_t, Instant> wanted;  // blobs, by number: since when
  };
  void on_head(Peer& peer, codec::PageHead head, Instant now);
  void take(const NodeId& from, const Bytes& letter, Instant now);
  void note_heard(const codec::NewsKey& key);

  // board_serve.cc: what others lack
  void find_outside();
  void compare(Peer& peer);
  [[nodiscard]] bool agrees(const Peer& peer) const;
  [[nodiscard]] std::size_t rank(std::uint64_t what, const std::function<bool(const Peer&)>& may) const;
  void serve(Instant now);
  void serve_items(Peer& peer, Instant now, std::vector<std::uint64_t>& wanted);
  void serve_blobs(Peer& peer, Instant now, std::vector<Hash>& wanted);
  void put_letter(const codec::Message& message, std::uint64_t blob, Shelf::Kind kind, bool urgent);
  void tick_later(Instant now);

  // board_state.cc: what we say
  [[nodiscard]] codec::PageHead state(Instant now) const;
  void fill_sets(codec::PageHead& head, Instant now) const;
  [[nodiscard]] std::vector<codec::PageWant> wants() const;
  [[nodiscard]] Instant due(const codec::PageHead& head, Instant now);
  void publish(codec::PageHead head, Instant now);
  [[nodiscard]] bool under_way(const codec::PageHead& head, Instant now) const;
  [[nodiscard]] bool hushed(const codec::PageHead& head, Instant now);
  [[nodiscard]] bool waits_for_word(const codec::PageHead& head) const;
  [[nodiscard]] static std::uint32_t seen_of(const Peer& peer);
  [[nodiscard]] bool works_with_us(const Peer& peer, Instant now) const;
  [[nodiscard]] Instant may_change_at(Instant now) const;
  [[nodiscard]] Duration pace() const;
  [[nodiscard]] Duration patience() const;
  [[nodiscard]] std::uint32_t seen_of_us(const Peer& peer) const;
  [[nodiscard]] bool anybody_outside() const;

  BulletinId id_;
  std::vector<std::uint32_t> page_versions_;  // of ours but the last; 0: empty
  transport::BulletinTraits traits_;
  Self self_;
  codec::NodeTag tag_;
  crypto::SivKey key_;
  Parts parts_;
  Rng rng_;
  Shelf shelf_;
  Assembly assembly_;
  std::map<NodeId, Peer> peers_;
  std::map<std::string, NodeId> authors_;
  std::map<codec::NewsKey, Instant> heard_;  // on this bulletin; at most kMaxHeard
  std::deque<codec::NewsKey> heard_order_;
  struct Later {
    Instant at;
    News news;
    codec::NewsKey key;
  };
  std::deque<Later> later_;
  struct Brought {
    Instant next;
    Duration pause;
  };
  std::map<codec::ItemId, Brought> asked_items_;  // not published again before; at most kMaxHeard
  std::set<std::uint64_t> item_requests_, blob_requests_;
  std::map<std::uint64_t, Instant> blobs_asked_;  // of fsd, by number: not again before
  std::map<std::uint64_t, Instant> blobs_heard_;  // pieces of them were published by others

  transport::BulletinHealth health_;
  codec::PageHead said_;  // the last state that was published
  bool said_anything_ = false;
  Instant changed_at_{-seconds(3600).ns};  // our pages
  std::uint32_t placed_version_ = 0;       // with which pieces changed
  bool urgent_spent_ = false;
  Instant differs_since_ = kNever, lazy_at_ = kNever, due_since_ = kNever, quiet_since_ = kNever, next_look_{0};
  bool looked_for_more_ = false;
  Instant pull_at_{0};
  std::uint64_t slice_ = 1, said_slice_ = 0;  // of ids whose cells are told, where there is no room for all
  Instant slice_until_{0};
  // How long until other ids are told when the last ones brought nothing: some differences never end, since one side refuses them.
  Duration next_slice_{};
  std::uint64_t changes_then_ = 0;   // of our sets, at the last change of pages
  unsigned doubled_ = 0;             // eight cells, doubled so often, at least: somebody could not do with fewer
  std::uint32_t doubled_since_ = 0;  // our version
  struct Published {
    std::uint32_t version;
    Instant at;
  };
  std::deque<Published> published_;
  Duration ack_takes_{};
  Counts counts_;
};

}  // namespace meshfs::syncd
