#include "fsd/core/delegations.h"

namespace meshfs::fsd {

using codec::Delegation;

bool Delegations::add(const Delegation& one) {
  const codec::DelegationId id = codec::delegation_id(one);
  if (!all_.emplace(id, one).second) return false;
  by_audience_[one.audience].insert(id);
  audiences_[one.issuer].insert(one.audience);
  return true;
}

static bool fits(const Delegation& one, const Asking& what, std::uint32_t epoch) {
  return (one.verbs & bit(what.verb)) != 0 && one.volume == what.volume && what.at < one.until && one.epoch <= epoch &&
         (one.argument.empty() || one.argument == what.argument);
}

const Delegation* Delegations::find(const NodeId& audience, const Asking& what, std::uint32_t epoch,
                                    const std::function<bool(Chain)>& use) const {
  const auto lent = by_audience_.find(audience);
  if (lent == by_audience_.end()) return nullptr;
  for (const codec::DelegationId& id : lent->second) {
    const Delegation* one = &all_.at(id);
    std::array<const Delegation*, codec::kMaxDelegationDepth + 1> chain{};
    std::size_t length = 0;
    // Ends: depth falls with every step down, and is at most 2 at the top.
    for (; one != nullptr && fits(*one, what, epoch); ++length) {
      if (length > 0 && !narrower(*chain[length - 1], *one)) break;
      chain[length] = one;
      if (one->parent.is_zero()) {
        if (use(Chain(chain).first(length + 1))) return chain[0];
        break;
      }
      const auto above = all_.find(one->parent);
      one = above == all_.end() ? nullptr : &above->second;
    }
  }
  return nullptr;
}

std::set<NodeId> Delegations::reached_from(const std::set<NodeId>& issuers) const {
  std::set<NodeId> out;
  std::vector<NodeId> open(issuers.begin(), issuers.end());
  while (!open.empty()) {
    const auto at = audiences_.find(open.back());
    open.pop_back();
    if (at == audiences_.end()) continue;
    for (const NodeId& audience : at->second) {
      if (out.insert(audience).second) open.push_back(audience);
    }
  }
  return out;
}

}  // namespace meshfs::fsd
