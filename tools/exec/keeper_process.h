// The process between mesh-exec and a verb's program: looks at its files, starts it, is the parent of whatever it leaves, ends all of it.
// Forked by child_runner; never returns. One thread; owns nothing but its descendants. Must never outlive them, unless `leaves`.
#pragma once

#include <cstdint>

#include "tools/exec/verb.h"

namespace meshfs::exec {

// What it says at its end, by one write to the pipe.
struct KeeperReport {
  enum class Kind : std::uint32_t { ended, not_started };
  Kind kind = Kind::ended;
  std::int32_t wait_status = 0;  // of the program, as waitpid() says
  char why[256] = {};            // not_started: one sentence
};

// SIGTERM: end everything. SIGHUP: mesh-exec is gone.
[[noreturn]] void run_keeper(const Job& job, int output, int report, int parent);

}  // namespace meshfs::exec
