// The narrow ports through which syncd's core sees the world: links to send on, and fsd at the other end of a socket.
// Real ones are in syncd/os, simulated ones in tests/sim. Called from inside Node's methods, on the one loop thread.
#pragma once

#include <cstdint>
#include <optional>

#include "schema/codec/local.h"
#include "schema/codec/page.h"
#include "transport/port/bulletin.h"
#include "transport/port/packet_link.h"

namespace meshfs::syncd {

// Main's own small numbers for a PacketLink and a Bulletin, handed to Node::add_link and add_bulletin.
using BulletinId = std::uint32_t;
using LinkId = std::uint32_t;

class Links {
 public:
  virtual ~Links() = default;
  // As transport::PacketLink: no_space means nothing was queued and on_room() follows.
  virtual Status send(LinkId link, const transport::LinkAddress& to, ByteView frame) = 0;
  // The same; a frame that was sent may be taken away instead of copied.
  virtual Status send_whole(LinkId link, const transport::LinkAddress& to, Bytes& frame) {
    return send(link, to, frame);
  }
  virtual Status send_all(LinkId link, ByteView frame) = 0;
  virtual void connect(LinkId link, const transport::LinkAddress& to) = 0;
  virtual void close(LinkId link, const transport::LinkAddress& to) = 0;
  virtual void abandon(LinkId link, const transport::LinkAddress& to) { close(link, to); }

  // Where the neighbour whose beacon came from `from` on `heard_on` accepts streams, if a link of ours can get there:
  // only main knows how a stream address is made of a datagram address and a port. Nothing: stay with datagrams.
  struct Target {
    LinkId link = 0;
    transport::LinkAddress address;
  };
  virtual std::optional<Target> stream_target(LinkId heard_on, const transport::LinkAddress& from,
                                              std::uint16_t tcp_port) = 0;

  // As transport::Bulletin. Never more than its traits allow.
  virtual void publish(BulletinId /*bulletin*/, std::vector<transport::Page> /*changed*/) {}
  virtual void pull(BulletinId /*bulletin*/) {}
  // Pages of others are wanted once more: what was told is forgotten.
  virtual void recall(BulletinId /*bulletin*/) {}

  // One sentence for whoever looks after this node.
  virtual void tell(const std::string& /*sentence*/) {}
  // Where the node of a bulletin that says these addresses accepts streams.
  virtual std::optional<Target> stream_at(const codec::PageAddress& /*address*/, std::uint16_t /*port*/) {
    return std::nullopt;
  }

  // As transport::PacketLink: what the link measured itself.
  virtual std::optional<transport::LinkQuality> quality(LinkId, const transport::LinkAddress&) { return std::nullopt; }
};

// Messages to fsd, in order. Dropped while fsd is away.
class Store {
 public:
  virtual ~Store() = default;
  virtual void send(codec::local::ToFsd message) = 0;
};

}  // namespace meshfs::syncd
