// PacketLink: carries frames to neighbours. What differs between links is data (LinkTraits), never a type test:
// syncd's core does not know the name of a transport. The contract every adapter keeps is tests/unit/transport.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "schema/vocab/bytes.h"
#include "schema/vocab/result.h"
#include "schema/vocab/time.h"

namespace meshfs::transport {

struct LinkTraits {
  std::string name;        // for people: "udp wlan0", "tcp"
  std::size_t mtu = 1200;  // largest frame that send() takes, bytes
  bool broadcast = false;  // send_all() reaches every neighbour in range
  bool reliable = false;   // frames to one address arrive in order, whole and once, or on_gone() comes
  std::uint64_t bytes_per_hour = UINT64_MAX;
  Duration latency = milliseconds(1);  // a guess to start from
};

// An address on one link; opaque bytes, comparable; text is for people ("fe80::1%eth0", "node 7").
struct LinkAddress {
  std::string key;
  std::string text;
  auto operator<=>(const LinkAddress&) const = default;
};

// What a link that repairs loss itself measured towards one peer.
struct LinkQuality {
  Duration rtt;
  std::uint64_t sent = 0, lost = 0;  // packets; those sent again count in both
  std::size_t queued = 0;            // bytes taken by send() that nobody acknowledged
  std::uint32_t timeouts = 0;        // in a row, while waiting for an acknowledgement
};

class PacketLink {
 public:
  virtual ~PacketLink() = default;
  virtual const LinkTraits& traits() const = 0;
  // Hands one frame over; may be lost unless reliable. too_large over mtu; no_space when the send queue is full
  // (nothing was queued; on_room() comes when there is room again); unreachable when the address is gone.
  virtual Status send(const LinkAddress& to, ByteView frame) = 0;
  // The same; a link that queues frames takes the bytes of one that it accepted instead of copying them.
  virtual Status send_whole(const LinkAddress& to, Bytes& frame) { return send(to, frame); }
  // One frame to everybody in range; unsupported unless traits().broadcast.
  virtual Status send_all(ByteView frame) = 0;
  // Asks a stream link to connect to `to` (known from a beacon or configuration); events follow. No-op elsewhere.
  virtual void connect(const LinkAddress& to) = 0;
  virtual void close(const LinkAddress& to) = 0;
  // As close(), and what the peer did not acknowledge yet need not arrive: a stream that stalls ends at once.
  virtual void abandon(const LinkAddress& to) { close(to); }

  struct Events {
    std::function<void(const LinkAddress& from, ByteView frame)> on_frame;
    std::function<void(const LinkAddress& peer)> on_up;    // reliable links: can send now
    std::function<void(const LinkAddress& peer)> on_gone;  // reliable links: connection lost or refused
    std::function<void(const LinkAddress& peer)> on_room;
  };
  virtual void set_events(Events events) = 0;

  // Nothing where the link does not know: then whoever uses it measures.
  [[nodiscard]] virtual std::optional<LinkQuality> quality(const LinkAddress& /*peer*/) const { return std::nullopt; }
};

}  // namespace meshfs::transport
