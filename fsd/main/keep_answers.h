// What tools ask and say about what this node keeps: the verbs keep, pin, unpin and drop of the local socket. Owned by Daemon;
// state thread only. Fields and answers are as Answers has them.
//   keep                      the rules and what they cost
//   keep "" set LINE...       changes the rules: each a line of the file (keep_rules.h), or `everything`, or `budget none`,
//                             `max-file none`. Any `only` or `not` replaces all of them.
//   pin PATH, unpin PATH      unpin: not_found if that path is not pinned itself
//   drop PATH [force]
#pragma once

#include "fsd/main/answers.h"
#include "fsd/main/keep_file.h"

namespace meshfs::fsd {

class KeepAnswers {
 public:
  // `changed` runs after the file was written.
  KeepAnswers(Replica& replica, KeepFile& file, std::function<void()> changed)
      : replica_(replica), file_(file), changed_(std::move(changed)) {}

  bool answer(const std::string& verb, const std::string& argument, const Answers::Reply& reply);

 private:
  [[nodiscard]] std::string report() const;
  Status set(const std::vector<std::string>& lines);
  Status pin(const std::string& path, bool pinned);
  Status save(const KeepRules& rules);
  void drop(const std::string& path, bool force, const Answers::Reply& reply);

  Replica& replica_;
  KeepFile& file_;
  std::function<void()> changed_;
};

}  // namespace meshfs::fsd
