// News: our own commits go to every neighbour at once; what neighbours send is offered to fsd and, once fsd accepted
// it, goes on at once to all who are not known to have it: in their sessions, or by broadcast (Casts) where at least three
// are near on one link. Owned by Life.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>

#include "syncd/core/casts.h"
#include "syncd/core/held_dictionaries.h"
#include "syncd/core/mail.h"
#include "syncd/core/ports.h"

namespace meshfs::syncd {

class Gossip {
 public:
  // Bundles remembered with who has them: ten seconds at 800 commits/s. Forgotten ones may be sent twice, no more.
  static constexpr std::size_t kMaxRecent = 8192;
  // Offers that fsd has not judged yet; beyond, a push is dropped and reconciliation brings it later.
  static constexpr std::size_t kMaxOffers = 4096;
  static constexpr std::size_t kMaxOfferBytes = 16 * 1024 * 1024;
  // An accepted push waits so long for fsd to store the blobs that came with it, then goes on without. On a busy machine that is
  // some milliseconds, and who gets the push without them must ask for each: later than this, and 70 bytes more.
  static constexpr Duration kBlobPatience = milliseconds(20);
  // Held waits so long for others to go with it: alone each is a frame and two packets, as much as a third of a small commit.
  static constexpr Duration kHeldPatience = milliseconds(20);

  // Who was told that we lack an item sends it; others who ask meanwhile are told nothing, or it would come twice. So long at
  // least, and eight times what a hop takes.
  static constexpr Duration kLackPatience = milliseconds(60);
  static constexpr std::size_t kMaxLacked = 1024;  // items; beyond, nobody is told
  // What one without a session says to have, and what did not come from others by then, shows that it should be in session.
  static constexpr Duration kForeignPatience = milliseconds(250);
  static constexpr std::size_t kMaxForeign = 256;

  Gossip(Mail& mail, Airs& airs, Store& store, BlobCache& cache, const HeldDictionaries& dictionaries,
         NetworkId network, Rng rng)
      : mail_(mail),
        airs_(airs),
        store_(store),
        cache_(cache),
        dictionaries_(dictionaries),
        network_(network),
        casts_(airs, rng) {}

  // Hears of each item when it goes out to neighbours: what came, and what is ours.
  using OnNews = std::function<void(const News& news, const HeaderHash& key, const std::vector<SharedBlob>& along,
                                    bool own, Instant now)>;
  void set_listener(OnNews listener) { listener_ = std::move(listener); }

  void on_publish(codec::local::Publish publish, Instant now);
  void on_news(const NodeId& from, LinkId link, codec::News news, Instant now);
  void on_push(const NodeId& from, codec::Push push, Instant now);
  // Gives who sent the offer, for the fetcher: content is best asked of whom the entry came from.
  std::optional<NodeId> on_judged(codec::local::Judged judged, Instant now);
  void on_durable(const codec::local::Durable& durable, Instant now);
  void on_held(const NodeId& from, const codec::Held& held) { held_[from] += held.headers.size(); }
  void on_stored(const Hash& blob, Instant now);
  void on_session(const NodeId& who);
  void on_session_end(const NodeId& who) { casts_.on_session_end(who); }
  Instant tick(Instant now);

  [[nodiscard]] std::size_t waiting() const { return offers_.size() + casts_.size(); }
  [[nodiscard]] const Casts::Counts& cast_counts() const { return casts_.counts(); }
  [[nodiscard]] std::uint64_t pushes() const { return pushes_; }
  [[nodiscard]] std::uint64_t held_by(const NodeId& who) const {
    const auto it = held_.find(who);
    return it == held_.end() ? 0 : it->second;
  }

 private:
  using Key = HeaderHash;  // codec::identity_of: a commit is the same in its plain and its squeezed form
  struct Recent {
    std::set<NodeId> have;
    bool accepted = false;
    std::size_t copies = 0;  // heard by broadcast
    // Hashes of the bytes offered under this key and not judged yet: what only claims to be that commit must not keep the
    // real one out. At most kMaxClaims, then it is left to reconciliation.
    std::vector<HeaderHash> offered;
  };
  static constexpr std::size_t kMaxClaims = 4;
  enum class Form : std::uint8_t { none, plain, squeezed };
  // Where an item came from, so that it need not go back there; nothing: from here.
  struct Origin {
    NodeId from;
    std::optional<LinkId> link;  // that it was broadcast on
  };
  struct Offer {
    Origin origin;
    std::vector<codec::Bundle> bundles;
    std::vector<Key> keys;
    std::vector<Hash> blobs;  // came along
    std::size_t bytes = 0;
    bool repair = false;  // no Held is owed
  };
  struct Forward {  // accepted, waits for its blobs to be stored
    std::vector<News> news;
    std::vector<Key> keys;
    std::vector<Hash> blobs;
    std::set<Hash> missing;
    Instant at;
    Origin origin;
  };
  Recent& recent(const Key& key);
  Recent* recent_by(const codec::NewsKey& key);
  void forget(const Key& key);
  [[nodiscard]] bool offer_again(const Recent& known, const codec::Bundle& bundle) const;
  static News news_of(codec::Bundle bundle, Bytes plain);
  void take_offer(const Origin& origin, codec::Push push);
  void answer(const NodeId& to, LinkId link, const std::vector<codec::NewsKey>& keys, Instant now);
  [[nodiscard]] Form form_for(const NodeId& who, const News& news) const;
  void forward(std::vector<News> news, const std::vector<Key>& keys, const std::vector<SharedBlob>& along,
               const std::optional<Origin>& origin, Instant now);
  // Gives who gets it by broadcast.
  std::set<NodeId> cast(const std::vector<Air>& airs, const SharedParcel& parcel, const Key& key,
                        const std::optional<Origin>& origin, Instant now);
  const codec::Bundle* form_for_all(const std::vector<NodeId>& near, const News& news) const;
  [[nodiscard]] std::vector<SharedBlob> verified(const std::vector<Hash>& blobs) const;
  void send_push(const std::vector<NodeId>& to, const std::vector<const codec::Bundle*>& bundles,
                 const std::vector<SharedBlob>& blobs, Priority priority);

  Mail& mail_;
  Airs& airs_;
  Store& store_;
  BlobCache& cache_;
  const HeldDictionaries& dictionaries_;
  NetworkId network_;
  std::map<Key, Recent> recent_;
  std::deque<Key> recent_order_;
  std::map<std::uint64_t, Offer> offers_;
  std::size_t offer_bytes_ = 0;
  std::uint64_t next_offer_ = 1;
  struct Accepted {
    NodeId from;
    std::vector<HeaderHash> headers;
  };
  std::map<std::uint64_t, Accepted> undurable_;  // accepted offers whose Held is owed; at most kMaxOffers
  std::deque<Forward> forwards_;
  Instant tick_casts(Instant now);
  void send_owed(const NodeId& to, std::vector<HeaderHash>& headers);

  std::map<NodeId, std::uint64_t> held_;
  std::map<NodeId, std::vector<HeaderHash>> owed_;  // Held to say at owed_at_; at most kMaxHeld each
  Instant owed_at_ = kNever;
  Casts casts_;
  std::map<codec::NewsKey, Instant> lacked_;  // asked for by us, until
  struct Foreign {
    NodeId who;
    Instant until;
  };
  void watch_foreign(const NodeId& who, const codec::NewsKey& key, Instant now);
  Instant tick_foreign(Instant now);
  std::map<codec::NewsKey, Foreign> foreign_;
  std::uint64_t pushes_ = 0;  // messages
  OnNews listener_;
};

}  // namespace meshfs::syncd
