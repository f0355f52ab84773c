// How the upper parts (gossip, reconciliation, fetching) send to neighbours without knowing sessions or links.
#pragma once

#include <vector>

#include "syncd/core/channel.h"

namespace meshfs::syncd {

class Mail {
 public:
  virtual ~Mail() = default;
  // Queues an encoded message on the neighbour's session; false if there is none or its queue is full.
  virtual bool send(const NodeId& to, Priority priority, SharedBytes message) = 0;
  // Bytes that wait in that class; a neighbour without a session counts as full.
  [[nodiscard]] virtual std::size_t queued(const NodeId& to, Priority priority) const = 0;
  // Neighbours with a session, in the order of their ids.
  [[nodiscard]] virtual const std::vector<NodeId>& neighbours() const = 0;
  // The neighbour did what no correct one does; after a few times its session is closed.
  virtual void blame(const NodeId& who, const char* what) = 0;
  [[nodiscard]] virtual std::string name_of(const NodeId& who) const = 0;

  // How long so many bytes take at the budget of the neighbour's link, which both ends should have alike; nothing without one.
  [[nodiscard]] virtual Duration time_of(const NodeId& /*who*/, std::size_t /*bytes*/) const { return {}; }

  // The codec::kFeature bits of its Hello; 0 without a session.
  [[nodiscard]] virtual std::uint32_t features(const NodeId& who) const = 0;

  bool send(const NodeId& to, Priority priority, const codec::Message& message) {
    return send(to, priority, std::make_shared<const Bytes>(codec::encode_message(message)));
  }
};

}  // namespace meshfs::syncd
