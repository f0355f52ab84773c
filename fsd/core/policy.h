// Who may do what under one policy epoch: pure functions of signed data, so that every node judges alike and sets become equal.
// Which epochs count for a commit, and what fences say, is `epochs.h`'s.
//
// Within an epoch: a `deny` that fits wins. Else an `allow` or `only` that fits allows. Else, where an `only` speaks of that
// verb and place, it is not allowed. Else the default: members write shared, commands and their own volume; guests
// their own; admins the network volume, and they invite and let in. Deleting is allowed where writing is, unless a rule speaks of it. Of several epochs
// (rivals) all must allow.
//
// What nothing allows and no `deny` forbids may have been lent by somebody who may it (lending.h).
#pragma once

#include "fsd/core/ports.h"
#include "schema/codec/commit.h"
#include "schema/codec/delegation.h"

namespace meshfs::fsd {

struct Actor {
  NodeId node;
  VolumeTag own;  // node_volume(node)
  bool guest = false;
};
inline Actor actor_of(const NodeId& node, bool guest) { return {node, codec::node_volume(node), guest}; }

struct Asking {
  codec::PolicyVerb verb = codec::PolicyVerb::write;
  VolumeTag volume;
  std::string_view argument;  // create: record type; command: its verb
  WallMs at;                  // rules that ended before count no more
  // What it stands for, where no rule speaks of deleting or creating and writing decides: who lends must be allowed that, too.
  const Asking* instead_of = nullptr;
};

struct Decision {
  bool allowed = false;
  bool denied = false;                      // by a deny, or over a limit: no delegation helps
  const codec::PolicyRule* rule = nullptr;  // null: the default
  const codec::Policy* epoch = nullptr;
  bool over_limit = false;
  const codec::Delegation* lent = nullptr;  // allowed by this one alone
};
// Who lends rights.
class Lenders {
 public:
  // The delegation by which `who` may it; null: none. Not asked for what is allowed anyway, or denied.
  virtual const codec::Delegation* lend(const codec::Policy& epoch, const Actor& who, const Asking& what) const = 0;

 protected:
  ~Lenders() = default;
};
bool is_admin_in(const codec::Policy& epoch, const NodeId& node);
bool has_group(const codec::Policy& epoch, std::string_view name);
bool in_group(const codec::Policy& epoch, std::string_view name, const NodeId& node);  // groups in it too
Decision decide(const codec::Policy& epoch, const Actor& who, const Asking& what, const Lenders* lenders = nullptr);

// The epochs that count for a commit: never empty.
using Effective = std::vector<const codec::Policy*>;
Decision decide(const Effective& epochs, const Actor& who, const Asking& what, const Lenders* lenders = nullptr);
// One entry: what it states or deletes, and whether the author's running totals are within the limits.
Decision judge(const Effective& epochs, const Actor& who, const codec::Header& header, const codec::Entry& entry,
               const Lenders* lenders = nullptr);
// The least that any rule leaves him in that volume.
struct Limit {
  std::uint64_t bytes = codec::kNoLimit, entries = codec::kNoLimit;
};
Limit limit_of(const Effective& epochs, const Actor& who, const VolumeTag& volume, WallMs at);

// One clause about a decision that is not `allowed`, for people.
std::string reason_of(const Decision& decision);

}  // namespace meshfs::fsd
