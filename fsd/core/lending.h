// Whether what others lent allows what policy alone does not (policy.h `Lenders`): an unbroken chain of delegations from who has the
// right, under the same epoch; a deny against anybody in it breaks it. Pure; made for one question.
//
// Of a revoked issuer it counts for those entries only that the fences of each epoch that revokes him name: what was made by it before.
#pragma once

#include "fsd/core/epochs.h"

namespace meshfs::fsd {

class Lending final : public Lenders {
 public:
  // Of an entry that is judged.
  Lending(const Members& members, const Epochs& epochs, const codec::Header& header, const Hash& entry)
      : members_(members), epochs_(epochs), epoch_(header.policy_epoch), author_(header.author), entry_(&entry) {}
  // Of what is asked now; `without`: as if these were revoked too.
  Lending(const Members& members, const Epochs& epochs, const std::vector<NodeId>* without = nullptr)
      : members_(members), epochs_(epochs), epoch_(UINT32_MAX), without_(without) {}

  const codec::Delegation* lend(const codec::Policy& epoch, const Actor& who, const Asking& what) const override;

 private:
  [[nodiscard]] bool counts(const NodeId& issuer) const;

  const Members& members_;
  const Epochs& epochs_;
  std::uint32_t epoch_;
  AuthorTag author_;
  const Hash* entry_ = nullptr;
  const std::vector<NodeId>* without_ = nullptr;
};

}  // namespace meshfs::fsd
