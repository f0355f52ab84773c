// Serves the blobs that neighbours want: from the cache of what just passed through, else from fsd. A want for what we
// lack is kept and served the moment it arrives, so that content flows through several hops while still arriving.
// Owned by Node.
#pragma once

#include <deque>
#include <map>
#include <set>

#include "syncd/core/blob_cache.h"
#include "syncd/core/fetcher.h"
#include "syncd/core/fsd_requests.h"
#include "syncd/core/mail.h"
#include "syncd/core/ports.h"

namespace meshfs::syncd {

class Server {
 public:
  // Wants kept per neighbour. It may ask for codec::kMaxWants; cancels and deliveries that cross may double that.
  static constexpr std::size_t kMaxWants = 2 * codec::kMaxWants;
  // Of signatures in them, per neighbour: five times what an honest one has under way. Beyond, a want is served without.
  static constexpr std::size_t kMaxSignatureBytes = 512 * 1024;
  static constexpr std::size_t kBlobsPerRequest = 12;  // of 64 KiB at most each: one answer from fsd stays under 1 MiB
  static constexpr std::size_t kMaxRequests = 12;      // to fsd at a time, per neighbour
  static constexpr std::size_t kGuessBytes = 192 * 1024;  // of one answer
  // Content that waits in a session or is on its way from fsd. Enough to cover fsd's answer time (30 ms at 60 MB/s);
  // news overtakes it there.
  static constexpr std::size_t kAheadBytes = 2 * 1024 * 1024;

  Server(Mail& mail, Store& store, BlobCache& cache, Fetcher& fetcher, std::uint64_t& next_request)
      : mail_(mail), store_(store), cache_(cache), fetcher_(fetcher), next_request_(next_request) {}

  void on_want_blobs(const NodeId& from, const codec::WantBlobs& message);
  // Ours now: whoever waits gets it, but for the one who brought it.
  void on_stored(const Hash& hash, const std::optional<NodeId>& bringer);
  // fsd says this blob is no longer needed: it may be there.
  void on_no_longer(const Hash& hash);
  void on_blobs_found(codec::local::BlobsFound& found);
  void on_session(const NodeId& who);
  void on_session_end(const NodeId& who);
  void tick();
  // There is work for tick() and room for it: sessions have sent what blocked it.
  [[nodiscard]] bool hungry() const;

  [[nodiscard]] std::size_t wanted_by(const NodeId& who) const;

 private:
  struct Peer {
    enum class State : std::uint8_t { queued, fetching, waiting };
    struct Wanted {
      State state = State::queued;
      std::vector<Hash> bases;  // that it holds
      std::uint64_t offset = 0;
      Bytes signature;  // of what it has near there
    };
    std::map<Hash, Wanted> wants;
    std::deque<Hash> queue;     // to send or to fetch from fsd; some may have been cancelled
    std::vector<Hash> missing;  // to say
    std::size_t requests = 0;
  };
  void wait_for(const NodeId& who, Peer& peer, const Hash& hash);
  void stop_waiting(const NodeId& who, const Hash& hash);
  [[nodiscard]] bool has_room(const NodeId& who, const Peer& peer) const;
  void pump(const NodeId& who, Peer& peer);
  // The blob that passed through, if it is of use to who wants it so.
  [[nodiscard]] SharedBlob cached_for(const Hash& hash, const Peer::Wanted& want) const;
  void get(const NodeId& who, Peer& peer, codec::local::GetBlobs request);
  std::optional<FsdRequests::Found> asker_of(std::uint64_t request);
  void send_blobs(const NodeId& who, Peer& peer, std::vector<codec::Blob> blobs);

  Mail& mail_;
  Store& store_;
  BlobCache& cache_;
  Fetcher& fetcher_;
  std::uint64_t& next_request_;
  std::map<NodeId, Peer> peers_;
  std::map<Hash, std::set<NodeId>> waiters_;  // bounded by kMaxWants per neighbour
  FsdRequests requests_;
  std::map<std::uint64_t, NodeId> delta_requests_;  // answered in any order, each once; bounded as the others are
};

}  // namespace meshfs::syncd
