// Lets candidates in: what a node that may do so answers to those who come with its invitations. Owned by the replica; state thread;
// nothing is kept but what the network volume states, so a crash or a lost answer changes nothing.
//
// A candidate: unanswered -> admitted, or refused (once; another invitation makes it unanswered again).
// An invitation of way `issuer` is answered by its issuer's node alone: one node sees all who come with it, so no use is given twice.
#pragma once

#include "fsd/core/authors.h"
#include "fsd/core/epochs.h"
#include "fsd/core/network_files.h"

namespace meshfs::fsd {

class Admitting {
 public:
  // Told of one invitation; who holds it could make keys for ever. The rest gets no answer.
  static constexpr std::size_t kMaxRefusals = 16;

  struct Parts {
    Members& members;
    const Epochs& epochs;
    NetworkFiles& files;
    const NetworkTime& time;
    const Instant& now;
  };
  struct Self {
    const codec::Genesis& genesis;
    NetworkId network;
    const codec::Member& member;
    const crypto::SigningKey& device;
  };
  Admitting(const Parts& parts, const Self& self) : parts_(parts), self_(self) {}

  // Answers one whom this node has to answer. True: something was written; seal it before the next, which is judged by what the
  // network volume states then.
  bool answer_one();
  // Makes an invitation known; `until` is how long it holds from now, 0: for ever. denied for who may not.
  Status invite(codec::Invitation invitation);
  // Of this node's own invitations the one whose id begins so: nobody comes in by it any more. not_found, denied, invalid.
  Status withdraw(std::string_view id);
  // Lets a candidate in by its name. not_found, denied, exists; invalid: several have that name.
  Status approve(std::string_view name);

 private:
  struct Answer {
    bool admit = false;
    std::string reason;  // of a refusal
  };
  [[nodiscard]] std::optional<Answer> answer_to(const codec::Member& candidate) const;
  Status admit(const codec::Member& candidate, bool guest);
  [[nodiscard]] bool may() const;
  // By today's policy. `invited`: it is about whom this node invited, which only a deny forbids.
  [[nodiscard]] bool may(codec::PolicyVerb verb, bool invited = false) const;
  [[nodiscard]] bool knows_time() const { return parts_.time.at(parts_.now) >= self_.genesis.created; }

  Parts parts_;
  Self self_;
};

}  // namespace meshfs::fsd
