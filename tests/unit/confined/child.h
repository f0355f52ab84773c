// A process of its own for one attempt: what it gives up here nobody else misses.
#pragma once

#include <functional>
#include <string>

namespace meshfs {

struct Outcome {
  int code = -1;     // its exit code; 128 and a signal's number if one ended it
  std::string said;  // on standard error
};

// Runs `attempt` in a child; what it returns is the exit code. It must not use GoogleTest.
Outcome in_child(const std::function<int()>& attempt);

// 0 if a call of the system went well, else its errno: an exit code that tells.
int errno_of(long answer);

}  // namespace meshfs
