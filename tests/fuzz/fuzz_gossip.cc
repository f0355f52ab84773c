// What a member may say to a whole node, in any order: gossip_trial.h.
#include <cstdio>
#include <cstdlib>

#include "tests/fuzz/gossip_trial.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const meshfs::fuzz::Trial trial = meshfs::fuzz::try_gossip({data, size});
  if (!trial.failure.empty()) {
    std::fprintf(stderr, "%s (%llu said, %llu messages, %llu bytes, %zu of memory, %lld ms)\n", trial.failure.c_str(),
                 static_cast<unsigned long long>(trial.said), static_cast<unsigned long long>(trial.messages),
                 static_cast<unsigned long long>(trial.bytes), trial.memory,
                 static_cast<long long>(to_ms(trial.agreed)));
    std::abort();
  }
  return 0;
}
