#include "fsd/core/lending.h"

#include <algorithm>

namespace meshfs::fsd {

bool Lending::counts(const NodeId& issuer) const {
  if (without_ != nullptr && std::binary_search(without_->begin(), without_->end(), issuer)) return false;
  return entry_ == nullptr ? !epochs_.revoked(issuer) : epochs_.spares(issuer, author_, *entry_);
}

const codec::Delegation* Lending::lend(const codec::Policy& epoch, const Actor& who, const Asking& what) const {
  const Asking& meant = what.instead_of != nullptr ? *what.instead_of : what;
  return members_.delegations().find(who.node, what, epoch_, [&](Delegations::Chain chain) {
    Decision decision;
    for (const codec::Delegation* one : chain) {
      const auto role = members_.role_of(one->issuer);
      if (!role || !counts(one->issuer)) return false;
      decision = decide(epoch, actor_of(one->issuer, role == Role::guest), meant);
      if (decision.denied) return false;
    }
    return decision.allowed;  // of the last: who has it from nobody
  });
}

}  // namespace meshfs::fsd
