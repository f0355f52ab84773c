// One hook: a program that is run to its end, bounded in time, with what it says first. Used by the keeper, which is not in the sandbox.
#pragma once

#include <string>
#include <vector>

#include "schema/vocab/time.h"

namespace meshfs::service {

inline constexpr Duration kHookTimeout = seconds(20);  // a reload of a daemon, a check of its configuration

struct HookAnswer {
  static constexpr int kTimedOut = -1, kNotStarted = -2, kStopped = -3;
  int exit_code = kNotStarted;  // 128 + N: signal N ended it
  std::string first_line;       // of what it printed, on either output
};

// In a session of its own without input; ends it, and all it started there, when its time is up or `stop` is readable.
HookAnswer run_hook(const std::vector<std::string>& argv, Duration timeout, int stop);

// "said: bad line 3", "ended with code 1": why it failed.
std::string why_hook_failed(const HookAnswer& answer);

}  // namespace meshfs::service
