// What tools ask and say about policy: verbs of the local socket. Owned by Daemon; state thread only. Fields and answers are as Answers
// has them.
//   policy                                 what is in force, what waits for signatures, who is called what
//   policy-propose HEX [SINCE_MS] [HASH] [unsigned]
//                                          publishes a body (policy.capnp, as hex; number, followed epochs and fences are ours to fill in);
//                                          HASH: of the one of rivals that it goes on from
//   policy-sign HASH                       the first digits of a body's hash
//   policy-signed HEX                      publishes a PolicySignature (policy.capnp) of this node's root key, which is kept elsewhere
//   delegate HEX                           publishes a Delegation (policy.capnp, as hex; issuer, epoch and parent are ours to fill in)
//   policy-explain PATH NODE VERB ARGUMENT what decides; NODE is a root key as hex, VERB its number in PolicyVerb
#pragma once

#include "fsd/main/answers.h"

namespace meshfs::fsd {

class PolicyAnswers {
 public:
  explicit PolicyAnswers(Replica& replica) : replica_(replica) {}

  bool answer(const std::string& verb, const std::string& argument, const Answers::Reply& reply);

 private:
  [[nodiscard]] std::string report() const;
  Result<Replica::Proposal> propose(const std::vector<std::string>& fields);
  Result<Replica::Proposal> add_signature(const std::string& hex);
  Result<std::string> delegate(const std::string& body);
  [[nodiscard]] std::string lent() const;
  Result<std::string> explain(const std::vector<std::string>& fields);
  void reply_to(const Result<std::string>& made, const Answers::Reply& reply);

  Replica& replica_;
};

}  // namespace meshfs::fsd
