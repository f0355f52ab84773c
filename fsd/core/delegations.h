// What nodes lend each other, as far as it has been told, and the chains that it makes. Plain bookkeeping: whether an issuer may what he
// lends is lending.h's. Owned by Members; in memory (~250 bytes each), made of the statements that stand.
#pragma once

#include <map>
#include <set>
#include <span>

#include "fsd/core/policy.h"
#include "schema/codec/delegation.h"

namespace meshfs::fsd {

class Delegations {
 public:
  // True if it was not known.
  bool add(const codec::Delegation& one);
  [[nodiscard]] const std::map<codec::DelegationId, codec::Delegation>& all() const { return all_; }

  // A chain from what `audience` uses up to who has the right himself: 1 to 3, each narrower than the next.
  using Chain = std::span<const codec::Delegation* const>;
  // Those that fit what is asked, for a commit that names this policy epoch, until `use` says true; null: it never did. The
  // order is the same on every node. Cost: all that was lent to `audience`.
  const codec::Delegation* find(const NodeId& audience, const Asking& what, std::uint32_t epoch,
                                const std::function<bool(Chain)>& use) const;
  // Whoever has something from these, at first hand or further.
  [[nodiscard]] std::set<NodeId> reached_from(const std::set<NodeId>& issuers) const;

 private:
  std::map<codec::DelegationId, codec::Delegation> all_;
  std::map<NodeId, std::set<codec::DelegationId>> by_audience_;
  std::map<NodeId, std::set<NodeId>> audiences_;  // of each issuer
};

}  // namespace meshfs::fsd
