// What an epoch that takes something from an author has to say of what he wrote before: fences (policy.capnp), made where the epoch is
// made. Pure but for reading the index; state thread.
#pragma once

#include <set>

#include "fsd/core/epochs.h"
#include "fsd/core/objects.h"

namespace meshfs::fsd {

// What is lent, and who lends it as things are and once the wanted epoch is in force.
struct Loans {
  const Delegations& all;
  const Lenders &now, &then;
};
// Whether anything that `who` may now (as all of `now` say) he may not under `wanted`: any verb in any volume that a rule of either
// speaks of, or that was lent to him, and any quota.
bool narrows(const Effective& now, const codec::Policy& wanted, const Actor& who, WallMs at,
             const Loans* loans = nullptr);

// Fences of these authors: all that is accepted of them here; of those in `until` only what they stamped before that time, but for what
// their member records. Sorted.
std::vector<codec::PolicyFence> make_fences(Table& index, const std::map<AuthorTag, WallMs>& authors);

}  // namespace meshfs::fsd
