// Whole nodes beside a member that lies as the input says, step by step: what fuzz_gossip runs. Three honest nodes hear each
// other; the first, the victim, hears the liar too. Virtual time; nothing is kept from one run to the next. The liar speaks under
// true keys, so that the fuzzer need not guess them.
//
// What must hold, beside no crash: `messages` and `bytes` that the victim sends for each thing said to it, `memory` of all
// together, and `agree`: afterwards what one honest node publishes is at all of them in time, and their sets are equal.
#pragma once

#include <string>

#include "schema/vocab/bytes.h"
#include "schema/vocab/time.h"

namespace meshfs::fuzz {

inline constexpr std::size_t kMostSteps = 96;
inline constexpr Duration kMostTime = seconds(30);  // of the steps

// What the victim may say. `each`: for one message or frame said to it; `rest`: sessions made anew, its own questions.
struct Allowance {
  double at_once, each, per_second;
};
inline constexpr Allowance kMessages{48, 2, 10};
inline constexpr Allowance kBytes{64'000, 24'000, 5'000};
// More than before the first step; three sessions' worth of messages begun and not finished (3 MB each) and tables.
inline constexpr std::size_t kMostMemory = 16 * 1024 * 1024;
inline constexpr Duration kAgreeAtOnce = seconds(2);       // if no link between the honest was cut
inline constexpr Duration kAgreeAfterCuts = seconds(120);  // sessions are made anew

// A bug put in on purpose, and what must notice it.
enum class Bug : unsigned char {
  none,
  crowd,    // eight liars, allowed as one: messages
  echoes,   // the victim sends each frame a hundred times: bytes
  hoards,   // it keeps a megabyte for each frame that it sends: memory
  silence,  // after the steps it says nothing any more: agree
};

struct Trial {
  std::string failure;  // empty: all is well
  std::uint64_t said = 0, messages = 0, bytes = 0;
  std::size_t memory = 0;  // at most
  Duration agreed{};
};
Trial try_gossip(ByteView input, Bug bug = Bug::none);

}  // namespace meshfs::fuzz
