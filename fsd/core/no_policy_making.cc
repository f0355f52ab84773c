// The router's program judges by policy like any other and makes none: 8 kB of code that only an admin's machine needs.
#include "fsd/core/replica.h"

namespace meshfs::fsd {

static Error elsewhere() {
  return error(Errc::unsupported, "this build makes no policy: do it on another admin's node");
}

Result<Replica::Proposal> Replica::propose_policy(codec::Policy, WallMs, const Hash*, bool) { return elsewhere(); }
Result<Replica::Proposal> Replica::sign_policy(std::string_view) { return elsewhere(); }
Result<Replica::Proposal> Replica::add_policy_signature(const codec::PolicySignature&) { return elsewhere(); }
Result<codec::DelegationId> Replica::delegate(codec::Delegation) { return elsewhere(); }

}  // namespace meshfs::fsd
