// What tools ask about membership: the verbs nodes, invite and approve of the local socket; and invitations that `mesh invite` left in
// the state folder while this daemon did not run. Owned by Daemon; state thread only. Fields and answers are as Answers has them.
//   nodes                     all that are known, candidates too, and invites that are open
//   invite HEX                an encoded Invitation whose `until` says how long from now, 0 for ever. HEX?: for ever if this node does
//                             not know the time; then "endless":true
//   approve NAME
//   withdraw ID               an invitation of this node, by the first digits of its id
#pragma once

#include "fsd/main/answers.h"

namespace meshfs::fsd {

class MemberAnswers {
 public:
  using Note = std::function<void(const std::string& sentence)>;
  MemberAnswers(Replica& replica, std::string state, Note note)
      : replica_(replica), folder_(std::move(state) + "/invites"), note_(std::move(note)) {}

  bool answer(const std::string& verb, const std::string& argument, const Answers::Reply& reply);
  // Publishes what waits in the folder, and removes it once durable.
  void publish_waiting();

 private:
  [[nodiscard]] std::string nodes() const;
  Status invite(std::string hex, bool& endless);
  void reply_when_durable(const Status& done, const char* answer, const Answers::Reply& reply);

  Replica& replica_;
  std::string folder_;
  Note note_;
};

}  // namespace meshfs::fsd
