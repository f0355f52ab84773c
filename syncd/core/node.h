// One node's synchronisation: finds neighbours, keeps a session with each, pushes news, reconciles sets, fetches
// content and serves it. Owned by syncd's main (or a simulation); loop thread only. Deterministic: no clock, no I/O but
// through its ports, no order that depends on hashes or pointers. It must never decide what is authentic: fsd does.
//
// Contract: inputs only take note. tick(now) does the sending, so call it after each batch of inputs and when the time
// it returned has come. `now` never goes backwards. A Node is idle until fsd's Welcome told it who it is.
#pragma once

#include <memory>
#include <string>

#include "schema/vocab/rng.h"
#include "syncd/core/ports.h"

namespace meshfs::syncd {

class Node {
 public:
  struct Options {
    codec::Nonce boot;           // random, new at every start
    crypto::LinkKey seed;        // 32 random bytes, new at every start: handshakes' fresh keys come of it
    Rng rng{0};                  // seeded by main; for jitter
    std::uint16_t tcp_port = 0;  // announced in beacons; 0: no listener
  };

  Node(Links& links, Store& store, Options options);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  // All links are added before the first tick. A datagram link with broadcast gets beacons.
  void add_link(LinkId link, const transport::LinkTraits& traits);
  // Configured peers (reliable links): connect, and again with back-off whenever the connection is gone.
  void add_peer(LinkId link, const transport::LinkAddress& address);

  // An engine that shows pages to all (transport/port/bulletin.h), before the first tick; may be told again, with other addresses.
  // `addresses`: IPv6, of this machine, under which others far away can reach its streams.
  void add_bulletin(BulletinId bulletin, const transport::BulletinTraits& traits,
                    std::vector<codec::PageAddress> addresses = {});
  void on_page(BulletinId bulletin, const transport::BulletinAuthor& author, std::size_t number, ByteView bytes,
               Instant now);
  void on_author_gone(BulletinId bulletin, const transport::BulletinAuthor& author, Instant now);
  void on_health(BulletinId bulletin, const transport::BulletinHealth& health);

  void on_frame(LinkId link, const transport::LinkAddress& from, ByteView frame, Instant now);
  void on_up(LinkId link, const transport::LinkAddress& peer, Instant now);
  void on_gone(LinkId link, const transport::LinkAddress& peer, Instant now);
  void on_room(LinkId link, const transport::LinkAddress& peer, Instant now);

  // The first message must be Welcome, the next ones the snapshot of items. Main sends local::Hello itself.
  void on_fsd(codec::local::ToSyncd message, Instant now);
  // The socket to fsd broke: everything known from it is forgotten; sessions end and start anew after the next Welcome.
  void on_fsd_gone(Instant now);

  // Sends what is due; returns when it wants to be called again (kNever if only an input can change anything).
  Instant tick(Instant now);

  [[nodiscard]] std::string peers_json(Instant now) const;  // one object: {"node":..., "peers":[...]}

  // What a simulation's oracles and the status page look at.
  struct Stats {
    std::uint64_t frames_in = 0, frames_out = 0, bytes_in = 0, bytes_out = 0;  // beacons included
    std::uint64_t beacons_out = 0;
    std::uint64_t bad_frames = 0;                     // wrong tag, unknown session, replay, garbage
    std::uint64_t messages_in = 0, messages_out = 0;  // of sessions; acknowledgements alone are none
    std::uint64_t reconcile_rounds = 0;
    std::uint64_t broadcasts = 0, pushes = 0;  // frames with items for all in range; messages with items in sessions
    // News frames of others. Refused: replayed, or too many; unread: under keys that are not here.
    std::uint64_t news_in = 0, news_refused = 0, news_unread = 0;
    std::size_t sessions = 0;  // established now
    std::size_t needs = 0;     // blobs wanted by fsd and not here yet
  };
  [[nodiscard]] Stats stats() const;
  // Salted summary of every set as told in beacons.
  [[nodiscard]] std::vector<codec::SetSummary> summaries() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace meshfs::syncd
