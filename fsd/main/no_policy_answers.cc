// The router's program: its `mesh` asks nothing about policy, see tools/mesh/no_policy.cc.
#include "fsd/main/policy_answers.h"

namespace meshfs::fsd {

bool PolicyAnswers::answer(const std::string&, const std::string&, const Answers::Reply&) { return false; }

}  // namespace meshfs::fsd
