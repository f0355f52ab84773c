// For libFuzzer builds of targets whose input is a row of steps of eight bytes: half of the time whole steps are taken out,
// doubled, moved or changed in place; plain mutations shift all that follows.
#include <algorithm>

#include "schema/vocab/rng.h"
#include "tests/fuzz/tongue.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  constexpr std::size_t kBytes = meshfs::fuzz::Step::kBytes;
  const std::size_t steps = size / kBytes;
  meshfs::Rng rng(seed);
  if (steps == 0 || rng.percent(30)) return LLVMFuzzerMutate(data, size, max_size);
  std::uint8_t* const one = data + kBytes * rng.below(steps);
  std::uint8_t* const end = data + kBytes * steps;
  switch (rng.below(5)) {
    case 0:
      if (steps == 1) break;
      std::copy(one + kBytes, end, one);
      return kBytes * (steps - 1);
    case 1: {  // once more, perhaps later
      if (kBytes * (steps + 1) > max_size) break;
      const std::array<std::uint8_t, kBytes> copy = [&] {
        std::array<std::uint8_t, kBytes> out;
        std::copy_n(one, kBytes, out.begin());
        return out;
      }();
      std::uint8_t* const to = data + kBytes * rng.below(steps + 1);
      std::copy_backward(to, end, end + kBytes);
      std::copy(copy.begin(), copy.end(), to);
      return kBytes * (steps + 1);
    }
    case 2:
      std::swap_ranges(one, one + kBytes, data + kBytes * rng.below(steps));
      return kBytes * steps;
    default:
      break;
  }
  (void)LLVMFuzzerMutate(one, kBytes, kBytes);
  return kBytes * steps;
}
