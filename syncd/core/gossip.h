// News: our own commits go to every neighbour at once; what neighbours send is offered to fsd and, once fsd accepted
// it, goes on at once to all who are not known to have it. Owned by Node.
#pragma once

#include <deque>
#include <map>
#include <set>

#include "syncd/core/blob_cache.h"
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

  Gossip(Mail& mail, Store& store, BlobCache& cache, const HeldDictionaries& dictionaries, NetworkId network)
      : mail_(mail), store_(store), cache_(cache), dictionaries_(dictionaries), network_(network) {}

  void on_publish(codec::local::Publish publish);
  void on_push(const NodeId& from, codec::Push push, Instant now);
  // Gives who sent the offer, for the fetcher: content is best asked of whom the entry came from.
  std::optional<NodeId> on_judged(codec::local::Judged judged, Instant now);
  void on_durable(const codec::local::Durable& durable, Instant now);
  void on_held(const NodeId& from, const codec::Held& held) { held_[from] += held.headers.size(); }
  void on_stored(const Hash& blob);
  void on_session(const NodeId& who);
  Instant tick(Instant now);

  [[nodiscard]] std::size_t waiting() const { return offers_.size(); }
  [[nodiscard]] std::uint64_t held_by(const NodeId& who) const {
    const auto it = held_.find(who);
    return it == held_.end() ? 0 : it->second;
  }

 private:
  using Key = HeaderHash;  // codec::identity_of: a commit is the same in its plain and its squeezed form
  struct Recent {
    std::set<NodeId> have;
    bool accepted = false;
    // Hashes of the bytes offered under this key and not judged yet: what only claims to be that commit must not keep the
    // real one out. At most kMaxClaims, then it is left to reconciliation.
    std::vector<HeaderHash> offered;
  };
  static constexpr std::size_t kMaxClaims = 4;
  // One item in the forms there are of it; at least one. Neighbours get the squeezed one if they can read it.
  struct News {
    std::optional<codec::Bundle> plain, squeezed;
    codec::DictionaryId dictionary;
  };
  enum class Form : std::uint8_t { none, plain, squeezed };
  struct Offer {
    NodeId from;
    std::vector<codec::Bundle> bundles;
    std::vector<Key> keys;
    std::vector<Hash> blobs;  // came along
    std::size_t bytes = 0;
  };
  struct Forward {  // accepted, waits for its blobs to be stored
    std::vector<News> news;
    std::vector<Key> keys;
    std::vector<Hash> blobs;
    std::set<Hash> missing;
    Instant at;
  };
  Recent& recent(const Key& key);
  void forget(const Key& key);
  [[nodiscard]] bool offer_again(const Recent& known, const codec::Bundle& bundle) const;
  static News news_of(codec::Bundle bundle, Bytes plain);
  [[nodiscard]] Form form_for(const NodeId& who, const News& news) const;
  void forward(const std::vector<News>& news, const std::vector<Key>& keys, const std::vector<SharedBlob>& along);
  [[nodiscard]] std::vector<SharedBlob> verified(const std::vector<Hash>& blobs) const;
  void send_push(const std::vector<NodeId>& to, const std::vector<const codec::Bundle*>& bundles,
                 const std::vector<SharedBlob>& blobs);

  Mail& mail_;
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
  void send_owed(const NodeId& to, std::vector<HeaderHash>& headers);

  std::map<NodeId, std::uint64_t> held_;
  std::map<NodeId, std::vector<HeaderHash>> owed_;  // Held to say at owed_at_; at most kMaxHeld each
  Instant owed_at_ = kNever;
};

}  // namespace meshfs::syncd
