// Who belongs to the network, as far as member records have come: authors to nodes to volumes. Kept in the index,
// and what every commit asks for in memory (about 200 bytes a member; 1,000 nodes are DESIGN's largest network).
#pragma once

#include <map>

#include "fsd/core/ports.h"
#include "schema/codec/commit.h"
#include "schema/codec/network.h"

namespace meshfs::fsd {

struct KnownMember {
  NodeId node;
  DeviceKey device;
  std::uint32_t epoch = 1;
  std::string name;
};

class Members {
 public:
  Members(Table& index, const codec::Genesis& genesis);

  [[nodiscard]] const KnownMember* find(const AuthorTag& author) const;
  [[nodiscard]] std::vector<codec::Member> all() const;
  [[nodiscard]] bool is_admin(const NodeId& node) const;
  // The folder under nodes/: the node's name, or, where a smaller key has that name too, with "-<4 hex>".
  [[nodiscard]] const std::map<std::string, NodeId>& folders() const;
  // What people call an author; hex of the tag if unknown.
  [[nodiscard]] std::string name_of(const AuthorTag& author) const;
  [[nodiscard]] std::optional<NodeId> owner_of(const VolumeTag& node_volume) const;

  // Of a record that verified(). False if its author is known already.
  bool add(const codec::Member& member);
  [[nodiscard]] bool verified(const codec::Member& member) const;
  // The record that a commit carries for its own author, if it does.
  [[nodiscard]] std::optional<codec::Member> introduced_by(const codec::Header& header,
                                                           const std::vector<codec::Entry>& entries) const;
  // The member record that an entry of the network volume states, if it is one at its place.
  [[nodiscard]] std::optional<codec::Member> stated_in(const codec::Entry& entry) const;

 private:
  void take(const codec::Member& member);

  Table& index_;
  const codec::Genesis& genesis_;
  NetworkId network_;
  std::map<AuthorTag, KnownMember> by_author_;
  mutable std::map<std::string, NodeId> folders_;  // made anew when asked for after a member came
  mutable std::map<NodeId, std::string> names_;    // the same, by node
  mutable bool folders_stale_ = true;
  std::map<VolumeTag, NodeId> owners_;
};

}  // namespace meshfs::fsd
