// Which calls of the system a process may still make: a seccomp filter, for all of its threads and for ever. Called once by
// a main, after what needs more was opened. Needs no privilege but no_new_privs (keep_capabilities() sets it).
//
// There are two ways to write one. A list of what is allowed is the strong one, for a program whose every call is known. A
// list of what is refused is for programs in which foreign libraries work (name services above all).
#pragma once

#include <cstdint>
#include <span>

namespace meshfs::os {

// Why there is no filter, a sentence for the log; null: there is one.
using Reason = const char*;

// A call that is allowed if (its argument of that number & mask) == value, whatever the list says of it. Several rules of one
// call: any of them allows it.
struct CallRule {
  std::uint16_t call;
  std::uint8_t argument;
  std::uint32_t mask, value;
};

// `calls` and nothing else. Any other call is not made but raises SIGSYS: a handler installed before may say which one it was.
// Without rt_sigaction on the list nobody can take that handler away.
Reason allow_only_calls(std::span<const std::uint16_t> calls, std::span<const CallRule> rules);

// Everything but what changes the machine, looks into other processes, starts programs or opens sockets: such calls fail with
// EPERM, unless a rule of `but_for` allows them.
Reason refuse_calls_of_administrators(std::span<const CallRule> but_for);

}  // namespace meshfs::os
